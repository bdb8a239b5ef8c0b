package spec

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/dgenfs/dgenfs/fs/bytesize"
	"github.com/dgenfs/dgenfs/fs/format"
	"github.com/dgenfs/dgenfs/fs/holes"
	"github.com/dgenfs/dgenfs/gen"
)

// Auto is the format that is the one of the file's name: npz for a.npz.
const Auto = "auto"

// formatKeys are those of a format, in canonical order.
var formatKeys = append([]string{"format"}, format.Keys()...)

// ParseName reads the name of a file that exists by its name alone: a spec, or a size
// and the extension of a format, such as 1G.npz for 1G,format=npz. Its errors are
// like those of Parse.
func ParseName(name string) (Spec, error) {
	s, err := Parse(name)
	if dot := strings.LastIndexByte(name, '.'); err != nil && dot > 0 {
		known, ok := format.ByExtension(name)
		if _, noSize := bytesize.Parse(name[:dot]); ok && noSize == nil {
			return Parse(name[:dot] + ",format=" + known)
		}
	}
	return s, err
}

// Named returns what the files of that name, or pattern of names, are: with
// format=auto, those that the extension of the name says. Otherwise it returns f.
func (f Files) Named(name string) (Files, error) {
	if f.Format.Format != Auto {
		return f, nil
	}
	known, ok := format.ByExtension(name)
	if !ok {
		return Files{}, fmt.Errorf("format=auto: %q has no extension of a known format; write one of %s", Cut(name), strings.Join(format.Names(), " "))
	}
	f.Format.Format = known
	if err := f.checkIndex(); err != nil {
		return Files{}, err
	}
	if err := f.checkFormat(); err != nil {
		return Files{}, err
	}
	if f.Units != 0 {
		if err := f.checkPlace(); err != nil {
			return Files{}, err
		}
	}
	return f, nil
}

// Sized returns the spec of a file whose size was drawn: n bytes, or the nearest size
// that the format has.
func (s Spec) Sized(n int64) Spec {
	s.Size = n
	var no *format.SizeError
	if _, err := s.file(); errors.As(err, &no) {
		s.Size = no.Above
		if no.Above == 0 || no.Below != 0 && n-no.Below <= no.Above-n {
			s.Size = no.Below
		}
	}
	return s
}

// Drawn returns the spec of the file at a place of n whose sizes are drawn from d. Where
// sizes are products of two sides, a format's array or image has these sides, and what
// else there is in the file comes on top.
func (s Spec) Drawn(d Sizes, place, n uint64) Spec {
	if d.Side == 0 || s.Format.Format == "" {
		return s.Sized(d.At(place, n))
	}
	a, b := d.Sides(place, n)
	s, _ = s.sided(a, b) // CheckSizes has allowed it
	return s
}

// sided returns the spec of a file whose format holds what has these sides.
func (s Spec) sided(a, b int64) (Spec, error) {
	if s.Format.Format == "tfrecord" {
		s.Size = format.RecordSize(a * b) // CheckSizes asks whether a record may be as long
		return s, nil
	}
	sides := []int64{a, b, 1} // DLIO's third dimension is the samples of a file
	if slices.Contains(imageFormats, s.Format.Format) {
		sides = sides[:2]
	}
	var err error
	if s.Format.Shape, err = format.ShapeOf(sides...); err != nil {
		return s, err
	}
	s.Size = format.Any
	f, err := s.file()
	if err != nil {
		return s, err
	}
	s.Size = f.Size()
	return s, nil
}

// imageFormats are those whose shape is HEIGHTxWIDTH.
var imageFormats = []string{"jpeg", "png", "bmp"}

// SumSizes returns the size of n files of the spec whose sizes are drawn from d, as
// Sizes.Sum does.
func (s Spec) SumSizes(d Sizes, n uint64) uint64 {
	sum := d.Sum(n)
	if d.Side == 0 || s.Format.Format == "" {
		return sum
	}
	// What comes on top is the same for each file, or grows with it.
	one, err := s.sided(d.Side, d.Side)
	if err != nil {
		return sum
	}
	elements := float64(d.Side) * float64(d.Side)
	width := float64(s.Format.DType.Width())
	more := float64(one.Size) - float64(elements*width)
	if slices.Contains(imageFormats, s.Format.Format) {
		return whole(float64(sum) * float64(float64(one.Size)/elements))
	}
	return whole(float64(float64(sum)*width) + float64(more*float64(n)))
}

