package requests

// GroundText is how the letter tells a ground.
func GroundText(g Ground) string { return sentences["letters"]["ground."+string(g)] }

// Words are those of passphrases.
var Words = words
