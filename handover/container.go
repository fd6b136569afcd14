package handover

import (
	"io"
)

// container is where the files of one bag are written: a folder or a ZIP file. Until it is sealed, what there is of it
// stands under a name that begins with a dot and ends with ".partial". It is not for concurrent use.
type container interface {
	// create begins a file that has no name yet. tight says that its content does not get smaller by deflating.
	create(tight bool) (blob, error)
	// open reads a file back that has its name. Several may be open, from several goroutines.
	open(path string) (io.ReadCloser, error)
	// seal makes everything durable and then gives the container its name. Nothing may be open.
	seal() error
	// abandon removes what was written.
	abandon() error
}

// blob is one file under way.
type blob interface {
	io.Writer
	// commit ends the file and gives it its path.
	commit(path string) error
	// discard ends the file and forgets it.
	discard()
}
