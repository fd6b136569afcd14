// Command satchel is a FHIR R4 server with Bulk Data export for small medical practices, in one file.
package main

import (
	"os"

	"satchel/cli"
	"satchel/internal/interrupt"
)

func main() { os.Exit(cli.Execute(interrupt.Context(), os.Args[1:])) }
