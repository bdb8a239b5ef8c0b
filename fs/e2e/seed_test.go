//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func sha(t *testing.T, path string) string {
	t.Helper()
	return output(t, "bash", "-c", `dd if="$0" bs=1M status=none | sha256sum`, path)
}

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

func TestRandomSeedIsTold(t *testing.T) {
	dir := t.TempDir()
	r := dgenfs(t, "--seed", "random", dir)
	unmountAtEnd(t, dir)
	seed, ok := strings.CutPrefix(strings.TrimSpace(r.stdout), "seed ")
	if r.status != 0 || !ok || r.stderr != "" {
		t.Fatalf("exit status %d, standard output %q, standard error %q", r.status, r.stdout, r.stderr)
	}
	again := mount(t, "--seed", seed)
	if sha(t, filepath.Join(dir, "1M")) != sha(t, filepath.Join(again, "1M")) {
		t.Errorf("a mount with the seed %s that was told differs", seed)
	}
	if sha(t, filepath.Join(mount(t, "--seed", "random"), "1M")) == sha(t, filepath.Join(dir, "1M")) {
		t.Error("two random seeds gave the same bytes")
	}
	r = dgenfs(t, "run", "--seed", "random", "--", "true")
	if !strings.HasPrefix(r.stderr, "seed ") {
		t.Errorf("run does not tell the seed: %q", r.stderr)
	}
}

// The attribute of a file is all that it takes to make its bytes elsewhere.
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

		n, err = unix.Listxattr(path, buf)
		if got := string(buf[:max(n, 0)]); err != nil || got != "user.dgenfs.spec\x00user.dgenfs.seed\x00" {
			t.Errorf("%s: attributes %q, %v", name, got, err)
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
	if n, err := unix.Listxattr(filepath.Join(mnt, "d"), nil); n != 0 || err != nil {
		t.Errorf("a folder's attributes: %d bytes, %v", n, err)
	}
}

// The files of one --file share their units, also through the kernel and with
// every file below the size of a unit; those of --files do, too.
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

func TestListing(t *testing.T) {
	find := func(mnt string) []string {
		return strings.Fields(output(t, "bash", "-c", `cd "$0" && find . | LC_ALL=C sort`, mnt))
	}
	expected := func(paths ...string) []string {
		slices.Sort(paths)
		return paths
	}
	many := []string{"."}
	for i := range 1000 {
		many = append(many, fmt.Sprintf("./data-%03d", i))
	}
	if got := find(mount(t, "--size", "1M", "--files", "1000")); !slices.Equal(got, expected(many...)) {
		t.Errorf("--files 1000 lists %d names: %q ...", len(got), got[:min(5, len(got))])
	}
	want := []string{".", "./home", "./big.bin"}
	for user := 8; user <= 12; user++ {
		want = append(want, fmt.Sprintf("./home/u%d", user), fmt.Sprintf("./home/u%d/mail", user))
		for i := range 20 {
			want = append(want, fmt.Sprintf("./home/u%d/mail/%02d.eml", user, i))
		}
	}
	mnt := mount(t, "--file", "home/u{8..12}/mail/{00..19}.eml:150K", "--file", "big.bin:1T")
	if got := find(mnt); !slices.Equal(got, expected(want...)) {
		t.Errorf("find lists %q, want %q", got, want)
	}
	var roots []string
	for _, size := range []string{"1M", "16M", "256M", "1G", "16G", "64G", "1T"} {
		roots = append(roots, "./"+size)
	}
	if got := find(mount(t)); !slices.Equal(got, expected(append(roots, ".")...)) {
		t.Errorf("with no options, find lists %q", got)
	}
	// A large folder, listed from every tenth of it on: seekdir(3), in effect.
	big := mount(t, "--file", "{00000..49999}:1K")
	dir := openFile(t, big, os.O_RDONLY|syscall.O_DIRECTORY)
	names := make(map[string]bool)
	var offsets []int64
	for {
		batch, err := dir.Readdirnames(5000)
		for _, name := range batch {
			if names[name] {
				t.Fatalf("%s is listed twice", name)
			}
			names[name] = true
		}
		if len(batch) == 0 || err != nil {
			break
		}
	}
	if len(names) != 50000 {
		t.Errorf("%d names are listed, want 50000", len(names))
	}
	for off := int64(2); off < 50000; off += 5000 {
		offsets = append(offsets, off)
	}
	slices.Reverse(offsets)
	for _, off := range offsets {
		if _, err := unix.Seek(int(dir.Fd()), off, 0); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 4096)
		n, err := unix.Getdents(int(dir.Fd()), buf)
		if err != nil {
			t.Fatal(err)
		}
		_, _, got := unix.ParseDirent(buf[:n], 1, nil)
		if want := fmt.Sprintf("%05d", off-2); len(got) != 1 || got[0] != want {
			t.Errorf("at offset %d: %q, want %q", off, got, want)
		}
	}
}

