//go:build e2e

package e2e

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// entries is a tree with more than files.
const entries = `#! --seed 5
plain 12345
run.sh 700,mode=0755,mtime=2024-05-01T12:30:00
secret 700,mode=0600,uid=1234,gid=2345,mtime=2020-01-01..2024-05-01
d{0..2}/ mode=0750,uid=1000,mtime=2021-06-01
d{0..2}/f{0..9} 4K..40K,mtime=2020-01-01..2024-05-01T00:00:00.5
d{0..2}/l{0..9} symlink=f{0..9},uid=77
up symlink=../outside
dangling symlink=/none/such\x20thing\x2c
empty/ mode=1777
sparse{0..2} 3000001,holes=30%,hole=64K
hole 300000,holes=100%
hard/g{0..9} hardlink=d{0..2}/f{0..9}
hard/two{0..1} hardlink=plain
hard/link hardlink=up
`

// treeFlags returns the flags of a mount of a tree file.
func treeFlags(t *testing.T, text string) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tree")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return []string{"--tree", path}
}

// statsOf returns what lstat(2) and readlink(2) say of all below a directory, by path. The
// sizes of directories are the file system's.
func statsOf(t *testing.T, dir string, with func(path string, st *unix.Stat_t) string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		var st unix.Stat_t
		if err != nil || path == dir {
			return err
		}
		if err := unix.Lstat(path, &st); err != nil {
			return err
		}
		size, target := st.Size, ""
		if e.IsDir() {
			size = 0
		}
		if e.Type() == fs.ModeSymlink {
			if target, err = os.Readlink(path); err != nil {
				return err
			}
		}
		rel, _ := filepath.Rel(dir, path)
		all[rel] = fmt.Sprintf("mode %o uid %d gid %d size %d mtime %d target %q%s", st.Mode, st.Uid, st.Gid, size, st.Mtim.Nano(), target, with(path, &st))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// inodes returns what says of each file below a directory which names it has.
func inodes(t *testing.T, dir string) func(path string, st *unix.Stat_t) string {
	t.Helper()
	names := make(map[uint64][]string)
	statsOf(t, dir, func(path string, st *unix.Stat_t) string {
		rel, _ := filepath.Rel(dir, path)
		names[st.Ino] = append(names[st.Ino], rel)
		return ""
	})
	return func(path string, st *unix.Stat_t) string {
		if st.Mode&unix.S_IFMT == unix.S_IFDIR {
			return ""
		}
		return fmt.Sprintf(" nlink %d names %s", st.Nlink, strings.Join(names[st.Ino], " "))
	}
}

func plainStats(string, *unix.Stat_t) string { return "" }

// sameStats fails the test if a copy is not what was copied.
func sameStats(t *testing.T, tool string, got, want map[string]string) {
	t.Helper()
	for path, w := range want {
		if got[path] != w {
			t.Errorf("%s: %s is %s\nwant %s", tool, path, got[path], w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d files and directories, want %d", tool, len(got), len(want))
	}
}

// What a tree file says of its entries is what stat(2) says of them.
func TestEntries(t *testing.T) {
	flags := treeFlags(t, entries)
	mnt := mount(t, flags...)
	all := statsOf(t, mnt, plainStats)
	for path, want := range map[string]string{
		"run.sh":   `mode 100755 uid %d gid %d size 700 mtime 1714566600000000000 target ""`,
		"d1":       `mode 40750 uid 1000 gid %[2]d size 0 mtime 1622505600000000000 target ""`,
		"d2/f3":    `mode 100444`,
		"d2/l3":    `mode 120777 uid 77 gid %[2]d size 2 mtime `,
		"up":       `mode 120777 uid %d gid %d size 10 mtime `,
		"dangling": `mode 120777 uid %d gid %d size 17 mtime `,
		"empty":    `mode 41777 uid %d gid %d size 0 mtime 946684800000000000 target ""`,
		"secret":   `mode 100600 uid 1234 gid 2345 size 700 mtime 1`,
	} {
		if strings.Contains(want, "%") {
			want, _, _ = strings.Cut(fmt.Sprintf(want, os.Getuid(), os.Getgid()), "%!")
		}
		if !strings.HasPrefix(all[path], want) {
			t.Errorf("%s is %s, want %s", path, all[path], want)
		}
	}
	if len(all) != 3+3+30+30+3+4+14 {
		t.Errorf("%d files and directories", len(all))
	}
	if data := output(t, "cmp", mnt+"/d1/l4", mnt+"/d1/f4"); data != "" {
		t.Error(data)
	}
	if _, err := os.Stat(mnt + "/dangling"); !os.IsNotExist(err) {
		t.Errorf("what a dangling link points to: %v", err)
	}
	links := statsOf(t, mnt, inodes(t, mnt))
	for path, want := range map[string]string{"hard/g3": "nlink 2 names d0/f3 hard/g3", "d0/f3": "nlink 2 names d0/f3 hard/g3", "plain": "nlink 3 names hard/two0 hard/two1 plain", "up": "nlink 2 names hard/link up", "d1/f3": "nlink 1 names d1/f3"} {
		if !strings.HasSuffix(links[path], want) {
			t.Errorf("%s is %s, want %s", path, links[path], want)
		}
	}
	// The mount's own tree file makes the same mount.
	again, err := os.ReadFile(mnt + "/.dgenfs/tree")
	if err != nil {
		t.Fatal(err)
	}
	sameStats(t, "the mount's tree file", statsOf(t, mount(t, treeFlags(t, string(again))...), plainStats), all)
}

// Tools that copy keep types, targets, modes, owners and times.
func TestCopiesOfEntries(t *testing.T) {
	needRoot(t) // for owners
	flags := treeFlags(t, entries)
	mnt := mount(t, flags...)
	want := statsOf(t, mnt, inodes(t, mnt))
	for tool, script := range map[string]string{
		"tar":   `tar -C "$0" --format=pax -cf - . | tar -C "$1" -xpf -`,
		"cp":    `cp -a "$0"/. "$1"`,
		"rsync": `rsync -aHAXS "$0"/ "$1"/`,
	} {
		if tool == "rsync" {
			need(t, "rsync")
		}
		to := t.TempDir()
		output(t, "bash", "-o", "pipefail", "-c", script, mnt, to)
		sameStats(t, tool, statsOf(t, to, inodes(t, to)), want)
		if r := dgenfs(t, slices.Concat([]string{"verify"}, flags, []string{to})...); r.status != 0 || !strings.Contains(r.stdout, "49 files and 33 symbolic links compared") {
			t.Errorf("%s: verify: exit status %d\n%s%s", tool, r.status, r.stdout, r.stderr)
		}
	}
}

// Backup tools restore what they have saved, and find nothing changed after another mount.
func TestBackupsOfEntries(t *testing.T) {
	needRoot(t)
	// borg makes symbolic links of their own of several names of one.
	flags := treeFlags(t, strings.ReplaceAll(entries, "hard/link hardlink=up\n", ""))
	for tool, script := range map[string]string{
		"restic": `export RESTIC_PASSWORD=for-tests RESTIC_REPOSITORY="$1/repo"
			restic -q --no-cache init && (cd "$0" && restic -q --no-cache backup .) && restic -q --no-cache restore latest --target "$1/restored"`,
		"borg": `export BORG_BASE_DIR="$1/base" BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes
			borg init -e none "$1/repo" && (cd "$0" && borg create --noatime "$1/repo::a" .) && mkdir "$1/restored" && cd "$1/restored" && borg extract --sparse "$1/repo::a"`,
	} {
		t.Run(tool, func(t *testing.T) {
			need(t, tool)
			mnt, to := mount(t, flags...), t.TempDir()
			output(t, "bash", "-o", "pipefail", "-c", script, mnt, to)
			to += "/restored"
			sameStats(t, tool, statsOf(t, to, inodes(t, to)), statsOf(t, mnt, inodes(t, mnt)))
			if r := dgenfs(t, slices.Concat([]string{"verify"}, flags, []string{to})...); r.status != 0 {
				t.Errorf("verify: exit status %d\n%s%s", r.status, r.stdout, r.stderr)
			}
			makeRemovable(t, to)
		})
	}
}

// Tools make links and sparse files again in a mount that compares what is written.
func TestEntriesComeBack(t *testing.T) {
	needRoot(t) // for owners
	flags := treeFlags(t, entries)
	original, saved := mount(t, flags...), t.TempDir()
	output(t, "cp", "-a", original+"/.", saved)
	want := statsOf(t, original, inodes(t, original))
	for tool, script := range map[string]string{
		"cp":    `cp -a "$0"/. "$1"`,
		"tar":   `tar -C "$0" -Scf - . | tar -C "$1" -xpPf -`,
		"rsync": `rsync -aHI --inplace "$0"/ "$1"/`,
	} {
		t.Run(tool, func(t *testing.T) {
			if tool == "rsync" {
				need(t, "rsync")
			}
			mnt := mount(t, slices.Concat([]string{"--accept-writes", "--mode", "0444"}, flags)...)
			output(t, "bash", "-o", "pipefail", "-c", script, saved, mnt)
			sameStats(t, tool, statsOf(t, mnt, inodes(t, mnt)), want)
			if text := output(t, "cat", mnt+"/.dgenfs/writes"); text != "" {
				t.Errorf(".dgenfs/writes has %s", text)
			}
			// Of what is nothing but a hole, nothing need be written.
			stats := output(t, "cat", mnt+"/.dgenfs/stats")
			if m := regexp.MustCompile(`"files_complete": +([0-9]+)`).FindStringSubmatch(stats); m == nil || m[1] != "36" && m[1] != "37" {
				t.Errorf("files_complete is %q, of 37 files", m)
			}
		})
	}
}
