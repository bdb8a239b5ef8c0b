package fs

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// What is written right is accepted in pieces of any length and order, and counts as
// complete; nothing is left of it then.
func TestCheckedWrites(t *testing.T) {
	s := newTestSink(t, Sink{Check: true}, sunk...)
	total, complete := 0, 0
	for _, path := range []string{"d/3", "big", "x.npy", "200K,seed=3"} {
		want := s.contents(path)
		for _, inOrder := range []bool{true, false} {
			r := rand.New(rand.NewPCG(1, 2))
			fh := s.open(path, syscall.O_WRONLY|syscall.O_TRUNC)
			if got := s.size(path); got != 0 {
				t.Errorf("%s has %d bytes after it was truncated", path, got)
			}
			type part struct{ from, to int }
			var parts []part
			for from := 0; from < len(want); {
				to := min(len(want), from+1+r.IntN(70000))
				parts = append(parts, part{from, to})
				from = to
			}
			if !inOrder {
				r.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
			}
			for _, p := range parts {
				if errno := s.write(fh, int64(p.from), want[p.from:p.to]); errno != 0 {
					t.Fatalf("%s: writing from %d to %d: %v", path, p.from, p.to, errno)
				}
			}
			if s.fsync(fh) != fuse.OK || s.close(fh) != fuse.OK || s.size(path) != uint64(len(want)) {
				t.Errorf("%s: an error at the end, or %d bytes", path, s.size(path))
			}
			total += len(want)
			complete++
		}
	}
	// An empty file is complete when it is made.
	if fh := s.open("empty", syscall.O_WRONLY|syscall.O_TRUNC); s.close(fh) != fuse.OK {
		t.Error("closing an empty file: an error")
	}
	s.expect(map[string]int{"bytes_equal": total, "files_complete": complete + 1})
	if s.log.Len() > 0 || s.sink.kept.Load() != 0 || s.sink.pieces.Load() != 0 {
		t.Errorf("the log is %q, and %d files with %d pieces are kept", &s.log, s.sink.kept.Load(), s.sink.pieces.Load())
	}
}

// A byte that differs is EIO for its write, for fsync and for close, and is named. The
// next one who writes the file right has no error.
func TestDifferentWrites(t *testing.T) {
	for _, test := range []struct {
		at     int
		damage func(p []byte)
		kind   string
		bytes  int
	}{
		{0, func(p []byte) { p[0] ^= 0x40 }, "one bit: ", 1},
		{4095, func(p []byte) { p[0] ^= 0xff }, "one byte: ", 1},
		{123456, func(p []byte) { p[0] ^= 1; p[1] ^= 1; p[7] ^= 1 }, "3 bits of 3 bytes", 3},
		{2999999, func(p []byte) { p[0] ^= 0x80 }, "one bit: ", 1},
		{1 << 20, func(p []byte) { clear(p[:4096]) }, "zeros", -1},
		{1 << 20, func(p []byte) { copy(p[:4096], bytes.Repeat([]byte{0xff}, 4096)) }, "ones", -1},
		{1<<20 - 10, func(p []byte) { copy(p[:1000], p[1:]) }, "other bytes, beginning with", -1},
	} {
		s := newTestSink(t, Sink{Check: true}, sunk...)
		want := s.contents("big")
		damaged := bytes.Clone(want)
		test.damage(damaged[test.at:])
		first, count := countDiffering(damaged, want)
		if test.bytes > 0 && count != test.bytes {
			t.Fatalf("%d bytes differ", count)
		}
		fh := s.open("big", syscall.O_WRONLY|syscall.O_TRUNC)
		for off := 0; off < len(want); off += 1 << 19 {
			end := min(off+1<<19, len(want))
			wantErrno := syscall.Errno(0)
			if !bytes.Equal(damaged[off:end], want[off:end]) {
				wantErrno = syscall.EIO
			}
			if errno := s.write(fh, int64(off), damaged[off:end]); errno != wantErrno {
				t.Errorf("writing at %d: %v, want %v", off, errno, wantErrno)
			}
		}
		if s.fsync(fh) != fuse.EIO || s.close(fh) != fuse.EIO {
			t.Error("no error at the end")
		}
		line := fmt.Sprintf("\"big\": what was written at offset %d differs: %s", first, test.kind)
		if text := s.log.String(); !strings.HasPrefix(text, line) {
			t.Errorf("the log is %q, want %q", text, line)
		}
		if d := s.sink.stats().first; d == nil || d.File != "big" || d.Offset != int64(first) || !strings.HasPrefix(d.Kind, test.kind) {
			t.Errorf("the first difference: %+v", d)
		}
		if text := s.sink.text(s.FS); !strings.HasPrefix(text, "different "+line) || !strings.Contains(text, "\npartial \"big\": ") {
			t.Errorf(".dgenfs/writes has %q", text)
		}

		fh = s.open("big", syscall.O_WRONLY)
		if s.write(fh, 0, want) != 0 || s.fsync(fh) != fuse.OK || s.close(fh) != fuse.OK {
			t.Error("writing it right has an error")
		}
		differing := 1
		if count > 4096 || test.at < 1<<20 && first/(1<<19) != (first+999)/(1<<19) && test.kind == "other bytes, beginning with" {
			differing = 2
		}
		s.expect(map[string]int{"bytes_equal": 2*len(want) - count, "bytes_different": count, "writes_different": differing, "files_complete": 1})
	}
}

