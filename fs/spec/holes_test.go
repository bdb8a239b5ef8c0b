package spec

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/holes"
)

func TestHoles(t *testing.T) {
	for in, want := range map[string]string{
		"1M,holes=30%":                         "1M,holes=30%",
		"1M,hole=4K,holes=0.5%":                "1M,holes=0.5%,hole=4K",
		"1M,hole=128K,holes=50%":               "1M,holes=50%",
		"1M,unit=64K,hole=64K,holes=50%":       "1M,unit=64K,holes=50%",
		"1M,holes=0%":                          "1M",
		"1M,change=5%,holes=100%,texture=text": "1M,texture=text,holes=100%,change=5%",
		"1M,holes=50%,group=0of8,mode=0600":    "1M,group=0of8,holes=50%,mode=0600",
		"1M,holes=50%,unit=4K,group=0of128":    "1M,unit=4K,group=0of128,holes=50%",
	} {
		s, err := Parse(in)
		if err != nil || s.String() != want {
			t.Errorf("%q is %q, %v; want %q", in, s, err, want)
			continue
		}
		checkRoundTrip(t, s)
	}
	for in, want := range map[string]string{
		"1M,holes=":                         `holes "": must be a percentage`,
		"1M,holes=101%":                     `holes "101%": must be at most 100%`,
		"1M,holes=0.3":                      `holes "0.3": must be a percentage`,
		"1M,holes=-1%":                      `holes "-1%"`,
		"1M,hole=64K":                       "hole= is the length of holes, of which there are none; add their share, as in holes=30%",
		"1M,hole=64K,holes=0%":              "hole= is the length of holes",
		"1M,holes=1%,hole=5000":             `hole "5000": the length of a hole is a multiple of 4K, up to 1G`,
		"1M,holes=1%,hole=0":                `hole "0"`,
		"1M,holes=1%,hole=2G":               `hole "2G"`,
		"1M,holes=1%,format=npy":            "holes= is for files without a format",
		"1M,holes=50%,unit=4K,group=0of127": "the file alone has 128 units",
	} {
		if _, err := Parse(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q): %v; want %s", in, err, want)
		}
	}
}

// Holes are zeros, and what is not in them is the file of the size that is left.
func TestBytesOfHoles(t *testing.T) {
	for _, text := range []string{
		"3000000,holes=30%,seed=7",
		"3000000,holes=70%,hole=4K,seed=7,dedup=3,unit=16K",
		"3000000,holes=50%,seed=7,texture=text,region=4K,hole=8K",
		"3000000,holes=100%,seed=7",
		"100,holes=50%,seed=7",
		"1M,holes=50%,hole=64K,seed=7,unit=4K,group=256of1024,dedup=4",
	} {
		s, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		all := contentOf(t, s)
		m, ok := s.HoleMap()
		if !ok || m.Data() != s.Data() {
			t.Fatalf("%s: %d bytes of data, %d", text, m.Data(), s.Data())
		}
		var data []byte
		for off := int64(0); off < s.Size; {
			isHole, end := m.Extent(off)
			if isHole && len(bytes.Trim(all[off:end], "\x00")) > 0 {
				t.Fatalf("%s: the hole from %d to %d is not of zeros", text, off, end)
			}
			if !isHole {
				data = append(data, all[off:end]...)
			}
			off = end
		}
		plain := s
		plain.Size, plain.Holes = s.Data(), Holes{}
		if !bytes.Equal(data, contentOf(t, plain)) {
			t.Errorf("%s: what is not in holes is not %s", text, plain)
		}
	}
	a, _ := Parse("1M,unit=4K,holes=50%,hole=4K,group=0of256,seed=7")
	b := a
	b.First = 128
	one, _ := a.HoleMap()
	two, _ := b.HoleMap()
	if one == two || one == (holes.Map{}) {
		t.Error("two files of a group have holes in the same places")
	}
}

func contentOf(t *testing.T, s Spec) []byte {
	t.Helper()
	c := s.Config()
	c.Threads = 1
	r, err := s.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p := make([]byte, r.Size())
	if n, err := r.ReadAt(p, 0); n != len(p) || err != nil && err != io.EOF {
		t.Fatalf("%s: %d bytes, %v", s, n, err)
	}
	return p
}
