package verify

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/dgenfs/dgenfs/fs/tree"
	"golang.org/x/sys/unix"
)

// strange is a file whose reads and attributes are changed.
type strange struct {
	copied
	read func(p []byte, off int64) (int, error) // nil if they are not
	stat func(state) state
}

func (s strange) ReadAt(p []byte, off int64) (int, error) {
	if s.read == nil {
		return s.copied.ReadAt(p, off)
	}
	return s.read(p, off)
}

func (s strange) Stat() (state, error) {
	now, err := s.copied.Stat()
	if s.stat != nil {
		now = s.stat(now)
	}
	return now, err
}

// strangely opens a file of a path with another way to read it.
func strangely(path string, change func(s *strange)) func(string) (copied, error) {
	return func(opened string) (copied, error) {
		f, err := openFile(opened, true)
		if err != nil || !strings.HasSuffix(opened, path) {
			return f, err
		}
		s := strange{copied: f}
		change(&s)
		return s, nil
	}
}

// A read that reports bytes that it did not store is noticed, also if what is missing would
// have been right from the buffer's last use.
func TestUnfilled(t *testing.T) {
	tr := testTree(t, tree.Options{}, "f{0..3}:1M", "zeros:1M,zero=100%")
	dir := copyTree(t, tr, 0)
	for _, name := range []string{"f2", "zeros"} {
		r := verified(t, Options{Tree: tr, Targets: []Target{{Path: dir}}, Workers: 1, openCopy: strangely(name, func(s *strange) {
			s.read = func(p []byte, off int64) (int, error) {
				n, err := s.copied.ReadAt(p[:max(0, len(p)-5000)], off)
				return n + min(len(p), 5000), err
			}
		})})
		if r.Different != 1 || r.Kinds[Unfilled].Runs == 0 || r.Kinds[Unfilled].Runs != r.Runs || r.Damage[0].File != name || r.Damage[0].Length != 5000 && r.Damage[0].Length != 5120 {
			t.Errorf("%s: %v\n%s", name, r.summary(), foundIn(r))
		}
	}
}

// Reads of a few bytes are no damage.
func TestShortReads(t *testing.T) {
	tr := testTree(t, tree.Options{}, "f:1M")
	r := verified(t, Options{Tree: tr, Targets: []Target{{Path: copyTree(t, tr, 0)}}, openCopy: strangely("f", func(s *strange) {
		s.read = func(p []byte, off int64) (int, error) { return s.copied.ReadAt(p[:min(len(p), 1001)], off) }
	})})
	if r.Equal != 1 || r.Differs() || r.Unread() {
		t.Errorf("%v\n%s", r.summary(), foundIn(r))
	}
}

// What cannot be read is named, and the rest compared.
func TestUnreadable(t *testing.T) {
	tr := testTree(t, tree.Options{}, "f{0..3}:1M")
	dir := copyTree(t, tr, 0)
	p := read(t, dir+"/f1")
	p[900000] ^= 1
	failing := strangely("f1", func(s *strange) {
		s.read = func(p []byte, off int64) (int, error) {
			if off < 20000 && off+int64(len(p)) > 8192 {
				return 0, unix.EIO
			}
			return s.copied.ReadAt(p, off)
		}
	})
	r := verified(t, Options{Tree: tr, Targets: []Target{{Path: dir}}, openCopy: failing})
	if r.Unreadable != 1 || r.Equal != 3 || r.Differs() || len(r.Problems) != 1 || r.Bytes != 4<<20-12288 {
		t.Fatalf("%v %v", r.summary(), r.Problems)
	}
	if got := r.Problems[0]; got != (Problem{dir + "/f1", 8192, 12288, unix.EIO.Error()}) {
		t.Errorf("%v", got)
	}
	write(t, dir+"/f1", p)
	r = verified(t, Options{Tree: tr, Targets: []Target{{Path: dir}}, openCopy: failing})
	if r.Unreadable != 1 || foundIn(r) != "f1 bit@900000+1" || !r.Differs() {
		t.Errorf("%v %s", r.summary(), foundIn(r))
	}
}

// A file that somebody writes to is named, and what differs in it is not damage.
func TestChanged(t *testing.T) {
	tr := testTree(t, tree.Options{}, "f{0..3}:1M")
	dir := copyTree(t, tr, 0)
	var calls atomic.Int64
	r := verified(t, Options{Tree: tr, Targets: []Target{{Path: dir}}, openCopy: strangely("f1", func(s *strange) {
		s.stat = func(now state) state {
			now.mtime = now.mtime.Add(time.Duration(calls.Add(1)))
			return now
		}
		s.read = func(p []byte, off int64) (int, error) {
			clear(p)
			return len(p), nil
		}
	})})
	if r.Changed != 1 || r.Equal != 3 || r.Differs() || !r.Unread() {
		t.Errorf("%v %v", r.summary(), r.Problems)
	}
}

