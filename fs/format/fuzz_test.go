package format

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/gen"
)

// Any description is an error of one line, or a file of exactly its size, and reading
// [a,b) and [b,c) equals reading [a,c). Keys that are set are written as what is read
// back as the same.
func FuzzDescription(f *testing.F) {
	for _, d := range samples(f) {
		keys := strings.TrimPrefix(string(d.Append(nil)), ",")
		f.Add(keys, d.Size, uint16(100), uint16(200))
	}
	f.Add("format=npz,shape=4611686018427387903,dtype=f8", int64(Any), uint16(1), uint16(2))
	f.Add("format=zip,members=1125899906842623,member=8E", int64(1<<62), uint16(1), uint16(2))
	f.Add("format=tar,member=4611686018427387904", int64(1<<63-1), uint16(1), uint16(2))
	f.Add("format=parquet,columns=10000xf8,rows=9223372036854775807", int64(1<<40), uint16(1), uint16(2))
	f.Fuzz(func(t *testing.T, keys string, size int64, a, b uint16) {
		d := Description{Size: size}
		for _, pair := range strings.Split(keys, ",") {
			key, value, _ := strings.Cut(pair, "=")
			if err := d.Set(key, value); err != nil {
				if strings.Contains(err.Error(), "\n") {
					t.Fatalf("more than a line: %q", err)
				}
				return
			}
		}
		again := Description{Size: size}
		for _, pair := range strings.Split(strings.TrimPrefix(string(d.Append(nil)), ","), ",") {
			key, value, _ := strings.Cut(pair, "=")
			if err := again.Set(key, value); err != nil {
				t.Fatalf("%q: %v", d.Append(nil), err)
			}
		}
		if again != d {
			t.Fatalf("%+v became %+v", d, again)
		}
		file, err := New(d)
		if err != nil {
			var s *SizeError
			if strings.Contains(err.Error(), "\n") || errors.As(err, &s) && (s.Below < 0 || s.Above < 0) {
				t.Fatalf("%q: %q", keys, err)
			}
			for _, near := range []int64{s.below(), s.above()} {
				if d.Size = near; near > 0 {
					if _, err := New(d); err != nil {
						t.Fatalf("%q: size %d should be possible: %v", keys, near, err)
					}
				}
			}
			return
		}
		if file.Size() < 1 || size != Any && file.Size() != size || file.PayloadSize() < 0 {
			t.Fatalf("%q of %d bytes has %d, payload %d", keys, size, file.Size(), file.PayloadSize())
		}
		r, err := file.Open(Generate(gen.Config{}))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		for _, from := range []int64{0, file.Size() / 2, max(0, file.Size()-int64(a)-int64(b))} {
			whole := make([]byte, int(a)+int(b))
			n, err := r.ReadAt(whole, from)
			if err != nil && err != io.EOF {
				t.Fatal(err)
			}
			parts := make([]byte, n)
			m := min(int(a), n)
			r.ReadAt(parts[:m], from)
			r.ReadAt(parts[m:], from+int64(m))
			if !bytes.Equal(parts, whole[:n]) {
				t.Fatalf("%q: %d bytes at %d, split after %d, differ", keys, n, from, m)
			}
		}
	})
}

func (e *SizeError) below() int64 {
	if e == nil {
		return 0
	}
	return e.Below
}

func (e *SizeError) above() int64 {
	if e == nil {
		return 0
	}
	return e.Above
}

// Reading allocates nothing in a steady state.
func TestAllocations(t *testing.T) {
	if raceEnabled() {
		t.Skip("needs a sync.Pool that keeps what it holds, which it does not with -race")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties a sync.Pool
	all := samples(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		f, r := open(t, all[name], config)
		p := make([]byte, 64<<10)
		off := int64(0)
		read := func() {
			if _, err := r.ReadAt(p, off); err != nil && err != io.EOF {
				t.Fatal(err)
			}
			off = (off + int64(len(p))) % f.Size()
		}
		read()
		if n := testing.AllocsPerRun(200, read); n > 0 {
			t.Errorf("%s: %v allocations a read", name, n)
		}
	}
}

// raceEnabled reports whether the race detector was built in.
func raceEnabled() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
