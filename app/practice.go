package app

import (
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
	saving sync.Mutex
}

// practiceState is the practice, and the settings that it comes from.
type practiceState struct {
	handover.Practice
	from *config.Config
}

func newPracticeNow(c *config.Config) (*practiceNow, error) {
	p := &practiceNow{}
	return p, p.set(c)
}

func (p *practiceNow) set(c *config.Config) error {
	_, err := c.Zone()
	p.Store(&practiceState{PracticeOf(c), c})
	return err
}

func (p *practiceNow) get() handover.Practice { return p.Load().Practice }

// save writes name and time zone of the practice into the settings file and takes them over.
func (p *practiceNow) save(c *config.Config, name, zone string) error {
	return p.write(c, config.Change{Key: "practice.name", Text: name}, config.Change{Key: "practice.time_zone", Text: zone})
}

// write makes changes in the settings file and takes them over. Ones that cannot be made are a fhir.Error conflict.
func (p *practiceNow) write(c *config.Config, changes ...config.Change) error {
	p.saving.Lock()
	defer p.saving.Unlock()
	changed, err := c.Edit(changes...)
	if err != nil {
		return fhir.Errorf(fhir.CodeConflict, "the settings were not changed: %v", err)
	}
	return p.set(changed)
}

// practiceText is what the settings tell of the practice, for the page that changes it.
func (p *practiceNow) text() pages.PracticeText {
	c := p.Load().from.Practice
	return pages.PracticeText{Name: c.Name, Zone: c.TimeZone, Contact: c.Contact, Phone: c.Phone, Email: c.Email, Address: c.Address}
}

// saveText writes what is new about the practice into the settings file and takes it over.
func (p *practiceNow) saveText(c *config.Config, want pages.PracticeText) error {
	now := p.text()
	var changes []config.Change
	for _, f := range []struct{ key, now, want string }{
		{"practice.name", now.Name, want.Name}, {"practice.time_zone", now.Zone, want.Zone}, {"practice.contact", now.Contact, want.Contact},
		{"practice.phone", now.Phone, want.Phone}, {"practice.email", now.Email, want.Email}, {"practice.address", now.Address, want.Address},
	} {
		if f.now != f.want {
			changes = append(changes, config.Change{Key: f.key, Text: f.want})
		}
	}
	return p.write(c, changes...)
}
