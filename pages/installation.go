package pages

import (
	"context"
	"time"

	"satchel/fhir"
	"satchel/handover"
)

// Practice is the practice as the settings tell of it.
type Practice interface {
	Now() handover.Practice
	Text() PracticeText
	// Save writes into the settings file; it is in force at once. What cannot be written is a fhir.Error conflict.
	Save(context.Context, PracticeText) error
}

// PracticeText is what the settings tell of the practice, as it is written there.
type PracticeText struct{ Name, Zone, Contact, Phone, Email, Address string }

// Installation is the server with its machine, as far as the pages tell of it. It is asked for each page.
type Installation interface {
	Settings() []Setting // in the order of the settings file
	Machine(context.Context) Machine
	Notices(context.Context) []Notice // what is to be known of the server
	Backup() Backup
}

// Setting is one setting with its value in force.
type Setting struct {
	Key     string // "http.listen"
	Value   string // as people read it; a secret is masked
	Source  string // "": the default; else where the value comes from
	Fixed   bool   // it comes from the environment or a flag, so the settings file does not count
	Meaning string // one sentence or two
	Default string
}

// Machine is what is known of the server's machine and data.
type Machine struct {
	Data, File     string    // the data directory, and the settings file
	Database       int64     // bytes
	Free, Floor    int64     // bytes free, and below how many no export begins; Floor 0: the disk does not tell
	Key            string    // fingerprint of the key that packages are signed with; "": there is none yet
	TLS            string    // tls.mode
	Certificate    time.Time // when it ends; zero: there is none
	BackupFolder   string    // "": no backups by themselves
	BackupEvery    time.Duration
	Backups        []BackupFile // the newest first
	BackupsCrypted bool
}

// BackupFile is one backup of the folder.
type BackupFile struct {
	Name  string
	Made  time.Time
	Bytes int64
}

// Notice is something about the server that somebody should know or put right.
type Notice struct {
	Problem bool   // it must be put right; otherwise it is good to know
	Text    string // one sentence without health data
	Do      string // what to do about it; "" if nothing
}

// Backup is what is known of the backups that the server makes by itself.
type Backup struct {
	Planned bool          // there are some
	Last    time.Time     // when the newest was made; zero: never
	Every   time.Duration // from one to the next
}

// unknown is a practice without a name, in UTC, and an installation of which nothing is known.
type unknown struct{}

func (unknown) Now() handover.Practice { return handover.Practice{} }
func (unknown) Text() PracticeText     { return PracticeText{} }
func (unknown) Save(context.Context, PracticeText) error {
	return fhir.Errorf(fhir.CodeConflict, "the settings cannot be changed here; change the settings file")
}
func (unknown) Settings() []Setting              { return nil }
func (unknown) Machine(context.Context) Machine  { return Machine{} }
func (unknown) Notices(context.Context) []Notice { return nil }
func (unknown) Backup() Backup                   { return Backup{} }
