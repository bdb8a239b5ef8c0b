//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tar --compare finds what tar has packed, in every format.
func TestTarCompares(t *testing.T) {
	mnt, to := mount(t, copied...), t.TempDir()
	for _, format := range []string{"gnu", "pax", "ustar"} {
		// --compare fails if anything differs.
		output(t, "bash", "-o", "pipefail", "-c", `tar -C "$0" --format="$1" --sort=name -cf - . | tar -C "$0" --compare -f -`, mnt, format)
	}
	output(t, "bash", "-o", "pipefail", "-c", `tar -C "$0" -cf - . | tar -C "$1" -xpf -`, mnt, to)
	output(t, "diff", "-r", mnt, to)
	// Times and modes are the same, too.
	output(t, "bash", "-o", "pipefail", "-c", `tar -C "$1" -cf - . | tar -C "$0" --compare -f -`, mnt, to)
	makeRemovable(t, to)
}

// An incremental archive has no file after another mount, as neither inodes nor times
// differ.
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

func TestRsync(t *testing.T) {
	need(t, "rsync")
	mnt, to := mount(t, copied...), t.TempDir()
	output(t, "rsync", "-a", mnt+"/", to+"/")
	if diff := output(t, "rsync", "-anci", mnt+"/", to+"/"); diff != "" {
		t.Errorf("the copy differs by checksum:\n%s", diff)
	}
	if diff := output(t, "rsync", "-ani", mount(t, copied...)+"/", to+"/"); diff != "" {
		t.Errorf("after another mount, there is something to copy:\n%s", diff)
	}
	output(t, "diff", "-r", mnt, to)
	makeRemovable(t, to)
}

func TestCp(t *testing.T) {
	mnt, to := mount(t, copied...), t.TempDir()
	output(t, "cp", "-a", mnt, to+"/copy")
	output(t, "diff", "-r", mnt, to+"/copy")
	output(t, "cp", "--sparse=always", mnt+"/big", to+"/sparse")
	output(t, "cmp", mnt+"/big", to+"/sparse")
	makeRemovable(t, to)
}

func TestRestic(t *testing.T) {
	need(t, "restic")
	mnt, dir := mount(t, copied...), t.TempDir()
	restic := func(args ...string) string {
		cmd := command(t, "restic", append([]string{"--quiet", "--repo", dir + "/repo", "--cache-dir", dir + "/cache"}, args...)...)
		cmd.Env = append(os.Environ(), "RESTIC_PASSWORD=for tests")
		r := try(t, cmd)
		if r.status != 0 {
			t.Fatalf("restic %q: exit status %d\n%s%s", args, r.status, r.stdout, r.stderr)
		}
		return r.stdout
	}
	restic("init")
	restic("backup", mnt)
	restic("restore", "latest", "--target", dir+"/restored")
	output(t, "diff", "-r", mnt, dir+"/restored"+mnt)
	// After another mount there, nothing has changed, not even the inodes.
	if r := dgenfs(t, "umount", mnt); r.status != 0 {
		t.Fatal(r.stderr)
	}
	mountAt(t, mnt, copied...)
	var summary struct {
		Type string `json:"message_type"`
		New  int    `json:"files_new"`
		Diff int    `json:"files_changed"`
		Same int    `json:"files_unmodified"`
	}
	for line := range strings.Lines(restic("backup", "--json", mnt)) {
		if strings.Contains(line, `"summary"`) {
			if err := json.Unmarshal([]byte(line), &summary); err != nil {
				t.Fatal(err)
			}
		}
	}
	if summary.Type == "" || summary.New != 0 || summary.Diff != 0 || summary.Same != 108 {
		t.Errorf("the second backup: %+v, want 108 files unmodified", summary)
	}
	makeRemovable(t, dir)
}

func TestTarAndDiff(t *testing.T) {
	one, two := mount(t, copied...), mount(t, copied...)
	output(t, "diff", "-r", one, two)
	tar := func(dir string) string {
		return output(t, "bash", "-o", "pipefail", "-c", `tar -C "$0" --sort=name -cf - . | sha256sum`, dir)
	}
	if a, b := tar(one), tar(two); a != b {
		t.Errorf("tar of two mounts: %s and %s", a, b)
	}
	other := mount(t, append(copied[2:len(copied):len(copied)], "--seed", "6")...)
	if r := try(t, command(t, "diff", "-rq", one, other)); r.status != 1 || strings.Count(r.stdout, "differ") < 100 {
		t.Errorf("diff of mounts with different seeds: exit status %d\n%s", r.status, r.stdout)
	}
}

// A tree for tools that copy: files of all shapes and some directories, about
// 60 MB.
var copied = []string{"--seed", "5", "--file", "a/{0..4}.bin:1000003,dedup=2", "--file", "a/b/c/{000..099}:12345", "--file", "big:50M,compress=2,dedup=3", "--file", "empty:0", "--file", "one:1"}

// makeRemovable makes the directories of a copy writable, as those of a mount are
// not, so that others than root can remove them.
func makeRemovable(t *testing.T, dir string) {
	t.Helper()
	output(t, "chmod", "-R", "u+w", dir)
}
