package fs

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// list returns the names in a directory, in the order in which they are listed, a few
// with each request.
func (s *testSink) list(path string) (names []string) {
	s.t.Helper()
	dir := header(fuse.FUSE_ROOT_ID)
	if path != "" {
		dir = header(walk(s.t, s.FS, path).NodeId)
	}
	off := uint64(0)
	for {
		n := 0
		status, start := fuse.OK, off
		status = s.listAll(&fuse.ReadIn{InHeader: dir, Offset: start}, func(e fuse.DirEntry) bool {
			if n == 3 {
				return false
			}
			if e.Name != "." && e.Name != ".." {
				names = append(names, e.Name)
			}
			n++
			off = e.Off
			return true
		})
		if status != fuse.OK {
			s.t.Fatal(status)
		}
		if n == 0 {
			return names
		}
	}
}

// What is made can be renamed, linked and removed, like in any file system: random calls
// have the errors that a model has, and leave the same names.
func TestMadeNames(t *testing.T) {
	s := newTestSink(t, Sink{Discard: true}, sunk...)
	root := header(fuse.FUSE_ROOT_ID)
	if status := s.Mkdir(nil, &fuse.MkdirIn{InHeader: root, Mode: 0o755}, "m", &fuse.EntryOut{}); status != fuse.OK {
		t.Fatal(status)
	}
	r := rand.New(rand.NewPCG(3, 4))
	model := map[string]bool{"m": true} // paths, and whether they are directories
	empty := func(path string) bool {
		for other := range model {
			if strings.HasPrefix(other, path+"/") {
				return false
			}
		}
		return true
	}
	path := func() string {
		dirs := slices.DeleteFunc(slices.Sorted(maps.Keys(model)), func(p string) bool { return !model[p] || strings.Count(p, "/") > 3 })
		return dirs[r.IntN(len(dirs))] + "/" + string(rune('a'+r.IntN(5)))
	}
	check := func(what string, status fuse.Status, want syscall.Errno) bool {
		t.Helper()
		if status != fuse.Status(want) {
			t.Fatalf("%s: %v, want %v", what, status, want)
		}
		return want == 0
	}
	for range 4000 {
		p := path()
		h, name := s.split(p)
		isDir, exists := model[p]
		switch op := r.IntN(6); {
		case op == 0 && !exists:
			if check("mkdir "+p, s.Mkdir(nil, &fuse.MkdirIn{InHeader: h, Mode: 0o755}, name, &fuse.EntryOut{}), 0) {
				model[p] = true
			}
		case op == 1 && !exists:
			s.close(s.open(p, syscall.O_WRONLY))
			model[p] = false
		case op == 2:
			want := syscall.Errno(0)
			switch {
			case !exists:
				want = syscall.ENOENT
			case isDir:
				want = syscall.EISDIR
			}
			if check("unlink "+p, s.Unlink(nil, &h, name), want) {
				delete(model, p)
			}
		case op == 3:
			want := syscall.Errno(0)
			switch {
			case !exists:
				want = syscall.ENOENT
			case !isDir:
				want = syscall.ENOTDIR
			case !empty(p):
				want = syscall.ENOTEMPTY
			}
			if check("rmdir "+p, s.Rmdir(nil, &h, name), want) {
				delete(model, p)
			}
		case op == 4 && exists:
			to := path()
			newDir, newName := s.split(to)
			toDir, toExists := model[to]
			want := syscall.Errno(0)
			switch {
			case toExists && walk(t, s.FS, p).NodeId == walk(t, s.FS, to).NodeId: // nothing happens
				continue
			case p == to || strings.HasPrefix(to, p+"/") || strings.HasPrefix(p, to+"/"):
				continue // the kernel answers these itself
			case toExists && isDir && !toDir:
				want = syscall.ENOTDIR
			case toExists && !isDir && toDir:
				want = syscall.EISDIR
			case toExists && toDir && !empty(to):
				want = syscall.ENOTEMPTY
			}
			if !check("rename "+p+" to "+to, s.Rename(nil, &fuse.RenameIn{InHeader: h, Newdir: newDir.NodeId}, name, newName), want) {
				continue
			}
			for old, dir := range maps.Clone(model) {
				if old == p || strings.HasPrefix(old, p+"/") {
					delete(model, old)
					model[to+old[len(p):]] = dir
				}
			}
		case op == 5 && exists && !isDir:
			to := path()
			newDir, newName := s.split(to)
			want := syscall.Errno(0)
			if _, ok := model[to]; ok {
				want = syscall.EEXIST
			}
			if check("link "+p+" to "+to, s.Link(nil, &fuse.LinkIn{InHeader: newDir, Oldnodeid: walk(t, s.FS, p).NodeId}, newName, &fuse.EntryOut{}), want) {
				model[to] = false
			}
		}
	}
	for dir, isDir := range model {
		if !isDir {
			continue
		}
		var want []string
		for p := range model {
			if rest, ok := strings.CutPrefix(p, dir+"/"); ok && !strings.Contains(rest, "/") {
				want = append(want, rest)
			}
		}
		got := s.list(dir)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s has %q, want %q", dir, got, want)
		}
	}
	if names := s.list(""); !slices.Contains(names, "m") || !slices.Contains(names, "big") {
		t.Errorf("the root has %q", names)
	}
	// All of it can be removed, and nothing is left then.
	for _, p := range slices.Backward(slices.SortedFunc(maps.Keys(model), func(a, b string) int { return strings.Count(a, "/") - strings.Count(b, "/") })) {
		h, name := s.split(p)
		if model[p] {
			check("rmdir "+p, s.Rmdir(nil, &h, name), 0)
		} else {
			check("unlink "+p, s.Unlink(nil, &h, name), 0)
		}
	}
	m := s.sink.made
	if len(m.nodes) != 0 || len(m.dirs) != 0 || m.names != 0 || m.bytes != 0 || m.files.newer != &m.files {
		t.Errorf("%d nodes, %d directories, %d names of %d bytes are left", len(m.nodes), len(m.dirs), m.names, m.bytes)
	}
}

