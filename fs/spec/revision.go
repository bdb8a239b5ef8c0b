package spec

import (
	"fmt"
	"strconv"

	"github.com/dgenfs/dgenfs/gen"
)

// Revision is which generation of a file that changes this is. The zero value is the file
// as it is.
type Revision struct {
	Generation int    // 0 to MaxGeneration; 0 unless given
	HasChange  bool   // whether the spec says how much it changes
	Change     uint64 // valid if HasChange, else 0: billionths of the distinct units that each generation replaces
	HasInsert  bool   // whether the spec says how much is inserted
	Insert     uint64 // valid if HasInsert, else 0: billionths of its size that each generation inserts
	Phase      uint64 // billionths of a unit, or of a piece, that are there from the start, below Billion; 0 unless given
}

// revisionKeys are those of a Revision.
var revisionKeys = []string{"generation", "change", "insert", "phase"}

func (r *Revision) set(key, value string) (err error) {
	switch key {
	case "generation":
		r.Generation, err = ParseGeneration(value)
	case "change":
		r.HasChange = true
		if r.Change, err = ParseShare(value); err != nil {
			return fmt.Errorf("change %q: %w", Cut(value), err)
		}
	case "insert":
		r.HasInsert = true
		if r.Insert, err = ParseShare(value); err != nil {
			return fmt.Errorf("insert %q: %w", Cut(value), err)
		}
	case "phase":
		n, err := strconv.ParseUint(value, 10, 64)
		if err != nil || n >= Billion {
			return fmt.Errorf("phase %q: a phase is a whole number from 0 to %d", Cut(value), Billion-1)
		}
		r.Phase = n
	}
	return err
}

// append appends the keys of r, defaults left out.
func (r Revision) append(b []byte) []byte {
	if r.Generation != 0 {
		b = strconv.AppendInt(append(b, ",generation="...), int64(r.Generation), 10)
	}
	if r.HasChange {
		b = append(append(b, ",change="...), FormatShare(r.Change)...)
	}
	if r.HasInsert {
		b = append(append(b, ",insert="...), FormatShare(r.Insert)...)
	}
	if r.Phase != 0 {
		b = strconv.AppendUint(append(b, ",phase="...), r.Phase, 10)
	}
	return b
}

// Moves reports whether the file is a generation that may differ from the one before.
func (r Revision) Moves() bool { return r.Generation > 0 && (r.Change > 0 || r.Insert > 0) }

// config returns what the generator calls a revision.
func (r Revision) config() gen.Revision {
	return gen.Revision{Generation: r.Generation, Share: r.Change, Insert: r.Insert, Phase: r.Phase}
}
