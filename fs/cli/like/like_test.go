package like

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/dgenfs/dgenfs/fs/treefile"
	"golang.org/x/sys/unix"
)

// names are those of files that are hard to write in a line.
var names = []string{
	"a", " lead", "trail ", "#hash", "# hash", "#", "#! --seed 7", `"quoted"`, `"`, `a\b`, `\x20`, "{0..9}", "}{", "a 5", "a  b", "new\nline", "\r", "cr\r",
	"\ttab\t", "\xff\xfe", "\ufeffbom", "ünï", "1G", "64G,dedup=3", ".dgenfs", "..a", strings.Repeat("n", 255), "x:y", "10", "010", "a9", "a10",
}

// makeTree makes files of such names, on their own and below directories of such names,
// each of another size. It returns a line for each.
func makeTree(t *testing.T, dir string) (files []string) {
	t.Helper()
	add := func(path string) {
		size := int64(len(files)) * 4095
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		relative, _ := filepath.Rel(dir, path)
		files = append(files, fmt.Sprintf("%q %d", relative, size))
	}
	for i, name := range names {
		add(name)
		add("d/" + name + "/" + names[(i+7)%len(names)])
		add("d/" + name + "/deep/er/" + names[(i+1)%len(names)])
	}
	return files
}

// build makes the tree of a text and returns a line for each of its files.
func build(t *testing.T, text []byte) (tr *tree.Tree, files []string) {
	t.Helper()
	tr, _, err := treefile.Build(treefile.Parse("t", text), treefile.Scale{}, tree.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for id := tree.Root; id < tree.Root+tree.ID(tr.Files()+tr.Dirs()); id++ {
		if node, ok := tr.Node(id); ok && !node.IsDir {
			files = append(files, fmt.Sprintf("%q %d", tr.AppendPath(nil, id), node.Spec.Size))
		}
	}
	return tr, files
}

func write(t *testing.T, dir string, o Options) ([]byte, Report) {
	t.Helper()
	var b bytes.Buffer
	r, err := Write(&b, dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), r
}

// The tree file of a directory makes the same files.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	want := makeTree(t, dir)
	text, r := write(t, dir, Options{})
	tr, got := build(t, text)
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if (r != Report{Files: tr.Files(), Dirs: tr.Dirs(), Bytes: int64(tr.Bytes())}) {
		t.Errorf("%+v, and the tree has %d files in %d directories, %d bytes", r, tr.Files(), tr.Dirs(), tr.Bytes())
	}
}