// A file that was made has the owner, mode, times and length that its maker gives it, and
// reads as a hole.
func TestMadeFile(t *testing.T) {
	s := newTestSink(t, Sink{Discard: true}, sunk...)
	fh := s.open("d/new", syscall.O_RDWR)
	if s.write(fh, 10000, make([]byte, 5000)) != 0 || s.fsync(fh) != fuse.OK {
		t.Fatal("writing: an error")
	}
	out := walk(t, s.FS, "d/new")
	if out.Size != 15000 || out.Blocks != 0 || out.Mode != fuse.S_IFREG|0o640 || out.Uid != 1000 || out.Gid != 1001 || out.Nlink != 1 || out.Ino != out.NodeId {
		t.Errorf("%+v", out.Attr)
	}
	p := []byte{1, 2, 3}
	if n, _, errno := s.ReadFile(fh, 14998, p); n != 2 || errno != 0 || p[0] != 0 || p[1] != 0 {
		t.Errorf("reading: %d bytes, %v, %v", n, p, errno)
	}
	in := fuse.SetAttrIn{}
	in.InHeader = header(out.NodeId)
	in.Valid, in.Mode, in.Mtime, in.Size = fuse.FATTR_MODE|fuse.FATTR_MTIME|fuse.FATTR_UID|fuse.FATTR_SIZE, 0o6751, 12345, 7
	in.Uid = 77
	var attr fuse.AttrOut
	if status := s.SetAttr(nil, &in, &attr); status != fuse.OK || attr.Mode != fuse.S_IFREG|0o751 || attr.Mtime != 12345 || attr.Uid != 77 || attr.Size != 7 {
		t.Errorf("%v, %+v", status, attr.Attr)
	}
	// It is there for those who have it open.
	d, name := s.split("d/new")
	if status := s.Unlink(nil, &d, name); status != fuse.OK || s.exists("d/new") {
		t.Errorf("removing it: %v", status)
	}
	if s.write(fh, 0, make([]byte, 10)) != 0 || s.GetAttr(nil, &fuse.GetAttrIn{InHeader: header(out.NodeId)}, &attr) != fuse.OK || attr.Size != 10 {
		t.Errorf("after its removal: %+v", attr.Attr)
	}
	if s.close(fh) != fuse.OK || s.GetAttr(nil, &fuse.GetAttrIn{InHeader: header(out.NodeId)}, &attr) != fuse.Status(stale) {
		t.Error("after it was closed, it is still there")
	}
	if s.Symlink(nil, &d, "../big", "link", &fuse.EntryOut{}) != fuse.OK {
		t.Fatal("a symbolic link: an error")
	}
	h := header(walk(t, s.FS, "d/link").NodeId)
	if target, status := s.Readlink(nil, &h); status != fuse.OK || string(target) != "../big" {
		t.Errorf("the symbolic link says %q, %v", target, status)
	}
	s.expect(map[string]int{"bytes_discarded": 5010, "names_made": 2})
}

