package written

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
)

func random(size int) []byte {
	p := make([]byte, size)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range p {
		p[i] = byte(1 + r.IntN(254)) // neither 0 nor 0xff
	}
	return p
}

func invert(p []byte) {
	for i := range p {
		p[i] = ^p[i]
	}
}

func TestCompare(t *testing.T) {
	file := random(100_001)
	for _, test := range []struct {
		at     int
		damage func(p []byte)
		want   Difference
	}{
		{0, func([]byte) {}, Difference{}},
		{12345, func(p []byte) { p[0] ^= 0x10 }, Difference{Offset: 12345, Kind: "one bit", Bytes: 1}},
		{100_000, func(p []byte) { p[0] ^= 0x18 }, Difference{Offset: 100_000, Kind: "one byte", Bytes: 1}},
		{4090, func(p []byte) { clear(p[:12]) }, Difference{Offset: 4090, Kind: "zeros", Bytes: 12}},
		{4096, func(p []byte) { copy(p, bytes.Repeat([]byte{0xff}, 4096)) }, Difference{Offset: 4096, Kind: "ones", Bytes: 4096}},
		{50_000, func(p []byte) { p[0] ^= 1; p[9] ^= 1 }, Difference{Offset: 50_000, Kind: "2 bits of 2 bytes", Bytes: 2}},
		{50_000, func(p []byte) { invert(p[:500]) }, Difference{Offset: 50_000, Kind: "other bytes", Bytes: 500}},
	} {
		got := bytes.Clone(file)
		test.damage(got[test.at:])
		for _, from := range []int{0, 1, 4095} {
			for _, room := range []int{512, 4096, 32 << 10} {
				off := min(from, test.at)
				d, err := Compare(bytes.NewReader(file), int64(len(file)), int64(off), got[off:], make([]byte, room))
				if err != nil || d.Offset != test.want.Offset || d.Bytes != test.want.Bytes || !strings.HasPrefix(d.Kind, test.want.Kind) || (d.Kind == "") != (test.want.Kind == "") {
					t.Errorf("from %d, by %d: %+v, %v; want %+v", off, room, d, err, test.want)
				}
			}
		}
	}
	// What is behind the end differs.
	d, err := Compare(bytes.NewReader(file), int64(len(file)), 90_000, append(bytes.Clone(file[90_000:]), 1, 2, 3), make([]byte, 4096))
	if err != nil || d.Offset != 100_001 || d.Bytes != 3 || !strings.HasPrefix(d.Kind, "beyond the end") {
		t.Errorf("%+v, %v", d, err)
	}
	if _, err := Compare(broken{}, 10, 0, make([]byte, 10), make([]byte, 4096)); !errors.Is(err, errBroken) {
		t.Errorf("a reader that fails: %v", err)
	}
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) ReadAt([]byte, int64) (int, error) { return 0, errBroken }

// The first ones are kept, and all are counted.
func TestDifferences(t *testing.T) {
	var d Differences
	for i := range maxDifferences + 10 {
		d.Add(&Difference{Offset: int64(i)})
		d.Add(nil)
	}
	if all := d.List(); d.Count() != 2*(maxDifferences+10) || len(all) != maxDifferences || all[7].Offset != 7 {
		t.Errorf("%d differences, %d kept", d.Count(), len(d.List()))
	}
}
