//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// verified is what verify --json prints, as far as tests look at it.
type verified struct {
	Files, Equal, Different, Missing, Additional, Renamed, Unreadable int
	Damage                                                            []struct {
		File, Kind, From, Text     string
		Offset, Length, FromOffset int64
		Torn                       int
	}
	Problems []struct {
		Path, Error    string
		Offset, Length int64
	}
}

// verify runs verify --json and returns its report.
func verify(t *testing.T, status int, args ...string) (v verified) {
	t.Helper()
	r := dgenfs(t, append([]string{"verify", "--json"}, args...)...)
	if r.status != status {
		t.Fatalf("verify %q: exit status %d, want %d\n%s%s", args, r.status, status, r.stdout, r.stderr)
	}
	if err := json.Unmarshal([]byte(r.stdout), &v); err != nil {
		t.Fatalf("verify %q: %v\n%s", args, err, r.stdout)
	}
	return v
}

// A copy that cp has made is equal; one of another seed differs.
func TestVerifyCopy(t *testing.T) {
	mnt, to := mount(t, copied...), t.TempDir()
	output(t, "cp", "-r", mnt+"/.", to)
	makeRemovable(t, to)
	if v := verify(t, 0, append(slices.Clone(copied), to)...); v.Files != 108 || v.Equal != 108 {
		t.Errorf("%d of %d files are equal", v.Equal, v.Files)
	}
	if v := verify(t, 0, append(slices.Clone(copied), "--cached", "--threads", "1", filepath.Join(to, "big"))...); v.Files != 1 || v.Equal != 1 {
		t.Errorf("%d of %d files are equal", v.Equal, v.Files)
	}
	// The mount itself is a copy, too.
	if v := verify(t, 0, append(slices.Clone(copied), mnt)...); v.Equal != 108 {
		t.Errorf("%d of the mount's files are equal", v.Equal)
	}
	f := openFile(t, filepath.Join(to, "big"), os.O_RDWR)
	if _, err := f.WriteAt(make([]byte, 1024), 1<<20); err != nil {
		t.Fatal(err)
	}
	v := verify(t, 1, append(slices.Clone(copied), to)...)
	if len(v.Damage) != 1 || v.Damage[0].Kind != "zeros" || v.Damage[0].Offset != 1<<20 || v.Damage[0].Length != 1024 || v.Damage[0].Torn != 512 {
		t.Errorf("the damage is %+v", v.Damage)
	}
	r := dgenfs(t, append([]string{"verify"}, append(slices.Clone(copied), to)...)...)
	if r.status != 1 || !strings.Contains(r.stdout, "offset 1048576, 1024 bytes") || !strings.Contains(r.stdout, "1 file differs") {
		t.Errorf("%+v", r)
	}
}

// What cannot be read is named, and the rest is compared.
func TestVerifyFailing(t *testing.T) {
	files := []string{"--file", "f{0..3}:3M", "--seed", "5"}
	failing := mount(t, append(slices.Clone(files), "--fail", "eio@1M+4K", "--file", "bad:3M,fail=eio:1%")...)
	v := verify(t, 3, append(slices.Clone(files), "--file", "bad:3M", failing)...)
	if v.Unreadable != 5 || v.Different+v.Missing != 0 || len(v.Problems) < 5 {
		t.Errorf("%+v", v)
	}
	for _, p := range v.Problems {
		if !strings.HasSuffix(p.Path, "/bad") && (p.Offset != 1<<20 || p.Length != 4096) {
			t.Errorf("%+v, want 4096 bytes at offset 1M", p)
		}
	}

	needRoot(t)
	to, err := os.MkdirTemp("", "dgenfs-verify-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(to) })
	os.Chmod(to, 0o755)
	output(t, "cp", "-r", mount(t, files...)+"/.", to)
	if err := os.Chmod(filepath.Join(to, "f2"), 0); err != nil {
		t.Fatal(err)
	}
	r := asNobody(t, program, append([]string{"verify"}, append(slices.Clone(files), to)...)...)
	if r.status != 3 || !strings.Contains(r.stdout, "f2: offset 0, 3145728 bytes: permission denied") || !strings.Contains(r.stdout, "4 files compared") {
		t.Errorf("as somebody else: %+v", r)
	}
}

// Generations, shards and single files are verified with the flags that they were made with.
func TestVerifyFlags(t *testing.T) {
	tree := []string{"--file", "d{0..9}/f{0..9}.bin:64K,dedup=2,unit=8K", "--file", "g{0..9}:40K,dedup=3,unit=8K,scope=group", "--file", "x{0..3}.npy:100K,format=auto", "--seed", "9"}
	for _, flags := range [][]string{{"--generation", "3", "--change", "20%", "--grow", "5%", "--delete", "5%"}, {"--shard", "2/3"}} {
		all, to := append(slices.Clone(tree), flags...), t.TempDir()
		output(t, "cp", "-r", mount(t, all...)+"/.", to)
		makeRemovable(t, to)
		if v := verify(t, 0, append(slices.Clone(all), to)...); v.Equal == 0 || v.Equal != v.Files {
			t.Errorf("%q: %d of %d files are equal", flags, v.Equal, v.Files)
		}
		if v := verify(t, 1, append(slices.Clone(tree), to)...); v.Missing+v.Different == 0 {
			t.Errorf("%q: no difference without these flags", flags)
		}
	}
	to := t.TempDir()
	mnt := mount(t, "--size", "1M")
	for _, name := range []string{"300K,seed=7,compress=2", "1M.npz", "100K"} {
		output(t, "cp", mnt+"/"+name, to+"/"+name)
		output(t, "cp", mnt+"/"+name, to+"/copy")
		makeRemovable(t, to)
		verify(t, 0, filepath.Join(to, name))
		verify(t, 0, "--spec", name, to+"/copy")
		verify(t, 1, "--spec", "300K", to+"/copy")
	}
	for i, args := range [][]string{{}, {to + "/nothing"}, {to + "/copy"}, {"--spec", "x", to + "/copy"}, {"--quick", "0%", to}, {"--at", "nothing", to}, {"--seed", "random", to}} {
		if r := dgenfs(t, append([]string{"verify"}, args...)...); r.status != 2 || strings.Count(r.stderr, "\n") != 1 {
			t.Errorf("%d, %q: %s", i, args, fmt.Sprint(r))
		}
	}
}

// A file that was written to a block device is verified there; what follows it is not looked
// at.
func TestVerifyDevice(t *testing.T) {
	needRoot(t)
	need(t, "losetup")
	image := filepath.Join(t.TempDir(), "image")
	output(t, "dd", "if="+mount(t, "--size", "1M")+"/3M,seed=7", "of="+image, "bs=1M")
	makeRemovable(t, filepath.Dir(image))
	if err := os.Truncate(image, 4<<20); err != nil {
		t.Fatal(err)
	}
	device := strings.TrimSpace(output(t, "losetup", "--find", "--show", image))
	t.Cleanup(func() { output(t, "losetup", "--detach", device) })
	if v := verify(t, 0, "--spec", "3M,seed=7", device); v.Equal != 1 {
		t.Errorf("%+v", v)
	}
	verify(t, 1, "--spec", "3M,seed=8", device)
	verify(t, 1, "--spec", "5M,seed=7", device)
	// A link to a file is that file, if it is named.
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(image, link); err != nil {
		t.Fatal(err)
	}
	if v := verify(t, 1, "--spec", "3M,seed=7", link); len(v.Damage) != 1 || v.Damage[0].Kind != "excess" {
		t.Errorf("%+v", v)
	}
}
