package fs

import (
	"errors"
	"math"
	"strings"
	"syscall"
	"testing"

	"github.com/dgenfs/dgenfs/fs/transport"
	"github.com/hanwen/go-fuse/v2/fuse"
)

const testConfig = "transport: dev\nworkers: 2\n"

// newControlFS returns what NewMount makes of newFS.
func newControlFS(t *testing.T, files ...string) *FS {
	t.Helper()
	f := newFS(t, 0, files...)
	f.control = []controlFile{{"config", func() Contents { return strings.NewReader(testConfig) }}}
	return f
}

func TestControl(t *testing.T) {
	f := newControlFS(t, "a:1K", "d/x:1K")
	dir, config := walk(t, f, ".dgenfs"), walk(t, f, ".dgenfs/config")
	if dir.Mode != fuse.S_IFDIR|0o555 || config.Mode != fuse.S_IFREG|0o444 || config.Size != uint64(len(testConfig)) || config.Uid != 12 || config.Gid != 34 {
		t.Errorf("attributes %+v and %+v", dir.Attr, config.Attr)
	}
	for _, out := range []fuse.EntryOut{dir, config} {
		var attr fuse.AttrOut
		if status := f.GetAttr(nil, &fuse.GetAttrIn{InHeader: header(out.NodeId)}, &attr); status != fuse.OK || attr.Attr != out.Attr || attr.Ino != out.NodeId {
			t.Errorf("%v, attributes %+v, by look-up %+v", status, attr.Attr, out.Attr)
		}
		h := header(out.NodeId)
		for _, attr := range []string{xattrSpec, xattrSeed, ""} {
			if _, status := f.GetXAttr(nil, &h, attr, make([]byte, 100)); status != fuse.ENOATTR {
				t.Errorf("node %#x: attribute %q: %v", out.NodeId, attr, status)
			}
		}
	}

	for _, d := range list(t, f, fuse.FUSE_ROOT_ID, 4096, 0) {
		if d.name == controlName {
			t.Error("the root lists the directory")
		}
	}
	want := []dirent{
		{".", dir.NodeId, 1, fuse.S_IFDIR >> 12},
		{"..", fuse.FUSE_ROOT_ID, 2, fuse.S_IFDIR >> 12},
		{"config", config.NodeId, 3, fuse.S_IFREG >> 12},
	}
	for off := range len(want) + 2 {
		if got := list(t, f, dir.NodeId, 32, uint64(off)); !equalDirents(got, want[min(off, len(want)):]) {
			t.Errorf("the directory lists %+v from offset %d", got, off)
		}
	}
	if got := list(t, f, dir.NodeId, 4096, math.MaxUint64); len(got) != 0 {
		t.Errorf("far beyond its end, the directory lists %+v", got)
	}

	// Only there, only that, and no spec: specs are names of the root.
	d, a := walk(t, f, "d").NodeId, walk(t, f, "a").NodeId
	for _, test := range []struct {
		dir  uint64
		name string
	}{
		{dir.NodeId, "other"}, {dir.NodeId, "1G"}, {dir.NodeId, ""}, {dir.NodeId, ".dgenfs"}, {dir.NodeId, "a"},
		{config.NodeId, "config"}, {d, ".dgenfs"}, {a, ".dgenfs"}, {fuse.FUSE_ROOT_ID, "config"}, {fuse.FUSE_ROOT_ID, ".dgenfs2"},
	} {
		h, out := header(test.dir), fuse.EntryOut{}
		if status := f.Lookup(nil, &h, test.name, &out); status != fuse.OK || out.NodeId != 0 {
			t.Errorf("%q in %#x: %v, node %#x", test.name, test.dir, status, out.NodeId)
		}
	}
	// Nodes beside the only file are stale.
	if status := f.GetAttr(nil, &fuse.GetAttrIn{InHeader: header(config.NodeId + 1)}, &fuse.AttrOut{}); status != fuse.Status(syscall.ESTALE) {
		t.Errorf("GetAttr of a file that does not exist: %v", status)
	}
}

