package spec

import (
	"errors"
	"fmt"

	"github.com/dgenfs/dgenfs/fs/bytesize"
	"github.com/dgenfs/dgenfs/gen"
)

// Limits of what the bytes are like: those of the generator.
const (
	DefaultRegion = gen.DefaultRegion
	MaxRegion     = gen.MaxUnit
	MaxSpread     = gen.MaxSpread
	MaxRun        = gen.MaxRun
)

// Texture is what the bytes of a file are like. The zero value is random bytes everywhere.
type Texture struct {
	Texture gen.Texture // random unless given
	Spread  float64     // standard deviation of the logarithm of regions' ratios: 0 to MaxSpread
	Zero    uint64      // billionths of the regions that are zeros
	Random  uint64      // billionths of the regions that are random bytes
	Region  int64       // bytes: a multiple of Cell, up to MaxRegion; 0, which is DefaultRegion, unless given
}

// textureKeys are those of a Texture.
var textureKeys = []string{"texture", "spread", "zero", "random", "region"}

func (t *Texture) set(key, value string) (err error) {
	switch key {
	case "texture":
		t.Texture, err = gen.ParseTexture(value)
		if err != nil {
			return fmt.Errorf("texture %q: a texture is random, flat, text, code, log or binary", Cut(value))
		}
	case "spread":
		t.Spread, err = parseNumber(value)
		if err != nil || t.Spread > MaxSpread {
			return fmt.Errorf("spread %q: a spread is a number from 0 to %v, such as 0.4", Cut(value), MaxSpread)
		}
	case "zero":
		if t.Zero, err = ParseShare(value); err != nil {
			return fmt.Errorf("zero %q: %w", Cut(value), err)
		}
	case "random":
		if t.Random, err = ParseShare(value); err != nil {
			return fmt.Errorf("random %q: %w", Cut(value), err)
		}
	case "region":
		if t.Region, err = bytesize.Parse(value); err != nil {
			return fmt.Errorf("region: %w", err)
		}
		if t.Region < Cell || t.Region > MaxRegion || t.Region%Cell != 0 {
			return fmt.Errorf("region %q: a region is a multiple of %s, up to %s", Cut(value), bytesize.Format(Cell), bytesize.Format(MaxRegion))
		}
	}
	return nil
}

// append appends the keys of t, defaults left out.
func (t Texture) append(b []byte) []byte {
	if t.Texture != gen.Random {
		b = fmt.Appendf(b, ",texture=%v", t.Texture)
	}
	if t.Spread > 0 {
		b = append(append(b, ",spread="...), FormatRatio(t.Spread)...)
	}
	if t.Zero != 0 {
		b = append(append(b, ",zero="...), FormatShare(t.Zero)...)
	}
	if t.Random != 0 {
		b = append(append(b, ",random="...), FormatShare(t.Random)...)
	}
	if t.Region != 0 {
		b = append(append(b, ",region="...), bytesize.Format(t.Region)...)
	}
	return b
}

// setRun sets Run, which check compares with the unit.
func (s *Spec) setRun(value string) (err error) {
	if s.Run, err = bytesize.Parse(value); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	if s.Run == 0 || s.Run > MaxRun {
		return fmt.Errorf("run %q: a run is a multiple of the unit, up to %s", Cut(value), bytesize.Format(MaxRun))
	}
	return nil
}

// checkBytes checks what keys about the bytes say together, and fills in the ratio
// that is usual for the texture.
func (s *Spec) checkBytes(given map[string]bool) error {
	lowest, highest, usual := s.Texture.Texture.Ratios()
	switch {
	case !given["compress"]:
		s.Compress = usual
	case s.Compress < lowest || s.Compress > highest:
		return fmt.Errorf("compress %s: with texture=%v, the ratio must be from %v to %v",
			FormatRatio(s.Compress), s.Texture.Texture, lowest, highest)
	}
	switch {
	case s.Spread > 0 && s.Texture.Texture == gen.Random:
		return errors.New("spread= needs a texture= other than random")
	case s.Zero+s.Random > Billion:
		return fmt.Errorf("zero %s and random %s are more than 100%%", FormatShare(s.Zero), FormatShare(s.Random))
	case s.Run%s.Unit != 0:
		return fmt.Errorf("run %s: must be a multiple of the unit, %s", bytesize.Format(s.Run), bytesize.Format(s.Unit))
	}
	if s.Region == DefaultRegion {
		s.Region = 0
	}
	return nil
}
