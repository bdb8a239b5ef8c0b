//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// When the mount command returns, the mount answers, and the server has not kept the
// descriptors of the command.
func TestMountReturnsWhenItAnswers(t *testing.T) {
	dir := t.TempDir()
	for range 10 {
		// $() waits until every process has closed standard output and error.
		out := output(t, "bash", "-c", `out=$("$0" "$1" 2>&1); echo "status $? output <$out>"; head -c 1 "$1/1M" | wc -c`, program, dir)
		if out != "status 0 output <>\n1\n" {
			t.Fatalf("unexpected: %q", out)
		}
		pid := theServer(t, dir)
		for fd := range 3 {
			if to, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, fd)); err != nil || to != os.DevNull {
				t.Errorf("descriptor %d of the server is %q, %v", fd, to, err)
			}
		}
		if cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); err != nil || cwd != "/" {
			t.Errorf("the server's working directory is %q, %v: it keeps a file system busy", cwd, err)
		}
		if r := dgenfs(t, "umount", dir); r != (result{}) {
			t.Fatalf("umount: %+v", r)
		}
		awaitNoServer(t, dir)
	}
}

func TestTwoMountsAtOnce(t *testing.T) {
	one, two := mount(t, "--size", "1M", "--seed", "1"), mount(t, "--size", "2M", "--seed", "2")
	same(t, "one", []byte(output(t, "cat", one+"/data")), piece(t, generator(t, "1M", 1, "data", 1), 0, 1<<20))
	same(t, "two", []byte(output(t, "cat", two+"/data")), piece(t, generator(t, "2M", 2, "data", 1), 0, 2<<20))
	if r := dgenfs(t, "umount", one); r.status != 0 {
		t.Fatal(r.stderr)
	}
	same(t, "two, after one is gone", []byte(output(t, "cat", two+"/data")), piece(t, generator(t, "2M", 2, "data", 1), 0, 2<<20))
}

// A mount point can be any path that Linux allows.
func TestOddMountPoints(t *testing.T) {
	for _, name := range []string{"with spaces in it", "with,comma", `back\slash`, "new\nline", "tab\tand#hash", "-f", "--help", "ünïcödé", "{}", `\040`, "%s"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), name)
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			mountAt(t, dir)
			if !mounted(t, dir) {
				t.Fatal("not in the mount table")
			}
			same(t, "1M", []byte(output(t, "cat", dir+"/1M")), piece(t, generator(t, "1M", 0, "1M", 1), 0, 1<<20))
			if r := dgenfs(t, dir); r.status != 1 || strings.Count(r.stderr, "\n") != 1 || !strings.Contains(r.stderr, "busy") {
				t.Errorf("mounting once more: exit status %d, %q", r.status, r.stderr)
			}
			if r := dgenfs(t, "umount", dir); r != (result{}) {
				t.Errorf("umount: %+v", r)
			}
			if mounted(t, dir) {
				t.Error("still in the mount table")
			}
		})
	}
}

func TestWaysToNameAMountPoint(t *testing.T) {
	dir := t.TempDir()
	mnt, link, slashed := dir+"/mnt", dir+"/link", dir+"/slashed"
	if err := errors.Join(os.Mkdir(mnt, 0o755), os.Symlink("mnt", link), os.Symlink("mnt/", slashed)); err != nil {
		t.Fatal(err)
	}
	unmountAtEnd(t, mnt)
	for _, ways := range [][2]string{
		{mnt + "/", mnt + "//"}, {link, mnt}, {mnt, link}, {dir + "/./mnt/../mnt", link + "/"}, {"mnt", "./mnt"}, {"link", "mnt/"}, {slashed, slashed},
	} {
		for _, way := range [][]string{{"mount", "--", ways[0]}, {"umount", "--", ways[1]}} {
			cmd := command(t, program, way...)
			cmd.Dir = dir
			if r := try(t, cmd); r.status != 0 {
				t.Fatalf("%q: exit status %d, %s", way, r.status, r.stderr)
			}
			if mounted(t, mnt) != (way[0] == "mount") {
				t.Fatalf("after %q, mounted is %v", way, mounted(t, mnt))
			}
		}
	}
	// From within, where "." is the directory below the mount.
	output(t, "bash", "-c", `cd "$1" && "$0" . && "$0" umount "$1"`, program, mnt)
	await(t, "the servers end", func() bool { return len(servers("")) == 0 })
}

