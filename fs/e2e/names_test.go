//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// oddNames returns names that Linux allows, and that somebody will have.
func oddNames() []string {
	names := []string{
		" ", "  two  spaces ", "-", "--", "-rf", "--help", "new\nline", "\n", "tab\t", `back\slash`, `\`, `"quoted"`, "'", "`id`", "$(id)", "$HOME", "a;b", "a|b", "a&b", "*", "?", "[a-z]", "~", "#", "%s%n", "!",
		"{", "}", "{}", "{0..9}", "a{00..99}.b", `\{`, `\x41`, `\\`, "a:b", ":", "::", "x:1M", "a,b", ",", "=", "1G:", "64G,dedup=3", "...", ". ", " .", "..a", ".hidden", ".dgenfs", "00", "007", "18446744073709551616", strings.Repeat("9", 255),
		"ünïcödé", "日本語", "e\u0301", "\u00e9", "🙂", "\u202egnp.exe", "\ufeff", "\xff", "\xc3", "a\xc0\xafb", "\xed\xa0\x80", "\x01", "\x7f", "\x1b[31m", "CON", "nul", "a.", "a",
		strings.Repeat("n", 255), strings.Repeat("\xff", 255), strings.Repeat("\n", 255), strings.Repeat("é", 127),
	}
	// Every byte that a name may have, alone and among others.
	random := rand.New(rand.NewPCG(3, 4))
	allowed := func(b byte) bool { return b != 0 && b != '/' }
	for i := range 256 {
		if b := byte(i); allowed(b) && b != '.' {
			names = append(names, string([]byte{b}), "x"+string([]byte{b}), "y"+string([]byte{b})+"z")
		}
	}
	for range 200 {
		name := make([]byte, 1+random.IntN(255))
		for i := range name {
			for !allowed(name[i]) {
				name[i] = byte(random.UintN(256))
			}
		}
		names = append(names, string(name))
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "." || name == ".." })
}

// escaped writes a name as a pattern: with the escapes that it needs, or byte by byte.
func escaped(name string, all bool) string {
	if all {
		var b strings.Builder
		for _, c := range []byte(name) {
			fmt.Fprintf(&b, `\x%02x`, c)
		}
		return b.String()
	}
	return strings.NewReplacer("{", `\{`, "}", `\}`, `\`, `\\`, ":", `\x3a`).Replace(name)
}

// Files and directories can have any name that Linux allows, byte for byte, and
// similar names do not exist.
func TestOddNames(t *testing.T) {
	all := oddNames()
	var args []string
	for i, name := range all {
		plain, bytes := escaped(name, false), escaped(name, true)
		args = append(args, "--file", fmt.Sprintf("%s:%d,seed=1", plain, i), "--file", fmt.Sprintf("in/%s/%s:1", bytes, plain))
	}
	mnt := mount(t, args...)
	for _, dir := range []string{"", "in"} {
		fd := int(openFile(t, filepath.Join(mnt, dir), os.O_RDONLY).Fd())
		entries, err := from(fd, 0, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		var listed []string
		for _, e := range entries {
			if e.name != "." && e.name != ".." && !(dir == "" && e.name == "in") {
				listed = append(listed, e.name)
			}
		}
		slices.Sort(listed)
		if !slices.Equal(listed, all) {
			t.Errorf("in %q, %d names are listed, want %d", dir, len(listed), len(all))
		}
	}
	for i, name := range all {
		var st unix.Stat_t
		// Not by path/filepath, which cleans paths.
		if err := unix.Lstat(mnt+"/"+name, &st); err != nil || st.Size != int64(i) {
			t.Errorf("%q: size %d, %v; want %d", name, st.Size, err, i)
		}
		data, err := os.ReadFile(mnt + "/in/" + name + "/" + name)
		if err != nil || len(data) != 1 {
			t.Errorf("%q in a directory of that name: %d bytes, %v", name, len(data), err)
		}
		for _, other := range []string{name + "\xfe", "\xfe" + name} {
			if _, found := slices.BinarySearch(all, other); found || len(other) > 255 {
				continue
			}
			if err := unix.Lstat(mnt+"/in/"+other, &st); err != unix.ENOENT {
				t.Errorf("%q: %v", other, err)
			}
		}
	}
	// Names are bytes: neither letters of another case nor characters that look
	// the same are the same.
	for _, name := range []string{"Ünïcödé", "u\u0308nïcödé", "con", "A ", "-RF"} {
		if err := unix.Access(mnt+"/"+name, unix.F_OK); err != unix.ENOENT {
			t.Errorf("%q: %v", name, err)
		}
	}
	// Tools handle them.
	want := slices.Sorted(slices.Values(append([]string{"in"}, all...)))
	for _, command := range []string{`find . -mindepth 1 -maxdepth 1 -printf '%f\0'`, `ls -A --zero`, `printf '%s\0' .[!.]* ..?* *`} {
		out := output(t, "bash", "-o", "pipefail", "-c", `cd "$0" && `+command, mnt)
		got := strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s: %d names, want %d", command, len(got), len(want))
		}
	}
	output(t, "bash", "-o", "pipefail", "-c", `tar -C "$0" -cf - . | tar -C "$0" -df -`, mnt)
}

// A name has up to 255 bytes, and a path up to 4095, with that of the mount point.
// What is deeper can be reached step by step.
func TestLongPaths(t *testing.T) {
	name := func(c string) string { return strings.Repeat(c, 255) }
	var deep []string
	for i := range 16 {
		deep = append(deep, name(string(rune('a'+i))))
	}
	longest := strings.Join(deep, "/") // 4095 bytes, below the mount point
	mnt := mount(t, "--file", longest+":1000003")
	r := dgenfs(t, "--file", longest+"/x:1", t.TempDir())
	if r.status != 2 || !strings.Contains(r.stderr, "4095") {
		t.Errorf("a path of 4097 bytes: exit status %d, %s", r.status, r.stderr)
	}
	r = dgenfs(t, "--file", name("n")+"n:1", t.TempDir())
	if r.status != 2 || !strings.Contains(r.stderr, "255") {
		t.Errorf("a name of 256 bytes: exit status %d, %s", r.status, r.stderr)
	}
	for _, path := range []string{name("n") + "n", name("a") + "a", name("a") + "/" + name("b") + "b", strings.Repeat("n", 1025), longest} {
		if err := unix.Access(mnt+"/"+path, unix.F_OK); err != unix.ENAMETOOLONG {
			t.Errorf("a path of %d bytes: %v", len(path), err)
		}
	}
	if err := unix.Access(mnt+"/"+name("n"), unix.F_OK); err != unix.ENOENT {
		t.Errorf("a name of 255 bytes that is missing: %v", err)
	}

	// In one call, of 4095 bytes: a second file, whose name depends on how long
	// the mount point is.
	dir := t.TempDir()
	room := 4095 - len(dir) - 1
	fit := longest[:room]
	if fit[room-1] == '/' {
		fit = fit[:room-1] + "x"
	}
	mountAt(t, dir, "--file", fit+":100001")
	data, err := os.ReadFile(dir + "/" + fit)
	if err != nil {
		t.Fatalf("a path of %d bytes: %v", len(dir+"/"+fit), err)
	}
	same(t, "a path of 4095 bytes", data, piece(t, generator(t, "100001", 0, fit, 1), 0, 100001))
	if _, err := os.ReadFile(dir + "//" + fit); !errors.Is(err, unix.ENAMETOOLONG) {
		t.Errorf("a path of 4096 bytes: %v", err)
	}

	// Step by step.
	fd, err := unix.Open(mnt, unix.O_PATH|unix.O_CLOEXEC, 0)
	for _, name := range deep {
		if err != nil {
			t.Fatal(err)
		}
		var next int
		next, err = unix.Openat(fd, name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		unix.Close(fd)
		fd = next
	}
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "the deepest file")
	defer f.Close()
	buf := make([]byte, 1000004)
	n, _ := f.ReadAt(buf, 0)
	same(t, "the deepest file", buf[:n], piece(t, generator(t, "1000003", 0, longest, 1), 0, 1000003))
	if got := output(t, "find", mnt, "-type", "f", "-printf", "%s %d"); got != "1000003 16" {
		t.Errorf("find: %q", got)
	}
}
