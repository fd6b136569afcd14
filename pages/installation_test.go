package pages_test

import (
	"context"

	"satchel/handover"
	"satchel/pages"
)

// told are a practice and an installation as a test says them.
type told struct {
	practice handover.Practice
	text     pages.PracticeText
	save     func(pages.PracticeText) error // nil: text becomes what is saved
	settings []pages.Setting
	machine  pages.Machine
	notices  []pages.Notice
	backup   pages.Backup
}

func (w *told) Now() handover.Practice   { return w.practice }
func (w *told) Text() pages.PracticeText { return w.text }

func (w *told) Save(_ context.Context, want pages.PracticeText) error {
	if w.save != nil {
		return w.save(want)
	}
	w.text, w.practice.Name = want, want.Name
	return nil
}

func (w *told) Settings() []pages.Setting              { return w.settings }
func (w *told) Machine(context.Context) pages.Machine  { return w.machine }
func (w *told) Notices(context.Context) []pages.Notice { return w.notices }
func (w *told) Backup() pages.Backup                   { return w.backup }
