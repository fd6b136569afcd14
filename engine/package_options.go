package engine

import (
	"context"
	"fmt"
	"io"

	"satchel/handover"
)

// PackageOptions are what all packages say about the practice and the program; see [pack.Run].
type PackageOptions struct {
	Practice         func() handover.Practice // asked for each package: it may change while the server runs; nil: nobody's
	Product          handover.Product
	Key              func() (*handover.Key, error) // asked for each package; nil leaves them unsigned
	DocumentationURL string
	BagSize          int64
	Settings         func() []byte                                // for a population; nil: left out
	Requests         func(ctx context.Context, w io.Writer) error // see [pack.Run]; nil: left out
}

// practice is the practice as it is now.
func (p PackageOptions) practice() handover.Practice {
	if p.Practice == nil {
		return handover.Practice{}
	}
	return p.Practice()
}

// key is the key that signs packages; nil: none does.
func (p PackageOptions) key() (*handover.Key, error) {
	if p.Key == nil {
		return nil, nil
	}
	key, err := p.Key()
	if err != nil {
		err = fmt.Errorf("the key that signs packages: %w", err)
	}
	return key, err
}
