package gen

import (
	"fmt"
	"slices"
	"sync"
)

// Texture is what the bytes are like, to codecs and to people. All but Random are
// stream version 2, a draft: their bytes may still change.
type Texture uint8

const (
	Random Texture = iota // random bytes; with Compress, random bytes and their repetition
	Flat                  // like Random, in pieces so small that files and tails compress alike
	Text                  // words and lines, in UTF-8
	Code                  // lines of a program
	Log                   // lines with times that rise
	Binary                // instructions, tables of addresses, names and zeros
)

var textureNames = [...]string{"random", "flat", "text", "code", "log", "binary"}

func (t Texture) String() string {
	if int(t) < len(textureNames) {
		return textureNames[t]
	}
	return fmt.Sprintf("number %d", uint8(t))
}

// ParseTexture returns the texture of that name: random, flat, text, code, log or
// binary.
func ParseTexture(name string) (Texture, error) {
	if i := slices.Index(textureNames[:], name); i >= 0 {
		return Texture(i), nil
	}
	return 0, fmt.Errorf("texture %q: must be one of %v", name, textureNames)
}

// Ratios returns what Config.Compress may be with the texture, and what 0 stands for:
// the ratio that such data usually has.
func (t Texture) Ratios() (lowest, highest, usual float64) {
	if p := t.profile(); p != nil {
		return p.lowest, p.highest, p.usual
	}
	if t == Flat {
		return 1, 10, 2
	}
	return 1, MaxCompress, 1
}

// profile returns the parameters of a texture that is made of tokens, or nil.
func (t Texture) profile() *profile {
	if int(t) < len(profiles) {
		return profiles[t]
	}
	return nil
}

// tables is what the cells of a texture are made from. It is the same for every
// seed, made when it is first needed, and 0.7 MiB, of which a file uses a part.
type tables struct {
	pool  pieces
	dials [dials]dialTable
	lines bool // a time begins each line
	utf8  bool // cells end with a whole character and a line
}

var textures [len(textureNames)]func() *tables

func init() {
	for t := range textures {
		textures[t] = sync.OnceValue(func() *tables { return newTables(Texture(t)) })
	}
}

func newTables(t Texture) *tables {
	x := &tables{lines: t == Log, utf8: t != Binary}
	b := builder{pieces: &x.pool, dice: dice(t)}
	switch t {
	case Text:
		b.text()
	case Code:
		b.code()
	case Log:
		b.log()
	case Binary:
		b.binary()
	}
	b.finish(x.utf8)
	for d := range x.dials {
		stop, between := d/perStop, d%perStop
		if stop == stops-1 {
			stop, between = stop-1, perStop
		}
		p := t.profile()
		mixed := p.stops[stop].mixedWith(&p.stops[stop+1], between)
		x.dials[d].build(&mixed)
	}
	return x
}