func TestControlRead(t *testing.T) {
	f := newControlFS(t)
	id := walk(t, f, ".dgenfs/config").NodeId
	size := int64(len(testConfig))
	for _, test := range []struct {
		off  int64
		n    int
		want string
	}{
		{0, 4096, testConfig}, {0, 5, testConfig[:5]}, {5, 4096, testConfig[5:]}, {0, 0, ""}, {size - 1, 2, "\n"},
		{size, 4096, ""}, {size + 1, 4096, ""}, {1 << 40, 1, ""}, {math.MaxInt64, 4096, ""},
	} {
		if got, status := read(t, f, id, test.off, test.n); status != fuse.OK || string(got) != test.want {
			t.Errorf("%d bytes at %d: %q, %v", test.n, test.off, got, status)
		}
	}
	var out fuse.OpenOut
	if status := f.Open(nil, &fuse.OpenIn{InHeader: header(id)}, &out); status != fuse.OK || out.OpenFlags&fuse.FOPEN_DIRECT_IO == 0 {
		t.Errorf("%v, flags %#x", status, out.OpenFlags)
	}
	f.Release(nil, &fuse.ReleaseIn{Fh: out.Fh}) // has no reader to close
	if _, _, errno := f.ReadFile(out.Fh, 0, make([]byte, 1)); errno != syscall.EBADF {
		t.Errorf("reading after release: %v", errno)
	}
	if status := f.Open(nil, &fuse.OpenIn{InHeader: header(id), Flags: syscall.O_RDWR}, &out); status != fuse.EROFS {
		t.Errorf("opening to write: %v", status)
	}
	if status := f.OpenDir(nil, &fuse.OpenIn{InHeader: header(id)}, &out); status != fuse.ENOTDIR {
		t.Errorf("opening as a directory: %v", status)
	}
	dir := walk(t, f, ".dgenfs").NodeId
	if status := f.OpenDir(nil, &fuse.OpenIn{InHeader: header(dir)}, &out); status != fuse.OK {
		t.Errorf("opening the directory: %v", status)
	}
	if status := f.Open(nil, &fuse.OpenIn{InHeader: header(dir)}, &out); status != fuse.Status(syscall.EISDIR) {
		t.Errorf("opening the directory as a file: %v", status)
	}
}

// Files of the user take precedence over ours.
func TestControlHidden(t *testing.T) {
	f := newControlFS(t, ".dgenfs:3K")
	if out := walk(t, f, ".dgenfs"); out.Mode != fuse.S_IFREG|0o444 || out.Size != 3<<10 || out.NodeId&controlBit != 0 {
		t.Errorf("a file: %+v", out)
	}
	f = newControlFS(t, ".dgenfs/x:3K")
	dir := walk(t, f, ".dgenfs").NodeId
	walk(t, f, ".dgenfs/x")
	h, out := header(dir), fuse.EntryOut{}
	if status := f.Lookup(nil, &h, "config", &out); status != fuse.OK || out.NodeId != 0 {
		t.Errorf("a directory of the user has config: %v, node %#x", status, out.NodeId)
	}
	if all := list(t, f, fuse.FUSE_ROOT_ID, 4096, 0); len(all) != 3 || all[2].name != ".dgenfs" {
		t.Errorf("the root lists %+v", all)
	}
}

func TestReportText(t *testing.T) {
	for _, test := range []struct {
		report transport.Report
		want   []string
	}{
		{
			transport.Report{Kind: transport.Uring, Workers: 8, Request: 512 << 10, NoSplice: transport.ErrNotNeeded, NoClone: errors.New("why"), MaxMemory: 3 << 20},
			[]string{"transport: uring", "workers: 8", "numa: off; why not", "max-read: 512K", "readahead: 512K; the default", "splice: off; not needed over io_uring", "clone: off; why", "buffers: 3072K at most"},
		},
		{
			transport.Report{Kind: transport.Dev, NoUring: errors.New("it is off"), Workers: 2, Request: 1 << 20, Why: "large"},
			[]string{"transport: dev; it is off", "workers: 2", "max-read: 1024K; large", "splice: on", "clone: on", "buffers: 0K at most"},
		},
	} {
		text := reportText(test.report, "512K; the default", "off; why not")
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		for _, line := range lines {
			if name, value, ok := strings.Cut(line, ": "); !ok || value == "" || strings.ContainsAny(name, " ;") {
				t.Errorf("%+v: line %q", test.report, line)
			}
		}
		for _, want := range test.want {
			found := false
			for _, line := range lines {
				found = found || line == want
			}
			if !found {
				t.Errorf("%+v: no line %q in\n%s", test.report, want, text)
			}
		}
		summary := (&Mount{report: test.report, readAhead: "512K; the default", numa: "off; why not"}).Summary()
		if strings.Contains(summary, "\n") || strings.ReplaceAll(summary, " | ", "\n")+"\n" != text {
			t.Errorf("summary %q", summary)
		}
	}
}
