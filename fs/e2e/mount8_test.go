//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// The program as the helper of mount(8).

// linkInSbin links the program into /sbin under a name, such as that of a helper of
// mount(8), for the time of a test.
func linkInSbin(t *testing.T, name string) {
	t.Helper()
	needRoot(t)
	link := filepath.Join("/sbin", name)
	needUnused(t, link)
	if err := os.Symlink(program, link); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(link) })
}

// mount8 runs mount(8).
func mount8(t *testing.T, args ...string) result {
	t.Helper()
	cmd := command(t, "mount", args...)
	cmd.Dir = "/" // where no file is named like a source
	return try(t, cmd)
}

// sameAndGone checks what is mounted and what is read, unmounts with umount(8), and
// waits for the server to end.
func sameAndGone(t *testing.T, dir, source, name string, want []byte) {
	t.Helper()
	if m, ok := mountedAt(t, dir); !ok || m.kind != fsType || m.source != source {
		t.Errorf("the mount table says %+v, %v", m, ok)
	}
	same(t, name, []byte(output(t, "cat", filepath.Join(dir, name))), want)
	output(t, "umount", dir)
	awaitNoServer(t, dir)
}

func TestMount8(t *testing.T) {
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

	// A mount is not changed by another one.
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
func TestMount8Fstab(t *testing.T) {
	linkInSbin(t, "mount.dgenfs")
	linkInSbin(t, "mount.fuse.dgenfs")
	want := piece(t, generator(t, "1M,dedup=3", 4, "data", 1), 0, 1<<20)
	for _, line := range []string{
		`dgenfs %s dgenfs size=1M\,dedup=3,seed=4 0 0`,
		`dgenfs %s fuse.dgenfs defaults,size="1M,dedup=3",seed=4 0 0`,
		`dgenfs %s dgenfs noauto,user,nofail,_netdev,x-systemd.automount,x-systemd.idle-timeout=60,size=1M\,dedup=3,seed=4,file=dir/with\040blank:1M 0 0`,
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
		if strings.Contains(line, "blank") && output(t, "ls", dir+"/dir") != "with blank\n" {
			t.Error("the name with a blank is missing")
		}
		if !strings.Contains(line, "noauto") { // -a skips what is mounted
			if r := mount8(t, "-a", "-T", table); r.status != 0 {
				t.Errorf("mount -a: %+v", r)
			}
		}
		sameAndGone(t, dir, "dgenfs", "data", want)
	}
}

// In the mount table of another process.
func TestMount8InNamespace(t *testing.T) {
	linkInSbin(t, "mount.dgenfs")
	dir := t.TempDir()
	other := spawn(t, "unshare", "--mount", "sleep", "infinity")
	own, _ := os.Readlink("/proc/self/ns/mnt")
	namespace := fmt.Sprintf("/proc/%d/ns/mnt", other.pid)
	await(t, "the process has a namespace of its own", func() bool {
		is, _ := os.Readlink(namespace)
		return is != "" && is != own
	})
	for _, name := range []string{strconv.Itoa(other.pid), namespace} {
		if r := mount8(t, "-N", name, "-t", "dgenfs", "-o", "size=1M", "dgenfs", dir); r != (result{}) {
			t.Fatalf("-N %s: %+v", name, r)
		}
		pid := theServer(t, dir)
		if mounted(t, dir) {
			t.Error("mounted in the namespace of the test")
		}
		if n := output(t, "nsenter", "--mount="+namespace, "wc", "-c", dir+"/data"); !strings.HasPrefix(n, "1048576 ") {
			t.Errorf("there, the file has %q bytes", n)
		}
		syscall.Kill(pid, syscall.SIGTERM)
		awaitNoServer(t, dir)
	}
	if r := mount8(t, "-N", namespace, "-t", "dgenfs", "-o", "nope", "dgenfs", dir); r.status != 1 || !strings.Contains(r.stderr, "nope") {
		t.Errorf("a wrong option: %+v", r)
	}
}
