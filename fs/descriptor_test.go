package fs

import (
	"os"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
)

func TestCheckDevice(t *testing.T) {
	open := func(path string) int {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { file.Close() })
		return int(file.Fd())
	}
	for name, fd := range map[string]int{"/dev/null": open(os.DevNull), "a directory": open(t.TempDir())} {
		if err := CheckDevice(fd); err != ErrNotDevice {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := CheckDevice(1 << 20); err != ErrNotOpen {
		t.Errorf("a descriptor that is not open: %v", err)
	}
	device, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("needs /dev/fuse: %v", err)
	}
	defer device.Close()
	if err := CheckDevice(int(device.Fd())); err != nil {
		t.Error(err)
	}
}

// Directories can be entered by those who can read files, and everything that
// reports permissions agrees.
func TestMode(t *testing.T) {
	for mode, dir := range map[uint32]uint32{0: 0o555, 0o444: 0o555, 0o440: 0o550, 0o400: 0o500, 0o555: 0o555, 0o041: 0o051, 0o511: 0o511} {
		f := newFS(t, 0, "d/x:1K")
		f = New(Options{Tree: f.tree, Mode: mode})
		if mode == 0 {
			mode = 0o444
		}
		for path, want := range map[string]uint32{"d": fuse.S_IFDIR | dir, "d/x": fuse.S_IFREG | mode, "5K": fuse.S_IFREG | mode, ".dgenfs": fuse.S_IFDIR | dir} {
			out := walk(t, f, path)
			var attr fuse.AttrOut
			if status := f.GetAttr(nil, &fuse.GetAttrIn{InHeader: header(out.NodeId)}, &attr); status != fuse.OK || out.Mode != want || attr.Mode != want {
				t.Errorf("mode %o: %s has mode %o by look-up, %o by attributes, %v; want %o", mode, path, out.Mode, attr.Mode, status, want)
			}
		}
	}
}
