package verify

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"fmt"
	"io"
	"math"
)

// magics are how files of kinds begin that a copy may have been turned into.
var magics = []struct{ begins, name string }{
	{"\x1f\x8b", "gzip"},
	{"\x28\xb5\x2f\xfd", "zstd"},
	{"\x04\x22\x4d\x18", "lz4"},
	{"\xfd7zXZ\x00", "xz"},
	{"BZh", "bzip2"},
	{"PK\x03\x04", "zip"},
	{"7z\xbc\xaf\x27\x1c", "7-Zip"},
	{"LZIP", "lzip"},
	{"\x78\x01", "zlib"}, {"\x78\x9c", "zlib"}, {"\x78\xda", "zlib"},
	{"Salted__", "OpenSSL"},
	{"age-encryption.org", "age"},
	{"-----BEGIN PGP", "OpenPGP"},
	{"LUKS\xba\xbe", "LUKS"},
}

// magic returns what kind of file begins with p, or "".
func magic(p []byte) string {
	for _, m := range magics {
		if bytes.HasPrefix(p, []byte(m.begins)) {
			return m.name
		}
	}
	return ""
}

// packed returns the run of a copy that is a compressed or encrypted file as a whole, if its
// beginning, p, is like that of one.
func (x *examiner) packed(p []byte) (Run, bool) {
	name := magic(p)
	if name == "" {
		return x.encoded(p)
	}
	r := Run{Kind: Packed, key: "packed", Text: "a file of " + name}
	var unpacked io.Reader
	switch name {
	case "gzip":
		if z, err := gzip.NewReader(bytes.NewReader(p)); err == nil {
			unpacked = z
		}
	case "zlib":
		if z, err := zlib.NewReader(bytes.NewReader(p)); err == nil {
			unpacked = z
		}
	}
	if unpacked == nil {
		return r, len(name) > 0 && name != "zlib" && name != "gzip" // two bytes say little
	}
	got := make([]byte, min(16<<10, x.reader.Size()))
	n, _ := io.ReadFull(unpacked, got)
	want := make([]byte, n)
	x.reader.ReadAt(want, 0)
	if n == 0 {
		return r, false
	}
	if bytes.Equal(got[:n], want) {
		r.Text = fmt.Sprintf("the file, compressed by %s; the first %d bytes in it are right", name, n)
	}
	return r, true
}

// encoded returns the run of a copy that is the file in base64.
func (x *examiner) encoded(p []byte) (Run, bool) {
	p = bytes.Join(bytes.Fields(p), nil)
	got := make([]byte, len(p)/4*3)
	n, err := base64.StdEncoding.Decode(got, p[:len(p)/4*4])
	if err != nil || n == 0 {
		return Run{}, false
	}
	n = min(n, int(x.reader.Size()))
	want := make([]byte, n)
	x.reader.ReadAt(want, 0)
	r := Run{Kind: Packed, key: "packed", Text: fmt.Sprintf("the file in base64; the first %d bytes of it are right", n)}
	return r, bytes.Equal(got[:n], want)
}

// describe says what p is like.
func describe(p []byte) string {
	head := p[:min(len(p), 4096)]
	text := "other data"
	switch printable, e := readable(head), entropy(head); {
	case printable:
		text = fmt.Sprintf("text: %q", head[:min(len(head), 40)])
	case len(head) >= 2048 && e > 7.85:
		text = "other data, like random, compressed or encrypted bytes"
	case len(head) >= 2048:
		text = fmt.Sprintf("other data, of %.1f bits a byte", e)
	case len(head) <= 16:
		text = fmt.Sprintf("the bytes %x", head)
	}
	if name := magic(head); name != "" && len(name) > 0 && len(head) > 4 && name != "zlib" && name != "gzip" {
		text += ", begins like a file of " + name
	}
	return text
}

// readable reports whether p is text.
func readable(p []byte) bool {
	for _, c := range p {
		if c >= 0x7f || c < ' ' && c != '\n' && c != '\t' && c != '\r' {
			return false
		}
	}
	return len(p) > 0
}

// entropy returns how many bits a byte of p has, going by how often each occurs.
func entropy(p []byte) (e float64) {
	var n [256]int
	for _, c := range p {
		n[c]++
	}
	for _, k := range n {
		if k > 0 {
			share := float64(k) / float64(len(p))
			e -= share * math.Log2(share)
		}
	}
	return e
}

// plain returns how many kinds of bytes there are in the beginning of p, up to 8.
func plain(p []byte) int {
	var seen [256]bool
	n := 0
	for _, c := range p[:min(len(p), 256)] {
		if !seen[c] {
			seen[c] = true
			if n++; n == 8 {
				break
			}
		}
	}
	return n
}
