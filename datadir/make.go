package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"satchel/config"
	"satchel/internal/durable"
)

// Make makes the data directory, readable by its owner only, the settings file unless there is one, and the folder.
func Make(cfg *config.Config, written map[string]string) error {
	text, err := config.InitialFile(written)
	if err != nil {
		return err
	}
	if err := durable.MkdirAll(cfg.Data, 0o700); err != nil {
		return err
	}
	if err := os.Chmod(cfg.Data, 0o700); err != nil { // it may have been there, empty
		return err
	}
	if err := durable.MkdirAll(cfg.BulkExport.Folder, 0o700); err != nil {
		return err
	}
	err = durable.Write(cfg.File, durable.Options{Exclusive: true}, durable.Bytes([]byte(text)))
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	if len(written) > 0 {
		return fmt.Errorf("%q is there already; write what the flags say into it, and leave them out", cfg.File)
	}
	return nil
}
