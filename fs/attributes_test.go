package fs

import (
	"syscall"
	"testing"
	"time"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/dgenfs/dgenfs/fs/treefile"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// mountedTree returns the file system of a tree file.
func mountedTree(t *testing.T, o tree.Options, text string) *FS {
	t.Helper()
	tr, _, err := treefile.Build(treefile.Parse("tree", []byte(text)), treefile.Scale{}, o)
	if err != nil {
		t.Fatal(err)
	}
	return New(Options{Tree: tr, Seed: o.Seed, UID: 12, GID: 34})
}

func TestAttributesOfEntries(t *testing.T) {
	f := mountedTree(t, tree.Options{}, `plain 5
own 5,mode=4751,uid=0,gid=77,mtime=2024-05-01T12:30:00.5
none 5,mode=0
d{0..9}/  mode=1700,uid=8,mtime=2023-01-01
d{0..9}/e/x 5,gid=9
`)
	for path, want := range map[string]struct {
		mode     uint32
		uid, gid uint32
	}{
		"plain":                        {fuse.S_IFREG | 0o444, 12, 34},
		"own":                          {fuse.S_IFREG | 0o4751, 0, 77},
		"none":                         {fuse.S_IFREG, 12, 34},
		"d3":                           {fuse.S_IFDIR | 0o1700, 8, 34},
		"d3/e":                         {fuse.S_IFDIR | 0o555, 12, 34},
		"d3/e/x":                       {fuse.S_IFREG | 0o444, 12, 9},
		"5K,mode=0600,uid=1,seed=3":    {fuse.S_IFREG | 0o600, 1, 34},
		"5K,mtime=2024-05-01,seed=3":   {fuse.S_IFREG | 0o444, 12, 34},
		"5K,mtime=2024-05-01T12:30:00": {fuse.S_IFREG | 0o444, 12, 34},
	} {
		out := walk(t, f, path)
		if out.Mode != want.mode || out.Uid != want.uid || out.Gid != want.gid {
			t.Errorf("%s: mode %o, owner %d, group %d; want %o, %d, %d", path, out.Mode, out.Uid, out.Gid, want.mode, want.uid, want.gid)
		}
	}
	for path, want := range map[string]string{"own": "2024-05-01T12:30:00.5Z", "d3": "2023-01-01T00:00:00Z", "5K,mtime=2024-05-01,seed=3": "2024-05-01T00:00:00Z"} {
		out := walk(t, f, path)
		if got := out.ModTime().UTC().Format(time.RFC3339Nano); got != want {
			t.Errorf("%s: modified %s, want %s", path, got, want)
		}
	}
	// What a file is elsewhere does not depend on these.
	h := header(walk(t, f, "own").NodeId)
	value := make([]byte, 100)
	n, status := f.GetXAttr(nil, &h, xattrSpec, value)
	if s, err := spec.Parse(string(value[:n])); status != fuse.OK || err != nil || s.Attributes != (spec.Attributes{}) {
		t.Errorf("%s is %q, %v, %v", xattrSpec, value[:n], status, err)
	}
}

func TestSymlinks(t *testing.T) {
	f := mountedTree(t, tree.Options{}, "d/l{0..9} symlink=../x{0..9}/y,uid=5,mtime=2024-05-01\nplain symlink=d/l0\nx3/y 5\n")
	out := walk(t, f, "d/l3")
	if out.Mode != fuse.S_IFLNK|0o777 || out.Size != 7 || out.Blocks != 0 || out.Nlink != 1 || out.Uid != 5 || out.Gid != 34 || out.ModTime().Unix() != 1714521600 {
		t.Errorf("attributes %+v", out.Attr)
	}
	if plain := walk(t, f, "plain"); plain.Size != 4 || plain.Uid != 12 || plain.Mtime > epoch || plain.Mtime <= epoch-day {
		t.Errorf("attributes %+v", plain.Attr)
	}
	h := header(out.NodeId)
	if target, status := f.Readlink(nil, &h); string(target) != "../x3/y" || status != fuse.OK {
		t.Errorf("points to %q, %v", target, status)
	}
	for _, path := range []string{"d", "x3/y", "5K"} {
		h := header(walk(t, f, path).NodeId)
		if _, status := f.Readlink(nil, &h); status != fuse.EINVAL {
			t.Errorf("%s: READLINK gives %v", path, status)
		}
	}
	in := fuse.OpenIn{InHeader: h}
	if status := f.Open(nil, &in, &fuse.OpenOut{}); status != fuse.Status(syscall.ELOOP) {
		t.Errorf("opened: %v", status)
	}
	if n, status := f.GetXAttr(nil, &h, xattrSpec, make([]byte, 100)); status == fuse.OK {
		t.Errorf("%d bytes of %s", n, xattrSpec)
	}
}

// A file has one node by all of its names, and st_nlink counts them.
func TestHardLinksOfTree(t *testing.T) {
	f := mountedTree(t, tree.Options{Seed: 9}, "d/f{0..9} 100000\nd/g{0..9} hardlink=d/f{0..9}\ne/h{0..14} hardlink=d/f{0..9}\n")
	for path, nlink := range map[string]uint32{"d/f3": 4, "d/g3": 4, "e/h3": 4, "e/h13": 4, "d/f7": 3, "e/h7": 3} {
		out, file := walk(t, f, path), walk(t, f, "d/f"+path[len(path)-1:])
		if out.NodeId != file.NodeId || out.Ino != out.NodeId || out.Attr != file.Attr || out.Nlink != nlink || out.Mode != fuse.S_IFREG|0o444 {
			t.Errorf("%s: node %d, %+v; want node %d with %d links", path, out.NodeId, out.Attr, file.NodeId, nlink)
		}
		if a, b := readAll(t, f, path, 70000), readAll(t, f, "d/f"+path[len(path)-1:], 1<<20); string(a) != string(b) || len(a) != 100000 {
			t.Errorf("%s: %d bytes, others than the file has", path, len(a))
		}
	}
}

// In later generations, exactly the files that have changed have another time, which is
// later than all before.
func TestTimesOfGenerations(t *testing.T) {
	const text = "a/{000..299} 256K,mtime=2020-01-01..2024-05-01\nb 5,mtime=2024-05-01\nd/ mtime=2020-01-01..2024-05-01\n"
	end := time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)
	before := make(map[string]time.Time)
	contents := make(map[string]string)
	for generation := range 4 {
		f := mountedTree(t, tree.Options{History: tree.History{Generation: generation, Change: spec.Billion / 10}}, text)
		moved := 0
		for i := range 300 {
			path := "a/" + string([]byte{byte('0' + i/100), byte('0' + i/10%10), byte('0' + i%10)})
			out := walk(t, f, path)
			at := out.ModTime()
			content := string(readAll(t, f, path, 256<<10))
			switch changed := content != contents[path]; {
			case generation == 0:
				if at.After(end) || at.Year() < 2020 {
					t.Errorf("%s: %v", path, at)
				}
			case changed != !at.Equal(before[path]):
				t.Errorf("generation %d, %s: changed: %v; %v, before %v", generation, path, changed, at, before[path])
			case changed:
				moved++
				if day := end.AddDate(0, 0, generation); at.After(day) || at.Before(day.AddDate(0, 0, -1)) {
					t.Errorf("generation %d, %s: %v", generation, path, at)
				}
			}
			before[path], contents[path] = at, content
		}
		if generation > 0 && (moved < 30 || moved > 90) {
			t.Errorf("generation %d: %d of 300 files have changed", generation, moved)
		}
	}
}
