//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// shown returns what find lists below a directory: the path, and the kind, size, mode,
// time and inode, of each file, and of each directory. find starts with the words in
// front of it.
func shown(t *testing.T, dir string, before ...string) (files, directories map[string]string) {
	t.Helper()
	args := append(before, "find", dir, "-mindepth", "1", "-printf", `%P\t%y %s %m %T@ %i\n`)
	files, directories = map[string]string{}, map[string]string{}
	for line := range strings.Lines(output(t, args[0], args[1:]...)) {
		path, about, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(about, "d ") {
			directories[path] = about
		} else {
			files[path] = about
		}
	}
	return files, directories
}

// bytesOf adds up the sizes of files that shown has returned.
func bytesOf(t *testing.T, files map[string]string) (sum int64) {
	t.Helper()
	for path, about := range files {
		size, err := strconv.ParseInt(strings.Fields(about)[1], 10, 64)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		sum += size
	}
	return sum
}

// sums returns the checksum of each file of up to 1 MiB below a directory.
func sums(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	text := output(t, "bash", "-o", "pipefail", "-c", `cd "$0" && find . -type f -size -1025k -printf '%P\0' | xargs -0r sha256sum`, dir)
	for line := range strings.Lines(text) {
		sum, path, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		found[path] = sum
	}
	return found
}

// directoriesOf returns the directories that the files need.
func directoriesOf(files map[string]string) map[string]bool {
	need := map[string]bool{}
	for path := range files {
		for dir := filepath.Dir(path); dir != "."; dir = filepath.Dir(dir) {
			need[dir] = true
		}
	}
	return need
}

// Each file of the whole mount is in exactly one of its parts, and is the same there.
func TestShards(t *testing.T) {
	const count = 3
	for _, test := range []struct {
		name string
		args []string
	}{
		{"preset", []string{"--seed", "4", "--preset", "home", "--count", "2000"}},
		{"generation of a preset", []string{"--seed", "4", "--preset", "home", "--count", "2000", "--generation", "2", "--change", "5%", "--grow", "10%", "--delete", "10%"}},
		{"ranges", []string{"--file", "a/{0..9}/{00..19}.bin:30011,dedup=2", "--file", "b{0..4}/only:1M", "--file", "c/d/e:7", "--file", "empty-{0..3}:0"}},
		{"more parts than files", []string{"--file", "a/b/one:1M", "--file", "two:100"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			whole := mount(t, test.args...)
			files, directories := shown(t, whole)
			contents := sums(t, whole)
			if len(files) == 0 || len(contents) == 0 {
				t.Fatalf("the whole has %d files, %d of up to 1 MiB", len(files), len(contents))
			}
			const name = "1000003,dedup=2"
			spec, bytes := ask(t, filepath.Join(whole, name)), sha(t, filepath.Join(whole, name))
			allFiles, allDirectories, allSums := map[string]string{}, map[string]string{}, map[string]string{}
			together := t.TempDir()
			for i := range count {
				part := mount(t, append(slices.Clone(test.args), "--shard", fmt.Sprintf("%d/%d", i+1, count))...)
				some, dirs := shown(t, part)
				for path := range some {
					if _, twice := allFiles[path]; twice {
						t.Errorf("part %d: %s is in an earlier one, too", i+1, path)
					}
				}
				if n := len(some); (n < len(files)/count || n > len(files)/count+1) && !slices.Contains(test.args, "--generation") {
					t.Errorf("part %d has %d of %d files", i+1, n, len(files))
				}
				need := directoriesOf(some)
				for dir := range dirs {
					// A directory that has lost its last file to a generation stays.
					if !need[dir] && !slices.Contains(test.args, "--generation") {
						t.Errorf("part %d: the directory %s has no file", i+1, dir)
					}
				}
				for dir := range need {
					if _, ok := dirs[dir]; !ok {
						t.Errorf("part %d: the directory %s is not listed", i+1, dir)
					}
				}
				for path := range files {
					_, err := os.Lstat(filepath.Join(part, path))
					if _, ours := some[path]; ours && err != nil || !ours && !errors.Is(err, fs.ErrNotExist) {
						t.Errorf("part %d: %s, which it lists: %v, is found: %v", i+1, path, ours, err)
					}
				}
				for dir := range directories {
					_, err := os.Lstat(filepath.Join(part, dir))
					if _, ours := dirs[dir]; ours != (err == nil) {
						t.Errorf("part %d: directory %s, which it lists: %v, is found: %v", i+1, dir, ours, err)
					}
				}
				maps.Copy(allFiles, some)
				maps.Copy(allDirectories, dirs)
				maps.Copy(allSums, sums(t, part))
				// A spec in the root does not belong to any part.
				if got := ask(t, filepath.Join(part, name)); got != spec || sha(t, filepath.Join(part, name)) != bytes {
					t.Errorf("part %d: %s is %+v, want %+v, or has other bytes", i+1, name, got, spec)
				}
				if !slices.Contains(test.args, "--preset") { // whose videos take long to copy
					output(t, "cp", "-r", part+"/.", together)
					output(t, "chmod", "-R", "u+w", together)
				}
			}
			if !maps.Equal(allFiles, files) || !maps.Equal(allDirectories, directories) || !maps.Equal(allSums, contents) {
				t.Errorf("the parts have %d files, %d directories and %d checksums, the whole %d, %d and %d, or they differ",
					len(allFiles), len(allDirectories), len(allSums), len(files), len(directories), len(contents))
			}
			if !slices.Contains(test.args, "--preset") {
				output(t, "diff", "-r", whole, together)
			}
		})
	}
}

// Each size in the root is listed in one part, but exists in all of them, the same
// except for the inode number.
func TestShardsOfSpecs(t *testing.T) {
	whole, parts := mount(t), []string{mount(t, "--shard", "1/2"), mount(t, "--shard", "2/2")}
	want, _ := shown(t, whole)
	got := map[string]string{}
	for _, part := range parts {
		some, _ := shown(t, part)
		maps.Copy(got, some)
		if len(some) == 0 || len(some) == len(want) {
			t.Errorf("a part lists %d of %d names", len(some), len(want))
		}
		for name := range want {
			a, b := ask(t, filepath.Join(whole, name)), ask(t, filepath.Join(part, name))
			if _, ours := some[name]; !ours {
				a.ino = b.ino // which differs between an entry and a name that is only looked up
			}
			if a != b {
				t.Errorf("%s: %+v in a part, %+v in the whole", name, b, a)
			}
			if name == "16M" && sha(t, filepath.Join(whole, name)) != sha(t, filepath.Join(part, name)) {
				t.Errorf("%s has other bytes in a part", name)
			}
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("the parts list %q, want %q", got, want)
	}
}
