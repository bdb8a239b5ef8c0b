package spec

import (
	"fmt"
	"math"
	"strings"

	"github.com/dgenfs/dgenfs/fs/format"
)

// Index says that the files of an entry have index files, which the tree has besides them.
// The zero value is none.
type Index struct {
	Dir    string // where they are: path a/b has its index at DIR/a/b.idx; "." is beside the file
	Record int64  // bytes of each record of files without a format; 0 if a file is one record
}

// Companion is one of the index files of each file of an entry. The zero value is none.
type Companion struct {
	Prefix, Suffix string // around the path of the file
	format         string
	record         int64 // of Index
}

// Companions returns the index files of each file.
func (i Index) Companions(f format.Description) []Companion {
	prefix := i.Dir + "/"
	if i.Dir == "." {
		prefix = ""
	}
	switch {
	case i == Index{}:
		return nil
	case f.Format == "tfrecord":
		return []Companion{{prefix, ".idx", format.TFIndex, 0}}
	}
	return []Companion{{prefix, ".off.idx", format.Offsets, i.Record}, {prefix, ".sz.idx", format.Lengths, i.Record}}
}

// Of returns the spec of the companion of a file.
func (c Companion) Of(data Spec) Spec {
	s := Spec{Dedup: 1, Unit: DefaultUnit, Compress: 1}
	record, count := c.record, int64(1)
	if c.format == format.TFIndex {
		record = data.Format.Record
	}
	switch {
	case c.format != format.TFIndex && record == 0:
		record = data.Size
	case c.format != format.TFIndex:
		count = data.Size / record
	case record == 0:
		record = data.payload()
	default:
		count = data.Size / format.RecordSize(record)
	}
	if record == 0 {
		return s // of an empty file
	}
	s.Format = format.Description{Format: c.format, Record: record}
	s.Size = format.IndexSize(c.format, record, count)
	return s
}

// setIndex reads index=.
func (f *Files) setIndex(value string) error {
	plain := func(r rune) bool {
		return r|0x20 >= 'a' && r|0x20 <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r)
	}
	if value == "" || value == ".." || strings.ContainsFunc(value, func(r rune) bool { return !plain(r) }) {
		return fmt.Errorf("index %q: the name of a directory for index files, of letters, digits and ._-, such as index, or . for beside the files", Cut(value))
	}
	f.Index.Dir = value
	return nil
}

// checkIndex checks index= together with the format. record= of files without one is
// part of the index.
func (f *Files) checkIndex() error {
	if f.Index.Dir == "" || f.Format.Format == Auto {
		return nil
	}
	d := &f.Format
	switch {
	case d.Format == "tfrecord":
		return f.checkCompanions()
	case d.Format != "":
		return fmt.Errorf("index %q: for format=tfrecord, or for files without a format that have records; format=%s has no index files", Cut(f.Index.Dir), d.Format)
	}
	f.Index.Record, d.Record = d.Record, 0
	record := f.Index.Record
	switch {
	case record == 0 && f.Sizes.IsZero() && f.Size == 0:
		return fmt.Errorf("index %q: an empty file has no record", Cut(f.Index.Dir))
	case record == 0:
		return nil
	case !f.Sizes.IsZero():
		return fmt.Errorf("sizes %q: files with record= and index= have one size, a multiple of the record; without record=, each is one record", f.Sizes)
	case f.Size%record != 0 || f.Size == 0:
		e := &format.SizeError{What: fmt.Sprintf("records of %d bytes", record), Size: f.Size, Below: f.Size / record * record}
		if e.Below <= math.MaxInt64-record {
			e.Above = e.Below + record
		}
		return e
	}
	return f.checkCompanions()
}

// checkCompanions returns an error if an index file would be too large.
func (f *Files) checkCompanions() error {
	for _, c := range f.Index.Companions(f.Format) {
		if c.Of(f.Spec).Size == math.MaxInt64 {
			return fmt.Errorf("index %q: too many records; make them larger", Cut(f.Index.Dir))
		}
	}
	return nil
}
