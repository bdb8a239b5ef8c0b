package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// saveEvery is how often the state is saved for going on with it later.
const saveEvery = 10 * time.Second

// savedState is how far a run has come: all up to an offset of a file has been compared, and
// what was found is in the report.
type savedState struct {
	What        string     `json:"what"` // Options.Fingerprint
	Target      int        `json:"target"`
	File        string     `json:"file"`
	Offset      int64      `json:"offset"`
	Current     *savedFile `json:"current,omitempty"` // if File is not finished
	Report      *Report    `json:"report"`
	Additionals []extra    `json:"additionals"`
}

// savedFile is what is known of a file whose first parts have been compared.
type savedFile struct {
	Size      int64     `json:"size"`
	MTime     time.Time `json:"mtime"`
	Different bool      `json:"different"`
	Short     bool      `json:"short"`
	Unread    bool      `json:"unread"`
	Changed   bool      `json:"changed"`
}

func (f *savedFile) restore(to *progressed) {
	to.different, to.short, to.unread, to.changed = f.Different, f.Short, f.Unread, f.Changed
	if to.state.size != f.Size || !to.state.mtime.Equal(f.MTime) {
		to.changed = true
	}
}

// ErrOther is wrapped by the error about a file to resume from that was written for other
// options.
var ErrOther = errors.New("was written by a run with other arguments")

// savedState reads the state to go on with. Without one, everything is before.
func (o *Options) savedState() (at savedState, err error) {
	if o.Resume == "" {
		return at, nil
	}
	text, err := os.ReadFile(o.Resume)
	if isMissing(err) || err == nil && len(text) == 0 {
		return at, nil
	}
	if err != nil {
		return at, fmt.Errorf("%q: %w", o.Resume, reason(err))
	}
	if err := json.Unmarshal(text, &at); err != nil || at.Report == nil {
		return at, fmt.Errorf("%q: not a file that --resume has written", o.Resume)
	}
	if at.What != o.Fingerprint {
		return at, fmt.Errorf("%q: %w", o.Resume, ErrOther)
	}
	return at, nil
}

// load goes on with the state that was saved, if there is one.
func (c *committer) load() (at savedState, err error) {
	at, err = c.savedState()
	switch {
	case err != nil || c.Resume == "":
		return at, err
	case at.Report == nil:
		return at, c.save(savedState{}) // it must be possible to write it later on
	}
	c.report, c.additionals, c.resuming = at.Report, at.Additionals, at
	if c.report.QuickSeed != nil {
		c.QuickSeed = *c.report.QuickSeed
	}
	for i := range c.report.Damage {
		c.order++
		c.report.Damage[i].order = c.order
	}
	for _, d := range c.report.Damaged {
		for i, letter := range []byte(d.Picture) {
			if letter != '.' && i < len(d.columns) {
				d.columns[i] = letter
			}
		}
		c.damaged[d.Path] = d
	}
	return at, nil
}

// save writes the state, in place of the one before, so that one of both is there whatever
// happens.
func (c *committer) save(at savedState) error {
	c.saved = time.Now()
	if c.Resume == "" {
		return nil
	}
	c.flush()
	c.resolve(context.Background())
	at.What, at.Additionals = c.Fingerprint, c.additionals
	if f := c.current; f != nil {
		at.Current = &savedFile{f.state.size, f.state.mtime, f.different, f.short, f.unread, f.changed}
	}
	report := *c.report
	report.Seconds += seconds(c.started)
	at.Report = &report
	text, err := json.Marshal(at)
	if err == nil {
		err = replace(c.Resume, text)
	}
	if err != nil {
		return fmt.Errorf("%q: %w", c.Resume, reason(err))
	}
	return nil
}

// replace writes a file in place of an old one.
func replace(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // if it is still there
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}
