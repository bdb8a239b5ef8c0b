package fs

import (
	"fmt"
	"slices"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// progress returns how many files are complete, and in part.
func (s *testSink) progress() (complete, partial int) {
	for _, c := range s.sink.stats().counts {
		switch c.name {
		case "files_complete":
			complete = int(c.value)
		case "files_partial":
			partial = int(c.value)
		}
	}
	return complete, partial
}

// A sparse file is complete once its data are written, in any order, and it has its length.
// Its holes may be punched, and other holes are missing data.
func TestCheckedHoles(t *testing.T) {
	files := []string{"s{0..19}:1048581,holes=40%,hole=4K", "e{0..19}:1M,holes=60%,hole=64K", "a0:1M,holes=100%"}
	s, original := newTestSink(t, Sink{Check: true}, files...), newTestSink(t, Sink{}, files...)
	complete := 0
	for i := range 41 {
		path := fmt.Sprintf("%c%d", "sea"[i/20], i%20)
		out := walk(t, s.FS, path)
		want := readAll(t, original.FS, path, 1<<20)
		n, _ := s.node(out.NodeId)
		m, _ := s.fileSpec(out.NodeId, n).HoleMap()
		var data [][2]int64
		for begin, ok := m.NextData(0); ok; {
			end, _ := m.NextHole(begin)
			data = append(data, [2]int64{begin, end})
			begin, ok = m.NextData(end)
		}
		if i%2 == 1 {
			slices.Reverse(data)
		}
		check := func(what string, partial int) {
			if c, p := s.progress(); c != complete || p != partial {
				t.Fatalf("%s, %s: %d complete and %d partial files, want %d and %d", path, what, c, p, complete, partial)
			}
		}
		fh := s.open(path, syscall.O_RDWR|syscall.O_TRUNC)
		for _, e := range data {
			check("before all was written", 1)
			if errno := s.write(fh, e[0], want[e[0]:e[1]]); errno != 0 {
				t.Fatal(errno)
			}
		}
		if status := s.truncate(path, fh, int64(len(want))); status != fuse.OK {
			t.Fatal(status)
		}
		complete++
		check("written", 0)
		punch := func(at int64) {
			in := fuse.FallocateIn{InHeader: header(out.NodeId), Fh: fh, Offset: uint64(at), Length: 4096, Mode: 3} // KEEP_SIZE | PUNCH_HOLE
			if status := s.Fallocate(nil, &in); status != fuse.OK {
				t.Fatal(status)
			}
		}
		if hole, _ := m.NextHole(0); hole < int64(len(want)) {
			punch(hole)
			check("with one of its holes punched", 0)
		}
		if len(data) > 0 {
			begin, end := data[0][0], data[0][1]
			punch(begin)
			check("with another hole", 1)
			if errno := s.write(fh, begin, want[begin:end]); errno != 0 {
				t.Fatal(errno)
			}
			complete++
		}
		if status := s.close(fh); status != fuse.OK {
			t.Fatal(status)
		}
		check("closed", 0)
	}
	if kept := s.sink.kept.Load(); kept != 0 {
		t.Errorf("%d files are kept", kept)
	}
}