// A file that is too short when it is closed has an error, and one that is too long has
// one when it is made so.
func TestWrongLengths(t *testing.T) {
	s := newTestSink(t, Sink{Check: true}, sunk...)
	want := s.contents("big")
	fh := s.open("big", syscall.O_WRONLY|syscall.O_TRUNC)
	if s.write(fh, 0, want[:1000]) != 0 || s.close(fh) != fuse.EIO || s.size("big") != 1000 {
		t.Errorf("a file that is too short: no error, or %d bytes", s.size("big"))
	}
	// Its reader gets no more.
	if n := s.read("big", 990); n != 10 {
		t.Errorf("%d bytes behind 990 of 1000", n)
	}
	s.expect(map[string]int{"bytes_equal": 1000, "files_short": 1, "files_partial": 1})
	fh = s.open("big", syscall.O_WRONLY)
	if s.write(fh, 1000, want[1000:]) != 0 || s.close(fh) != fuse.OK {
		t.Error("the rest: an error")
	}
	s.expect(map[string]int{"bytes_equal": len(want), "files_short": 1, "files_complete": 1})

	fh = s.open("big", syscall.O_WRONLY)
	if errno := s.write(fh, int64(len(want))-3, append(bytes.Clone(want[len(want)-3:]), 0)); errno != syscall.EIO {
		t.Errorf("one byte too many: %v", errno)
	}
	if s.truncate("big", fh, int64(len(want))+1) != fuse.EIO || s.close(fh) != fuse.EIO {
		t.Error("too long: no error")
	}
	if text := s.log.String(); !strings.Contains(text, "\"big\": what was written at offset 3000000 differs: beyond the end") {
		t.Errorf("the log is %q", text)
	}
	// A process that has inherited the descriptor may close it earlier.
	h := &sinkHandle{file: newSinkFile(s.sink, 1, 10), writes: true, opener: 1}
	h.file.length.Store(5)
	if h.endsShort(uint32(syscall.Getpid())) || !h.endsShort(1) {
		t.Error("whose close is an error does not depend on who opened the file")
	}
}

// Holes are no error, but are not complete either.
func TestHoles(t *testing.T) {
	s := newTestSink(t, Sink{Check: true}, sunk...)
	want := s.contents("big")
	fh := s.open("big", syscall.O_RDWR|syscall.O_TRUNC)
	if s.truncate("big", fh, int64(len(want))) != fuse.OK || s.write(fh, 5000, want[5000:2000000]) != 0 {
		t.Fatal("an error")
	}
	punch := func(mode uint32, from, n uint64) fuse.Status {
		in := fuse.FallocateIn{Fh: fh, Offset: from, Length: n, Mode: mode}
		in.InHeader = header(walk(t, s.FS, "big").NodeId)
		return s.Fallocate(nil, &in)
	}
	if status := punch(3, 10000, 5); status != fuse.OK { // KEEP_SIZE | PUNCH_HOLE
		t.Error(status)
	}
	if status := punch(1, 1<<30, 5); status != fuse.OK { // KEEP_SIZE
		t.Error(status)
	}
	if status := punch(0, 0, 3000001); status != fuse.EIO {
		t.Errorf("allocating more than there is: %v", status)
	}
	if status := punch(8, 0, 5); status != fuse.Status(syscall.EOPNOTSUPP) { // COLLAPSE_RANGE
		t.Error(status)
	}
	s.Release(nil, &fuse.ReleaseIn{Fh: fh})
	if text := s.sink.text(s.FS); !strings.Contains(text, "partial \"big\": 1994995 of 3000000 bytes were written and right; the first of the others is at offset 0") {
		t.Errorf(".dgenfs/writes has %q", text)
	}
	s.expect(map[string]int{"bytes_equal": 1995000, "files_partial": 1, "writes_different": 1})
}

