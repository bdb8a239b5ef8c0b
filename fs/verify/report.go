package verify

import (
	"fmt"
	"slices"
	"time"
)

// How much of a report is kept, so that its size does not depend on the damage.
const (
	maxListed = 100 // runs, damaged files, and names of each kind, in full
	maxTried  = 4096
)

// Report is what came of comparing.
type Report struct {
	Files   int64   `json:"files"`   // that were compared
	Bytes   int64   `json:"bytes"`   // that were compared
	Seconds float64 `json:"seconds"` // that it took

	Equal      int64 `json:"equal"`      // files
	Different  int64 `json:"different"`  // files that differ in what both have, or in length
	Missing    int64 `json:"missing"`    // files, and empty directories, that the copy has not
	Additional int64 `json:"additional"` // files that the tree has not
	Renamed    int64 `json:"renamed"`    // files that the copy has under another name; neither missing nor additional
	Short      int64 `json:"short"`      // files, among those that differ
	Long       int64 `json:"long"`       // files, among those that differ
	Unreadable int64 `json:"unreadable"` // files and directories, or parts of files
	Irregular  int64 `json:"irregular"`  // what is there is not a regular file, or not a directory
	Changed    int64 `json:"changed"`    // files that were written to meanwhile
	Links      int64 `json:"links"`      // symbolic links that were compared
	Retargeted int64 `json:"retargeted"` // among those, that point elsewhere
	HardLinks  int64 `json:"hardLinks"`  // names of files that have another one, which is there
	Separate   int64 `json:"separate"`   // among those, that are files of their own in the copy; no difference

	Runs  int64 `json:"runs"`  // of damage
	Kinds tally `json:"kinds"` // and of which kinds they are

	// The first ones, in full.
	Damage      []Run      `json:"damage"`
	Damaged     []*Damaged `json:"damagedFiles"`
	Missings    []string   `json:"missingFiles"`
	Additionals []string   `json:"additionalFiles"`
	Renames     []Rename   `json:"renamedFiles"`
	Problems    []Problem  `json:"problems"`

	QuickSeed   *uint64 `json:"quickSeed,omitempty"` // if only a share was compared
	Interrupted bool    `json:"interrupted,omitempty"`
	Stopped     bool    `json:"stopped,omitempty"` // after MaxErrors
}

// Damaged is a file that differs.
type Damaged struct {
	File    string `json:"file"`
	Path    string `json:"path"`
	Size    int64  `json:"size"`   // that it should have
	Length  int64  `json:"length"` // that it has
	Runs    int64  `json:"runs"`
	Bytes   int64  `json:"bytes"` // that differ
	Kinds   tally  `json:"kinds"`
	Picture string `json:"picture"` // where the damage is: a letter for its kind, or a dot

	columns [pictureColumns]byte
}

// Rename is a file that is there under another name.
type Rename struct {
	Path   string `json:"path"`
	Holds  string `json:"holds"`  // a file of the tree
	Copied bool   `json:"copied"` // that is there, too
}

// Problem is something that could not be read, or compared.
type Problem struct {
	Path   string `json:"path"`
	Offset int64  `json:"offset"`
	Length int64  `json:"length,omitempty"` // 0 if it is about the whole file
	Error  string `json:"error"`
}

// findings returns how much has been found.
func (r *Report) findings() int64 {
	return r.Runs + r.Missing + r.Additional + r.Renamed + r.Unreadable + r.Irregular + r.Changed + r.Retargeted
}

// Differs reports whether the copy differs from what was generated.
func (r *Report) Differs() bool {
	return r.Different+r.Missing+r.Additional+r.Renamed+r.Irregular+r.Retargeted > 0
}

// Unread reports whether not everything could be read, or was.
func (r *Report) Unread() bool {
	return r.Unreadable+r.Changed > 0 || r.Interrupted
}

const pictureColumns = 64

