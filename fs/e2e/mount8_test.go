//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dgenfs/dgenfs/fs"
)

// Mounted by mount(8), by a parent with privileges, and under a supervisor.

// linkInSbin installs the program by a name, such as that of a helper of
// mount(8), for the time of a test.
func linkInSbin(t *testing.T, name string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can make a link in /sbin")
	}
	link := filepath.Join("/sbin", name)
	if err := os.Symlink(program, link); err != nil {
		t.Skipf("another is installed: %v", err)
	}
	t.Cleanup(func() { os.Remove(link) })
}

// mount8 runs mount(8).
func mount8(t *testing.T, args ...string) result {
	t.Helper()
	cmd := command(t, "mount", args...)
	cmd.Dir = "/" // where no file has the name of a source
	return try(t, cmd)
}

// sameAndGone checks what is mounted and read, unmounts with umount(8), and waits
// for the server to end.
func sameAndGone(t *testing.T, dir, source, name string, want []byte) {
	t.Helper()
	if m, ok, err := fs.MountedAt(dir); !ok || err != nil || m.Type != fs.FSType || m.Source != source {
		t.Errorf("the mount table says %+v, %v, %v", m, ok, err)
	}
	same(t, name, []byte(output(t, "cat", filepath.Join(dir, name))), want)
	output(t, "umount", dir)
	awaitNoServer(t, dir, 5*time.Second)
}

func TestHelper(t *testing.T) {
	linkInSbin(t, "mount.dgenfs")
	want := piece(t, generator(t, "1M,dedup=3", 4, "data", 1), 0, 1<<20)
	for _, args := range [][]string{
		{"-o", `size=1M\,dedup=3,seed=4`},
		{"-o", `size="1M,dedup=3",seed=4`},
		{"-o", `seed=4,nofail,x-systemd.automount,_netdev,user,size=1M\,dedup=3`},
		{"-o", `defaults,noauto,users,comment=a,x-gvfs-hide,size=1M\,dedup=3,seed=4,noatime,noexec,nodev,exec`},
		{"-s", "-o", `nope,size=1M\,dedup=3,seed=4`},
		{"-r", "-n", "-o", `max_read=131072,allow_other,default_permissions,size=1M\,dedup=3,seed=4`},
	} {
		dir := t.TempDir()
		if r := mount8(t, append(slices.Clone(args), "-t", "dgenfs", "dgenfs", dir)...); r != (result{}) {
			t.Errorf("%q: %+v", args, r)
			continue
		}
		unmountAtEnd(t, dir)
		sameAndGone(t, dir, "dgenfs", "data", want)
	}

	dir := t.TempDir()
	for _, test := range []struct {
		args   string
		status int
		stdout string
		names  string // in standard error
	}{
		{"-f -t dgenfs dgenfs {}", 0, "", ""},
		{"-f -v -t dgenfs none {}", 0, "none mounted on {}, read-only", ""},
		{"-t dgenfs -o nope dgenfs {}", 1, "", "nope"},
		{"-t dgenfs -o size=1X dgenfs {}", 1, "", "1X"},
		{"-t dgenfs -o log=/nowhere/log dgenfs {}", 1, "", "/nowhere/log"},
		{"-t dgenfs -o remount,size=1M dgenfs {}", 1, "", "remount"},
		{"-t dgenfs dgenfs {}/missing", 32, "", "missing"},
	} {
		fill := strings.NewReplacer("{}", dir)
		r := mount8(t, strings.Fields(fill.Replace(test.args))...)
		if r.status != test.status || !strings.Contains(r.stdout, fill.Replace(test.stdout)) || !strings.Contains(r.stderr, test.names) || (r.stderr == "") != (test.names == "") {
			t.Errorf("mount %s: %+v", test.args, r)
		}
		if mounted(t, dir) {
			t.Fatalf("mount %s: is mounted", test.args)
		}
	}

	// What is mounted stays as it is.
	if r := mount8(t, "-v", "-t", "dgenfs", "none", dir); r.status != 0 || !strings.Contains(r.stdout, "none mounted on "+dir) {
		t.Fatalf("%+v", r)
	}
	unmountAtEnd(t, dir)
	if r := mount8(t, "-t", "dgenfs", "none", dir); r.status != 32 || !strings.Contains(r.stderr, "busy") {
		t.Errorf("mounting twice: %+v", r)
	}
	if r := mount8(t, "-t", "dgenfs", "-o", "remount,size=2M", "none", dir); r.status != 1 || !strings.Contains(r.stderr, "remount") {
		t.Errorf("mounting again: %+v", r)
	}
	sameAndGone(t, dir, "none", "1M", piece(t, generator(t, "1M", 0, "1M", 1), 0, 1<<20))
}

