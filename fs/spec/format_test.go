package spec

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/format"
	"github.com/dgenfs/dgenfs/gen"
)

func TestParseFormat(t *testing.T) {
	for in, want := range map[string]string{
		"1M,format=npz":                               "1M,format=npz",
		"528,format=npy,dtype=f4,shape=10x10":         "528,format=npy,shape=10x10,dtype=float32",
		"1M,dtype=f2,nan=yes,format=npy,seed=7":       "1M,seed=7,format=npy,dtype=float16,nan=yes",
		"1M,nan=no,dtype=u8,format=npy":               "1M,format=npy",
		"114304,record=114244,format=tfrecord":        "114304,format=tfrecord,record=114244",
		"1M,rate=5M,format=wav,compress=2,unit=4K":    "1M,unit=4K,compress=2,format=wav,rate=5M",
		"10M,format=tar,members=9,member=1M.jpg":      "",
		"10M,format=zip,members=9":                    "10M,format=zip,members=9",
		"1M,format=gz,fail=eio@1K+4K,generation=3":    "1M,generation=3,format=gz,fail=eio@1K+4K",
		"2M,format=gpt,group=3of19":                   "2M,group=3of19,format=gpt",
		"1M,scope=group,format=bmp":                   "1M,scope=group,format=bmp",
		"1G,format=parquet,columns=13+26xi4,rows=100": "",
	} {
		s, err := Parse(in)
		if want == "" { // the size is another
			var no *format.SizeError
			if !errors.As(err, &no) {
				t.Errorf("Parse(%q): %v, want a *format.SizeError", in, err)
			}
			continue
		}
		if err != nil || s.String() != want {
			t.Errorf("Parse(%q) = %s, %v; want %s", in, s, err, want)
			continue
		}
		checkRoundTrip(t, s)
		checkConfig(t, s)
	}
}

func TestParseFormatErrors(t *testing.T) {
	for in, want := range map[string]string{
		"1M,shape=3x3":                 `key "shape" is of a format; name that, too, as in format=npy`,
		"1M,member=3K":                 `key "member" is of a format`,
		"1M,format=":                   `format: a format is one of npy npz`,
		"1M,format=npx":                `format "npx": a format is one of npy npz`,
		"1M,format=npz,format=npz":     `key "format" is given twice`,
		"1M,format=auto":               `format=auto: there is no name to take the format from; name the format`,
		"1M,format=npz,record=4K":      `record: not a key of format=npz, which has shape, dtype, nan`,
		"1M,format=tfrecord,record=x":  `record: size "x": a size starts with a digit`,
		"1M,format=tfrecord,record=0":  `record "0": a record has 1 byte or more`,
		"133,format=npy,dtype=f4":      `size 133: not possible for npy of float32; the nearest are 132 and 136`,
		"7,format=npz":                 `size 7: the smallest npz of uint8 has 499 bytes`,
		"100,format=npy,shape=10x10":   `size 100: npy of uint8, shape=10x10 has 228 bytes`,
		"1M,format=npy,dtype=float":    `dtype "float": a type is one of uint8`,
		"1M,format=npz,group=8of16":    ``,
		"1M,format=npz,group=9of16":    `group "9of16": the file has 8 units of 128K, so its first one has at most the number 8`,
		"1M,format=npz,fail=eio@1M+4K": `fail "eio@1M+4K": the range must lie within the file, which has 1M`,
		"4K..1M,format=npy,shape=10":   `sizes "4K..1M": what the keys of the format describe has 138 bytes, always; write that size`,
		"4K..1M,format=npy,record=10":  `record: not a key of format=npy`,
		"1M..1E,format=tfrecord":       `record: a tfrecord of more than 2G needs it`,
	} {
		_, err := ParseFiles(in)
		if !strings.Contains(in, "..") {
			_, err = Parse(in)
		}
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%q: %v; want %s", in, err, want)
		}
	}
}

