package fs

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"syscall"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/hanwen/go-fuse/v2/fuse"
)

func parseFail(t *testing.T, text string) spec.Fail {
	t.Helper()
	f, err := spec.ParseFail(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func lookup(f *FS, parent uint64, name string) (fuse.EntryOut, fuse.Status) {
	h, out := header(parent), fuse.EntryOut{}
	status := f.Lookup(nil, &h, name, &out)
	return out, status
}

func openStatus(f *FS, id uint64) fuse.Status {
	var out fuse.OpenOut
	status := f.Open(nil, &fuse.OpenIn{InHeader: header(id)}, &out)
	f.Release(nil, &fuse.ReleaseIn{Fh: out.Fh})
	return status
}

// Of the files, always the same ones cannot be opened or looked up.
func TestFailCallsOfFiles(t *testing.T) {
	const files = 10000
	trouble := spec.Trouble{Fail: parseFail(t, "open:ebusy:2%+stat:eacces:3%")}
	// All have the same bytes, but not the same fate.
	entries := []string{"f{0..9999}:1K,seed=7", "own{0..9}:1K,fail=open:eperm:100%", "reads:1K,fail=eio:100%"}
	f, same := withTrouble(t, trouble, entries...), withTrouble(t, trouble, entries...)
	var open, stat int
	for i := range files {
		name := fmt.Sprintf("f%d", i)
		out, status := lookup(f, fuse.FUSE_ROOT_ID, name)
		id, _, _ := f.tree.Lookup(tree.Root, name)
		var attr fuse.AttrOut
		if got := same.GetAttr(nil, &fuse.GetAttrIn{InHeader: header(uint64(id))}, &attr); got != status {
			t.Errorf("%s: GETATTR: %v, and LOOKUP: %v", name, got, status)
		}
		if status == fuse.Status(syscall.EACCES) {
			stat++
			continue
		}
		if status != fuse.OK || out.NodeId != uint64(id) {
			t.Fatalf("%s: %v", name, status)
		}
		status = openStatus(f, out.NodeId)
		if again := openStatus(same, out.NodeId); again != status {
			t.Errorf("opening %s: %v, and %v", name, status, again)
		}
		if status == fuse.Status(syscall.EBUSY) {
			open++
		} else if status != fuse.OK {
			t.Fatalf("opening %s: %v", name, status)
		}
	}
	for _, c := range []struct {
		got  int
		want float64
	}{{open, 0.02 * 0.97 * files}, {stat, 0.03 * files}} {
		if math.Abs(float64(c.got)-c.want) > 5*math.Sqrt(c.want) {
			t.Errorf("%d files fail, want about %v", c.got, c.want)
		}
	}
	for path, want := range map[string]syscall.Errno{"own3": syscall.EPERM, "reads": 0} {
		if status := openStatus(f, walk(t, f, path).NodeId); status != fuse.Status(want) {
			t.Errorf("opening %s: %v, want %v", path, status, want)
		}
	}
}

// Names in the root fail like others; the control files do not.
func TestFailCallsInRoot(t *testing.T) {
	f := withTrouble(t, spec.Trouble{Fail: parseFail(t, "stat:eio:100%+readdir:eio:100%")}, "a:1K")
	f.control = []controlFile{{"config", func() Contents { return strings.NewReader("text") }}}
	for name, want := range map[string]syscall.Errno{"a": syscall.EIO, "1M": syscall.EIO, "1M,fail=eio:1%": 0, "missing": 0, controlName: 0} {
		if _, status := lookup(f, fuse.FUSE_ROOT_ID, name); status != fuse.Status(want) {
			t.Errorf("%s: %v, want %v", name, status, want)
		}
	}
	if all := list(t, f, fuse.FUSE_ROOT_ID, 4096, 0); len(all) != 3 {
		t.Errorf("the root has %d entries", len(all))
	}
	if all := list(t, f, controlBit, 4096, 0); len(all) != 3 {
		t.Errorf("%s has %d entries", controlName, len(all))
	}
	if status := openStatus(f, walk(t, f, ".dgenfs/config").NodeId); status != fuse.OK {
		t.Errorf("a control file: %v", status)
	}
}

// Some directories cannot be listed, from the beginning or from any offset; files that
// cannot be looked up are listed, without attributes.
func TestFailListing(t *testing.T) {
	f := withTrouble(t, spec.Trouble{Fail: parseFail(t, "readdir:eacces:20%+stat:eio:30%")}, "d{0..999}/f{0..9}:1K")
	failed, bare := 0, 0
	for i := range 1000 {
		dir := walk(t, f, fmt.Sprintf("d%d", i)).NodeId
		var first fuse.Status
		for _, off := range []uint64{0, 1, 5} {
			out := fuse.NewDirEntryList(make([]byte, 4096), off)
			status := f.ReadDirPlus(nil, &fuse.ReadIn{InHeader: header(dir), Offset: off}, out)
			if off == 0 {
				first = status
				if raw := out.Bytes(); status == fuse.OK {
					entries := 0
					for len(raw) > 0 {
						const attributes = 128 // struct fuse_entry_out
						name := parseDirents(raw[attributes:][:24+(binary.NativeEndian.Uint32(raw[attributes+16:])+7)&^7])[0].name
						_, stat := lookup(f, dir, name)
						if id := binary.NativeEndian.Uint64(raw); name[0] == 'f' && (id == 0) != (stat != fuse.OK) {
							t.Errorf("d%d/%s: LOOKUP: %v, and READDIRPLUS has node %d", i, name, stat, id)
						} else if name[0] == 'f' && id == 0 {
							bare++
						}
						raw = raw[attributes+24+(len(name)+7)&^7:]
						entries++
					}
					if entries != 12 {
						t.Errorf("d%d has %d entries", i, entries)
					}
				}
			}
			if status != first || status != fuse.OK && status != fuse.Status(syscall.EACCES) {
				t.Errorf("d%d from %d on: %v, and from 0 on %v", i, off, status, first)
			}
		}
		if first != fuse.OK {
			failed++
		}
	}
	if failed < 130 || failed > 270 || bare < 2000 || bare > 2800 { // five standard deviations
		t.Errorf("%d directories of 1000 fail, %d files in the others", failed, bare)
	}
}