// Lines of /etc/fstab.
func TestHelperTable(t *testing.T) {
	linkInSbin(t, "mount.dgenfs")
	linkInSbin(t, "mount.fuse.dgenfs")
	want := piece(t, generator(t, "1M,dedup=3", 4, "data", 1), 0, 1<<20)
	for _, line := range []string{
		`dgenfs %s dgenfs size=1M\,dedup=3,seed=4 0 0`,
		`dgenfs %s fuse.dgenfs defaults,size="1M,dedup=3",seed=4 0 0`,
		`dgenfs %s dgenfs noauto,user,nofail,_netdev,x-systemd.automount,x-systemd.idle-timeout=60,size=1M\,dedup=3,seed=4,file=folder/with\040blank:1M 0 0`,
	} {
		dir, table := t.TempDir(), filepath.Join(t.TempDir(), "fstab")
		if err := os.WriteFile(table, []byte(fmt.Sprintf(line, dir)+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if r := mount8(t, "-T", table, dir); r != (result{}) {
			t.Errorf("%s: %+v", line, r)
			continue
		}
		unmountAtEnd(t, dir)
		if strings.Contains(line, "blank") && output(t, "ls", dir+"/folder") != "with blank\n" {
			t.Error("the name with a blank is not there")
		}
		if !strings.Contains(line, "noauto") { // all of it, which leaves alone what is mounted
			if r := mount8(t, "-a", "-T", table); r.status != 0 {
				t.Errorf("mount -a: %+v", r)
			}
		}
		sameAndGone(t, dir, "dgenfs", "data", want)
	}
}

// In the mount table of another process.
func TestHelperNamespace(t *testing.T) {
	linkInSbin(t, "mount.dgenfs")
	dir := t.TempDir()
	other := spawn(t, "unshare", "--mount", "sleep", "50")
	own, _ := os.Readlink("/proc/self/ns/mnt")
	namespace := fmt.Sprintf("/proc/%d/ns/mnt", other.pid)
	await(t, 5*time.Second, "the process has a name space", func() bool {
		is, _ := os.Readlink(namespace)
		return is != "" && is != own
	})
	for _, name := range []string{strconv.Itoa(other.pid), namespace} {
		if r := mount8(t, "-N", name, "-t", "dgenfs", "-o", "size=1M", "dgenfs", dir); r != (result{}) {
			t.Fatalf("-N %s: %+v", name, r)
		}
		pid := theServer(t, dir)
		if mounted(t, dir) {
			t.Error("mounted in the name space of the test")
		}
		if n := output(t, "nsenter", "--mount="+namespace, "wc", "-c", dir+"/data"); !strings.HasPrefix(n, "1048576 ") {
			t.Errorf("there, the file has %q bytes", n)
		}
		syscall.Kill(pid, syscall.SIGTERM)
		awaitNoServer(t, dir, 5*time.Second)
	}
	if r := mount8(t, "-N", namespace, "-t", "dgenfs", "-o", "nope", "dgenfs", dir); r.status != 1 || !strings.Contains(r.stderr, "nope") {
		t.Errorf("a wrong option: %+v", r)
	}
}

// mount.fuse of the package fuse3 starts the program by its name, in a shell.
func TestHelperOfFuse(t *testing.T) {
	need(t, "mount.fuse3")
	for _, other := range []string{"/sbin/mount.fuse.dgenfs", "/usr/local/sbin/dgenfs", "/usr/local/bin/dgenfs"} {
		if _, err := os.Stat(other); err == nil {
			t.Skipf("another is installed: %s", other)
		}
	}
	linkInSbin(t, "dgenfs") // mount(8) gives its helpers no PATH, and the shell has one of its own
	want := piece(t, generator(t, "1M,dedup=3", 4, "data", 1), 0, 1<<20)
	const options = `size=1M\,dedup=3,seed=4`
	for _, test := range []struct {
		source string // in the mount table
		server string // what the server has been told to mount on; "" means the folder
		args   []string
	}{
		{"dgenfs", "", []string{"-t", "fuse.dgenfs", "-o", options, "dgenfs"}},
		{"my source", "", []string{"-t", "fuse.dgenfs", "-o", options + ",nofail,x-systemd.automount,_netdev,user,noatime,allow_other", "my source"}},
		{"dgenfs", "", []string{"-r", "-t", "fuse.dgenfs", "-o", options, "dgenfs"}},
		{"dgenfs", "", []string{"-t", "fuse", "-o", options, "dgenfs"}},
		{"x", "", []string{"-t", "fuse", "-o", options, "dgenfs#x"}},
		{"dgenfs", "/dev/fd/3", []string{"-t", "fuse.dgenfs", "-o", options + ",drop_privileges", "dgenfs"}},
	} {
		dir := t.TempDir()
		unmountAtEnd(t, dir)
		if r := mount8(t, append(slices.Clone(test.args), dir)...); r != (result{}) {
			t.Errorf("%q: %+v", test.args, r)
			continue
		}
		sameAndGone(t, dir, test.source, "data", want)
		if test.server != "" {
			awaitNoServer(t, test.server, 5*time.Second)
		}
	}
	if r := mount8(t, "-t", "fuse.dgenfs", "-o", "nope", "dgenfs", t.TempDir()); r.status == 0 || !strings.Contains(r.stderr, "nope") {
		t.Errorf("a wrong option: %+v", r)
	}
}

// mount(8) calls a helper as the user who has called it, if the line in
// /etc/fstab lets users.
func TestHelperOfAUser(t *testing.T) {
	as, home := asUser(t)
	dir := filepath.Join(home, "mnt")
	if r := try(t, as("mkdir", dir)); r.status != 0 {
		t.Fatal(r.stderr)
	}
	helper := func(options string) result {
		cmd := as(program)
		cmd.Args = []string{"/sbin/mount.dgenfs", "dgenfs", dir, "-o", options}
		cmd.Env = []string{"HOME=" + home} // and no PATH
		return try(t, cmd)
	}
	if r := helper("rw,noexec,nosuid,nodev,user,size=1M"); r != (result{}) {
		t.Fatalf("%+v", r)
	}
	unmountAtEnd(t, dir)
	if options := output(t, "findmnt", "--noheadings", "--output", "VFS-OPTIONS", dir); !strings.Contains(options, "noexec") || !strings.Contains(options, "nosuid") {
		t.Errorf("mounted with %s", options)
	}
	if r := try(t, as("wc", "-c", dir+"/data")); !strings.HasPrefix(r.stdout, "1048576 ") {
		t.Errorf("%+v", r)
	}
	if r := try(t, as("fusermount3", "-u", dir)); r.status != 0 {
		t.Fatal(r.stderr)
	}
	if conf, _ := os.ReadFile("/etc/fuse.conf"); !bytes.Contains(conf, []byte("\nuser_allow_other")) {
		if r := helper("allow_other"); r.status != 32 || !strings.Contains(r.stderr, "/etc/fuse.conf has the line user_allow_other") {
			t.Errorf("%+v", r)
		}
	}
}

// serveDevice starts the program with a descriptor as its number 3, and lets go
// of it.
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

// endsWith waits for a command and checks its exit status and what it says.
func endsWith(t *testing.T, cmd *exec.Cmd, status int, says string) {
	t.Helper()
	cmd.Wait()
	text := cmd.Stderr.(*bytes.Buffer).String()
	if got := cmd.ProcessState.ExitCode(); got != status || !strings.Contains(text, says) {
		t.Errorf("%q: exit status %d, %s; want %d, %q", cmd.Args, got, text, status, says)
	}
}

// hasAll checks that a message has lines that begin like this.
func hasAll(t *testing.T, message []string, beginnings ...string) {
	t.Helper()
	for _, want := range beginnings {
		if !slices.ContainsFunc(message, func(line string) bool { return strings.HasPrefix(line, want) }) {
			t.Errorf("the message %q has no line %s", message, want)
		}
	}
}

func TestModeOfAMount(t *testing.T) {
	dir := mount(t, "--mode", "0440", "--file", "d/x:1K")
	for path, want := range map[string]string{"": "550", "/d": "550", "/d/x": "440", "/1K": "440", "/.dgenfs": "550", "/.dgenfs/config": "440"} {
		if got := strings.TrimSpace(output(t, "stat", "-c", "%a", dir+path)); got != want {
			t.Errorf("%s has mode %s, want %s", path, got, want)
		}
	}
	if os.Geteuid() != 0 {
		return
	}
	open, err := os.MkdirTemp("", "dgenfs-mode-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(open) })
	os.Chmod(open, 0o755)
	mountAt(t, open, "-o", "mode=0404,allow_other")
	if r := asNobody(t, "cat", open+"/1K"); r.status != 0 || len(r.stdout) != 1<<10 {
		t.Errorf("others: exit status %d, %s", r.status, r.stderr)
	}
	if r := dgenfs(t, "umount", open); r.status != 0 {
		t.Fatal(r.stderr)
	}
	awaitNoServer(t, open, 5*time.Second)
	mountAt(t, open, "-o", "mode=0440,allow_other")
	if r := asNobody(t, "cat", open+"/1K"); r.status == 0 || !strings.Contains(r.stderr, "ermission denied") {
		t.Errorf("others: exit status %d, %s", r.status, r.stderr)
	}
}