// A file that is nothing but a hole was not written, until it is.
func TestNothingButAHole(t *testing.T) {
	s := newTestSink(t, Sink{Check: true}, sunk...)
	want := s.contents("big")
	fh := s.open("big", syscall.O_WRONLY|syscall.O_TRUNC)
	if s.truncate("big", fh, int64(len(want))) != fuse.OK || s.close(fh) != fuse.OK {
		t.Fatal("an error")
	}
	s.expect(map[string]int{"files_partial": 1})
	fh = s.open("big", syscall.O_WRONLY)
	if s.write(fh, 0, want) != 0 || s.close(fh) != fuse.OK {
		t.Fatal("an error")
	}
	s.expect(map[string]int{"bytes_equal": len(want), "files_complete": 1})
	if kept := s.sink.kept.Load(); kept != 0 {
		t.Errorf("%d files are kept", kept)
	}
}

// Without a sink, and of what the mount itself provides, nothing changes.
func TestSinkRefuses(t *testing.T) {
	s := newTestSink(t, Sink{Check: true}, sunk...)
	root, d := header(fuse.FUSE_ROOT_ID), header(walk(t, s.FS, "d").NodeId)
	control := header(controlBit)
	for name, status := range map[string]fuse.Status{
		"create":          s.Create(nil, &fuse.CreateIn{InHeader: root}, "new", &fuse.CreateOut{}),
		"mkdir":           s.Mkdir(nil, &fuse.MkdirIn{InHeader: d}, "new", &fuse.EntryOut{}),
		"symlink":         s.Symlink(nil, &root, "a", "new", &fuse.EntryOut{}),
		"mknod":           s.Mknod(nil, &fuse.MknodIn{InHeader: root, Mode: syscall.S_IFREG}, "new", &fuse.EntryOut{}),
		"link":            s.Link(nil, &fuse.LinkIn{InHeader: root, Oldnodeid: 3}, "new", &fuse.EntryOut{}),
		"rename":          s.Rename(nil, &fuse.RenameIn{InHeader: root, Newdir: 1}, "big", "new"),
		"rmdir":           s.Rmdir(nil, &root, "d"),
		"unlink of a dir": s.Unlink(nil, &root, "d"),
	} {
		if status != fuse.EPERM {
			t.Errorf("%s: %v, want EPERM", name, status)
		}
	}
	for name, status := range map[string]fuse.Status{
		"create":   s.Create(nil, &fuse.CreateIn{InHeader: control}, "new", &fuse.CreateOut{}),
		"mkdir":    s.Mkdir(nil, &fuse.MkdirIn{InHeader: control}, "new", &fuse.EntryOut{}),
		"unlink":   s.Unlink(nil, &control, "stats"),
		"rmdir":    s.Rmdir(nil, &root, controlName),
		"setattr":  s.SetAttr(nil, &fuse.SetAttrIn{SetAttrInCommon: fuse.SetAttrInCommon{InHeader: control}}, &fuse.AttrOut{}),
		"setxattr": s.SetXAttr(nil, &fuse.SetXAttrIn{InHeader: control}, "user.x", nil),
	} {
		if status != fuse.EROFS {
			t.Errorf("%s in the control directory: %v, want EROFS", name, status)
		}
	}
	if text := s.log.String(); !strings.Contains(text, "--inplace") || !strings.Contains(text, "--discard") {
		t.Errorf("the log is %q", text)
	}
	// Names and attributes of the tree are as tools expect them.
	var out fuse.AttrOut
	in := fuse.SetAttrIn{}
	big := walk(t, s.FS, "big")
	in.InHeader, in.Valid, in.Mode, in.Mtime = header(big.NodeId), fuse.FATTR_MODE|fuse.FATTR_MTIME, 0o777, 5
	if status := s.SetAttr(nil, &in, &out); status != fuse.OK || out.Attr != big.Attr || out.Mode != fuse.S_IFREG|0o644 {
		t.Errorf("chmod: %v, %+v", status, out.Attr)
	}
	if status := s.SetXAttr(nil, &fuse.SetXAttrIn{InHeader: in.InHeader}, "user.x", nil); status != fuse.OK {
		t.Errorf("setxattr: %v", status)
	}
	// A mode that is set as an access control list would be lost without an error.
	if status := s.SetXAttr(nil, &fuse.SetXAttrIn{InHeader: in.InHeader}, "system.posix_acl_access", nil); status != fuse.Status(syscall.EOPNOTSUPP) {
		t.Errorf("setxattr of an access control list: %v", status)
	}
}

