package app

import (
	"context"
	"sync"
	"sync/atomic"

	"satchel/config"
	"satchel/fhir"
	"satchel/handover"
	"satchel/pages"
)

// PracticeOf is the practice as the settings have it.
func PracticeOf(c *config.Config) handover.Practice {
	own := c.Practice
	zone, err := c.Zone()
	if err != nil {
		zone = nil // checked when the settings were read
	}
	return handover.Practice{Name: own.Name, Zone: zone, Contact: own.Contact, Phone: own.Phone, Email: own.Email, Address: own.Address}
}

// practiceNow is the practice as the pages show it. The first run and the page of settings change it.
type practiceNow struct {
	atomic.Pointer[practiceState]
	start  *config.Config // the settings with which the server started
	saving sync.Mutex
}

var _ pages.Practice = &practiceNow{}

// practiceState is the practice, and the settings that it comes from.
type practiceState struct {
	handover.Practice
	from *config.Config
}

func newPracticeNow(c *config.Config) (*practiceNow, error) {
	p := &practiceNow{start: c}
	return p, p.set(c)
}

func (p *practiceNow) set(c *config.Config) error {
	_, err := c.Zone()
	p.Store(&practiceState{PracticeOf(c), c})
	return err
}

// Now is the practice as it is now.
func (p *practiceNow) Now() handover.Practice { return p.Load().Practice }

// write makes changes in the settings file and takes them over. Ones that cannot be made are a fhir.Error conflict.
func (p *practiceNow) write(changes ...config.Change) error {
	p.saving.Lock()
	defer p.saving.Unlock()
	changed, err := p.start.Edit(changes...)
	if err != nil {
		return fhir.Errorf(fhir.CodeConflict, "the settings were not changed: %v", err)
	}
	return p.set(changed)
}

// Text is what the settings tell of the practice, for the page that changes it.
func (p *practiceNow) Text() pages.PracticeText {
	c := p.Load().from.Practice
	return pages.PracticeText{Name: c.Name, Zone: c.TimeZone, Contact: c.Contact, Phone: c.Phone, Email: c.Email, Address: c.Address}
}

// Save writes what is new about the practice into the settings file and takes it over.
func (p *practiceNow) Save(_ context.Context, want pages.PracticeText) error {
	now := p.Text()
	var changes []config.Change
	for _, f := range []struct{ key, now, want string }{
		{"practice.name", now.Name, want.Name}, {"practice.time_zone", now.Zone, want.Zone}, {"practice.contact", now.Contact, want.Contact},
		{"practice.phone", now.Phone, want.Phone}, {"practice.email", now.Email, want.Email}, {"practice.address", now.Address, want.Address},
	} {
		if f.now != f.want {
			changes = append(changes, config.Change{Key: f.key, Text: f.want})
		}
	}
	if len(changes) == 0 {
		return nil
	}
	return p.write(changes...)
}
