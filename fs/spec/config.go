package spec

import "github.com/dgenfs/dgenfs/gen"

// Config returns what generates the bytes of s, as those of a file on its own:
// scope=group has no effect, and the seed is s.Seed, given or not. How to generate
// is left at its defaults.
func (s Spec) Config() gen.Config {
	return gen.Config{
		Size:     s.Size,
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
		Revision: gen.Revision{Generation: s.Generation, Share: s.Change, Phase: s.Phase},
	}
}
