//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// More tools that copy; see e2e_tools_test.go.

// What tar has packed is what it finds when it compares, also in the format that
// names files of any size.
func TestTarCompares(t *testing.T) {
	mnt, to := mount(t, copied...), t.TempDir()
	for _, format := range []string{"gnu", "pax", "ustar"} {
		// --compare says what differs, and then fails.
		output(t, "bash", "-o", "pipefail", "-c", `tar -C "$0" --format="$1" --sort=name -cf - . | tar -C "$0" --compare -f -`, mnt, format)
	}
	output(t, "bash", "-o", "pipefail", "-c", `tar -C "$0" -cf - . | tar -C "$1" -xpf -`, mnt, to)
	output(t, "diff", "-r", mnt, to)
	// Times and modes, too: nothing is newer than what was packed.
	output(t, "bash", "-o", "pipefail", "-c", `tar -C "$1" -cf - . | tar -C "$0" --compare -f -`, mnt, to)
	makeRemovable(t, to)
}

// An archive that is kept up to date by --listed-incremental has every file
// once, whenever it is made: neither inodes nor times change with a mount.
func TestTarIncremental(t *testing.T) {
	mnt, state := mount(t, copied...), filepath.Join(t.TempDir(), "state")
	count := func() string {
		t.Helper()
		return strings.TrimSpace(output(t, "bash", "-o", "pipefail", "-c", `tar -C "$0" --no-check-device --listed-incremental="$1" -cf - . | tar -tf - | grep -vc '/$' || :`, mnt, state))
	}
	if first := count(); first != "108" {
		t.Errorf("%s files in the first archive, want 108", first)
	}
	if r := dgenfs(t, "umount", mnt); r.status != 0 {
		t.Fatal(r.stderr)
	}
	mountAt(t, mnt, copied...)
	if second := count(); second != "0" {
		t.Errorf("%s files in the second archive, want none", second)
	}
}

// rclone lists, copies and compares by hash, with parts of large files at once.
func TestRclone(t *testing.T) {
	need(t, "rclone")
	mnt, to := mount(t, copied...), t.TempDir()
	rclone := func(args ...string) result {
		t.Helper()
		cmd := command(t, "rclone", append([]string{"--config", os.DevNull, "--multi-thread-cutoff", "16M"}, args...)...)
		cmd.Env = append(os.Environ(), "RCLONE_CACHE_DIR="+filepath.Join(to, "cache"))
		return try(t, cmd)
	}
	copy := filepath.Join(to, "copy")
	for _, args := range [][]string{{"copy", mnt, copy}, {"check", mnt, copy}, {"check", "--download", mnt, copy}} {
		if r := rclone(args...); r.status != 0 {
			t.Errorf("rclone %q: exit status %d\n%s", args, r.status, r.stderr)
		}
	}
	output(t, "diff", "-r", mnt, copy)
	other := mount(t, append([]string{"--seed", "6"}, copied[2:]...)...)
	if r := rclone("check", other, copy); r.status == 0 || !strings.Contains(r.stderr, "107 differences found") {
		t.Errorf("check of another seed: exit status %d\n%s", r.status, r.stderr)
	}
	// After another mount there is nothing to copy.
	if r := rclone("copy", "--verbose", mount(t, copied...), copy); r.status != 0 || strings.Contains(r.stderr, "Copied") {
		t.Errorf("copying again: exit status %d\n%s", r.status, r.stderr)
	}
	makeRemovable(t, to)
}

// A copy is kept up to date and checked by rsync over a pipe, too, where it
// computes the differences of blocks.
func TestRsyncDelta(t *testing.T) {
	need(t, "rsync")
	mnt, to := mount(t, copied...), t.TempDir()
	output(t, "cp", mnt+"/big", to+"/big")
	makeRemovable(t, to)
	f := openFile(t, to+"/big", os.O_RDWR)
	if _, err := f.WriteAt([]byte("changed"), 12345678); err != nil {
		t.Fatal(err)
	}
	if diff := output(t, "rsync", "-acni", mnt+"/big", to+"/"); !strings.HasPrefix(diff, ">fc") {
		t.Errorf("of a changed copy rsync says %q", diff)
	}
	output(t, "rsync", "-ac", "--no-whole-file", "--inplace", mnt+"/big", to+"/")
	output(t, "cmp", mnt+"/big", to+"/big")
}