func TestNamed(t *testing.T) {
	for _, c := range [][3]string{
		{"a/{0..9}.npz", "1M,format=auto", "1M,format=npz"},
		{"x.NPY", "1M,format=auto,dtype=f8", "1M,format=npy,dtype=float64"},
		{"x.jpeg", "4K..1M,format=auto,share=1%", "4K..1M,format=jpeg,share=1%"},
		{"x.npz", "1M,format=npy", "1M,format=npy"},
		{"x.h5", "1M", "1M"},
		{"x.tar", "1M,format=auto,group=0of9", "1M,group=0of9,format=tar"},
		{"a.npz/b", "1M,format=auto", `format=auto: "a.npz/b" has no extension of a known format; write one of npy `},
		{"x.{0..9}", "1M,format=auto", `has no extension of a known format`},
		{"x.npy", "133,format=auto,dtype=f4", `the nearest are 132 and 136`},
		{"x.npz", "1M,format=auto,record=4K", `record: not a key of format=npz`},
		{"x.npz", "1M,format=auto,group=9of9", `group "9of9": the file has 8 units`},
	} {
		f, err := ParseFiles(c[1])
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if f, err = f.Named(c[0]); err != nil {
			got = err.Error()
		} else {
			got = f.String()
		}
		if got != c[2] && (err == nil || !strings.Contains(got, c[2])) {
			t.Errorf("%s of %s: %s; want %s", c[1], c[0], got, c[2])
		}
	}
}

func TestParseName(t *testing.T) {
	for name, want := range map[string]string{
		"1G": "1G", "1G,dedup=3": "1G,dedup=3", "1G.npz": "1G,format=npz", "1048576.H5": "1M,format=hdf5",
		"64K.jpg": "64K,format=jpeg", "1M,format=npz": "1M,format=npz",
		"1G.txt": "", "1G.": "", ".npz": "", "npz": "", "1G,dedup=3.npz": "", "1.5G.npz": "", "7.npz": "", "1G.npz.npz": "", "1G.npz,dedup=3": "", "1G.auto": "",
	} {
		s, err := ParseName(name)
		if want == "" && err == nil || want != "" && (err != nil || s.String() != want) {
			t.Errorf("ParseName(%q) = %s, %v; want %q", name, s, err, want)
		}
	}
}

// Whatever size is drawn, the format has the one that the file gets, and none is nearer.
func TestSized(t *testing.T) {
	for _, name := range format.Names() {
		for _, keys := range []string{"", ",dtype=f8", ",record=1000", ",columns=7xf4+3xi4", ",members=3", ",member=1000"} {
			s, err := Parse("1M,format=" + name)
			if err != nil { // not a size that it has
				s = Spec{Dedup: 1, Unit: DefaultUnit, Compress: 1, Format: format.Description{Format: name}}
			}
			if key, value, ok := strings.Cut(strings.TrimPrefix(keys, ","), "="); ok {
				if err := s.Format.Set(key, value); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := ParseFiles("4K..1M" + string(s.Format.Append(nil))); err != nil {
				continue // a key that it does not have
			}
			for _, n := range []int64{1, 100, 511, 4096, 4097, 65535, 1000003, 12345679} {
				sized := s.Sized(n)
				if _, err := sized.file(); err != nil {
					t.Errorf("%s of %d: %v", s, n, err)
				}
				nearer := max(sized.Size-n, n-sized.Size) - 1
				for _, size := range []int64{n - nearer, n + nearer, n} {
					other := s
					other.Size = size
					if _, err := other.file(); size >= 0 && nearer >= 0 && err == nil {
						t.Errorf("%s of %d: %d, and not %d", s, n, sized.Size, size)
					}
				}
			}
		}
	}
}

// The payload of a file with a format is the stream of its spec.
func TestOpen(t *testing.T) {
	s, err := Parse("1M,seed=7,dedup=3,unit=4K,group=5of500,format=npy")
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Open(s.Config())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got := make([]byte, 1<<20)
	if n, err := r.ReadAt(got, 0); n != len(got) || err != nil && err != io.EOF {
		t.Fatal(n, err)
	}
	want, err := gen.Generate(s.Config())
	if err != nil {
		t.Fatal(err)
	}
	const header = 128
	if r.Size() != 1<<20 || len(want) != 1<<20-header || !bytes.Equal(got[header:], want) {
		t.Errorf("%s: not a header of %d bytes and the stream", s, header)
	}
}

// The files of a group share as many units of their payloads as these have.
func TestFormatInGroup(t *testing.T) {
	s, err := Parse("1M,scope=group,unit=4K,format=npy")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.Member(2, 3).String(), "1M,unit=4K,group=512of768,format=npy"; got != want {
		t.Errorf("the last of three is %s, want %s", got, want)
	}
	s, _ = Parse("1028K,scope=group,unit=4K,format=npy")
	s.Format.DType = format.Float64
	if got := s.Member(1, 2); got.First != 257 || got.Units != 514 {
		t.Errorf("the second of two is %s", got)
	}
}
