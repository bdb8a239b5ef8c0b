package fs

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// formatted reads a file, and checks that its attribute alone gives the same bytes.
func formatted(t *testing.T, f *FS, path string) (s spec.Spec, p []byte) {
	t.Helper()
	out := walk(t, f, path)
	p, status := read(t, f, out.NodeId, 0, int(out.Size)+1)
	if status != fuse.OK || len(p) != int(out.Size) {
		t.Fatalf("reading %s: %v, %d bytes of %d", path, status, len(p), out.Size)
	}
	s = attribute(t, f, path)
	r, err := s.Open(s.Config())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	alone := make([]byte, len(p)+1)
	if n, err := r.ReadAt(alone, 0); n != len(p) || err != io.EOF || !bytes.Equal(alone[:n], p) {
		t.Errorf("%s: its attribute, %s, gives other bytes: %d, %v", path, s, n, err)
	}
	return s, p
}

func TestFormats(t *testing.T) {
	f := newFS(t, 7, "a/{0..9}.npz:1M,format=auto", "b.h5:3M,format=auto,dtype=f4", "c:64K,format=png", "4M.tar:4M,format=auto", "5M.npy:1M,format=auto")
	for path, want := range map[string]string{
		"a/3.npz":                  "1M,seed=,format=npz",
		"b.h5":                     "3M,seed=,format=hdf5,dtype=float32",
		"c":                        "64K,seed=,format=png",
		"1M.npz":                   "1M,seed=,format=npz",
		"1M,format=npz":            "1M,seed=,format=npz",
		"4M.tar":                   "4M,seed=,format=tar",
		"5M.npy":                   "1M,seed=,format=npy",
		"1048577.wav":              "",
		"1M,record=9988,seed=3":    "",
		"1M.auto":                  "",
		"100K,format=gz,dedup=2.5": "100K,seed=,dedup=2.5,format=gz",
	} {
		if want == "" {
			h := header(fuse.FUSE_ROOT_ID)
			var out fuse.EntryOut
			if status := f.Lookup(nil, &h, path, &out); strings.Contains(path, "record") && (status != fuse.OK || out.NodeId != 0) {
				t.Errorf("%s exists", path)
			}
			continue
		}
		s, _ := formatted(t, f, path)
		s.HasSeed = false
		if got, want := s.String(), strings.Replace(want, "seed=,", "", 1); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	_, a := formatted(t, f, "1M.npz")
	_, b := formatted(t, f, "1M,format=npz")
	if bytes.Equal(a, b) {
		t.Error("two names, one seed")
	}
}

// Files with a format are as slow, and fail in the same places, as others.
func TestFormatsWithTrouble(t *testing.T) {
	f := newFS(t, 0, "slow:1M,seed=3,format=npz,latency=1ms,rate=1G", "bad:1M,seed=3,format=npz,fail=eio@512K+4K", "good:1M,seed=3,format=npz")
	_, want := formatted(t, f, "good")
	var open fuse.OpenOut
	if status := f.Open(nil, &fuse.OpenIn{InHeader: header(walk(t, f, "slow").NodeId)}, &open); status != fuse.OK {
		t.Fatal(status)
	}
	p := make([]byte, len(want)+1)
	_, delayed, _ := f.ReadFile(open.Fh, 0, p)
	if delayed == nil {
		t.Fatal("not delayed")
	}
	if n, errno := delayed.Read(p); errno != 0 || !bytes.Equal(p[:n], want) {
		t.Errorf("delayed: %d bytes, %v", n, errno)
	}
	f.Release(nil, &fuse.ReleaseIn{Fh: open.Fh})
	for off, errno := range map[int]fuse.Status{0: fuse.OK, 508 << 10: fuse.OK, 512 << 10: fuse.EIO, 516 << 10: fuse.OK} {
		p, status := read(t, f, walk(t, f, "bad").NodeId, int64(off), 4096)
		if status != errno || status == fuse.OK && !bytes.Equal(p, want[off:off+4096]) {
			t.Errorf("at %d: %v, want %v", off, status, errno)
		}
	}
}

// Files whose sizes are drawn get sizes that the format has, and all can be read.
func TestFormatsOfDrawnSizes(t *testing.T) {
	for _, name := range []string{"jpeg", "parquet", "tar", "npz", "tfrecord", "png"} {
		f := newFS(t, 7, "{00..49}.x:lognormal:16K:2,format="+name)
		sizes := make(map[uint64]bool)
		for i := range 50 {
			path := fmt.Sprintf("%02d.x", i)
			formatted(t, f, path)
			sizes[walk(t, f, path).Size] = true
		}
		if len(sizes) < 10 {
			t.Errorf("%s: %d sizes", name, len(sizes))
		}
	}
}

// Of a file that changes, the share of the payload that change= says is another, and
// the file is still a whole one.
func TestFormatsThatChange(t *testing.T) {
	var before []byte
	for generation := range 4 {
		name := fmt.Sprintf("4M,seed=7,unit=4K,format=npy,generation=%d,change=10%%", generation)
		_, p := formatted(t, newFS(t, 0), name)
		changed := 0
		for i := 128; before != nil && i+4096 <= len(p); i += 4096 {
			if !bytes.Equal(p[i:i+4096], before[i:i+4096]) {
				changed++
			}
		}
		if before != nil && (changed < 101 || changed > 103 || !bytes.Equal(p[:128], before[:128])) {
			t.Errorf("generation %d: %d of 1023 units are others", generation, changed)
		}
		before = p
	}
	f := newFS(t, 0)
	early, late := walk(t, f, "4M,format=npz,change=50%"), walk(t, f, "4M,format=npz,generation=5,change=50%")
	if late.Mtime != early.Mtime+5*24*3600 {
		t.Errorf("modified at %d, and in generation 5 at %d", early.Mtime, late.Mtime)
	}
}

// All files of a group have the units of one: each of the payload as often as dedup says.
func TestFormatsInAGroup(t *testing.T) {
	f := newFS(t, 7, "{0..7}.npy:1028K,unit=4K,dedup=4,scope=group,format=auto")
	seen := make(map[string]int)
	units := 0
	for i := range 8 {
		s, p := formatted(t, f, fmt.Sprintf("%d.npy", i))
		if s.First != uint64(257*i) || s.Units != 257*8 {
			t.Fatalf("file %d is %s", i, s)
		}
		for off := 128; off+4096 <= len(p); off += 4096 {
			seen[string(p[off:off+4096])]++
			units++
		}
	}
	// The last unit of each file, which is cut short, is not among them.
	if units != 8*256 || len(seen) > 257*8/4 || len(seen) < 257*8/4-8 {
		t.Errorf("%d units, %d of them distinct", units, len(seen))
	}
}