// What is right when it is read again is said to be.
func TestTransient(t *testing.T) {
	tr := testTree(t, tree.Options{}, "f{0..3}:1M")
	dir := copyTree(t, tr, 0)
	var reads atomic.Int64
	r := verified(t, Options{Tree: tr, Targets: []Target{{Path: dir}}, openCopy: strangely("f1", func(s *strange) {
		s.read = func(p []byte, off int64) (int, error) {
			n, err := s.copied.ReadAt(p, off)
			if off == 0 && reads.Add(1) == 1 {
				noise(p[4096:8192])
			}
			return n, err
		}
	})})
	if r.Different != 1 || foundIn(r) != "f1 transient@4096+4096" {
		t.Errorf("%v %s", r.summary(), foundIn(r))
	}
}

// Names, lengths and types are compared.
func TestNames(t *testing.T) {
	tr := testTree(t, tree.Options{}, "d{0..2}/f{0..9}:10K", "e/g/h:5", "1M:1M", "empty/{0..1}/", "e/none/")
	dir := copyTree(t, tr, 0)
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(os.Remove(dir + "/d0/f1"))
	do(os.RemoveAll(dir + "/e"))
	do(os.MkdirAll(dir+"/empty/1", 0o700))
	do(os.Rename(dir+"/d0/f2", dir+"/d1/elsewhere"))
	do(os.WriteFile(dir+"/d1/copy", read(t, dir+"/d1/f0"), 0o600))
	do(os.WriteFile(dir+"/d1/foreign", []byte("foreign"), 0o600))
	do(os.Truncate(dir+"/d2/f0", 7000))
	do(os.WriteFile(dir+"/d2/f1", append(read(t, dir+"/d2/f1"), make([]byte, 100)...), 0o600))
	do(os.Remove(dir + "/d2/f2"))
	do(os.Symlink("f3", dir+"/d2/f2"))
	do(os.Remove(dir + "/d2/f4"))
	do(syscall.Mkfifo(dir+"/d2/f4", 0o600))
	do(os.Remove(dir + "/d2/f5"))
	do(os.Mkdir(dir+"/d2/f5", 0o700))
	do(os.Remove(dir + "/d2/f6"))
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	do(err)
	defer unix.Close(fd)
	if path := dir + "/d2/f6"; len(path) < 108 {
		do(unix.Bind(fd, &unix.SockaddrUnix{Name: path}))
	} else {
		do(os.Symlink("f7", path))
	}
	other := testTree(t, tree.Options{})
	s, err := (&source{tree: other}).named("64K,seed=9")
	do(err)
	do(os.WriteFile(dir+"/64K,seed=9", bytesOf(t, s.spec), 0o600)) // exists in every mount

	r := verified(t, Options{Tree: tr, Targets: []Target{{Path: dir}}})
	slices.Sort(r.Additionals)
	if r.Missing != 4 || !slices.Equal(r.Missings, []string{"d0/f1", "e/g/h", "e/none/", "empty/0/"}) {
		t.Errorf("missing: %d, %q", r.Missing, r.Missings)
	}
	if r.Renamed != 1 || r.Additional != 2 || !slices.Equal(r.Additionals, []string{dir + "/d1/foreign"}) {
		t.Errorf("renamed: %d, additional: %d, %q", r.Renamed, r.Additional, r.Additionals)
	}
	if want := []Rename{{dir + "/d1/copy", "d1/f0", true}, {dir + "/d1/elsewhere", "d0/f2", false}}; !slices.Equal(r.Renames, want) {
		t.Errorf("renames: %v, want %v", r.Renames, want)
	}
	if r.Irregular != 4 || r.Unreadable != 0 || r.Short != 1 || r.Long != 1 || r.Different != 2 {
		t.Errorf("%v %v", r.summary(), r.Problems)
	}
	if got, want := foundIn(r), "d2/f0 truncated@7000+3240; d2/f1 excess@10240+100"; got != want {
		t.Errorf("found %s, want %s", got, want)
	}
	if r.Equal != 31+1+1-1-1-1-2-4 {
		t.Errorf("%d files are equal", r.Equal)
	}
}

