package format

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
)

// Any as a Size means the one that follows from the other fields.
const Any = -1

// Description says what a file is. Fields that are zero are not given. Two
// descriptions that say the same are equal by ==.
type Description struct {
	Format string // one of Names
	Size   int64  // of the file, in bytes, exactly; or Any

	Shape    Shape  // of the array, or of an image: height, width and perhaps channels
	DType    DType  // of its elements; Uint8 unless given
	NaN      bool   // floats may be infinite and not a number
	Record   int64  // tfrecord: bytes of payload in each record
	Columns  string // parquet, arrow: see [ParseColumns]
	Rows     int64  // parquet, arrow: how many
	RowGroup int64  // parquet: how many rows a row group has
	Members  int64  // tar, zip: how many files are in it
	Member   Member // tar, zip: what each of them is
}

// Member is one of the files in a tar or zip file. The zero value is none.
type Member struct {
	Size   int64  // in bytes
	Format string // one of MemberFormats, or empty
}

// File is a file that a Description describes: its size, and what is where in it.
// It is made by arithmetic alone. Its methods may be called concurrently.
type File struct {
	format  *kind
	size    int64
	payload int64            // bytes of the stream that it takes
	mask    mask             // which bits of those may be set
	neutral func() *checksum // what cells are neutral to; nil if there is no such CRC
	image   bool             // cells are rows of an image, see imageNeutral
	layout  func() layout
}

// Size returns the length of the file in bytes.
func (f *File) Size() int64 { return f.size }

// PayloadSize returns how many bytes of the payload the file takes, in order,
// though not always each of them.
func (f *File) PayloadSize() int64 { return f.payload }

// kind is a format.
type kind struct {
	name       string
	extensions []string // without a dot, in lower case
	keys       []string // that it has
	plan       func(d Description) (*File, error)
}

// arrayKeys are those of formats that hold one array.
var arrayKeys = []string{"shape", "dtype", "nan"}

// find returns the format of that name.
func find(name string) (*kind, error) {
	for _, k := range kinds() {
		if k.name == name {
			return &k, nil
		}
	}
	return nil, &KeyError{Key: "format", Value: name, Reason: "a format is one of " + strings.Join(Names(), " ")}
}

// Names returns the names of all formats.
func Names() []string {
	names := make([]string, 0, len(kinds()))
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}

// ByExtension returns the format of a file of that name: npz for a/b.npz.
func ByExtension(name string) (string, bool) {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 || strings.IndexByte(name[dot:], '/') >= 0 {
		return "", false
	}
	extension := strings.ToLower(name[dot+1:])
	for _, k := range kinds() {
		if slices.Contains(k.extensions, extension) {
			return k.name, true
		}
	}
	return "", false
}

// New checks d and returns the file. It reads nothing. Errors are one line, of type
// *SizeError or *KeyError.
func New(d Description) (*File, error) {
	k, err := find(d.Format)
	if err != nil {
		return nil, err
	}
	for _, key := range d.given() {
		if !slices.Contains(k.keys, key) {
			return nil, &KeyError{Key: key, Reason: fmt.Sprintf("not a key of format=%s, which has %s", k.name, keyList(k.keys))}
		}
	}
	if d.Size < 0 && d.Size != Any {
		return nil, &SizeError{What: k.name, Size: d.Size}
	}
	if d.NaN && !d.DType.isFloat() && d.Columns == "" {
		return nil, &KeyError{Key: "nan", Reason: fmt.Sprintf("%s has no such values; it is for floats", d.DType)}
	}
	f, err := k.plan(d)
	if err != nil {
		return nil, err
	}
	f.format = k
	if f.mask == (mask{}) {
		f.mask = allBits
	}
	return f, nil
}

func keyList(keys []string) string {
	if len(keys) == 0 {
		return "none of its own"
	}
	return strings.Join(keys, ", ")
}

// largest returns the largest number n from least to most for which total(n), which
// grows with n, is at most size; least-1 if there is none. A total of 2^63-1 is too
// large, as it may stand for more.
func largest(size, least, most int64, total func(n int64) int64) int64 {
	most = min(most, math.MaxInt64-1)
	return least - 1 + int64(sort.Search(int(most-least)+1, func(i int) bool {
		n := total(least + int64(i))
		return n > size || n == math.MaxInt64
	}))
}

// fit returns the number n from least to most for which total(n), which grows with
// n, is the size; or the error that names the sizes of the nearest two.
func fit(what string, size, least, most int64, total func(n int64) int64) (int64, error) {
	if size == Any {
		return 0, anySize(what)
	}
	n := largest(size, least, most, total)
	if n >= least && total(n) == size {
		return n, nil
	}
	e := &SizeError{What: what, Size: size}
	if n >= least {
		e.Below = total(n)
	}
	if n < most && total(n+1) < math.MaxInt64 {
		e.Above = total(n + 1)
	}
	return 0, e
}

// anySize is the error where the size of what is described does not follow from it.
func anySize(what string) error {
	return &KeyError{Key: "size", Reason: what + " may have many sizes; name one"}
}

// exactly checks that the size asked for is the one that follows from other keys.
func exactly(what string, asked, size int64) error {
	switch {
	case size == math.MaxInt64:
		return &KeyError{Key: "size", Reason: what + " is larger than a file can be, 2^63-1 bytes"}
	case asked != Any && asked != size:
		return &SizeError{What: what, Size: asked, Below: size, Above: size}
	}
	return nil
}

// array returns the shape and the length in bytes of the array that d describes,
// of a format that has overhead(shape) other bytes.
func (d *Description) array(overhead func(s Shape) int64) (s Shape, payload int64, err error) {
	width := d.DType.Width()
	what := d.Format + " of " + d.DType.String()
	if !d.Shape.IsZero() {
		payload = times(d.Shape.Elements(), width)
		what = fmt.Sprintf("%s, shape=%s", what, d.Shape)
		size := payload
		if size < math.MaxInt64 {
			size = plus(size, overhead(d.Shape))
		}
		return d.Shape, payload, exactly(what, d.Size, size)
	}
	total := func(n int64) int64 { return plus(times(n, width), overhead(vector(n))) }
	most := max(1, d.Size/width)
	// The overhead hardly depends on the length, and takes microseconds. A search of it
	// would take forty, for each file that is listed.
	if n := (d.Size - overhead(vector(most))) / width; n > 0 && total(n) == d.Size {
		return vector(n), n * width, nil
	}
	n, err := fit(what, d.Size, 1, most, total)
	return vector(n), n * width, err
}

// floats returns the mask of the elements of d.
func (d *Description) floats() mask {
	if d.NaN {
		return allBits
	}
	return d.DType.finite()
}
