package verify

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
)

// contents are specs of all kinds of contents.
var contents = []string{
	"300000",
	"300000,dedup=2,unit=8K",
	"300000,compress=3",
	"300000,texture=flat,compress=2",
	"300000,texture=text",
	"300000,texture=log",
	"300000,texture=binary",
	"300000,zero=20%,random=10%,compress=4,region=8K",
	"300000,format=npy,dtype=f4",
	"299520,format=tar",
	"300000,generation=3,change=30%,unit=8K",
	"300000,dedup=2,unit=8K,group=24of400",
	"300000,format=wav",
	"300000,generation=4,insert=10%,change=10%,unit=8K",
}

// testFile returns the file of a spec, and its bytes.
func testFile(t testing.TB, text string) (*file, []byte) {
	t.Helper()
	s, err := spec.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	f := &file{name: text, node: tree.Node{Spec: s}, spec: s}
	f.spec.HasSeed, f.spec.Seed = true, 12345
	return f, bytesOf(t, f.spec)
}

func bytesOf(t testing.TB, s spec.Spec) []byte {
	t.Helper()
	r, err := open(s)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p := make([]byte, s.Size)
	if _, err := r.ReadAt(p, 0); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return p
}

// explain returns the runs of a copy, examined in buffers of some length.
func explain(t testing.TB, f *file, right, copied []byte, buffer int) []Run {
	t.Helper()
	r, err := open(f.spec)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	x := &examiner{file: f, reader: r, scratch: make([]byte, scratchSize), unfilled: constant([]byte("neverwas"), Unfilled, "unfilled"), variants: &variants{}}
	n := min(len(right), len(copied))
	for off := 0; off < n; off += buffer {
		end := min(n, off+buffer)
		x.examine(copied[off:end], right[off:end], int64(off))
	}
	return x.runs
}

// damage is a way to damage a copy, and what must be reported.
type damage struct {
	name string
	do   func(p []byte) []byte
	want string // kind@offset+length of every run
}

func fill(p []byte, pattern string) {
	for i := range p {
		p[i] = pattern[i%len(pattern)]
	}
}

func noise(p []byte) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range p {
		p[i] = byte(r.Uint32())
	}
}

var damages = []damage{
	{"none", func(p []byte) []byte { return p }, ""},
	{"a bit", func(p []byte) []byte { p[70000] ^= 4; return p }, "bit@70000+1"},
	{"two bits", func(p []byte) []byte { p[70000] ^= 5; return p }, "bits@70000+1"},
	{"bits far apart", func(p []byte) []byte { p[7] ^= 1; p[140000] ^= 128; p[299510] ^= 16; return p }, "bit@7+1 bit@140000+1 bit@299510+1"},
	{"a byte", func(p []byte) []byte { p[70000] ^= 0x5d; return p }, "byte@70000+1"},
	{"a byte of every 8", func(p []byte) []byte {
		for i := 65536 + 3; i < 65536+4096; i += 8 {
			p[i] ^= 0x5a + byte(i>>3)%16
		}
		return p
	}, "lane@65539+4089"},
	{"bit 6 of byte 1 of every 4", func(p []byte) []byte {
		for i := 65536 + 1; i < 65536+4096; i += 4 {
			p[i] ^= 64
		}
		return p
	}, "lane@65537+4093"},
	{"sector of patterns", func(p []byte) []byte { fill(p[66048:66560], "\xde\xad\xbe\xef"); return p }, "pattern@66048+512"},
	{"cell of ones", func(p []byte) []byte { fill(p[69632:69632+4096], "\xff"); return p }, "ones@69632+4096"},
	{"unfilled", func(p []byte) []byte { fill(p[69632:69632+4096], "neverwas"); return p }, "unfilled@69632+4096"},
	{"inverted", func(p []byte) []byte {
		for i := 69632; i < 69632+4096; i++ {
			p[i] ^= 0xff
		}
		return p
	}, "inverted@69632+4096"},
	{"a sector of noise", func(p []byte) []byte { noise(p[66048:66560]); return p }, "other@66048+512"},
	{"inserted", func(p []byte) []byte { return slices.Insert(p, 70000, []byte("+some text that was inserted")...) }, "inserted@70000+28 shifted@70028+END"},
	{"left out", func(p []byte) []byte { return slices.Delete(p, 70001, 70014) }, "shifted@70001+END"},
	{"prefix", func(p []byte) []byte { return append([]byte("prefix: 12345678"), p...) }, "inserted@0+16 shifted@16+END"},
	{"Latin-1", func(p []byte) []byte { return []byte(latin1(p)) }, "translated"},
	{"LF to CR LF", func(p []byte) []byte { return bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n")) }, "translated"},
}

func latin1(p []byte) string {
	var b strings.Builder
	for _, c := range p {
		b.WriteRune(rune(c))
	}
	return b.String()
}

// Damage of many kinds is explained in contents of all kinds, however it is cut into
// buffers.
func TestDamage(t *testing.T) {
	for i, text := range contents {
		if raceEnabled() && i > 0 {
			break // there is one goroutine
		}
		f, right := testFile(t, text)
		slack := 3 // bytes at the ends of runs that are right by chance
		if strings.Contains(text, "binary") || strings.Contains(text, "text") || strings.Contains(text, "log") {
			slack = 64
		} else if strings.Contains(text, "zero") {
			slack = 8 << 10
		} else if strings.Contains(text, "tar") {
			slack = 1100 // of zeros at the end
		}
		for _, d := range damages {
			copied := d.do(slices.Clone(right))
			if d.name == "LF to CR LF" && bytes.Count(right, []byte("\n")) < 10 || d.name == "Latin-1" && len(copied) < len(right)+10 ||
				d.name == "prefix" && strings.Contains(text, "tar") { // which mostly has zeros in its beginning
				continue
			}
			for _, buffer := range []int{512 << 10, 64 << 10} {
				want := d.want
				end := min(len(copied), len(right))
				if before, ok := strings.CutSuffix(want, "+END"); ok {
					var begin int
					fmt.Sscanf(before[strings.LastIndex(before, "@"):], "@%d", &begin)
					want = fmt.Sprintf("%s+%d", before, end-begin)
				}
				if got := runsText(explain(t, f, right, copied, buffer)); !sameRuns(got, want, slack) {
					t.Errorf("%s, %s, in buffers of %d:\n got %s\nwant %s", text, d.name, buffer, got, d.want)
				}
			}
		}
	}
}

// sameRuns allows for some bytes that are equal by chance at the ends of runs, and for
// translated ones that begin anywhere.
func sameRuns(got, want string, slack int) bool {
	g, w := strings.Fields(got), strings.Fields(want)
	if want == "translated" {
		return len(g) == 1 && strings.HasPrefix(g[0], want)
	}
	return slices.EqualFunc(g, w, func(a, b string) bool {
		var ak, bk string
		var aOff, aLen, bOff, bLen int
		fmt.Sscanf(strings.ReplaceAll(a, "@", " "), "%s %d+%d", &ak, &aOff, &aLen)
		fmt.Sscanf(strings.ReplaceAll(b, "@", " "), "%s %d+%d", &bk, &bOff, &bLen)
		return ak == bk && aOff-bOff <= slack && aOff >= bOff && bOff+bLen-aOff-aLen <= slack && bOff+bLen >= aOff+aLen
	})
}

func runsText(runs []Run) string {
	var all []string
	for _, r := range runs {
		all = append(all, fmt.Sprintf("%s@%d+%d", r.Kind, r.Offset, r.Length))
	}
	return strings.Join(all, " ")
}