// Without names, the directories have as many files of the same sizes and extensions.
func TestAnonymous(t *testing.T) {
	dir := t.TempDir()
	makeTree(t, dir)
	for i := range 20 {
		path := filepath.Join(dir, "secret", fmt.Sprintf("of %d.John Smith.txt", i))
		os.MkdirAll(filepath.Dir(path), 0o755)
		if err := os.WriteFile(path, make([]byte, i/10*5), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, r := write(t, dir, Options{Anonymous: true})
	for _, never := range []string{"secret", "of", "John", "lead", "quoted", "nnn", "deep"} {
		if bytes.Contains(text, []byte(never)) {
			t.Errorf("%q is in\n%s", never, text)
		}
	}
	for _, line := range []string{"/file-{0..9}.txt 0\n", "/file-{10..19}.txt 5\n"} {
		if !bytes.Contains(text, []byte(line)) {
			t.Errorf("%q is not in\n%s", line, text)
		}
	}
	tr, got := build(t, text)
	if tr.Files() != r.Files || tr.Dirs() != r.Dirs || int64(tr.Bytes()) != r.Bytes {
		t.Errorf("%+v, and the tree has %d files in %d directories, %d bytes", r, tr.Files(), tr.Dirs(), tr.Bytes())
	}
	// Directory by directory, in the order of their names, which these have kept.
	plain, _ := write(t, dir, Options{})
	_, want := build(t, plain)
	if a, b := shape(got), shape(want); !slices.Equal(a, b) {
		t.Errorf("the sizes by directory are %q, want %q", a, b)
	}
}

// shape returns the sizes of the files of each directory.
func shape(files []string) (all []string) {
	sizes := make(map[string][]string)
	for _, f := range files {
		at := strings.LastIndexByte(f, ' ')
		dir := filepath.Dir(f[:at])
		key := fmt.Sprint(strings.Count(dir, "/"), dir)
		sizes[key] = append(sizes[key], f[at:])
	}
	for _, s := range sizes {
		slices.Sort(s)
		all = append(all, strings.Join(s, ""))
	}
	slices.Sort(all)
	return all
}

func TestExtension(t *testing.T) {
	for name, want := range map[string]string{
		"a.txt": ".txt", "a.b.JPG": ".JPG", "a.tar.gz": ".tar.gz", "a.tar": ".tar", "x.safetensors": ".safetensors", ".bashrc": "", ".a.conf": ".conf", "..": "",
		"a": "", "a.": "", "a.b c": "", "a.{0..9}": "", "letter to Mr.Very-Private": "", "a.loooooooooooong": "", "a.ü": "", "v1.2": ".2", "tar.gz": ".gz",
	} {
		if got := extension(name); got != want {
			t.Errorf("extension(%q) = %q, want %q", name, got, want)
		}
	}
}

// Directories without files are in the tree file; what it cannot have is counted.
func TestLeftOut(t *testing.T) {
	dir := t.TempDir()
	for _, err := range []error{
		os.Symlink("a", filepath.Join(dir, "link")),
		os.Symlink(dir, filepath.Join(dir, "loop")),
		unix.Mkfifo(filepath.Join(dir, "pipe"), 0o600),
		os.MkdirAll(filepath.Join(dir, "empty/er"), 0o755),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	want := Report{Dirs: 3, Links: 2, Others: 1}
	if text, r := write(t, dir, Options{Anonymous: true}); r != want || string(text) != "dir-0/dir-0/\n" {
		t.Errorf("%+v, want %+v\n%s", r, want, text)
	}
	if text, r := write(t, dir, Options{}); r != want || string(text) != "link symlink=a\nloop symlink="+dir+"\nempty/er/\n" {
		t.Errorf("%+v, want %+v\n%s", r, want, text)
	}

	// Deeper than a path can say.
	at, err := unix.Open(dir, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	for range 20 {
		if err == nil {
			err = unix.Mkdirat(at, strings.Repeat("d", 250), 0o755)
		}
		var below int
		if err == nil {
			below, err = unix.Openat(at, strings.Repeat("d", 250), unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		}
		unix.Close(at)
		at = below
	}
	unix.Close(at)
	if err != nil {
		t.Fatal(err)
	}
	if _, r := write(t, dir, Options{}); r.Unread != 1 || !errors.Is(r.Err, unix.ENAMETOOLONG) {
		t.Errorf("%+v", r)
	}
	if _, err := Write(new(bytes.Buffer), filepath.Join(dir, "none"), Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of a directory that does not exist: %v", err)
	}
	if _, err := Write(full{}, filepath.Join(dir, "empty/er"), Options{}); err != nil {
		t.Errorf("writing nothing: %v", err)
	}
	os.WriteFile(filepath.Join(dir, "a"), nil, 0o644)
	if _, err := Write(full{}, dir, Options{}); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("a full disk: %v", err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, unix.ENOSPC }

// One name of a file with several is its entry, and the others are hard links.
func TestHardLinks(t *testing.T) {
	dir := t.TempDir()
	for _, err := range []error{
		os.Mkdir(filepath.Join(dir, "d"), 0o755),
		os.WriteFile(filepath.Join(dir, "a, {b"), []byte("12345"), 0o644),
		os.Link(filepath.Join(dir, "a, {b"), filepath.Join(dir, "c")),
		os.Link(filepath.Join(dir, "a, {b"), filepath.Join(dir, "d/e")),
		os.WriteFile(filepath.Join(dir, "d/f"), []byte("1"), 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	text, r := write(t, dir, Options{})
	want := "a, \\{b 5\nc hardlink=a\\x2c\\x20\\{b\nd/e hardlink=a\\x2c\\x20\\{b\nd/f 1\n"
	if string(text) != want || r.Files != 4 {
		t.Errorf("%+v\n%s\nwant\n%s", r, text, want)
	}
	tr, _, err := treefile.Build(treefile.Parse("like", text), treefile.Scale{}, tree.Options{})
	if err != nil || tr.Files() != 2 || treefile.Format(tr) != want {
		t.Errorf("it makes %d files, %v", tr.Files(), err)
	}
	text, _ = write(t, dir, Options{Anonymous: true})
	if want := "file-{0..1} 5\ndir-0/file-0 1\ndir-0/file-1 5\n"; string(text) != want {
		t.Errorf("%s\nwant\n%s", text, want)
	}
}
