package verify

import (
	"sync"

	"github.com/dgenfs/dgenfs/fs/spec"
)

// variants are the other seeds and generations whose data may be found in place of the
// right ones. What one file has shown is tried first in others. They may be used
// concurrently.
type variants struct {
	source *source

	mu     sync.Mutex
	found  []found
	inVain int // times that all seeds were tried
}

// found is a seed or a generation.
type found struct {
	kind   Kind
	value  uint64
	direct bool // a seed is that of the file, and not of the mount, from which that follows
}

// maxFound is how many seeds and generations are tried in every file.
const maxFound = 8

// learn makes a seed or generation one that is tried in every file.
func (v *variants) learn(f found) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, known := range v.found {
		if known == f {
			return
		}
	}
	if len(v.found) < maxFound {
		v.found = append(v.found, f)
	}
}

// likely returns those that are tried in a file without having been found before.
func (v *variants) likely(f *file) []found {
	var all []found
	if g := f.spec.Generation; g > 0 && changes(&f.spec) {
		for _, stale := range []int{g - 1, g - 2, 0} {
			if stale >= 0 && (stale > 0 || g > 2 || len(all) == 0) {
				all = append(all, found{kind: Generation, value: uint64(stale)})
			}
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return append(all, v.found...)
}

// changes reports whether generations of a file differ.
func changes(t *spec.Spec) bool { return t.Change > 0 || t.Insert > 0 }

// spec returns the spec of a file in another seed or generation, and false if that is the
// same file.
func (v *variants) spec(f *file, other found) (spec.Spec, bool) {
	t := f.spec
	if other.kind == Generation {
		if !changes(&t) || other.value > spec.MaxGeneration {
			return t, false
		}
		t.Generation = int(other.value)
		return t, t != f.spec
	}
	if other.direct {
		t.Seed = other.value
	} else {
		t = v.source.specOf(f, other.value)
	}
	return t, t != f.spec
}

// model returns the explanation that a file has another seed or generation, or nil.
func (v *variants) model(f *file, other found) *model {
	t, ok := v.spec(f, other)
	if !ok {
		return nil
	}
	m, err := variant(t, other, f.name)
	if err != nil {
		return nil
	}
	return m
}

// others returns the explanations by other seeds and generations that are tried at every
// place of a file.
func (x *examiner) others() []*model {
	if x.opened == nil && x.variants != nil {
		x.opened = []*model{}
		for _, f := range x.variants.likely(x.file) {
			if m := x.variants.model(x.file, f); m != nil {
				x.opened = append(x.opened, m)
			}
		}
	}
	return x.opened
}

const (
	// maxSeeds is how many seeds are tried for data that nothing else explains, both as that of
	// the file and as that of the mount: some ten microseconds each, with textures.
	maxSeeds = 1 << 14
	// maxSeedsInVain is for how many pieces of data these are tried in vain.
	maxSeedsInVain = 6
)

// probe is a piece of a file for which a variant is looked for.
type probe struct {
	*variants
	file *file
	off  int64
	want []byte
	got  []byte
}

// probe returns the probe for p, which a copy has at offset off, and false if too little can
// be told from that.
func (v *variants) probe(f *file, p []byte, off int64) (*probe, bool) {
	const enough = 32
	p = p[:min(len(p), gap)]
	return &probe{v, f, off, p, make([]byte, len(p))}, len(p) >= enough && plain(p) >= 8
}

// try returns the explanation by a seed or generation, or nil if that has other bytes.
func (p *probe) try(other found) *model {
	t, ok := p.spec(p.file, other)
	if !ok {
		return nil
	}
	r, err := open(t)
	if err != nil {
		return nil
	}
	defer r.Close()
	if n, _ := r.ReadAt(p.got, p.off); n < len(p.got) || string(p.got) != string(p.want) {
		return nil
	}
	p.learn(other)
	return p.model(p.file, other)
}

// generations returns the generation, or a seed that was found before, that a piece is of.
func (p *probe) generations() *model {
	for _, other := range p.likely(p.file) {
		if m := p.try(other); m != nil {
			return m
		}
	}
	if changes(&p.file.spec) {
		for g := range uint64(spec.MaxGeneration + 1) {
			if m := p.try(found{kind: Generation, value: g}); m != nil {
				return m
			}
		}
	}
	return nil
}

// seeds returns the seed that a piece is of.
func (p *probe) seeds() *model {
	if p.inVain >= maxSeedsInVain {
		return nil
	}
	for seed := range uint64(maxSeeds) {
		if m := p.try(found{Seed, seed, true}); m != nil {
			return m
		}
		if p.file.node.Spec.HasSeed {
			continue // whatever that of the mount is
		}
		if m := p.try(found{Seed, seed, false}); m != nil {
			return m
		}
	}
	p.inVain++
	return nil
}
