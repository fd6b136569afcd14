package requests

import (
	"embed"

	"satchel/internal/texts"
)

//go:embed texts
var textFiles embed.FS

// sentences are the texts of letters and of the lists that people choose from.
var sentences = texts.MustLoad(textFiles)
