package verify

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// Where a model of exchanged bytes says that a byte comes from is where it takes it from,
// so that only what it would not explain is refuted.
func TestSourceOfReorderedBytes(t *testing.T) {
	file := make([]byte, 256)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range file {
		file[i] = byte(r.Uint32())
	}
	for _, o := range orders {
		for phase := range int64(len(o.at)) {
			m := reordered(bytes.NewReader(file), o, phase)
			for off := phase; off < 200; off++ {
				var p [1]byte
				if n := m.fill(p[:], off); n != 1 || p[0] != file[m.source(off)] {
					t.Fatalf("%s from %d: offset %d has %x of %d bytes, and %x is at %d", o.text, phase, off, p, n, file[m.source(off)], m.source(off))
				}
				if m.refuted(off, 0, p[0], file) || !m.refuted(off, 0, p[0]+1, file) {
					t.Errorf("%s from %d: offset %d: %x is refuted, or another byte is not", o.text, phase, off, p)
				}
				if m.refuted(off, 0, p[0]+1, nil) {
					t.Errorf("%s from %d: offset %d: refuted by nothing", o.text, phase, off)
				}
			}
		}
	}
}
