package spec

import (
	"fmt"

	"github.com/dgenfs/dgenfs/fs/bytesize"
)

// Files says what the files of an entry are.
type Files struct {
	Spec         // Size is 0 if Sizes says more
	Sizes Sizes  // zero if all have Size
	Total int64  // bytes of all together, which says how many there are; 0 if not given
	Share uint64 // billionths of the number of all files; 0 if not given
	Index Index  // of files with records: where their index files are
	Link  Link   // if they are links: then there are no sizes, and of the Spec, its Attributes alone
}

// filesKeys are those of many files alone, likewise.
var filesKeys = []string{"total", "share", "index"}

// ParseFiles reads the spec of many files, such as lognormal:64K:1.5,total=1T; any
// spec of a single file is one, too. With format=auto, Named checks the rest. Errors are like those of Parse.
func ParseFiles(s string) (Files, error) { return parse(s, true) }

func (f *Files) set(key, value string) (err error) {
	switch key {
	case "total":
		if f.Total, err = bytesize.Parse(value); err != nil {
			return fmt.Errorf("total: %w", err)
		}
		if f.Total == 0 {
			return fmt.Errorf("total %q: must be 1 byte or more", Cut(value))
		}
	case "share":
		if f.Share, err = ParseShare(value); err != nil {
			return fmt.Errorf("share %q: %w", Cut(value), err)
		}
		if f.Share == 0 {
			return fmt.Errorf("share %q: must be more than 0%%", Cut(value))
		}
	case "index":
		return f.setIndex(value)
	}
	return nil
}

// String returns the canonical form, which ParseFiles turns back into equal Files.
func (f Files) String() string {
	var b []byte
	if !f.Link.IsZero() {
		b = f.Attributes.append(append(b, f.Link.String()...))
		if f.Share != 0 {
			b = append(append(b, ",share="...), FormatShare(f.Share)...)
		}
		return string(b)
	}
	if f.Sizes.IsZero() {
		b = append(b, bytesize.Format(f.Size)...)
	} else {
		b = append(b, f.Sizes.String()...)
	}
	b = f.appendKeys(b)
	if f.Total != 0 {
		b = append(append(b, ",total="...), bytesize.Format(f.Total)...)
	}
	if f.Share != 0 {
		b = append(append(b, ",share="...), FormatShare(f.Share)...)
	}
	if f.Index.Record != 0 {
		b = append(append(b, ",record="...), bytesize.Format(f.Index.Record)...)
	}
	if f.Index.Dir != "" {
		b = append(append(b, ",index="...), f.Index.Dir...)
	}
	return string(b)
}