// Several shards may be copied into one directory: files of the others are not additional.
func TestOtherShards(t *testing.T) {
	entries := []string{"d{0..2}/f{0..9}:10K", "one/file:5", "x:1K"}
	dir := copyTree(t, testTree(t, tree.Options{}, entries...), 0)
	want := []string{dir + "/d1/more", dir + "/one/more", dir + "/x2/f"}
	for _, path := range want {
		write(t, path, nil)
	}
	files := int64(0)
	for index := range uint64(3) {
		tr := testTree(t, tree.Options{Shard: tree.Shard{Index: index, Count: 3}}, entries...)
		r := verified(t, Options{Tree: tr, Targets: []Target{{Path: dir}}})
		slices.Sort(r.Additionals)
		if !slices.Equal(r.Additionals, want) || r.Equal != r.Files {
			t.Errorf("shard %d: additional: %q; %v", index, r.Additionals, r.summary())
		}
		files += r.Files
	}
	if files != 32 {
		t.Errorf("%d files compared in all shards", files)
	}
}

// Single files are found by the end of their path, by their name, and by what is said.
func TestTargets(t *testing.T) {
	tr := testTree(t, tree.Options{}, "d{0..2}/f:10K")
	dir := copyTree(t, tr, 0)
	s := source{tree: tr}
	byName, _ := s.named("20K,seed=3")
	write(t, dir+"/x/20K,seed=3", bytesOf(t, byName.spec))
	for _, c := range []struct {
		target Target
		ok     bool
	}{
		{Target{Path: dir + "/d1/f"}, true},
		{Target{Path: dir + "/x/20K,seed=3"}, true},
		{Target{Path: dir + "/d1/f", At: "d1/f"}, true},
		{Target{Path: dir + "/d1/f", At: "d2/f"}, false},
		{Target{Path: dir + "/d1", At: "/d1/"}, true},
		{Target{Path: dir + "/d1", At: "d2"}, false},
		{Target{Path: dir + "/x/20K,seed=3", Spec: "20K,seed=3"}, true},
		{Target{Path: dir + "/x/20K,seed=3", Spec: "20K,seed=4"}, false},
	} {
		r := verified(t, Options{Tree: tr, Targets: []Target{c.target}})
		if r.Files != 1 || r.Differs() == c.ok {
			t.Errorf("%+v: %v", c.target, r.summary())
		}
	}
	for _, bad := range []Target{{Path: dir + "/nothing"}, {Path: dir + "/d1", At: "d1/f"}, {Path: dir + "/d1/f", At: "d1"}, {Path: dir + "/d1/f", At: "d7"}} {
		if err := (&Options{Tree: tr, Targets: []Target{bad}}).Check(); err == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
	// A directory of the tree that is given as the whole tree is no copy with wrong names.
	below := (*BelowError)(nil)
	if err := (&Options{Tree: tr, Targets: []Target{{Path: dir + "/d1"}}}).Check(); !errors.As(err, &below) || below.Dir != "d1" {
		t.Errorf("the error is %v", err)
	}
	if err := (&Options{Tree: tr, Targets: []Target{{Path: dir + "/d1", At: "/"}}}).Check(); err != nil {
		t.Errorf("the root by name: %v", err)
	}
	write(t, dir+"/other", nil)
	if err := (&Options{Tree: tr, Targets: []Target{{Path: dir + "/other"}}}).Check(); !errors.Is(err, ErrNotFound) {
		t.Errorf("the error is %v", err)
	}
}

// A run that was broken off goes on where it was, and reports everything once.
func TestResume(t *testing.T) {
	tr := testTree(t, tree.Options{}, "a:7000M,zero=100%,texture=random", "d{0..3}/f{0..9}:10K", "big:150M,seed=1")
	dir := copyTree(t, testTree(t, tree.Options{}, "d{0..3}/f{0..9}:10K", "big:150M,seed=1"), 0)
	write(t, dir+"/a", make([]byte, 1<<20)) // is too short, and has more parts
	put(t, dir+"/d0/f1", 0, dir+"/d0/f2", 0, 4096)
	put(t, dir+"/d3/f1", 0, dir+"/d3/f2", 0, 4096)
	put(t, dir+"/d3/f1", 0, dir+"/big", 100<<20, 4096)
	if err := os.Remove(dir + "/d1/f3"); err != nil {
		t.Fatal(err)
	}
	o := Options{Tree: tr, Targets: []Target{{Path: dir}}, Workers: 1}
	want := verified(t, o)
	o.Resume, o.saveEvery = filepath.Join(t.TempDir(), "state"), 1
	for runs := 0; ; runs++ {
		ctx, cancel := context.WithCancel(context.Background())
		before, _ := os.ReadFile(o.Resume)
		var opened atomic.Int64
		o.openCopy = func(path string) (copied, error) {
			if now, _ := os.ReadFile(o.Resume); opened.Add(1) > 6 && string(now) != string(before) && runs < 5 {
				cancel()
			}
			return openFile(path, true)
		}
		got, err := Compare(ctx, o)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if got.Interrupted {
			if _, err := os.Stat(o.Resume); err != nil || runs > 40 {
				t.Fatalf("after %d runs: %v", runs, err)
			}
			continue
		}
		if runs < 2 {
			t.Errorf("it was broken off %d times", runs)
		}
		if foundIn(got) != foundIn(want) || got.Equal != want.Equal || got.Different != want.Different || got.Missing != want.Missing || got.Short != want.Short || got.Bytes != want.Bytes {
			t.Errorf("resumed: %v\n%s\nin one go: %v\n%s", got.summary(), foundIn(got), want.summary(), foundIn(want))
		}
		break
	}
	if _, err := os.Stat(o.Resume); !os.IsNotExist(err) {
		t.Errorf("the state is still there: %v", err)
	}
	write(t, o.Resume, []byte("something else"))
	if _, err := Compare(context.Background(), o); err == nil || string(read(t, o.Resume)) != "something else" {
		t.Errorf("another file is taken for a state: %v", err)
	}
}

// A share of the data is compared, always the same one for a seed.
func TestQuick(t *testing.T) {
	tr := testTree(t, tree.Options{}, "f{0..9}:10M")
	dir := copyTree(t, tr, 0)
	o := Options{Tree: tr, Targets: []Target{{Path: dir}}, Quick: 2e8, QuickSeed: 3}
	r := verified(t, o)
	if r.Bytes < 10<<20 || r.Bytes > 30<<20 || r.Equal != 10 {
		t.Errorf("%d bytes of 100M were compared: %v", r.Bytes, r.summary())
	}
	if again := verified(t, o); again.Bytes != r.Bytes {
		t.Errorf("%d bytes were compared, and then %d", r.Bytes, again.Bytes)
	}
	o.QuickSeed = 4
	if other := verified(t, o); other.Bytes == r.Bytes {
		t.Logf("another seed compares as many bytes, which is possible: %d", r.Bytes)
	}
}

// What is reported is bounded, and counted beyond.
func TestBounded(t *testing.T) {
	tr := testTree(t, tree.Options{}, "m{0..99}/{000..999}:1K", "f{000..299}:8K", "bits:8M")
	dir := t.TempDir()
	s := source{tree: tr}
	for id, n := range s.all {
		if f := s.file(id, n); f.name[0] != 'm' {
			p := bytesOf(t, f.spec)
			p[100] ^= 1
			for i := 0; f.name == "bits" && i < len(p); i += 1000 {
				p[i] ^= 2
			}
			write(t, filepath.Join(dir, f.name), p)
		}
	}
	for i := range 300 {
		write(t, filepath.Join(dir, "more", string(rune('a'+i%26)), string(rune('a'+i/26))), []byte("additional"))
	}
	var log strings.Builder
	r := verified(t, Options{Tree: tr, Targets: []Target{{Path: dir}}, Log: &log})
	if r.Missing != 100_000 || r.Additional != 300 || r.Different != 301 || r.Runs != 300+8389+1 || r.Kinds[Bit].Runs != r.Runs {
		t.Errorf("%v, %d runs", r.summary(), r.Runs)
	}
	for _, n := range []int{len(r.Missings), len(r.Additionals), len(r.Damage), len(r.Damaged)} {
		if n != maxListed {
			t.Errorf("%d are listed, want %d", n, maxListed)
		}
	}
	if !strings.Contains(log.String(), "/bits: between offsets 0 and 8388608, more than are remembered: 4294 more runs of 4294 bytes: bit\n") {
		t.Error("the log does not say how many runs it does not have")
	}
	var b strings.Builder
	if err := r.Print(&b, func(s string) string { return s }); err != nil || strings.Count(b.String(), "\n") > 8*maxListed {
		t.Errorf("%d lines, %v", strings.Count(b.String(), "\n"), err)
	}
	r = verified(t, Options{Tree: tr, Targets: []Target{{Path: dir}}, MaxErrors: 7, Workers: 2})
	if !r.Stopped || r.findings() < 7 || r.findings() > 8 {
		t.Errorf("%d findings after which it was stopped: %v", r.findings(), r.summary())
	}
}
