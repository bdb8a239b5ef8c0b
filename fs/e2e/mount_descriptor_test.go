//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// mountDevice mounts as a parent with privileges does, and returns the descriptor to
// serve the mount by.
func mountDevice(t *testing.T, dir, options string) *os.File {
	t.Helper()
	needRoot(t)
	device, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { device.Close() })
	options += fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", device.Fd())
	if err := unix.Mount("parent", dir, fsType, unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if mounted(t, dir) {
			detach(dir)
		}
	})
	return device
}

func TestDescriptor(t *testing.T) {
	const size = 10<<20 + 12345
	want := piece(t, generator(t, fmt.Sprint(size), 4, "data", 1), 0, size)
	args := []string{"--seed", "4", "--size", fmt.Sprint(size)}
	for _, foreground := range []bool{true, false} {
		for _, options := range []string{"", "max_read=65536,", "default_permissions,allow_other,"} {
			t.Run(fmt.Sprint(foreground, options), func(t *testing.T) {
				dir := t.TempDir()
				device := mountDevice(t, dir, options)
				var cmd *exec.Cmd
				if foreground {
					cmd = serveDevice(t, device, append(slices.Clone(args), "-f")...)
				} else {
					cmd = serveDevice(t, device, args...)
					endsWith(t, cmd, 0, "")
					theServer(t, "/dev/fd/3")
				}
				data := filepath.Join(dir, "data")
				same(t, "read", []byte(output(t, "cat", data)), want)
				for _, bs := range []string{"1M", "4M", "516K"} {
					same(t, "O_DIRECT by "+bs, []byte(output(t, "dd", "if="+data, "iflag=direct", "bs="+bs, "status=none")), want)
				}
				output(t, "umount", dir)
				if foreground {
					endsWith(t, cmd, 0, "serving /dev/fd/3: ")
				}
				awaitNoServer(t, "/dev/fd/3")
			})
		}
	}
	t.Run("signal", func(t *testing.T) {
		dir := t.TempDir()
		cmd := serveDevice(t, mountDevice(t, dir, ""), "-f")
		output(t, "ls", dir)
		syscall.Kill(cmd.Process.Pid, syscall.SIGTERM)
		endsWith(t, cmd, 0, "unmount")
		if !mounted(t, dir) {
			t.Error("unmounted what another process has mounted")
		}
		if r := try(t, command(t, "ls", dir)); r.status == 0 {
			t.Error("can be read without a server")
		}
	})
	t.Run("wrong", func(t *testing.T) {
		for _, foreground := range []string{"--foreground=true", "--foreground=false"} {
			null, device := openFile(t, os.DevNull, os.O_RDWR), openFile(t, "/dev/fuse", os.O_RDWR)
			endsWith(t, serveDevice(t, null, foreground), 2, "/dev/fd/3: ")
			endsWith(t, serveDevice(t, device, foreground), 1, "/dev/fd/3: ")
			if r := dgenfs(t, foreground, "/dev/fd/7"); r.status != 2 || !strings.HasPrefix(r.stderr, "dgenfs: mount point /dev/fd/7: ") || strings.Count(r.stderr, "\n") != 1 {
				t.Errorf("a descriptor that is not open: %+v", r)
			}
		}
	})
}

// serveDevice starts the program with a descriptor as its number 3, and closes its
// own.
func serveDevice(t *testing.T, device *os.File, args ...string) *exec.Cmd {
	t.Helper()
	cmd := command(t, program, append(args, "/dev/fd/3")...)
	cmd.ExtraFiles = []*os.File{device}
	cmd.Stdout, cmd.Stderr = new(bytes.Buffer), new(bytes.Buffer)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	device.Close()
	return cmd
}

// endsWith waits for a command and checks its exit status and a part of its standard
// error.
func endsWith(t *testing.T, cmd *exec.Cmd, status int, says string) {
	t.Helper()
	cmd.Wait()
	text := cmd.Stderr.(*bytes.Buffer).String()
	if got := cmd.ProcessState.ExitCode(); got != status || !strings.Contains(text, says) {
		t.Errorf("%q: exit status %d, %s; want %d, %q", cmd.Args, got, text, status, says)
	}
}
