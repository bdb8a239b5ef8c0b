package fs

import (
	"strings"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
)

var linked = []string{"a{0..1}:10", "l:symlink=a0", "m:symlink=../x", "h{0..3}:hardlink=a{0..1}", "hm:hardlink=m"}

func (s *testSink) unlink(path string) fuse.Status {
	h, name := s.split(path)
	return s.Unlink(nil, &h, name)
}

func (s *testSink) symlink(target, path string) fuse.Status {
	h, name := s.split(path)
	return s.Symlink(nil, &h, target, name, &fuse.EntryOut{})
}

func (s *testSink) link(from uint64, path string) fuse.Status {
	h, name := s.split(path)
	return s.Link(nil, &fuse.LinkIn{InHeader: h, Oldnodeid: from}, name, &fuse.EntryOut{})
}

func (s *testSink) readlink(path string) string {
	h := header(walk(s.t, s.FS, path).NodeId)
	target, status := s.Readlink(nil, &h)
	if status != fuse.OK {
		s.t.Errorf("readlink of %s: %v", path, status)
	}
	return string(target)
}

// Tools make the links of the tree again, as cp -a and tar do, and others are errors.
func TestCheckedLinks(t *testing.T) {
	s := newTestSink(t, Sink{Check: true}, linked...)
	exist := fuse.Status(syscall.EEXIST)
	a0, a1 := walk(t, s.FS, "a0").NodeId, walk(t, s.FS, "a1").NodeId
	for _, step := range []struct {
		what      string
		got, want fuse.Status
	}{
		{"symlink in place of one", s.symlink("../x", "m"), exist},
		{"unlink", s.unlink("m"), fuse.OK},
		{"symlink with another target", s.symlink("../y", "m"), fuse.EIO},
		{"symlink", s.symlink("../x", "m"), fuse.OK},
		{"a new symlink", s.symlink("../x", "new"), fuse.EPERM},
		{"link in place of one", s.link(a0, "h2"), exist},
		{"unlink of a hard link", s.unlink("h2"), fuse.OK},
		{"whose file has other names", s.link(walk(t, s.FS, "a0").NodeId, "h2"), fuse.OK},
		{"unlink of a hard link", s.unlink("h2"), fuse.OK},
		{"symlink in place of a file", s.symlink("a0", "h2"), fuse.EPERM},
		{"link of another file", s.link(a1, "h2"), fuse.EPERM},
		{"link", s.link(a0, "h2"), fuse.OK},
		{"a new link", s.link(a0, "new"), fuse.EPERM},
		{"unlink of a symlink", s.unlink("l"), fuse.OK},
	} {
		if step.got != step.want {
			t.Errorf("%s: %v, want %v", step.what, step.got, step.want)
		}
	}
	if !s.exists("hm") || s.readlink("m") != "../x" || !s.exists("h2") || !s.exists("a0") || s.exists("new") || s.exists("l") {
		t.Error("other names than there should be")
	}
	h, name := s.split("l")
	if status := s.Create(nil, &fuse.CreateIn{InHeader: h, Mode: 0o600}, name, &fuse.CreateOut{}); status != fuse.EPERM {
		t.Errorf("a file in place of a symbolic link: %v", status)
	}
	for _, want := range []string{`"m": a symbolic link to "../y"; it should point to "../x"`, `"h2": has another file in the tree`, `"l": is a symbolic link in the tree`} {
		if !strings.Contains(s.log.String(), want) {
			t.Errorf("the log is %q, want %s in it", s.log.String(), want)
		}
	}
}

// What is dropped may be of another type than the tree says, as the files that tar makes
// before symbolic links that point up.
func TestDiscardedLinks(t *testing.T) {
	for _, o := range []Sink{{Discard: true}, {Check: true, Discard: true}} {
		s := newTestSink(t, o, linked...)
		if status := s.link(walk(t, s.FS, "m").NodeId, "new"); status != fuse.OK || s.readlink("new") != "../x" || s.size("new") != 4 {
			t.Errorf("link of a symbolic link: %v, %q", status, s.readlink("new"))
		}
		s.unlink("m")
		fh := s.open("m", syscall.O_WRONLY)
		if out := walk(t, s.FS, "m"); out.Mode&syscall.S_IFMT != syscall.S_IFREG {
			t.Errorf("a file in place of a symbolic link has mode %o", out.Mode)
		}
		if s.close(fh) != fuse.OK || s.unlink("m") != fuse.OK || s.symlink("../x", "m") != fuse.OK || s.readlink("m") != "../x" {
			t.Error("the symbolic link was not made again")
		}
		h, _ := s.split("other")
		if s.symlink("elsewhere", "other") != fuse.OK {
			t.Error("no other symbolic link can be made")
		}
		want, target := fuse.OK, "elsewhere"
		if o.Check {
			want, target = fuse.EPERM, "a0"
		}
		if status := s.Rename(nil, &fuse.RenameIn{InHeader: h, Newdir: h.NodeId}, "other", "l"); status != want || s.readlink("l") != target {
			t.Errorf("%+v: renaming to a symbolic link: %v; it points to %q", o, status, s.readlink("l"))
		}
	}
}

// With Check, one of several names can be removed, and the next one takes the file with it.
func TestRemovedNames(t *testing.T) {
	s := newTestSink(t, Sink{Check: true}, linked...)
	names := func() (all string) {
		h := header(fuse.FUSE_ROOT_ID)
		s.listAll(&fuse.ReadIn{InHeader: h}, func(e fuse.DirEntry) bool {
			all += e.Name + " "
			return true
		})
		return strings.ReplaceAll(all, controlName+" ", "")
	}
	for _, step := range []struct{ remove, make, left string }{
		{"", "", ". .. a0 a1 hm h0 h1 h2 h3 l m "},
		{"h0", "", ". .. a0 a1 hm h1 h2 h3 l m "},
		{"", "h0", ". .. a0 a1 hm h0 h1 h2 h3 l m "},
		{"a0", "", ". .. a1 hm h0 h1 h2 h3 l m "},
		{"h2", "", ". .. a1 hm h1 h3 l m "},
		{"", "a0", ". .. a0 a1 hm h0 h1 h2 h3 l m "},
	} {
		if step.remove != "" && s.unlink(step.remove) != fuse.OK {
			t.Errorf("removing %s", step.remove)
		}
		if step.make != "" {
			s.close(s.open(step.make, syscall.O_WRONLY))
		}
		if got := names(); got != step.left {
			t.Errorf("%+v: %s", step, got)
		}
		for _, name := range []string{"a0", "h0", "h2"} {
			if s.exists(name) != strings.Contains(step.left, name) {
				t.Errorf("%+v: %s exists: %v", step, name, s.exists(name))
			}
		}
	}
}
