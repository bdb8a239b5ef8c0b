package gen

import (
	"bytes"
	"math/bits"
	"testing"
)

// refInserted is what p, the file without insertions, is after some: pieces are put in one
// by one, as generations do.
func refInserted(t *testing.T, cfg Config, p []byte) []byte {
	t.Helper()
	size, share, phase := uint64(cfg.Size), cfg.Revision.Insert, cfg.Revision.Phase
	length := min(uint64(max(cfg.Run, cfg.Unit)), size/8)
	if length%2 == 0 {
		length--
	}
	if size < 16 {
		length = 1
	}
	segments := max(1, size*share/1e9/length)
	each := size * share / (segments * length)
	segment := (size + segments - 1) / segments
	var out []byte
	for k := uint64(0); uint64(len(out)) < size; k++ {
		part := bytes.Clone(p[k*segment : min((k+1)*segment, size)])
		place, _ := bits.Mul64(refMix(^refMix(cfg.Seed+2*refPhi)+k*refPhi), segment/16+1)
		at := min(place, uint64(len(part)))
		for j := range (uint64(cfg.Revision.Generation)*each + phase) / 1e9 {
			piece := cfg
			piece.Size, piece.Dedup, piece.Group, piece.Revision = int64(length), 1, Group{}, Revision{}
			piece.Seed = refMix(refMix(refMix(refMix(cfg.Seed^2*refPhi)+cfg.Group.First*refPhi)+k*refPhi) + j*refPhi)
			part = append(append(bytes.Clone(part[:at]), mustGenerate(t, piece)...), part[at:]...)[:len(part)]
		}
		out = append(out, part...)
	}
	return out
}

func mustGenerate(t *testing.T, cfg Config) []byte {
	t.Helper()
	p, err := Generate(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestInsert(t *testing.T) {
	for _, size := range []int64{1, 2, 7, 8, 100, 4096, 50_001, 1<<20 + 5} {
		for _, share := range []uint64{1e6, 1e7, 5e7, 3e8, 1e9} {
			for _, g := range []int{0, 1, 2, 30} {
				for _, cfg := range []Config{
					{},
					{Run: 16 << 10, Compress: 2},
					{Texture: Text, Run: 16 << 10},
					{Dedup: 2, Revision: Revision{Share: 2e8, Phase: 9e8}},
				} {
					cfg.Size, cfg.Unit, cfg.Seed, cfg.Revision.Generation = size, 4<<10, 3, g
					want := mustGenerate(t, cfg)
					cfg.Revision.Insert = share
					want = refInserted(t, cfg, want)
					if !bytes.Equal(mustGenerate(t, cfg), want) {
						t.Fatalf("%+v: other bytes", cfg)
					}
				}
			}
		}
	}
}

// Blocks of fixed size find little of the generation before, but all that was not inserted
// is there.
func TestInsertShifts(t *testing.T) {
	const size, block, share = 64 << 20, 4 << 10, 0.05
	of := func(g int) []byte {
		return mustGenerate(t, Config{Size: size, Seed: 8, Revision: Revision{Generation: g, Insert: share * billion}})
	}
	before, after := of(1), of(2)
	var same int
	for at := 0; at < size; at += block {
		if bytes.Equal(before[at:at+block], after[at:at+block]) {
			same++
		}
	}
	if most := size / block / 10; same > most {
		t.Errorf("%d blocks of %d did not change, at most %d expected", same, size/block, most)
	}
	// Pieces of 64 bytes that begin with certain bytes are found wherever they are.
	pieces := func(p []byte) map[string]bool {
		found := make(map[string]bool)
		for at := 0; at+64 <= len(p); at++ {
			if p[at] == 0 && p[at+1] < 4 {
				found[string(p[at:at+64])] = true
			}
		}
		return found
	}
	old, now := pieces(before), pieces(after)
	var fresh int
	for piece := range now {
		if !old[piece] {
			fresh++
		}
	}
	if got := float64(fresh) / float64(len(now)); got < 0.8*share || got > 1.5*share {
		t.Errorf("%.3f of the pieces are new, about %v expected", got, share)
	}
}

// A share that is some runs is inserted as so many pieces.
func TestInsertWholeRuns(t *testing.T) {
	cfg := Config{Size: 320 << 20, Run: 4 << 20, Unit: Cell, Revision: Revision{Insert: billion / 20}}
	piece, segments, each := cfg.insertions()
	if piece != 4<<20-1 || segments != 4 || each < billion || each > billion+billion/1000 {
		t.Errorf("%d segments get %d billionths of a piece of %d bytes in each generation", segments, each, piece)
	}
}

// Of small files, as many change as make up the share.
func TestInsertIntoSmallFiles(t *testing.T) {
	const files, size, share = 1000, 4096, 0.02
	var changed int
	for i := range uint64(files) {
		cfg := Config{Size: size, Seed: i, Revision: Revision{Generation: 3, Insert: share * billion, Phase: i * billion / files}}
		last, err := cfg.LastChange()
		if err != nil {
			t.Fatal(err)
		}
		before := cfg
		before.Revision.Generation--
		if same := bytes.Equal(mustGenerate(t, before), mustGenerate(t, cfg)); same == (last == 3) {
			t.Errorf("file %d: the same as before is %v, last change in generation %d", i, same, last)
		}
		if last == 3 {
			changed++
		}
	}
	if want := float64(files * share * minPieces); float64(changed) < 0.9*want || float64(changed) > 1.1*want {
		t.Errorf("%d of %d files changed, %v expected", changed, files, want)
	}
}

func TestInsertLimits(t *testing.T) {
	for _, size := range []int64{0, 1, 1 << 40, 1<<63 - 1} {
		for _, share := range []uint64{1, billion} {
			cfg := Config{Size: size, Run: MaxRun, Revision: Revision{Generation: MaxGeneration, Insert: share, Phase: billion - 1}}
			g, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			p := make([]byte, min(size, 10_000))
			for _, off := range []int64{0, size / 3, size - int64(len(p))} {
				if _, err := g.ReadAt(p, off); err != nil {
					t.Errorf("size %d, share %d, offset %d: %v", size, share, off, err)
				}
			}
			g.Close()
		}
	}
	if _, err := New(Config{Revision: Revision{Insert: billion + 1}}); err == nil {
		t.Error("more than all can be inserted")
	}
}