// A file can be removed and made again, as tar does, and is gone in between.
func TestRemovedFiles(t *testing.T) {
	s := newTestSink(t, Sink{Check: true}, sunk...)
	d, name := s.split("d/3")
	if status := s.Unlink(nil, &d, name); status != fuse.OK || s.exists("d/3") {
		t.Fatalf("removing a file: %v", status)
	}
	var listed []string
	s.listAll(&fuse.ReadIn{InHeader: d}, func(e fuse.DirEntry) bool {
		listed = append(listed, e.Name)
		return true
	})
	if got := strings.Join(listed, " "); got != ". .. 0 1 2 4 5 6 7 8 9" {
		t.Errorf("the directory has %q", got)
	}
	want := s.contents("d/3")
	fh := s.open("d/3", syscall.O_WRONLY|syscall.O_TRUNC)
	if s.size("d/3") != 0 || s.write(fh, 0, want) != 0 || s.close(fh) != fuse.OK {
		t.Error("making it again: an error, or it is not empty")
	}
	s.expect(map[string]int{"bytes_equal": len(want), "files_complete": 1})
}

// What is kept about files is bounded, whatever is done to how many.
func TestSinkIsBounded(t *testing.T) {
	s := newTestSink(t, Sink{Check: true}, "d/{0..39999}:100003")
	d, _ := s.split("d/0")
	for i := range 40000 {
		if status := s.Unlink(nil, &d, fmt.Sprint(i)); status != fuse.OK {
			t.Fatal(status)
		}
	}
	if kept := s.sink.kept.Load(); kept > 2*maxClosed {
		t.Errorf("%d files are kept", kept)
	}
	if s.exists("d/39999") || !s.exists("d/0") {
		t.Error("not the last ones that were removed are gone")
	}
	// Pieces are, too, and files of which some were not remembered are not complete.
	s = newTestSink(t, Sink{Check: true}, "big:4G,zero=100%,texture=random,seed=1")
	s.sink.pieces.Store(maxPieces - 10)
	fh := s.open("big", syscall.O_WRONLY)
	zero := make([]byte, 1)
	for i := range int64(1000) {
		if errno := s.write(fh, 2*i, zero); errno != 0 {
			t.Fatal(errno)
		}
	}
	s.close(fh)
	if n := s.sink.pieces.Load(); n > maxPieces {
		t.Errorf("%d pieces", n)
	}
	if text := s.sink.text(s.FS); !strings.Contains(text, "too many pieces") {
		t.Errorf(".dgenfs/writes has %q", text)
	}
	// Holes that make two pieces of one are no way around that.
	s.sink.pieces.Store(maxPieces - 10)
	fh = s.open("big", syscall.O_WRONLY)
	if errno := s.write(fh, 1<<20, make([]byte, 1<<20)); errno != 0 {
		t.Fatal(errno)
	}
	for i := range uint64(1000) {
		in := fuse.FallocateIn{Fh: fh, Offset: 1<<20 + 2*i, Length: 1, Mode: 3} // KEEP_SIZE | PUNCH_HOLE
		if status := s.Fallocate(nil, &in); status != fuse.OK {
			t.Fatal(status)
		}
	}
	if n := s.sink.pieces.Load(); n > maxPieces {
		t.Errorf("%d pieces after holes were made", n)
	}
}
