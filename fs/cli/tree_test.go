package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/cli/exit"
)

func TestTreeLike(t *testing.T) {
	dir := t.TempDir()
	for name, size := range map[string]int{"a b.txt": 5, "d/#x.jpg": 4096, "d/y.jpg": 4096} {
		path := filepath.Join(dir, name)
		os.MkdirAll(filepath.Dir(path), 0o755)
		if err := os.WriteFile(path, make([]byte, size), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := runTree(t, "--like", dir), "#! --seed 0 --mode 0444\na b.txt 5\nd/#x.jpg 4K\nd/y.jpg 4K\n# 3 files in 2 directories, 8.005 KiB\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := runTree(t, "--like="+dir, "--anonymous", "--seed", "7"), "#! --seed 7 --mode 0444\nfile-0.txt 5\ndir-0/file-{0..1}.jpg 4K\n# 3 files in 2 directories, 8.005 KiB\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}

	var stdout, stderr bytes.Buffer
	if err := os.Symlink("a", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	status := run([]string{"tree", "--like", dir}, &stdout, &stderr)
	if want := "\nlink symlink=a\n"; status != exit.Done || stderr.String() != "" || !strings.Contains(stdout.String(), want) {
		t.Errorf("exit status %d, %s%s; want %s", status, &stderr, &stdout, want)
	}
	stdout.Reset()
	status = run([]string{"tree", "--like", dir, "--anonymous"}, &stdout, &stderr)
	if want := "dgenfs: left out: 1 symbolic link, whose target would be a name\n"; status != exit.Done || stderr.String() != want {
		t.Errorf("exit status %d, %s; want %s", status, &stderr, want)
	}
	for args, want := range map[string]string{
		"--anonymous":                   "--anonymous: needs --like",
		"--like {}/none":                "--like {}/none: no such file or directory",
		"--like {}/d/y.jpg":             "--like {}/d/y.jpg: not a directory",
		"--like {} --preset home":       "--like and --preset exclude each other",
		"--like {} --size 1M":           "--like and --size exclude each other",
		"--like {} --tree x":            "--like and --tree exclude each other",
		"--like {} --generation 1 home": `did you mean --preset home?`,
	} {
		args, want = strings.ReplaceAll(args, "{}", dir), strings.ReplaceAll(want, "{}", dir)
		var stdout, stderr bytes.Buffer
		status := run(append([]string{"tree"}, strings.Fields(args)...), &stdout, &stderr)
		if status != exit.Usage || stdout.Len() > 0 || !strings.Contains(stderr.String(), want) {
			t.Errorf("tree %s: exit status %d, %s; want %s", args, status, &stderr, want)
		}
	}
}

// A name in the root that does not exist, though it looks like a SPEC, is explained by
// dgenfs cat.
func TestCatExplainsNames(t *testing.T) {
	for name, want := range map[string]string{
		"1G,dedupe=3": "did you mean dedup?",
		"1,5G":        "write 1536M",
		"10 GB":       "write 10GB",
	} {
		var stdout, stderr bytes.Buffer
		status := run([]string{"cat", name}, &stdout, &stderr)
		if status != exit.Usage || stdout.Len() > 0 || !strings.Contains(stderr.String(), want) {
			t.Errorf("cat %s: exit status %d, %s; want %s", name, status, &stderr, want)
		}
	}
}
