package spec

import "github.com/dgenfs/dgenfs/gen"

// Config returns what generates the bytes of s, or its payload if it has a format, as
// those of a file on its own: scope=group has no effect, and the seed is s.Seed, given
// or not. How to generate is left at its defaults. [Spec.Open] makes the file of it.
func (s Spec) Config() gen.Config {
	return gen.Config{
		Size:     s.payload(),
		Seed:     s.Seed,
		Dedup:    s.Dedup,
		Unit:     s.Unit,
		Skew:     s.Skew,
		Group:    gen.Group{Units: s.Units, First: s.First},
		Compress: s.Compress,
		Texture:  s.Texture.Texture,
		Spread:   s.Spread,
		Zero:     s.Zero,
		Random:   s.Random,
		Region:   s.Region,
		Run:      s.Run,
		Revision: s.Revision.config(),
	}
}
