package verify

import "math/bits"

// Kind is what is wrong with a run of bytes. The names are those that reports have, and
// do not change.
type Kind string

const (
	Bit        Kind = "bit"        // one bit differs
	Bits       Kind = "bits"       // few bits differ, far fewer than in other data
	Byte       Kind = "byte"       // one byte differs
	Lane       Kind = "lane"       // every 2nd, 4th, 8th ... byte differs, or one bit of each byte
	Zeros      Kind = "zeros"      // zeros are there instead
	Ones       Kind = "ones"       // bytes of 0xff
	Pattern    Kind = "pattern"    // a pattern of up to 16 bytes repeats
	Inverted   Kind = "inverted"   // every byte is combined with the same one by XOR
	Swapped    Kind = "swapped"    // the bytes of every 2, 4, 8 or 16 are in another order
	Shifted    Kind = "shifted"    // the bytes of the same file, some bytes too late or too early
	Inserted   Kind = "inserted"   // bytes that do not belong there, and what follows is shifted
	Translated Kind = "translated" // changed as text, such as LF into CR LF
	Place      Kind = "place"      // data of another place of the same file, or of another file
	Seed       Kind = "seed"       // data of another seed
	Generation Kind = "generation" // data of another generation: stale, mostly
	Torn       Kind = "torn"       // other data up to a border of sectors within a page
	Truncated  Kind = "truncated"  // the copy ends too early
	Excess     Kind = "excess"     // the copy goes on
	Unfilled   Kind = "unfilled"   // the read returned bytes that it did not fill in
	Transient  Kind = "transient"  // right when it was read again
	Packed     Kind = "packed"     // a compressed file
	Other      Kind = "other"      // none of these
)

// letters are what a picture of a file has for each kind.
var letters = map[Kind]byte{
	Bit: 'b', Bits: 'b', Byte: 'B', Lane: 'l', Zeros: '0', Ones: '1', Pattern: 'p', Inverted: 'i', Swapped: 'w',
	Shifted: '>', Inserted: '+', Translated: 't', Place: 'm', Seed: 's', Generation: 'g', Torn: '/', Truncated: '_',
	Excess: 'e', Unfilled: 'u', Transient: 'r', Packed: 'z', Other: '?',
}

// Run is a stretch of a file that is damaged in one way.
type Run struct {
	File   string `json:"file"`
	Offset int64  `json:"offset"` // in the copy, bytes
	Length int64  `json:"length"` // bytes, also of those that happen to be right
	Kind   Kind   `json:"kind"`
	Bytes  int64  `json:"bytes"` // that differ
	Bits   int64  `json:"bits"`  // that differ

	Text       string  `json:"text"`                 // what is there, in words
	Torn       int     `json:"torn,omitempty"`       // 512 if one end is at a border of sectors within a page
	Shift      int64   `json:"shift,omitempty"`      // bytes by which the data are too late, or too early if negative
	From       string  `json:"from,omitempty"`       // the file whose data are there
	FromOffset *int64  `json:"fromOffset,omitempty"` // and where these are in it
	Seed       *uint64 `json:"seed,omitempty"`       // that the data have
	Generation *int    `json:"generation,omitempty"` // that the data have

	key string // of what explains it; equal for neighbours that are one run
	eof bool   // it goes on to the end of the copy, or of what there should be of it

	order int // in the report
}

// End returns the offset behind the run.
func (r *Run) End() int64 { return r.Offset + r.Length }

// count sets how many bytes and bits of the run differ.
func (r *Run) count(actual, expected []byte) {
	r.Bytes, r.Bits = differ(actual, expected)
}

// differ returns how many bytes and bits of two slices of one length differ.
func differ(a, b []byte) (n, ones int64) {
	b = b[:len(a)]
	for i, x := range a {
		if d := x ^ b[i]; d != 0 {
			n++
			ones += int64(bits.OnesCount8(d))
		}
	}
	return n, ones
}

// mismatch returns how many bytes two slices have in common from their beginning on.
func mismatch(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+8 <= n; i += 8 {
		if d := word(a[i:]) ^ word(b[i:]); d != 0 {
			return i + bits.TrailingZeros64(d)/8
		}
	}
	for ; i < n && a[i] == b[i]; i++ {
	}
	return i
}

// mismatchBack returns how many bytes two slices have in common up to their ends.
func mismatchBack(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}

func word(p []byte) uint64 {
	_ = p[7]
	return uint64(p[0]) | uint64(p[1])<<8 | uint64(p[2])<<16 | uint64(p[3])<<24 |
		uint64(p[4])<<32 | uint64(p[5])<<40 | uint64(p[6])<<48 | uint64(p[7])<<56
}