func TestStat(t *testing.T) {
	args := []string{"--file", "d/x{0..9}:1000003", "--file", "y:8T", "--uid", "1234", "--gid", "5678"}
	mnt := mount(t, args...)
	inodes := make(map[string]uint64)
	inspect := func() {
		for path, size := range map[string]int64{"": -1, "d": -1, "d/x3": 1000003, "y": 8 << 40, "64G,dedup=3": 64 << 30, "9223372036854775807": 1<<63 - 1, "0": 0} {
			var st unix.Stat_t
			if err := unix.Stat(filepath.Join(mnt, path), &st); err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			mode := uint32(unix.S_IFREG | 0o444)
			if size < 0 {
				mode, size = unix.S_IFDIR|0o555, 0
			}
			if st.Mode != mode || st.Size != size || st.Blocks != int64((uint64(size)+511)/512) || st.Blksize != 1<<20 || st.Uid != 1234 || st.Gid != 5678 || st.Nlink < 1 {
				t.Errorf("%s: %+v", path, st)
			}
			for _, at := range []unix.Timespec{st.Mtim, st.Ctim, st.Atim} {
				if !time.Unix(at.Unix()).Equal(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) {
					t.Errorf("%s: a time is %v", path, time.Unix(at.Unix()))
				}
			}
			if before, ok := inodes[path]; ok && before != st.Ino {
				t.Errorf("%s: inode %d, before %d", path, st.Ino, before)
			}
			inodes[path] = st.Ino
		}
	}
	inspect()
	inspect()
	if r := dgenfs(t, "umount", mnt); r.status != 0 {
		t.Fatal(r.stderr)
	}
	mountAt(t, mnt, args...)
	inspect()
	// A listing tells the same inodes.
	for line := range strings.Lines(output(t, "ls", "-iA", mnt, filepath.Join(mnt, "d"))) {
		var ino uint64
		var name string
		if n, _ := fmt.Sscan(line, &ino, &name); n != 2 {
			continue
		}
		for _, path := range []string{name, "d/" + name} {
			if want, ok := inodes[path]; ok && want != ino {
				t.Errorf("%s: inode %d in the listing, %d by stat", path, ino, want)
			}
		}
	}
}

func TestStatfs(t *testing.T) {
	var st unix.Statfs_t
	if err := unix.Statfs(mount(t, "--size", "1G", "--files", "100"), &st); err != nil {
		t.Fatal(err)
	}
	if total := int64(st.Blocks) * st.Frsize; total != 100<<30 || st.Bfree != 0 || st.Bavail != 0 || st.Ffree != 0 || st.Files != 101 || st.Namelen != 255 {
		t.Errorf("%+v", st)
	}
	if want := int64(unix.ST_RDONLY | unix.ST_NOSUID | unix.ST_NODEV); st.Flags&want != want {
		t.Errorf("flags %#x, want ro, nosuid and nodev among them", st.Flags)
	}
}

func TestErrors(t *testing.T) {
	mnt := mount(t, "--file", "d/x:1M")
	x := filepath.Join(mnt, "d/x")
	open := func(path string, flags int) error {
		f, err := os.OpenFile(path, flags, 0o644)
		if err == nil {
			f.Close()
		}
		return err
	}
	for what, test := range map[string]struct {
		err  error
		want syscall.Errno
	}{
		"open for write":           {open(x, os.O_WRONLY), syscall.EROFS},
		"open for read and write":  {open(x, os.O_RDWR), syscall.EROFS},
		"open and truncate":        {open(x, os.O_RDONLY|os.O_TRUNC), syscall.EROFS},
		"open a spec for write":    {open(filepath.Join(mnt, "1G"), os.O_WRONLY), syscall.EROFS},
		"create":                   {open(filepath.Join(mnt, "d/new"), os.O_WRONLY|os.O_CREATE), syscall.EROFS},
		"create in the root":       {open(filepath.Join(mnt, "new"), os.O_RDONLY|os.O_CREATE), syscall.EROFS},
		"unlink":                   {os.Remove(x), syscall.EROFS},
		"truncate":                 {os.Truncate(x, 0), syscall.EROFS},
		"mkdir":                    {os.Mkdir(filepath.Join(mnt, "new"), 0o755), syscall.EROFS},
		"rename":                   {os.Rename(x, filepath.Join(mnt, "new")), syscall.EROFS},
		"symlink":                  {os.Symlink("x", filepath.Join(mnt, "new")), syscall.EROFS},
		"link":                     {os.Link(x, filepath.Join(mnt, "new")), syscall.EROFS},
		"chmod":                    {os.Chmod(x, 0o600), syscall.EROFS},
		"chtimes":                  {os.Chtimes(x, time.Now(), time.Now()), syscall.EROFS},
		"setxattr":                 {unix.Setxattr(x, "user.x", []byte("1"), 0), syscall.EROFS},
		"a name that is none":      {open(filepath.Join(mnt, "none"), os.O_RDONLY), syscall.ENOENT},
		"a spec below a folder":    {open(filepath.Join(mnt, "d/1G"), os.O_RDONLY), syscall.ENOENT},
		"a spec that is wrong":     {open(filepath.Join(mnt, "1G,dedup=0"), os.O_RDONLY), syscall.ENOENT},
		"a size that is too large": {open(filepath.Join(mnt, "8E"), os.O_RDONLY), syscall.ENOENT},
		"below a file":             {open(filepath.Join(x, "y"), os.O_RDONLY), syscall.ENOTDIR},
		"a name that is too long":  {open(filepath.Join(mnt, strings.Repeat("n", 256)), os.O_RDONLY), syscall.ENAMETOOLONG},
	} {
		if !errors.Is(test.err, test.want) {
			t.Errorf("%s: %v, want %v", what, test.err, test.want)
		}
	}
	buf := make([]byte, 10)
	if _, err := unix.Read(int(openFile(t, mnt, os.O_RDONLY).Fd()), buf); err != unix.EISDIR {
		t.Errorf("reading a folder: %v", err)
	}
	f := openFile(t, x, os.O_RDONLY)
	if _, err := unix.Pread(int(f.Fd()), buf, -1); err != unix.EINVAL {
		t.Errorf("reading at -1: %v", err)
	}
	if _, err := unix.Write(int(f.Fd()), buf); err != unix.EBADF {
		t.Errorf("writing: %v", err)
	}
}
