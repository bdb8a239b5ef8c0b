package spec

import (
	"math"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/format"
)

func TestIndex(t *testing.T) {
	for in, want := range map[string][]string{
		"142994304,format=tfrecord,record=114244,index=index": {"index/x.idx 20290,format=tfindex,record=114244"},
		"114304,format=tfrecord,index=.":                      {"x.idx 9,format=tfindex,record=114244"},
		"1G,record=128K,index=i":                              {"i/x.off.idx 64K,format=offsets,record=128K", "i/x.sz.idx 64K,format=lengths,record=128K"},
		"1M,index=.":                                          {"x.off.idx 8,format=offsets,record=1M", "x.sz.idx 8,format=lengths,record=1M"},
		"1M":                                                  nil,
	} {
		f := sizesOf(t, in)
		if f.String() != in {
			t.Errorf("%s is written %s", in, f)
		}
		if strings.Contains(f.Spec.String(), "index") {
			t.Errorf("%s: a file is %s", in, f.Spec)
		}
		var got []string
		for _, c := range f.Index.Companions(f.Format) {
			s := c.Of(f.Spec)
			if again, err := Parse(s.String()); err != nil || again != s {
				t.Errorf("%s is read as %v, %v", s, again, err)
			}
			got = append(got, c.Prefix+"x"+c.Suffix+" "+s.String())
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
	f, err := sizesOf(t, "114304,format=auto,index=.").Named("a.tfrecord")
	if c := f.Index.Companions(f.Format); err != nil || len(c) != 1 {
		t.Errorf("format=auto: %v, %v", c, err)
	}
	for in, want := range map[string]string{
		"1M,index=":                            `index "": the name of a directory for index files`,
		"1M,index=..":                          `index ".."`,
		"1M,index=a/b":                         `index "a/b"`,
		"1M,index={0..9}":                      `index "{0..9}"`,
		"1M,format=npz,index=i":                `index "i": for format=tfrecord, or for files without a format that have records; format=npz has no index files`,
		"1M,record=3,index=i":                  `size 1048576: not possible for records of 3 bytes; the nearest are 1048575 and 1048578`,
		"0,record=3,index=i":                   `the smallest records of 3 bytes has 3 bytes`,
		"0,index=i":                            `index "i": an empty file has no record`,
		"1M..2M,record=3,index=i":              `sizes "1M..2M": files with record= and index= have one size`,
		"9223372036854775807,record=1,index=i": `index "i": too many records; make them larger`,
		"1M,record=3":                          `key "record" is of a format`,
		"1M,index":                             `key "index" has no value`,
	} {
		if got, err := ParseFiles(in); err == nil || !strings.HasPrefix(err.Error(), want) && !strings.Contains(err.Error(), want) {
			t.Errorf("ParseFiles(%q) = %v, %v; want %s", in, got, err, want)
		}
	}
	if _, err := Parse("1M,index=i"); err == nil || !strings.Contains(err.Error(), `key "index" is for many files`) {
		t.Errorf("an index of a single file: %v", err)
	}
}

// An index file has the size that its format says, whatever is drawn for its file.
func TestIndexOfDrawnSizes(t *testing.T) {
	for _, in := range []string{"square:1681:21.2,format=tfrecord,index=i", "0K..64K,index=.", "lognormal:1:3,index=i", "1..1M,format=tfrecord,index=i", "1K..1M,format=tfrecord,record=100,index=i"} {
		f, err := ParseFiles(strings.Replace(in, "0K..", "1..", 1))
		if err != nil {
			t.Fatal(err)
		}
		for place := range uint64(500) {
			data := f.Drawn(f.Sizes, place, 500)
			for _, c := range f.Index.Companions(f.Format) {
				s := c.Of(data)
				if s.Size == 0 && data.Size == 0 {
					continue
				}
				if _, err := Parse(s.String()); err != nil || s.Size == math.MaxInt64 || s.Format.Format == format.TFIndex && data.Format.Record == 0 && s.Size > 12 {
					t.Fatalf("%s: %s has %s, %v", in, data, s, err)
				}
			}
		}
	}
}
