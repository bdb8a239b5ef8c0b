package fs

import (
	"bytes"
	"math"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/transport"
	"github.com/dgenfs/dgenfs/gen"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// open opens a file until the test ends.
func open(t *testing.T, f *FS, path string) uint64 {
	t.Helper()
	var out fuse.OpenOut
	if status := f.Open(nil, &fuse.OpenIn{InHeader: header(walk(t, f, path).NodeId)}, &out); status != fuse.OK {
		t.Fatalf("opening %s: %v", path, status)
	}
	t.Cleanup(func() { f.Release(nil, &fuse.ReleaseIn{Fh: out.Fh}) })
	return out.Fh
}

// withTrouble returns a file system with options for all files.
func withTrouble(t *testing.T, trouble spec.Trouble, files ...string) *FS {
	t.Helper()
	return New(Options{Tree: newFS(t, 0, files...).tree, Trouble: trouble})
}

func TestFailRange(t *testing.T) {
	f := newFS(t, 0, "a:1M,seed=3,fail=etimedout@8195+2")
	g, err := gen.New(gen.Config{Size: 1 << 20, Seed: 3, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	fh := open(t, f, "a")
	for _, test := range []struct {
		off, n int
		fails  bool
	}{
		{0, 8195, false}, {0, 8196, true}, {8194, 1, false}, {8195, 1, true}, {8196, 1, true}, {8197, 1, false},
		{8197, 4096, false}, {0, 1 << 20, true}, {8195, 0, false}, {1 << 20, 4096, false}, {2 << 20, 4096, false}, {1<<20 - 1, 4096, false},
	} {
		want := make([]byte, test.n)
		m, _ := g.ReadAt(want, int64(test.off))
		got := make([]byte, test.n)
		n, _, errno := f.ReadFile(fh, int64(test.off), got)
		switch {
		case test.fails && (errno != syscall.ETIMEDOUT || n != 0):
			t.Errorf("%d bytes at %d: %d, %v; want an error", test.n, test.off, n, errno)
		case !test.fails && (errno != 0 || !bytes.Equal(got[:n], want[:m])):
			t.Errorf("%d bytes at %d: %d, %v; want %d", test.n, test.off, n, errno, m)
		}
	}
}

// failing returns which cells of a file fail.
func failing(t *testing.T, f *FS, path string, cells int64) (all []int64) {
	t.Helper()
	fh, p := open(t, f, path), make([]byte, 1)
	for cell := range cells {
		if _, _, errno := f.ReadFile(fh, cell*spec.Cell+cell%spec.Cell, p); errno == syscall.EIO {
			all = append(all, cell)
		} else if errno != 0 {
			t.Fatalf("cell %d: %v", cell, errno)
		}
	}
	return all
}

func TestFailShare(t *testing.T) {
	const cells = 1 << 16
	f := newFS(t, 0, "none:256M,seed=1", "few:256M,seed=1,fail=eio:0.1%", "more:256M,seed=1,fail=eio:20%", "all:256M,seed=1,fail=eio:100%",
		"other:256M,seed=2,fail=eio:0.1%", "group{0..1}:256M,seed=1,scope=group,fail=eio:0.1%")
	for path, share := range map[string]float64{"none": 0, "few": 0.001, "more": 0.2, "all": 1, "other": 0.001, "group0": 0.001, "group1": 0.001} {
		want := share * cells
		// Some five standard deviations.
		if got := float64(len(failing(t, f, path, cells))); math.Abs(got-want) > 5*math.Sqrt(want*(1-share)) {
			t.Errorf("%s: %v of %d cells fail, want about %v", path, got, cells, want)
		}
	}
	few, more := failing(t, f, "few", cells), failing(t, f, "more", cells)
	set := make(map[int64]bool)
	for _, cell := range more {
		set[cell] = true
	}
	for _, cell := range few {
		if !set[cell] {
			t.Errorf("cell %d fails at 0.1%%, and not at 20%%", cell)
		}
	}
	// For good: people compare runs of different versions.
	if few[0] != 836 {
		t.Errorf("the first cell that fails is %d, want 836", few[0])
	}
	for _, path := range []string{"other", "group1"} {
		if cells := failing(t, f, path, cells); cells[0] == few[0] && cells[1] == few[1] {
			t.Errorf("%s fails where another file does", path)
		}
	}
	// Whatever the read, one of a cell that fails does.
	fh := open(t, f, "few")
	for _, n := range []int{1, 4096, 4097, 100000} {
		last := few[3]*spec.Cell - int64(n) // that ends before
		set := make(map[int64]bool)
		for _, cell := range few {
			set[cell] = true
		}
		for off := last - 5000; off < last+5000; off += 617 {
			want := syscall.Errno(0)
			for cell := off / spec.Cell; cell <= (off+int64(n)-1)/spec.Cell; cell++ {
				if set[cell] {
					want = syscall.EIO
				}
			}
			if _, _, errno := f.ReadFile(fh, off, make([]byte, n)); errno != want {
				t.Errorf("%d bytes at %d: %v, want %v", n, off, errno, want)
			}
		}
	}
}

// delayed reads a slow file.
func delayed(t *testing.T, f *FS, fh uint64, off int64, size int) *transport.Delayed {
	t.Helper()
	n, d, errno := f.ReadFile(fh, off, make([]byte, size))
	if n != 0 || d == nil || errno != 0 {
		t.Fatalf("a slow file: %d bytes at once, %v", n, errno)
	}
	return d
}

func TestSlow(t *testing.T) {
	f := newFS(t, 0, "plain:1M", "latency:1M,latency=2s", "rate:1M,rate=64K", "both:1M,rate=1M,latency=100ms,fail=eio@512K+1")
	fh := open(t, f, "plain")
	if _, _, errno := f.ReadFile(fh, 0, make([]byte, 10)); errno != 0 || f.files.get(fh).reader == nil {
		t.Errorf("a file without trouble: %v", errno)
	}
	// check reads later, and returns how long that takes.
	check := func(fh uint64, off int64, size int, want syscall.Errno) (time.Duration, *transport.Delayed) {
		t.Helper()
		p := make([]byte, size)
		begin := time.Now()
		r := delayed(t, f, fh, off, size)
		n, errno := r.Read(p)
		if all := int(min(int64(size), max(0, 1<<20-off))); errno != want || errno == 0 && n != all {
			t.Errorf("%d bytes at %d: %d, %v; want %d, %v", size, off, n, errno, all, want)
		}
		return r.Due.Sub(begin), r
	}
	if d, _ := check(open(t, f, "latency"), 0, 4096, 0); d < 2*time.Second {
		t.Errorf("latency=2s: %v", d)
	}
	fh = open(t, f, "rate")
	d, first := check(fh, 0, 64<<10, 0)
	if d < time.Second-maxCatchUp {
		t.Errorf("64K at 64K a second: %v", d)
	}
	_, second := check(open(t, f, "rate"), 0, 64<<10, 0)
	if d := second.Due.Sub(first.Due); d < time.Second-1 {
		t.Errorf("as much again, by another reader: %v later", d)
	}
	second.Cancel()
	if next := f.files.get(fh).troubled.limiters[0].next; second.Due.Sub(next) != time.Second {
		t.Errorf("one who has gone away still takes time: the next one begins %v before it would end", second.Due.Sub(next))
	}
	fh = open(t, f, "both")
	if d, _ := check(fh, 0, 4096, 0); d < 100*time.Millisecond {
		t.Errorf("latency=100ms: %v", d)
	}
	if d, _ := check(fh, 0, 512<<10, 0); d < 400*time.Millisecond {
		t.Errorf("512K at 1M a second: %v", d)
	}
	if d, _ := check(fh, 512<<10, 512<<10, syscall.EIO); d < 100*time.Millisecond {
		t.Errorf("a read that fails has no latency: %v", d)
	}
	if d, _ := check(fh, 1<<20, 4096, 0); d < 100*time.Millisecond {
		t.Errorf("the end of the file has no latency: %v", d)
	}
}

// The options of a mount apply to all files except control files.
func TestTroubleOfMount(t *testing.T) {
	rate := spec.Trouble{Rate: 64 << 10}
	f := withTrouble(t, rate, "a:1M", "b:1M")
	first := delayed(t, f, open(t, f, "a"), 0, 64<<10).Due
	if d := delayed(t, f, open(t, f, "b"), 0, 64<<10).Due.Sub(first); d < time.Second-1 {
		t.Errorf("two files share the rate of the mount, and the second one is %v later", d)
	}
	f = withTrouble(t, spec.Trouble{Latency: time.Minute, Fail: spec.Fail{Errno: syscall.ENXIO, First: 1 << 19, Length: 1}},
		"a:1M", "small:1K", "b:1M,latency=1s,fail=eio@0+1")
	for path, want := range map[string]struct {
		latency time.Duration
		errno   syscall.Errno
	}{"a": {time.Minute, syscall.ENXIO}, "2M": {time.Minute, syscall.ENXIO}, "small": {time.Minute, 0}, "b": {time.Second, syscall.EIO}} {
		begin := time.Now()
		r := delayed(t, f, open(t, f, path), 0, 1<<20)
		if _, errno := r.Read(make([]byte, 1<<20)); errno != want.errno {
			t.Errorf("%s: %v; want %v", path, errno, want.errno)
		}
		if d := r.Due.Sub(begin); d < want.latency || d > want.latency+30*time.Second {
			t.Errorf("%s: after %v, want %v", path, d, want.latency)
		}
	}
	f.control = []controlFile{{"config", func() Contents { return strings.NewReader("text") }}}
	if _, _, errno := f.ReadFile(open(t, f, ".dgenfs/config"), 0, make([]byte, 10)); errno != 0 {
		t.Errorf("a control file: %v", errno)
	}
}

func TestOpenFlagsOfTrouble(t *testing.T) {
	f := newFS(t, 0, "plain:1K", "fail:1K,fail=eio:1%", "rate:1K,rate=1K", "latency:1K,latency=1s")
	for path, want := range map[string]bool{"plain": false, "fail": false, "rate": true, "latency": true} {
		var out fuse.OpenOut
		f.Open(nil, &fuse.OpenIn{InHeader: header(walk(t, f, path).NodeId), Flags: syscall.O_DIRECT}, &out)
		if got := out.OpenFlags&fuse.FOPEN_DIRECT_IO != 0; got != want {
			t.Errorf("%s opened with O_DIRECT: FOPEN_DIRECT_IO is %v", path, got)
		}
		f.Release(nil, &fuse.ReleaseIn{Fh: out.Fh})
	}
	if len(f.limiters.files) != 0 || f.files.len() != 0 {
		t.Errorf("%d limiters and %d files are left", len(f.limiters.files), f.files.len())
	}
}

func TestXAttrWithoutTrouble(t *testing.T) {
	f := newFS(t, 0, "a:1M,seed=7,dedup=2,rate=1K,latency=1s,fail=eio:1%")
	h, buf := header(walk(t, f, "a").NodeId), make([]byte, 100)
	if n, status := f.GetXAttr(nil, &h, xattrSpec, buf); string(buf[:n]) != "1M,seed=7,dedup=2" || status != fuse.OK {
		t.Errorf("the attribute is %q, %v", buf[:n], status)
	}
}

func TestHasSlowFiles(t *testing.T) {
	for _, test := range []struct {
		trouble spec.Trouble
		file    string
		want    bool
	}{
		{spec.Trouble{}, "a:1M", false},
		{spec.Trouble{Fail: spec.Fail{Errno: syscall.EIO, Share: 1}}, "a:1M,fail=eio:1%", false},
		{spec.Trouble{Rate: 1}, "a:1M", true},
		{spec.Trouble{Latency: 1}, "a:1M", true},
		{spec.Trouble{}, "a:1M,rate=5M", true},
		{spec.Trouble{}, "d{0..9}/a:1M,latency=5ms", true},
	} {
		if got := withTrouble(t, test.trouble, "other:1M", test.file).hasSlowFiles(); got != test.want {
			t.Errorf("%+v, %s: %v", test.trouble, test.file, got)
		}
	}
}