func TestSourceAndOptions(t *testing.T) {
	dir := t.TempDir()
	options := []string{"ro", "nosuid", "nodev", "default_permissions", "max_read=262144"}
	given := `ro,size=3M\,seed=4,uid=77,max_read=256K`
	if os.Geteuid() == 0 { // others need permission by /etc/fuse.conf
		options, given = append(options, "allow_other"), given+",allow_other"
	}
	if r := dgenfs(t, "mount", "-o", given, "my source,too", dir); r.status != 0 {
		t.Fatal(r.stderr)
	}
	unmountAtEnd(t, dir)
	m, _ := mountedAt(t, dir)
	if m.source != "my source,too" || m.kind != fsType {
		t.Errorf("the mount table says %+v", m)
	}
	for _, option := range options {
		if !slices.Contains(m.options, option) {
			t.Errorf("the mount table does not have %s: %q", option, m.options)
		}
	}
	var st unix.Stat_t
	if err := unix.Stat(dir+"/data", &st); err != nil || st.Size != 3<<20 || st.Uid != 77 {
		t.Errorf("%+v, %v", st, err)
	}
}

// Some errors turn up late, in the server.
func TestLateErrors(t *testing.T) {
	dir := t.TempDir()
	r := dgenfs(t, "--log", "/nowhere/log", dir)
	if r.status != 2 || !strings.HasPrefix(r.stderr, "dgenfs: --log /nowhere/log: ") || strings.Count(r.stderr, "\n") != 1 {
		t.Errorf("a log that cannot be written: %+v", r)
	}
	r = dgenfs(t, "--log", dir, dir)
	if r.status != 2 || !strings.HasPrefix(r.stderr, "dgenfs: --log ") {
		t.Errorf("a log that is a directory: %+v", r)
	}
	if mounted(t, dir) || len(servers(dir)) != 0 {
		t.Error("mounted nevertheless")
	}
	mountAt(t, dir)
	for _, args := range [][]string{{dir}, {"mount", "x", dir}, {"-f", dir}} {
		if r := dgenfs(t, args...); r.status != 1 || !strings.Contains(r.stderr, "busy") || !strings.Contains(r.stderr, "umount") {
			t.Errorf("mounting on a mount with %q: %+v", args, r)
		}
	}
}

func TestForeground(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		dir := t.TempDir()
		unmountAtEnd(t, dir)
		p := spawn(t, program, "-f", "--seed", "random", dir)
		await(t, "the mount is there", func() bool { return mounted(t, dir) })
		output(t, "cat", dir+"/1M")
		if pid := theServer(t, dir); pid != p.pid {
			t.Fatalf("process %d serves, not %d, which should stay in the foreground", pid, p.pid)
		}
		syscall.Kill(p.pid, signal)
		p.wait(t)
		if p.status.ExitStatus() != 0 || !strings.HasPrefix(p.stderr.String(), "dgenfs: serving ") || strings.Count(p.stderr.String(), "\n") != 1 || !strings.HasPrefix(p.stdout.String(), "seed ") {
			t.Errorf("%v: exit status %d, %q, %q", signal, p.status.ExitStatus(), &p.stdout, &p.stderr)
		}
		if mounted(t, dir) {
			t.Errorf("%v: still mounted", signal)
			detach(dir)
		}
	}
	// Unmounted from outside.
	dir := t.TempDir()
	p := spawn(t, program, "-f", dir)
	await(t, "the mount is there", func() bool { return mounted(t, dir) })
	if r := dgenfs(t, "umount", dir); r.status != 0 {
		t.Fatal(r.stderr)
	}
	p.wait(t)
	if p.status.ExitStatus() != 0 {
		t.Errorf("exit status %d", p.status.ExitStatus())
	}
}
