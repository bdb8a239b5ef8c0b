//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Other file systems and devices of the kernel on top of a mount.

// A mount below an overlay: the usual way to make generated data writable.
func TestOverlay(t *testing.T) {
	needRoot(t)
	mnt := mount(t, copied...)
	// The upper layer cannot be on another overlay, which the files of a container
	// often are.
	base := t.TempDir()
	if err := unix.Mount("tmpfs", base, "tmpfs", 0, "size=256M"); err != nil {
		skipNeeds(t, "tmpfs: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(base, unix.MNT_DETACH) })
	upper, work, merged := base+"/upper", base+"/work", base+"/merged"
	for _, dir := range []string{upper, work, merged} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mount("overlay", merged, "overlay", 0, fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", mnt, upper, work)); err == unix.ENODEV || err == unix.EPERM {
		skipNeeds(t, "overlayfs: %v", err)
	} else if err != nil {
		t.Fatalf("mounting an overlay: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(merged, 0); err != nil {
			t.Errorf("unmounting the overlay: %v", err)
			unix.Unmount(merged, unix.MNT_DETACH)
		}
	})

	output(t, "diff", "-r", mnt, merged)
	same(t, "a file without copying", []byte(output(t, "dd", "if="+merged+"/big", "bs=1M", "status=none")), piece(t, generator(t, "50M,compress=2,dedup=3", 5, "big", 1), 0, 50<<20))
	if got := names(t, upper); len(got) != 0 {
		t.Errorf("reading has copied %q", got)
	}
	// A write copies the whole file first.
	const inside = 12345 - 3
	f := openFile(t, merged+"/a/b/c/007", os.O_RDWR)
	if _, err := f.WriteAt([]byte("new"), inside-2); err != nil {
		t.Fatal(err)
	}
	f.Close()
	want := piece(t, generator(t, "12345", 5, "a/b/c/007", 1), 0, 12345)
	copy(want[inside-2:], "new")
	for _, path := range []string{merged, upper} {
		data, err := os.ReadFile(path + "/a/b/c/007")
		if err != nil {
			t.Fatal(err)
		}
		same(t, "a file written to in "+path, data, want)
	}
	// Appending, making, replacing, renaming, removing.
	output(t, "bash", "-e", "-c", `cd "$0"
		echo more >>one
		echo own >own; mkdir a/own
		chmod 600 a/b/c/001
		mv a/b/c/002 renamed
		rm a/0.bin; rm -r a/b/c/09*
		truncate -s 5 a/1.bin`, merged)
	if info, err := os.Stat(merged + "/one"); err != nil || info.Size() != 6 {
		t.Errorf("a file appended to: %v, %v", info, err)
	}
	same(t, "a file renamed", []byte(output(t, "cat", merged+"/renamed")), piece(t, generator(t, "12345", 5, "a/b/c/002", 1), 0, 12345))
	same(t, "a file cut short", []byte(output(t, "cat", merged+"/a/1.bin")), piece(t, generator(t, "1000003,dedup=2", 5, "a/1.bin", 1), 0, 5))
	if got, want := names(t, merged), []string{"a", "big", "empty", "one", "own", "renamed"}; !slices.Equal(got, want) {
		t.Errorf("the overlay lists %q, want %q", got, want)
	}
	if got, want := names(t, merged+"/a"), []string{"1.bin", "2.bin", "3.bin", "4.bin", "b", "own"}; !slices.Equal(got, want) {
		t.Errorf("the overlay lists %q, want %q", got, want)
	}
	if got := len(names(t, merged+"/a/b/c")); got != 100-10-1 {
		t.Errorf("the overlay lists %d files, want 89", got)
	}
	// A removed file is a device 0,0 in the upper layer, and stays in the lower one.
	var st unix.Stat_t
	if err := unix.Lstat(upper+"/a/0.bin", &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFCHR || st.Rdev != 0 {
		t.Errorf("a removed file: %v, %+v", err, st)
	}
	if _, err := os.Stat(mnt + "/a/0.bin"); err != nil {
		t.Error(err)
	}
	// Names that are specs exist here as well.
	if got := output(t, "bash", "-c", `wc -c <"$0"/3M,compress=2`, merged); got != "3145728\n" {
		t.Errorf("a spec: %s bytes", got)
	}
}

// A block device whose bytes are those of a file of a mount.
func TestLoopDevice(t *testing.T) {
	needRoot(t)
	need(t, "losetup", "blockdev")
	mnt := mount(t)
	for _, test := range []struct{ spec, direct string }{
		{"32M,dedup=2,compress=2", "off"}, {"32M,dedup=2,compress=2", "on"},
		{"1000003", "off"}, // of which a device has whole sectors
		{"4T", "on"},
	} {
		t.Run(test.spec+" direct-io="+test.direct, func(t *testing.T) {
			r := try(t, command(t, "losetup", "--read-only", "--find", "--show", "--direct-io="+test.direct, filepath.Join(mnt, test.spec)))
			if r.status != 0 {
				if _, err := os.Stat("/dev/loop-control"); err != nil || strings.Contains(r.stderr, "cannot find an unused loop device") || strings.Contains(r.stderr, "ermission denied") {
					skipNeeds(t, "loop devices: %s", r.stderr)
				}
				t.Fatalf("losetup: exit status %d, %s", r.status, r.stderr)
			}
			device := strings.TrimSpace(r.stdout)
			t.Cleanup(func() {
				output(t, "losetup", "--detach", device)
				// Others that look at new devices, such as udev, may have it open for a moment.
				await(t, "the device is detached", func() bool {
					_, err := os.Stat("/sys/block/" + filepath.Base(device) + "/loop")
					return err != nil
				})
			})
			if got := strings.TrimSpace(output(t, "losetup", "--noheadings", "--output", "DIO", device)); (got == "1") != (test.direct == "on") {
				t.Errorf("direct I/O is %s, want %s", got, test.direct)
			}
			g := generator(t, test.spec, 0, test.spec, 1)
			size := g.Size() &^ 511
			if got := output(t, "blockdev", "--getsize64", device); got != fmt.Sprintln(size) {
				t.Errorf("a device of %s bytes, want %d", got, size)
			}
			for _, how := range []string{"bs=1M", "bs=1M iflag=direct", "bs=4k"} {
				n := min(size, 32<<20)
				if how == "bs=4k" {
					n = min(n, 4<<20)
				}
				args := append([]string{"if=" + device, "status=none", "iflag=count_bytes", fmt.Sprintf("count=%d", n)}, strings.Fields(how)...)
				same(t, how, []byte(output(t, "dd", args...)), piece(t, g, 0, int(n)))
			}
			f := openFile(t, device, os.O_RDONLY)
			buf := make([]byte, 100000)
			if _, err := f.ReadAt(buf, size-int64(len(buf))); err != nil {
				t.Error(err)
			}
			same(t, "the end", buf, piece(t, g, size-int64(len(buf)), len(buf)))
			if _, err := unix.Pwrite(int(openFile(t, device, os.O_RDWR).Fd()), buf[:512], 0); err != unix.EPERM {
				t.Errorf("writing to the device: %v", err)
			}
		})
	}
}
