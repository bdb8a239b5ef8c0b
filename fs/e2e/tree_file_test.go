//go:build e2e

package e2e

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// found returns a line for each of the files and directories below dir, sorted.
func found(t *testing.T, dir, format string, args ...string) []string {
	t.Helper()
	out := output(t, "find", append([]string{dir, "-mindepth", "1"}, append(args, "-printf", format+`\0`)...)...)
	lines := strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
	slices.Sort(lines)
	return lines
}

const smallTree = "# a small one\n\nd {0..1}/{0..2}.dat  100K,dedup=2\r\n\\x23 x\\{\\} 7\ndeep/er/y 1T\nz{0..} 1K,total=3K"

var smallFiles = []string{"# x{} 7", "d 0/0.dat 102400", "d 0/1.dat 102400", "d 0/2.dat 102400", "d 1/0.dat 102400", "d 1/1.dat 102400", "d 1/2.dat 102400", "deep/er/y 1099511627776", "z0 1024", "z1 1024", "z2 1024"}

// checkSmall checks a mount of smallTree, and unmounts it.
func checkSmall(t *testing.T, how, dir string) {
	t.Helper()
	if got := found(t, dir, "%P %s", "-type", "f"); !slices.Equal(got, smallFiles) {
		t.Errorf("%s: %q, want %q", how, got, smallFiles)
	}
	same(t, how, []byte(output(t, "cat", filepath.Join(dir, "d 1/2.dat"))), piece(t, generator(t, "100K,dedup=2", 0, "d 1/2.dat", 1), 0, 100<<10))
	if r := dgenfs(t, "umount", dir); r.status != 0 {
		t.Error(r.stderr)
	}
}

