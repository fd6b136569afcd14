package app

import (
	"sync"
	"sync/atomic"

	"satchel/config"
	"satchel/desk"
)

// practiceNow is the practice as the pages show it. The first run and the page of settings change it.
type practiceNow struct {
	atomic.Pointer[practiceState]
	saving sync.Mutex
}

// practiceState is the practice, and the settings that it comes from.
type practiceState struct {
	desk.Practice
	from *config.Config
}

func newPracticeNow(c *config.Config) (*practiceNow, error) {
	p := &practiceNow{}
	return p, p.set(c)
}

func (p *practiceNow) set(c *config.Config) error {
	zone, err := c.Zone()
	own := c.Practice
	p.Store(&practiceState{desk.Practice{Name: own.Name, Zone: zone, Contact: own.Contact, Phone: own.Phone, Email: own.Email, Address: own.Address}, c})
	return err
}

func (p *practiceNow) get() desk.Practice { return p.Load().Practice }

// save writes name and time zone of the practice into the settings file and takes them over.
func (p *practiceNow) save(c *config.Config, name, zone string) error {
	return p.write(c, "name", name, "time_zone", zone)
}

// write gives keys of the section practice other values in the settings file and takes them over: key, value, … What the
// environment or a flag sets stays as it is. A file that cannot be changed so is a fhir.Error conflict.
func (p *practiceNow) write(c *config.Config, values ...string) error {
	p.saving.Lock()
	defer p.saving.Unlock()
	changed, err := config.EditPractice(c, values...)
	if err != nil {
		return err
	}
	return p.set(changed)
}

// practiceText is what the settings tell of the practice, for the page that changes it.
func (p *practiceNow) text() desk.PracticeText {
	c := p.Load().from.Practice
	return desk.PracticeText{Name: c.Name, Zone: c.TimeZone, Contact: c.Contact, Phone: c.Phone, Email: c.Email, Address: c.Address}
}

// saveText writes what is new about the practice into the settings file and takes it over.
func (p *practiceNow) saveText(c *config.Config, want desk.PracticeText) error {
	now := p.text()
	var changes []string
	for _, f := range []struct{ key, now, want string }{
		{"name", now.Name, want.Name}, {"time_zone", now.Zone, want.Zone}, {"contact", now.Contact, want.Contact},
		{"phone", now.Phone, want.Phone}, {"email", now.Email, want.Email}, {"address", now.Address, want.Address},
	} {
		if f.now != f.want {
			changes = append(changes, f.key, f.want)
		}
	}
	return p.write(c, changes...)
}
