//go:build e2e

package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// The same command line gives the same bytes; another seed gives others.
func TestSeeds(t *testing.T) {
	args := []string{"--size", "3000001,dedup=2", "--file", "d/x{0..3}:1M", "--seed", "11"}
	one, two := mount(t, args...), mount(t, args...)
	other := mount(t, append(args[:len(args)-1:len(args)-1], "12")...)
	seen := make(map[string]string)
	for _, name := range []string{"data", "d/x0", "d/x3", "5M", "5M,compress=2"} {
		a, b, c := sha(t, filepath.Join(one, name)), sha(t, filepath.Join(two, name)), sha(t, filepath.Join(other, name))
		if a != b {
			t.Errorf("%s: two mounts with the same command line differ", name)
		}
		if a == c {
			t.Errorf("%s: another --seed gives the same bytes", name)
		}
		if seen[a] != "" {
			t.Errorf("%s and %s have the same bytes", name, seen[a])
		}
		seen[a] = name
	}
	// A seed in the spec does not depend on the mount's, nor on the name.
	a, b := sha(t, filepath.Join(one, "1M,seed=5")), sha(t, filepath.Join(other, "1024K,seed=0x5"))
	if a != b {
		t.Error("the same seed in two specs gives different bytes")
	}
	if a == sha(t, filepath.Join(one, "1M,seed=6")) {
		t.Error("another seed in the spec gives the same bytes")
	}
	same(t, "d/x3", []byte(output(t, "cat", filepath.Join(one, "d/x3"))), piece(t, generator(t, "1M", 11, "d/x3", 1), 0, 1<<20))
}

func TestRandomSeedIsPrinted(t *testing.T) {
	dir := t.TempDir()
	r := dgenfs(t, "--seed", "random", dir)
	unmountAtEnd(t, dir)
	seed, ok := strings.CutPrefix(strings.TrimSpace(r.stdout), "seed ")
	if r.status != 0 || !ok || r.stderr != "" {
		t.Fatalf("exit status %d, standard output %q, standard error %q", r.status, r.stdout, r.stderr)
	}
	again := mount(t, "--seed", seed)
	if sha(t, filepath.Join(dir, "1M")) != sha(t, filepath.Join(again, "1M")) {
		t.Errorf("a mount with the seed %s that was printed differs", seed)
	}
	if sha(t, filepath.Join(mount(t, "--seed", "random"), "1M")) == sha(t, filepath.Join(dir, "1M")) {
		t.Error("two random seeds gave the same bytes")
	}
	r = dgenfs(t, "run", "--seed", "random", "--", "true")
	if !strings.HasPrefix(r.stderr, "seed ") {
		t.Errorf("run does not print the seed: %q", r.stderr)
	}
}

// The attribute of a file has all that it takes to make its bytes elsewhere.
func TestSpecAttribute(t *testing.T) {
	mnt := mount(t, "--seed", "3", "--file", "d/x{0..9}:1000003,dedup=2,compress=1.5,unit=8K",
		"--file", "d/y{0..9}:1000003,dedup=3,unit=12K,skew=2,scope=group")
	for _, name := range []string{"d/x7", "d/y0", "d/y9", "1M,dedup=2,scope=group", "300K,seed=1,dedup=2,group=3of6", "1M", "1000003,compress=2,seed=99"} {
		path := filepath.Join(mnt, name)
		buf := make([]byte, 200)
		n, err := unix.Getxattr(path, "user.dgenfs.spec", buf)
		if err != nil {
			t.Fatal(err)
		}
		r := dgenfs(t, "cat", string(buf[:n]))
		same(t, name, []byte(r.stdout), []byte(output(t, "cat", path)))

		if n, err := unix.Listxattr(path, buf); err != unix.EOPNOTSUPP {
			t.Errorf("%s: a list of attributes of %d bytes, %v", name, n, err)
		}
		if n, err := unix.Getxattr(path, "user.dgenfs.seed", nil); err != nil || n == 0 {
			t.Errorf("%s: probing the size of an attribute: %d, %v", name, n, err)
		}
		if _, err := unix.Getxattr(path, "user.dgenfs.spec", buf[:3]); err != unix.ERANGE {
			t.Errorf("%s: too little room for an attribute: %v", name, err)
		}
		for _, attr := range []string{"user.none", "security.selinux", "system.posix_acl_access"} {
			if _, err := unix.Getxattr(path, attr, buf); err != unix.ENODATA && err != unix.EOPNOTSUPP {
				t.Errorf("%s: attribute %s: %v", name, attr, err)
			}
		}
	}
	if n, err := unix.Getxattr(filepath.Join(mnt, "d"), "user.dgenfs.spec", nil); err != unix.ENODATA {
		t.Errorf("a directory's attribute: %d bytes, %v", n, err)
	}
}

// With scope=group, the files of one --file share their units, also if each of them is
// smaller than a unit; so do those of --files.
func TestGroups(t *testing.T) {
	mnt := mount(t, "--size", "24K,dedup=4,scope=group", "--files", "1000", "--file", "d{0..9}/x{0..9}:24K,dedup=5,scope=group", "--file", "alone:1M,dedup=2,scope=group", "--file", "y{0..9}:1M,scope=group")
	for pattern, want := range map[string]string{"data-*": "250", "d*/x*": "20", "y*": "10"} {
		got := output(t, "bash", "-c", `cd "$0" && sha256sum `+pattern+` | cut -d" " -f1 | sort -u | wc -l`, mnt)
		if strings.TrimSpace(got) != want {
			t.Errorf("%s: %s distinct files, want %s", pattern, strings.TrimSpace(got), want)
		}
	}
	same(t, "a group of one", []byte(output(t, "cat", filepath.Join(mnt, "alone"))), piece(t, generator(t, "1M,dedup=2", 0, "alone", 1), 0, 1<<20))
	r := dgenfs(t, "--file", "x{0000000..9999999}:1T,scope=group", t.TempDir())
	if r.status != 2 || !strings.Contains(r.stderr, `"x{0000000..9999999}"`) {
		t.Errorf("a group that is too large: exit status %d, %q", r.status, r.stderr)
	}
}