// Both flags together: files of the tree are compared, others dropped; and what was
// dropped cannot take the place of what is to be compared.
func TestCheckAndDiscard(t *testing.T) {
	s := newTestSink(t, Sink{Check: true, Discard: true}, sunk...)
	temporary := s.open(".big.Xy12Zq", syscall.O_WRONLY)
	if s.write(temporary, 0, []byte("anything")) != 0 || s.close(temporary) != fuse.OK {
		t.Error("a temporary name: an error")
	}
	root := header(fuse.FUSE_ROOT_ID)
	if status := s.Rename(nil, &fuse.RenameIn{InHeader: root, Newdir: 1}, ".big.Xy12Zq", "big"); status != fuse.EPERM || !strings.Contains(s.log.String(), "--inplace") {
		t.Errorf("its rename: %v, and the log is %q", status, &s.log)
	}
	if status := s.Rename(nil, &fuse.RenameIn{InHeader: root, Newdir: 1}, ".big.Xy12Zq", "other"); status != fuse.OK {
		t.Errorf("its rename to another name: %v", status)
	}
	fh := s.open("big", syscall.O_WRONLY)
	if errno := s.write(fh, 0, []byte("anything")); errno != syscall.EIO {
		t.Errorf("writing what differs: %v", errno)
	}
	// Without Check, it may.
	s = newTestSink(t, Sink{Discard: true}, sunk...)
	temporary = s.open(".big.Xy12Zq", syscall.O_WRONLY)
	s.write(temporary, 0, []byte("anything"))
	s.close(temporary)
	if status := s.Rename(nil, &fuse.RenameIn{InHeader: root, Newdir: 1}, ".big.Xy12Zq", "big"); status != fuse.OK || s.size("big") != 8 || s.exists(".big.Xy12Zq") {
		t.Errorf("renaming: %v, %d bytes", status, s.size("big"))
	}
}

// When there are too many names, the oldest files are forgotten, but none that is open;
// directories are not.
func TestMadeIsBounded(t *testing.T) {
	s := newTestSink(t, Sink{Discard: true}, sunk...)
	s.sink.made.max = 100
	kept := s.open("kept", syscall.O_WRONLY)
	for i := range 1000 {
		s.close(s.open(fmt.Sprint("f", i), syscall.O_WRONLY))
	}
	if m := s.sink.made; len(m.nodes) > 100 || m.names > 100 || !s.exists("kept") || !s.exists("f999") || s.exists("f0") {
		t.Errorf("%d nodes, %d names; kept: %v, the last: %v, the first: %v", len(m.nodes), m.names, s.exists("kept"), s.exists("f999"), s.exists("f0"))
	}
	s.close(kept)
	root := header(fuse.FUSE_ROOT_ID)
	made := 0
	for i := range 1000 {
		switch status := s.Mkdir(nil, &fuse.MkdirIn{InHeader: root}, fmt.Sprint("d", i), &fuse.EntryOut{}); {
		case status == fuse.OK:
			made++
		case status != fuse.Status(syscall.ENOSPC):
			t.Fatal(status)
		}
	}
	if made != 100 || s.exists("f999") {
		t.Errorf("%d directories were made", made)
	}
	// So are the bytes of names.
	s = newTestSink(t, Sink{Discard: true}, sunk...)
	for i := range 20000 {
		h := root
		if status := s.Symlink(nil, &h, strings.Repeat("x", 4000), fmt.Sprint("s", i), &fuse.EntryOut{}); status != fuse.OK {
			t.Fatal(status)
		}
	}
	if s.sink.made.bytes > maxMadeBytes {
		t.Errorf("%d bytes", s.sink.made.bytes)
	}
	// A file whose only name is forgotten to make room for another is gone if that is not enough.
	s = newTestSink(t, Sink{Discard: true}, sunk...)
	fh := s.open("f", syscall.O_WRONLY)
	id := walk(t, s.FS, "f").NodeId
	s.close(fh)
	s.sink.made.bytes = maxMadeBytes
	if status := s.Link(nil, &fuse.LinkIn{InHeader: root, Oldnodeid: id}, "longer", &fuse.EntryOut{}); status != fuse.Status(syscall.ENOSPC) {
		t.Error(status)
	}
	if n := len(s.sink.made.nodes); n != 0 {
		t.Errorf("%d nodes without a name", n)
	}
}
