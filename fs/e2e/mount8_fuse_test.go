//go:build e2e

package e2e

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mount.fuse of the package fuse3 starts the program by its name, in a shell.
func TestMount8ByFuse(t *testing.T) {
	need(t, "mount.fuse3")
	needUnused(t, "/sbin/mount.fuse.dgenfs", "/usr/local/sbin/dgenfs", "/usr/local/bin/dgenfs")
	linkInSbin(t, "dgenfs") // mount(8) gives its helpers no PATH, and the shell sets one of its own
	want := piece(t, generator(t, "1M,dedup=3", 4, "data", 1), 0, 1<<20)
	const options = `size=1M\,dedup=3,seed=4`
	for _, test := range []struct {
		source string // in the mount table
		server string // the mount point that the server is given; "" means the directory
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
			awaitNoServer(t, test.server)
		}
	}
	if r := mount8(t, "-t", "fuse.dgenfs", "-o", "nope", "dgenfs", t.TempDir()); r.status == 0 || !strings.Contains(r.stderr, "nope") {
		t.Errorf("a wrong option: %+v", r)
	}
}

// mount(8) runs a helper as the user who has run it, if the line in /etc/fstab has
// the option user.
func TestMount8AsUser(t *testing.T) {
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
	if m, _ := mountedAt(t, dir); !slices.Contains(m.options, "noexec") || !slices.Contains(m.options, "nosuid") {
		t.Errorf("mounted with %q", m.options)
	}
	if r := try(t, as("wc", "-c", dir+"/data")); !strings.HasPrefix(r.stdout, "1048576 ") {
		t.Errorf("%+v", r)
	}
	if r := try(t, as("fusermount3", "-u", dir)); r.status != 0 {
		t.Fatal(r.stderr)
	}
	awaitNoServer(t, dir)
	t.Run("allow_other", func(t *testing.T) {
		needFuseConfWithoutAllowOther(t)
		if r := helper("allow_other"); r.status != 32 || !strings.Contains(r.stderr, "user_allow_other") {
			t.Errorf("%+v", r)
		}
	})
}