// A tree comes from a file, from standard input or from a pipe. It is read once, and
// before the command returns.
func TestTreeFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a, b.tree")
	write := func() {
		if err := os.WriteFile(file, []byte(smallTree), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write()
	dir := mount(t, "--tree", file)
	os.Remove(file)
	checkSmall(t, "--tree", dir)
	write()
	dir = mount(t, "-o", `tree="`+file+`",noatime`)
	os.Remove(file)
	checkSmall(t, "-o tree=", dir)

	for _, form := range []string{
		`"$0" --tree - "$1" <<<"$2"`,
		`printf %s "$2" | "$0" -o tree=- "$1"`,
		`"$0" --tree <(printf %s "$2") "$1"`,
		`mkfifo "$3"; printf %s "$2" >"$3" & "$0" --tree "$3" "$1"; wait; rm "$3"`,
		`cd "$4"; printf %s "$2" >x; "$0" --tree x "$1"; rm x`,
	} {
		dir := t.TempDir()
		unmountAtEnd(t, dir)
		output(t, "bash", "-c", form, program, dir, smallTree, file, t.TempDir())
		checkSmall(t, form, dir)
	}

	// In the foreground.
	for _, form := range []string{`exec "$0" -f --tree - "$1" <<<"$2"`, `exec "$0" -f --tree <(printf %s "$2") "$1"`} {
		dir := t.TempDir()
		unmountAtEnd(t, dir)
		server := spawn(t, "bash", "-c", form, program, dir, smallTree)
		await(t, "it is mounted", func() bool { return mounted(t, dir) })
		checkSmall(t, form, dir)
		server.wait(t)
	}

	// With run, whose command gets what is left of standard input: nothing.
	cmd := command(t, program, "run", "--tree", "-", "--", "sh", "-c", "cat; ls {}/d*1")
	cmd.Stdin = strings.NewReader(smallTree)
	if r := try(t, cmd); r.status != 0 || r.stdout != "0.dat\n1.dat\n2.dat\n" {
		t.Errorf("run: %+v", r)
	}
	write()
	cmd = command(t, program, "run", "--tree", file, "--", "sh", "-c", `rm "$0"; ls {}/d*1; cat`, file)
	cmd.Stdin = strings.NewReader("what goes in\n")
	if r := try(t, cmd); r.status != 0 || r.stdout != "0.dat\n1.dat\n2.dat\nwhat goes in\n" {
		t.Errorf("run: %+v", r)
	}

	// Errors are the user's, and nothing is mounted.
	dir = t.TempDir()
	cmd = command(t, program, "--tree", "-", dir)
	cmd.Stdin = strings.NewReader("a 1M\nb 1X\nc 1Y\n")
	r := try(t, cmd)
	lines := strings.Split(r.stderr, "\n")
	if r.status != 2 || len(lines) != 3 || !strings.HasPrefix(lines[0], "dgenfs: standard input:2: ") || !strings.HasPrefix(lines[1], "dgenfs: standard input:3: ") || mounted(t, dir) {
		t.Errorf("%+v", r)
	}
}

func TestTreeFileByMount8(t *testing.T) {
	linkInSbin(t, "mount.dgenfs")
	file := filepath.Join(t.TempDir(), "a.tree")
	if err := os.WriteFile(file, []byte(smallTree), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	unmountAtEnd(t, dir)
	if r := mount8(t, "-t", "dgenfs", "-o", "ro,nofail,tree="+file, "dgenfs", dir); r != (result{}) {
		t.Fatalf("%+v", r)
	}
	os.Remove(file)
	checkSmall(t, "mount -t dgenfs", dir)
	if r := mount8(t, "-t", "dgenfs", "-o", "tree="+file, "dgenfs", dir); r.status != 1 || !strings.Contains(r.stderr, "--tree "+file) || mounted(t, dir) {
		t.Errorf("the file is missing: %+v", r)
	}
}

func TestTreeFileOfManyLines(t *testing.T) {
	var text strings.Builder
	const lines = 100_000
	for i := range lines {
		fmt.Fprintf(&text, "%d/%d/file %d %d\n", i%10, i%1000, i, i)
	}
	dir := t.TempDir()
	unmountAtEnd(t, dir)
	cmd := command(t, program, "--tree", "-", dir)
	cmd.Stdin = strings.NewReader(text.String())
	if r := try(t, cmd); r.status != 0 {
		t.Fatalf("%+v", r)
	}
	if n := len(found(t, dir+"/7/997", "%f", "-type", "f")); n != lines/1000 {
		t.Errorf("a directory of %d files", n)
	}
	for i := 0; i < lines; i += 997 {
		var st unix.Stat_t
		path := fmt.Sprintf("%s/%d/%d/file %d", dir, i%10, i%1000, i)
		if err := unix.Stat(path, &st); err != nil || st.Size != int64(i) {
			t.Errorf("%s: %d bytes, %v", path, st.Size, err)
		}
	}
}

// Sizes that are drawn are the same in every mount of a seed, and their sum is what
// dgenfs tree prints.
func TestDrawnSizesOfMounts(t *testing.T) {
	for _, args := range [][]string{
		{"--preset", "home", "--count", "3000"},
		{"--preset", "mail", "--count", "3000"},
		{"--file", "d{0..9}/{0..} x:4K..1M,total=1G", "--size", "lognormal:64K:1.5,total=300M"},
	} {
		header, _, _ := strings.Cut(output(t, program, append([]string{"tree"}, args...)...), "\n")
		var files, directories int
		var size float64
		var word, unit string
		if _, err := fmt.Sscanf(header, "# %d files in %d %s %f %s", &files, &directories, &word, &size, &unit); err != nil {
			t.Fatalf("%v: %s", err, header)
		}
		size *= math.Pow(1024, float64(slices.Index([]string{"B", "KiB", "MiB", "GiB", "TiB"}, unit)))
		mnt := mount(t, args...)
		if n := len(found(t, mnt, "%P", "!", "-type", "d")); n != files {
			t.Errorf("%q: find finds %d files and links, and %s", args, n, header)
		}
		if n := len(found(t, mnt, "%P", "-type", "d")); n+1 != directories {
			t.Errorf("%q: find finds %d directories and the root, and %s", args, n, header)
		}
		var sum float64
		fmt.Sscan(output(t, "du", "-sb", "--apparent-size", mnt), &sum)
		if off := sum/size - 1; math.Abs(off) > 2e-3 {
			t.Errorf("%q: du counts %.0f bytes, and %s", args, sum, header)
		}
		all := found(t, mnt, "%P %i %s %T@")
		if !slices.Equal(all, found(t, mount(t, args...), "%P %i %s %T@")) {
			t.Errorf("%q: two mounts differ", args)
		}
		if slices.Equal(all, found(t, mount(t, append(args, "--seed", "5")...), "%P %i %s %T@")) {
			t.Errorf("%q: a mount with another seed has the same sizes", args)
		}
	}
}

// The tree file .dgenfs/tree makes the same mount again.
func TestTreeOfMount(t *testing.T) {
	files := []string{"--file", "empty {0..2}/x/", "--file", "d{0..2}/{00..19} x.dat:1K..90K,dedup=2", "--file", "#{0..9}:40K,scope=group,dedup=3,unit=8K", "--file", "new\nline {00..29} :9K", "--file", `\{0..9\}\\{0..9}:5K,seed=3`}
	for _, args := range [][]string{
		nil,
		{"--seed", "7", "--mode", "0404", "--uid", "12", "--gid", "34"}, // which all users can read
		{"--generation", "6", "--change", "2.5%", "--grow", "3.1%", "--delete", "1.7%", "--seed", "9"},
		{"--generation", "3", "--grow", "4%", "--shard", "2/3"},
		{"--latency", "1us", "--rate", "10G", "--fail", "eio:0.000001%"},
		{"--seed", "random"},
	} {
		dir := t.TempDir()
		if r := dgenfs(t, append(append(slices.Clone(args), files...), dir)...); r.status != 0 {
			t.Fatalf("%q: %+v", args, r)
		}
		unmountAtEnd(t, dir)
		text := output(t, "cat", dir+"/.dgenfs/tree")
		again := t.TempDir()
		cmd := command(t, program, "--tree", "-", again)
		cmd.Stdin = strings.NewReader(text)
		unmountAtEnd(t, again)
		if r := try(t, cmd); r.status != 0 {
			t.Fatalf("%q: %+v", args, r)
		}
		const all = "%P %i %s %T@ %C@ %m %U %G"
		if a, b := found(t, dir, all), found(t, again, all); !slices.Equal(a, b) {
			t.Errorf("%q: the second mount has other files: %d, want %d\n%s", args, len(b), len(a), text)
		}
		output(t, "diff", "-r", dir, again)
		if b := output(t, "cat", again+"/.dgenfs/tree"); b != text {
			t.Errorf("%q: the second mount has another tree file\n%s\n%s", args, text, b)
		}
	}
}

// The mount command waits for all of its tree file, which may be a pipe.
func TestTreeFileThatIsSlow(t *testing.T) {
	dir, pipe := t.TempDir(), filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	unmountAtEnd(t, dir)
	mounting := spawn(t, program, "--tree", pipe, dir)
	w := openFile(t, pipe, os.O_WRONLY)
	for _, part := range []string{smallTree[:10], smallTree[10:50], smallTree[50:]} {
		if _, err := w.WriteString(part); err != nil {
			t.Fatal(err)
		}
		await(t, "a part of the tree file has been read", func() bool {
			left, err := unix.IoctlGetInt(int(w.Fd()), unix.TIOCINQ)
			return err == nil && left == 0
		})
		if mounted(t, dir) || mounting.hasEnded() {
			t.Error("the command did not wait for the rest of the tree file")
		}
	}
	w.Close()
	mounting.wait(t)
	checkSmall(t, "a slow pipe", dir)
}