// mark draws a run into the picture.
func (d *Damaged) mark(r *Run) {
	length := max(d.Size, d.Length, 1)
	first := scaled(r.Offset, length)
	last := max(first, scaled(r.End()-1, length))
	for i := first; i <= min(last, pictureColumns-1); i++ {
		if old := d.columns[i]; old != 0 && old != letters[r.Kind] {
			d.columns[i] = '*'
		} else {
			d.columns[i] = letters[r.Kind]
		}
	}
	picture := d.columns
	for i, c := range picture {
		if c == 0 {
			picture[i] = '.'
		}
	}
	d.Picture = string(picture[:])
}

// scaled returns the column of an offset of so many bytes.
func scaled(off, length int64) int64 {
	if length < 1<<56 {
		return off * pictureColumns / length
	}
	return off / (length/pictureColumns + 1)
}

// sourced reports whether the run has the data of a place.
func (r *Run) sourced() bool { return r.From != "" }

// finish decides what can only be decided when all of a run is known.
func (r *Run) finish() {
	if r.Kind == Shifted && r.Shift%sector == 0 && !r.eof {
		r.Kind = Place
	}
	begins, ends := r.Offset%page, r.End()%page
	inside := func(at int64) bool { return at != 0 && at%sector == 0 }
	switch r.Kind {
	case Zeros, Ones, Pattern, Place, Seed, Generation, Other, Shifted:
		if r.eof {
			ends = 0
		}
		oneBad := r.Length == sector && (r.Kind == Zeros || r.Kind == Ones || r.Kind == Pattern)
		if !oneBad && (inside(begins) && ends == 0 || begins == 0 && inside(ends)) {
			r.Torn = sector
		}
	}
	if r.Kind == Other && r.Torn != 0 {
		r.Kind = Torn
	}
}

// text says in words what the run is, and where it begins and ends.
func (r *Run) text() string {
	text := r.what()
	switch {
	case r.Torn != 0 && r.Offset%page != 0:
		text += fmt.Sprintf("; torn at a border of sectors, %d bytes into its page", r.Offset%page)
	case r.Torn != 0:
		text += fmt.Sprintf("; torn at a border of sectors, %d bytes into the last page", r.End()%page)
	case r.Length == sector && r.Offset%sector == 0:
		text += "; one sector"
	case r.Offset%page == 0 && r.Length%page == 0 && r.Length > 0 && r.Kind != Excess && r.Kind != Truncated:
		text += fmt.Sprintf("; %s of %d", plural(r.Length/page, "whole page"), page)
	}
	if r.eof && r.Kind != Excess && r.Kind != Truncated {
		text += "; to the end of the file"
	}
	return text
}

// what says in words what is there.
func (r *Run) what() string {
	text := r.Text
	switch {
	case r.Kind == Shifted:
		text = fmt.Sprintf("the data are %s: what is here belongs to offset %d", late(r.Shift), *r.FromOffset)
	case r.Kind == Place && r.From == r.File:
		text = fmt.Sprintf("data of offset %d of this file", *r.FromOffset)
	case r.Kind == Place:
		text = fmt.Sprintf("data of offset %d of %s", *r.FromOffset, r.From)
	case r.sourced() && (r.Kind == Seed || r.Kind == Generation) && r.Shift != 0:
		text += fmt.Sprintf(", of offset %d of %s", *r.FromOffset, r.From)
	case r.Kind == Generation:
		text += " of this place"
	case r.Kind == Translated && r.Shift != 0:
		text += fmt.Sprintf("; at the end, the data are %s", late(r.Shift))
	}
	return text
}

// kindsOf returns the kinds of a tally, the most frequent ones first.
func kindsOf(t tally) []Kind {
	kinds := make([]Kind, 0, len(t))
	for k := range t {
		kinds = append(kinds, k)
	}
	slices.SortFunc(kinds, func(a, b Kind) int {
		if c := t[b].Runs - t[a].Runs; c != 0 {
			return int(max(-1, min(1, c)))
		}
		return int(max(-1, min(1, int64(letters[a])-int64(letters[b]))))
	})
	return kinds
}

// seconds returns how long ago something was.
func seconds(start time.Time) float64 { return time.Since(start).Seconds() }