// CheckSizes returns an error if n files, 1 or more, cannot have sizes drawn from d.
func (s Spec) CheckSizes(d Sizes, n uint64) error {
	if err := d.Check(n); err != nil {
		return err
	}
	if d.Side > 0 && s.Format.Format != "" {
		least, most := d.ends(n)
		for _, side := range []int64{least, most} {
			one, err := s.sided(side, side)
			if err == nil {
				_, err = one.file()
			}
			if err != nil {
				return fmt.Errorf("sizes %q: %w", d, err)
			}
		}
		return nil
	}
	for _, place := range []uint64{0, n - 1} {
		sized := s.Sized(d.At(place, n))
		if _, err := sized.file(); err != nil {
			return fmt.Errorf("sizes %q: %w", d, err)
		}
	}
	return nil
}

// Reader reads the bytes of a file. Its methods may be called concurrently, but for
// Close.
type Reader interface {
	io.ReaderAt
	Size() int64 // bytes
	Close() error
}

// Open returns a reader of the file, generated as c says, which is what Config
// returned, with other fields that say how to generate.
func (s Spec) Open(c gen.Config) (Reader, error) {
	f, err := s.file()
	switch {
	case err != nil:
		return nil, err
	case f != nil:
		return f.Open(format.Generate(c))
	}
	r, err := gen.New(c)
	if err != nil {
		return nil, err // not r, which is a nil of another type
	}
	if m, ok := s.HoleMap(); ok {
		return &holes.Reader{Map: m, Source: r}, nil
	}
	return r, nil
}

// file returns what the format makes of the file; nil if it has none.
func (s *Spec) file() (*format.File, error) {
	if s.Format.Format == "" {
		return nil, nil
	}
	d := s.Format
	d.Size = s.Size
	return format.New(d)
}

// payload returns how many bytes are generated for the file, which are others than it
// has if it has a format.
func (s *Spec) payload() int64 {
	if f, err := s.file(); f != nil && err == nil {
		return f.PayloadSize()
	}
	return s.Data()
}

// checkFormat checks the keys of the format together, and whether it has the size.
func (f *Files) checkFormat() error {
	switch {
	case f.Format.Format == Auto:
		return nil // until Named
	case f.Format.Format == "" && f.Format != format.Description{}:
		key, _, _ := strings.Cut(string(f.Format.Append(nil)[1:]), "=")
		return fmt.Errorf("key %q is of a format; name that, too, as in format=npy", key)
	case f.Format.Format == "" || f.Sizes.IsZero():
		_, err := f.file()
		return err
	}
	if d := f.Sizes; d.Side > 0 {
		if f.Format.Record != 0 || !f.Format.Shape.IsZero() {
			return fmt.Errorf("sizes %q: what is in each file has the sides that are drawn; leave out record= and shape=", d)
		}
		if _, err := f.sided(d.Side, d.Side); err != nil {
			return fmt.Errorf("sizes %q: %w", d, err)
		}
		return nil
	}
	// Each file gets the nearest size that there is, if keys leave a choice.
	d := f.Format
	size := max(f.Sizes.Median, f.Sizes.Mean, f.Sizes.To)
	for d.Size = size - 1; d.Size <= size; d.Size++ {
		_, err := format.New(d)
		var no *format.SizeError
		switch {
		case errors.As(err, &no) && no.Below == no.Above:
			return fmt.Errorf("sizes %q: what the keys of the format describe has %d bytes, always; write that size", f.Sizes, no.Above)
		case err != nil && no == nil:
			return err
		}
	}
	return nil
}

// isFormatKey reports whether a key is one of formatKeys.
func isFormatKey(key string) bool { return slices.Contains(formatKeys, key) }

func (s *Spec) setFormat(key, value string) error {
	if key == "format" && value == Auto {
		s.Format.Format = Auto
		return nil
	}
	return s.Format.Set(key, value)
}
