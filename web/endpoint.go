package web

// Endpoint is one method and address of the server, for the documentation.
type Endpoint struct {
	Method, Path string
	Public       bool   // it asks for no account
	Text         string // what it does
}
