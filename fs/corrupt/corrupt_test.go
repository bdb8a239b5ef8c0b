package corrupt_test

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dgenfs/dgenfs/fs/corrupt"
	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/spec/spectest"
)

// damaged returns a reader of a file with damage.
func damaged(t testing.TB, s spec.Spec) *corrupt.Reader {
	t.Helper()
	r, err := corrupt.NewReader(s, spectest.Open(t, s))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// specs have every kind by share and by range, with formats, textures, repetition and
// generations, and sizes that are no multiples of anything.
var specs = []string{
	"1M,seed=7,corrupt=bit:10%",
	"1000001,seed=7,corrupt=zero:10%",
	"1000001,seed=7,corrupt=swap:10%",
	"1000001,seed=7,corrupt=torn:10%",
	"1M,seed=7,generation=3,change=20%,corrupt=stale:30%",
	"1M,seed=7,generation=1,change=100%,unit=4K,corrupt=stale:30%",
	"1000001,seed=7,corrupt=bit:3%+zero:3%+swap:3%+torn:3%+bit@77777+swap@500000+5000+torn@900001+zero@0+1",
	"1M,seed=7,dedup=3,unit=8K,compress=2,corrupt=swap:50%+zero:50%",
	"1M,seed=7,texture=text,corrupt=swap:10%+bit:100%",
	"1M,seed=7,format=npy,corrupt=zero@0+100+torn:100%",
	"1M,seed=7,format=png,generation=2,change=50%,corrupt=stale:100%",
	"1M,seed=7,group=3of1000,corrupt=bit:10%",
	"5000,seed=7,corrupt=swap:100%", "4096,seed=7,corrupt=swap:100%", "4097,seed=7,corrupt=torn:100%", "1,corrupt=bit:100%", "0,corrupt=bit:100%",
}

// Exactly the places that are computed differ, and as their kind says.
func TestPlaces(t *testing.T) {
	for _, text := range specs {
		s := spectest.Parse(t, text)
		right, got := spectest.Bytes(t, spectest.Open(t, s)), spectest.Bytes(t, damaged(t, s))
		repeats := s.Dedup > 1 || s.Format.Format == "png"
		end := int64(0)
		for p := range corrupt.Of(s).Places(0, s.Size) {
			if p.Offset < end || p.Length < 1 || p.Offset+p.Length > s.Size {
				t.Fatalf("%s: %+v, behind %d", text, p, end)
			}
			if !bytes.Equal(got[end:p.Offset], right[end:p.Offset]) {
				t.Errorf("%s: bytes from %d to %d differ", text, end, p.Offset)
			}
			end = p.Offset + p.Length
			is, was := got[p.Offset:end], right[p.Offset:end]
			switch p.Kind {
			case spec.FlippedBit:
				if p.Length != 1 || is[0]^was[0] != 1<<p.Bit {
					t.Errorf("%s: %+v: %x, not %x", text, p, is, was)
				}
			case spec.Zeroed:
				if !bytes.Equal(is, make([]byte, p.Length)) {
					t.Errorf("%s: %+v: not zeros", text, p)
				}
			case spec.Swapped:
				if p.From == p.Offset || (p.From-p.Offset)%spec.Cell != 0 || !bytes.Equal(is, right[p.From:][:p.Length]) {
					t.Errorf("%s: %+v: not the bytes of that place", text, p)
				}
			case spec.Stale:
				before := s
				before.Generation--
				if !bytes.Equal(is, spectest.Bytes(t, spectest.Open(t, before))[p.Offset:end]) {
					t.Errorf("%s: %+v: not the bytes before", text, p)
				}
			case spec.Torn:
				if p.Offset%spec.Sector != 0 || p.Length < 64 && end != s.Size {
					t.Errorf("%s: %+v: not at a sector", text, p)
				}
			}
			if p.Kind != spec.Stale && !repeats && p.Length > 7 && bytes.Equal(is, was) {
				t.Errorf("%s: %+v: nothing is damaged", text, p)
			}
		}
		if !bytes.Equal(got[end:], right[end:]) {
			t.Errorf("%s: bytes from %d on differ", text, end)
		}
	}
}

// Any read gets a part of the same bytes, and what touches it is part of all places.
func TestAnyRead(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, text := range specs {
		s := spectest.Parse(t, text)
		r := damaged(t, s)
		all := spectest.Bytes(t, r)
		places := slices.Collect(r.Places(0, s.Size))
		for range 50 {
			off := random.Int64N(s.Size + 10)
			n := random.Int64N(min(s.Size+10, 20_000))
			p := make([]byte, n)
			m, err := r.ReadAt(p, off)
			want := all[min(off, s.Size):min(off+n, s.Size)]
			if !bytes.Equal(p[:m], want) || err != nil && (err != io.EOF || off+n < s.Size) {
				t.Fatalf("%s: %d bytes at %d: %d, %v", text, n, off, m, err)
			}
			var touched []corrupt.Place
			for _, place := range places {
				if place.Offset < min(off+n, s.Size) && place.Offset+place.Length > off {
					touched = append(touched, place)
				}
			}
			if got := slices.Collect(r.Places(off, n)); !slices.Equal(got, touched) {
				t.Fatalf("%s: %d bytes at %d: %+v; want %+v", text, n, off, got, touched)
			}
		}
	}
}

func TestShort(t *testing.T) {
	s := spectest.Parse(t, "1M,seed=7,corrupt=bit@5000+short@10000+100+short:1%")
	right, r := spectest.Bytes(t, spectest.Open(t, s)), damaged(t, s)
	var ends []int64
	for p := range r.Places(0, s.Size) {
		if p.Kind == spec.Short {
			ends = append(ends, p.Offset)
		}
	}
	if len(ends) < 2 || len(ends) > 12 || ends[0] != 10000 && ends[0] >= 8192 {
		t.Fatalf("places: %d", ends)
	}
	for _, c := range []struct{ off, n, want int64 }{
		{8192, 4096, 1808}, {9999, 100, 1}, {10000, 1, 0}, {10050, 1000, 0}, {10099, 1, 0}, {10100, 1, 1}, {10100, 2000, 2000},
		{ends[1] - 1, 5000, 1}, {ends[1], 5000, 0}, {ends[1] + 4095, 1, 0}, {ends[1] + 4096, 1, 1},
	} {
		p := make([]byte, c.n)
		n, err := r.ReadAt(p, c.off)
		if int64(n) != c.want || n < len(p) && err != io.EOF || !bytes.Equal(p[:n], right[c.off:][:n]) {
			t.Errorf("%d bytes at %d: %d, %v; want %d", c.n, c.off, n, err, c.want)
		}
	}
}

// A share is about that many cells, and of two shares, one has the cells of the other.
func TestShares(t *testing.T) {
	const cells = 1 << 16
	draw := func(text string) map[int64]bool {
		drawn := make(map[int64]bool)
		for p := range corrupt.Of(spectest.Parse(t, text)).Places(0, cells*spec.Cell) {
			drawn[p.Offset/spec.Cell] = true
		}
		return drawn
	}
	few, many, other := draw("256M,seed=1,corrupt=zero:0.1%"), draw("256M,seed=1,corrupt=zero:20%"), draw("256M,seed=2,corrupt=zero:0.1%")
	for want, got := range map[float64]map[int64]bool{0.001: few, 0.2: many} {
		want *= cells
		if math.Abs(float64(len(got))-want) > 5*math.Sqrt(want) {
			t.Errorf("%d cells, want %v", len(got), want)
		}
	}
	same := 0
	for cell := range few {
		if !many[cell] {
			t.Errorf("cell %d is one of 0.1%%, but not of 20%%", cell)
		}
		if other[cell] {
			same++
		}
	}
	if same > 3 {
		t.Errorf("another seed has %d of the same cells", same)
	}
	if all := draw("256M,corrupt=bit:60%+zero:100%"); len(all) != cells {
		t.Errorf("100%% are %d of %d cells", len(all), cells)
	}
}

func TestHugeFile(t *testing.T) {
	s := spectest.Parse(t, "9223372036854775807,seed=3,corrupt=bit:100%+zero@9223372036854775800")
	for p := range corrupt.Of(s).Places(math.MaxInt64-10000, math.MaxInt64) {
		if p.Offset < 0 || p.Offset+p.Length < 0 {
			t.Errorf("%+v", p)
		}
	}
	last := slices.Collect(corrupt.Of(s).Places(math.MaxInt64-1, 1))
	if len(last) != 1 || last[0] != (corrupt.Place{Kind: spec.Zeroed, Offset: 9223372036854775800, Length: 7}) {
		t.Errorf("at the end: %+v", last)
	}
	if none := slices.Collect(corrupt.Of(s).Places(math.MaxInt64, 10)); none != nil {
		t.Errorf("behind the end: %+v", none)
	}
}

func TestErrors(t *testing.T) {
	s := spectest.Parse(t, "1M,corrupt=stale:1%")
	if _, err := corrupt.NewReader(s, spectest.Open(t, s)); err == nil {
		t.Error("stale bytes without a generation")
	}
}

// For good: people compare runs of different versions.
func ExampleOf() {
	s, _ := spec.Parse("16M,seed=7,corrupt=bit:0.05%+swap:0.05%+torn@1M")
	for p := range corrupt.Of(s).Places(0, s.Size) {
		fmt.Printf("%+v\n", p)
	}
	// Output:
	// {Kind:torn Offset:1049088 Length:3584 Bit:0 From:0}
	// {Kind:bit Offset:3123620 Length:1 Bit:3 From:0}
	// {Kind:bit Offset:3416904 Length:1 Bit:0 From:0}
	// {Kind:swap Offset:4485120 Length:4096 Bit:0 From:12337152}
	// {Kind:swap Offset:5427200 Length:4096 Bit:0 From:7413760}
	// {Kind:swap Offset:10391552 Length:4096 Bit:0 From:14368768}
	// {Kind:bit Offset:13524564 Length:1 Bit:6 From:0}
}
