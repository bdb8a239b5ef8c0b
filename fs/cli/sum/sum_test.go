package sum

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec/spectest"
	"lukechampine.com/blake3"
)

func read(t testing.TB, text string) []byte {
	t.Helper()
	return spectest.Bytes(t, spectest.Open(t, spectest.Parse(t, text)))
}

// The checksum of "123456789" and of nothing, as the catalogue of parametrised CRC
// algorithms and the documents of the others have them.
func TestKnownChecksums(t *testing.T) {
	for name, want := range map[string][2]string{
		"sha256":    {"15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		"sha1":      {"f7c3bc1d808e04732adf679965ccc34ca7ae3441", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
		"md5":       {"25f9e794323b453885f5181f1b624d0b", "d41d8cd98f00b204e9800998ecf8427e"},
		"blake3":    {"b7d65b48420d1033cb2595293263b6f72eabee20d55e699d0df1973b3c9deed1", "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"},
		"xxh3":      {"", "2d06800538d394c2"},
		"xxh64":     {"8cb841db40e6ae83", "ef46db3751d8e999"},
		"crc32":     {"cbf43926", "00000000"},
		"crc32c":    {"e3069283", "00000000"},
		"crc64nvme": {"ae8b14860a799888", "0000000000000000"},
	} {
		a, err := Find(name)
		if err != nil {
			t.Fatal(err)
		}
		h := a.new()
		if got := hex.EncodeToString(h.Sum(nil)); got != want[1] {
			t.Errorf("%s of nothing: %s", name, got)
		}
		io.WriteString(h, "123456789")
		if got := hex.EncodeToString(h.Sum(nil)); got != want[0] && want[0] != "" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// joined hashes data in parts, and writes to each in pieces of a size.
func joined(j joiner, data []byte, part, piece int) []byte {
	for off := 0; off < len(data) || off == 0; off += part {
		p := data[off:min(off+part, len(data))]
		h := j.part(int64(off))
		for rest := range slices.Chunk(p, piece) {
			h.Write(rest)
		}
		j.join(h, int64(len(p)))
	}
	return j.sum()
}

// The checksums of parts, of any number and size, come to that of the whole.
func TestJoin(t *testing.T) {
	data := read(t, "300K,seed=1")
	for _, size := range []int{0, 1, 63, 64, 1023, 1024, 1025, 2048, 2049, 16383, 16384, 16385, 17408, 32768, 32769, 49152, 65536, 65537, 131072, 196608, 300 << 10} {
		p := data[:size]
		want := blake3.Sum256(p)
		for _, part := range []int{16 << 10, 32 << 10, 64 << 10, 512 << 10} {
			for _, piece := range []int{1000, 16384, 100000} {
				j := &blake3Joiner{size: int64(size), all: newBlake3(0)}
				if got := joined(j, p, part, piece); !bytes.Equal(got, want[:]) {
					t.Errorf("blake3 of %d bytes in parts of %d, by %d: %x, want %x", size, part, piece, got, want)
				}
			}
		}
		for _, a := range Algorithms {
			h := a.new()
			h.Write(p)
			whole := h.Sum(nil)
			if again := h.Sum([]byte("x")); !bytes.Equal(again[1:], whole) || again[0] != 'x' || h.Size() != len(whole) {
				t.Errorf("%s: Sum is %x, and then %x", a.Name, whole, again)
			}
			if a.parts == nil || a.Name == "blake3" {
				continue
			}
			for _, part := range []int{1, 1000, 65536, 1 << 20} {
				if part == 1 && size > 2048 {
					continue
				}
				j, _, err := a.parts(int64(size))
				if err != nil {
					t.Fatal(err)
				}
				if got := joined(j, p, part, 4096); !bytes.Equal(got, whole) {
					t.Errorf("%s of %d bytes in parts of %d: %x, want %x", a.Name, size, part, got, whole)
				}
			}
		}
	}
}

// A hash goes on after Sum, and begins again after Reset.
func TestBlake3Sum(t *testing.T) {
	data := read(t, "100K,seed=1")
	h := newBlake3(0)
	for off := 0; off < len(data); off += 7777 {
		h.Write(data[off:min(off+7777, len(data))])
		if want := blake3.Sum256(data[:min(off+7777, len(data))]); !bytes.Equal(h.Sum(nil), want[:]) {
			t.Fatalf("after %d bytes: %x", off, h.Sum(nil))
		}
	}
	h.Reset()
	if want := blake3.Sum256(nil); !bytes.Equal(h.Sum(nil), want[:]) {
		t.Errorf("after Reset: %x", h.Sum(nil))
	}
}

// write returns what is printed of files NAME SPEC, and the errors.
func write(t *testing.T, o Options, files ...string) (string, []error) {
	t.Helper()
	var b bytes.Buffer
	var failed []error
	err := Write(&b, func(yield func(File) bool) {
		for _, f := range files {
			name, text, _ := strings.Cut(f, "=")
			if !yield(File{name, spectest.Parse(t, text)}) {
				return
			}
		}
	}, o, func(err *Error) { failed = append(failed, err) })
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), failed
}

// Large files, small ones, and many at once, by any number of workers: every checksum is
// that of the bytes, and lines come in order.
func TestWrite(t *testing.T) {
	files := []string{"large=40M,seed=1", "text=5000001,seed=2,texture=text", "part=16M,seed=3", "two=17000001,seed=4,dedup=3", "zip=3M,seed=5,format=zip", "none=0"}
	for i := range 300 {
		files = append(files, fmt.Sprintf("%d=%d,seed=%d", i, i*i, i))
	}
	contents := make(map[string][]byte)
	for _, f := range files {
		name, text, _ := strings.Cut(f, "=")
		contents[name] = read(t, text)
	}
	algorithms := append(slices.Clone(Algorithms), Etag(8<<20, 8<<20))
	for _, a := range algorithms {
		var want strings.Builder
		for _, f := range files {
			name, _, _ := strings.Cut(f, "=")
			data := contents[name]
			h := a.new()
			h.Write(data)
			sum := h.Sum(nil)
			if a.Name == "etag" && len(data) >= 8<<20 {
				sum = etagOf(data, 8<<20)
			}
			p := printer{}
			p.appendLine(a, name, sum)
			want.Write(p.line)
		}
		for _, workers := range []int{1, 3} {
			var most, calls atomic.Int64
			got, failed := write(t, Options{Algorithms: []Algorithm{a}, Workers: workers, Progress: func(n int64) { most.Store(max(most.Load(), n)); calls.Add(1) }}, files...)
			if got != want.String() || failed != nil {
				t.Errorf("%s by %d workers: %v, %d bytes, want %d", a.Name, workers, failed, len(got), want.Len())
			}
			if workers == 1 && (most.Load() < 70<<20 || calls.Load() < 50) {
				t.Errorf("%s: progress up to %d bytes by %d calls", a.Name, most.Load(), calls.Load())
			}
		}
	}
}

// etagOf is what S3 computes of parts.
func etagOf(data []byte, part int) []byte {
	all, n := md5.New(), 0
	for p := range slices.Chunk(data, part) {
		one := md5.Sum(p)
		all.Write(one[:])
		n++
	}
	return fmt.Append(all.Sum(nil), n)
}

// A tool can check what the other order of the same algorithms would have printed, too.
func TestSeveralAlgorithms(t *testing.T) {
	o := Options{Algorithms: nil, Format: Format{Tag: true}}
	for _, name := range []string{"md5", "blake3", "crc32"} {
		a, _ := Find(name)
		o.Algorithms = append(o.Algorithms, a)
	}
	got, _ := write(t, o, "a=20M,seed=1", "b=0")
	data := read(t, "20M,seed=1")
	want := ""
	for _, p := range [][]byte{data, nil} {
		for _, a := range o.Algorithms {
			h := a.new()
			h.Write(p)
			name := "a"
			if p == nil {
				name = "b"
			}
			want += fmt.Sprintf("%s (%s) = %x\n", a.tag, name, h.Sum(nil))
		}
	}
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestEtagErrors(t *testing.T) {
	got, failed := write(t, Options{Algorithms: []Algorithm{Etag(100, 200)}}, "small=199,seed=1", "parts=200,seed=1", "most=1000000,seed=1", "more=1000001,seed=1", "last=0")
	if strings.Count(got, "\n") != 4 || strings.Contains(got, "more") || !strings.Contains(got, "-2  parts\n") || !strings.Contains(got, "-10000  most\n") || strings.Contains(got, "-1") && !strings.Contains(got, "-10000") {
		t.Error(got)
	}
	if len(failed) != 1 || !strings.Contains(failed[0].Error(), `"more": has 10001 parts of 100, and S3 allows 10000`) {
		t.Error(failed)
	}
	if got, _ := write(t, Options{Algorithms: []Algorithm{Etag(100, 0)}}, "empty=0"); got != "59adb24ef3cdbe0297f05b395827453f-1  empty\n" {
		t.Errorf("an empty file in parts: %s", got)
	}
}

// failingWriter fails after some bytes.
type failingWriter struct{ left int }

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errors.New("full")
	}
	return len(p), nil
}

// An error of the output ends everything, however large the files are.
func TestWriteError(t *testing.T) {
	for _, size := range []string{"1K", "9223372036854775807"} {
		for _, name := range []string{"sha256", "crc32"} {
			a, err := Find(name)
			if err != nil {
				t.Fatal(err)
			}
			small, large := File{"small", spectest.Parse(t, "1K")}, File{"large", spectest.Parse(t, size)}
			err = Write(&failingWriter{10}, func(yield func(File) bool) {
				for yield(small) && yield(large) {
				}
			}, Options{Algorithms: []Algorithm{a}}, func(err *Error) { t.Error(err) })
			if err == nil || err.Error() != "full" {
				t.Errorf("%s of %s: %v", name, size, err)
			}
		}
	}
}

var _ hash.Hash = (*blake3Hash)(nil)
