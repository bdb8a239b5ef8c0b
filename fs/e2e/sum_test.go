//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sumTree are the flags of a tree with everything that changes a file's bytes, and names
// that need escapes.
var sumTree = []string{"--seed", "5", "--generation", "2", "--change", "20%", "--grow", "30%", "--delete", "20%",
	"--file", "d{0..2}/small{0..30}:4K..40K", "--file", "g{0..3}:300K,scope=group,dedup=2", "--file", "large:40M,compress=2",
	"--file", "a.npy:100K,format=npy", "--file", "t:100K,texture=text", "--file", "empty:0", "--file", "two words:7", "--file", `b\\s:5`}

// inCopy runs a command in a directory, with what dgenfs sum prints for its input.
func inCopy(t *testing.T, dir, sums, name string, args ...string) result {
	t.Helper()
	cmd := command(t, name, args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(sums)
	return try(t, cmd)
}

// copyOf copies what a mount shows.
func copyOf(t *testing.T, args ...string) string {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "copy")
	output(t, "cp", "-r", mount(t, args...), copied)
	return copied
}

// damageOne flips a bit of a file, until the test ends.
func damageOne(t *testing.T, path string) (undo func()) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	right := bytes.Clone(data)
	data[len(data)/2] ^= 1
	write := func(p []byte) {
		if err := os.WriteFile(path, p, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	os.Chmod(path, 0o644)
	write(data)
	return func() { write(right) }
}

// A copy passes the check of the tool of each algorithm, and a damaged one does not.
func TestSumChecksCopy(t *testing.T) {
	need(t, "xxhsum", "b3sum")
	copied := copyOf(t, append(sumTree, "--file", "new\nline:3")...)
	files := strings.Count(output(t, "bash", "-c", `find "$0" -type f -printf 'x\n'`, copied), "x")
	for _, test := range []struct {
		args  []string
		check []string
	}{
		{nil, []string{"sha256sum", "-c"}},
		{[]string{"--algo", "sha1"}, []string{"sha1sum", "-c", "--strict"}},
		{[]string{"--algo", "sha512"}, []string{"sha512sum", "-c", "--strict"}},
		{[]string{"--algo", "md5"}, []string{"md5sum", "-c", "--strict"}},
		{[]string{"--algo", "sha256", "--tag"}, []string{"sha256sum", "-c", "--strict"}},
		{[]string{"--algo", "md5", "--tag"}, []string{"cksum", "-c", "--strict"}},
		{[]string{"--algo", "blake3"}, []string{"b3sum", "-c"}},
		{[]string{"--algo", "xxh64"}, []string{"xxhsum", "-c"}},
		{[]string{"--algo", "xxh3"}, []string{"xxhsum", "-c"}},
		{[]string{"--algo", "xxh64", "--tag"}, []string{"xxhsum", "-c"}},
	} {
		name := strings.Join(append(test.check, test.args...), " ")
		args := append([]string{"sum"}, sumTree...)
		if test.check[0] != "xxhsum" { // which has no names with line breaks
			args = append(args, "--file", "new\nline:3")
		}
		sums := output(t, program, append(args, test.args...)...)
		want := strings.Count(sums, "\n")
		if test.check[0] == "xxhsum" {
			os.WriteFile(filepath.Join(copied, "../sums"), []byte(sums), 0o644)
			test.check = append(test.check, "../sums")
		} else if want != files {
			t.Errorf("%s: %d checksums of %d files", name, want, files)
		}
		if r := inCopy(t, copied, sums, test.check[0], test.check[1:]...); r.status != 0 || strings.Count(r.stdout, ": OK\n") != want {
			t.Errorf("%s: exit status %d, %d of %d files are right\n%s", name, r.status, strings.Count(r.stdout, ": OK\n"), want, r.stderr)
		}
		undo := damageOne(t, filepath.Join(copied, "large"))
		if r := inCopy(t, copied, sums, test.check[0], test.check[1:]...); r.status == 0 || strings.Count(r.stdout, ": OK\n") != want-1 || !strings.Contains(r.stdout+r.stderr, "large: FAILED") {
			t.Errorf("%s of a damaged copy: exit status %d, %s", name, r.status, r.stderr)
		}
		undo()
	}
}

// hashdeep audits a copy, and rclone checks it.
func TestSumHashdeepAndRclone(t *testing.T) {
	need(t, "hashdeep", "rclone")
	copied := copyOf(t, sumTree...)
	known := filepath.Join(filepath.Dir(copied), "known")
	sum := func(args ...string) {
		if err := os.WriteFile(known, []byte(output(t, program, append(append([]string{"sum"}, sumTree...), args...)...)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, algorithms := range []string{"md5,sha256", "sha1", "sha256,sha1,md5"} {
		sum("--hashdeep", "--algo", algorithms)
		check := []string{"-r", "-l", "-a", "-v", "-k", known, "."}
		if r := inCopy(t, copied, "", "hashdeep", check...); r.status != 0 || !strings.Contains(r.stdout, "Audit passed") {
			t.Errorf("hashdeep of %s: %+v", algorithms, r)
		}
		undo := damageOne(t, filepath.Join(copied, "large"))
		if r := inCopy(t, copied, "", "hashdeep", check...); r.status == 0 || !strings.Contains(r.stdout, "Audit failed") {
			t.Errorf("hashdeep of %s, of a damaged copy: %+v", algorithms, r)
		}
		undo()
	}
	for _, algorithm := range []string{"md5", "sha1"} {
		sum("--algo", algorithm)
		check := []string{"checksum", "--config", filepath.Join(filepath.Dir(copied), "none"), algorithm, known, copied}
		// rclone has no escapes, so a name with a backslash is another one to it.
		check = append(check, "--exclude", "b*")
		lines := strings.Split(output(t, "cat", known), "\n")
		kept := make([]string, 0, len(lines))
		for _, line := range lines {
			if !strings.HasPrefix(line, `\`) {
				kept = append(kept, line)
			}
		}
		os.WriteFile(known, []byte(strings.Join(kept, "\n")), 0o644)
		if r := inCopy(t, copied, "", "rclone", check...); r.status != 0 || !strings.Contains(r.stderr, "0 differences found") {
			t.Errorf("rclone of %s: %+v", algorithm, r)
		}
		undo := damageOne(t, filepath.Join(copied, "large"))
		if r := inCopy(t, copied, "", "rclone", check...); r.status == 0 || !strings.Contains(r.stderr, "1 differences found") {
			t.Errorf("rclone of %s, of a damaged copy: %+v", algorithm, r)
		}
		undo()
	}
}

// ETags are the MD5 of the MD5s of parts, as S3 has them; computed by md5sum.
func TestSumEtag(t *testing.T) {
	copied := copyOf(t, "--file", "f:20000001", "--file", "part:8M", "--file", "small:8388607", "--file", "empty:0")
	for _, test := range []struct {
		args []string
		part int64
		from int64
	}{{[]string{"--etag", "8M"}, 8 << 20, 8 << 20}, {[]string{"--etag", "5M", "--etag-from", "10M"}, 5 << 20, 10 << 20}, {[]string{"--etag", "8M", "--etag-from", "0"}, 8 << 20, 0}} {
		want := ""
		for _, name := range []string{"empty", "f", "part", "small"} {
			path := filepath.Join(copied, name)
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if info.Size() < test.from {
				want += strings.Fields(output(t, "md5sum", path))[0] + "  " + name + "\n"
				continue
			}
			script := `n=$((($(stat -c %s "$0") + $1 - 1) / $1)); ((n)) || n=1
				for ((i = 0; i < n; i++)); do dd if="$0" bs=$1 skip=$i count=1 status=none | md5sum | cut -c1-32 | sed 's/../\\x&/g' | xargs -0 printf '%b' | head -c 16; done |
					md5sum | cut -c1-32 | sed "s/$/-$n/"`
			want += strings.TrimSpace(output(t, "bash", "-c", script, path, fmt.Sprint(test.part))) + "  " + name + "\n"
		}
		if got := output(t, program, append([]string{"sum", "--file", "f:20000001", "--file", "part:8M", "--file", "small:8388607", "--file", "empty:0"}, test.args...)...); got != want {
			t.Errorf("%q:\n%swant\n%s", test.args, got, want)
		}
	}
}

// The checksum of one file, by its attribute.
func TestSumSpec(t *testing.T) {
	mnt := mount(t, sumTree...)
	copied := filepath.Join(t.TempDir(), "a copy")
	output(t, "cp", filepath.Join(mnt, "large"), copied)
	sums := output(t, program, "sum", "--spec", specOf(t, filepath.Join(mnt, "large")), copied)
	if r := inCopy(t, "/", sums, "sha256sum", "-c"); r.status != 0 {
		t.Errorf("%+v", r)
	}
	// Pipes that are closed early, and full devices, are as with cat.
	r := try(t, command(t, "bash", "-c", `"$0" sum --file '{0..999999}:1' | head -3 | wc -l`, program))
	if strings.TrimSpace(r.stdout) != "3" || r.stderr != "" {
		t.Errorf("a closed pipe: %q, standard error %q", r.stdout, r.stderr)
	}
	if r := try(t, command(t, "bash", "-c", `"$0" sum 1M >/dev/full`, program)); r.status != 1 || !strings.HasPrefix(r.stderr, "dgenfs: ") || !strings.Contains(r.stderr, "no space left") {
		t.Errorf("a full device: exit status %d, %q", r.status, r.stderr)
	}
}
