//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// sinkTree is a tree to be copied into a mount that can be written, about 20 MB.
var sinkTree = []string{"--seed", "5", "--file", "a/{0..4}.bin:1000003,dedup=2", "--file", "a/b/c/{000..029}:12345", "--file", "big:16M,compress=2,dedup=3", "--file", "empty:0", "--file", "x.npy:100K,format=npy"}

const sinkFiles = 38

// sink is a mount that can be written to, and a copy of what it has.
type sink struct {
	t    *testing.T
	dir  string
	copy string
	log  func() string
}

// newSink mounts a tree with flags, and copies it.
func newSink(t *testing.T, flags ...string) *sink {
	t.Helper()
	log := filepath.Join(t.TempDir(), "log")
	s := &sink{t: t, copy: filepath.Join(t.TempDir(), "copy"), log: func() string {
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}}
	s.dir = mount(t, append(append([]string{"--log", log}, flags...), sinkTree...)...)
	output(t, "cp", "-a", s.dir, s.copy)
	makeRemovable(t, s.copy)
	return s
}

func (s *sink) count(name string) (n uint64) {
	s.t.Helper()
	text := output(s.t, "cat", filepath.Join(s.dir, ".dgenfs", "stats"))
	var all map[string]any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&all); err != nil {
		s.t.Fatalf("%v in %s", err, text)
	}
	if _, err := fmt.Sscan(fmt.Sprint(all[name]), &n); err != nil {
		s.t.Fatalf("%s in %s: %v", name, text, err)
	}
	return n
}

// expect checks counts by their names.
func (s *sink) expect(want map[string]uint64) {
	s.t.Helper()
	for name, n := range want {
		if got := s.count(name); got != n {
			s.t.Errorf("%s: %d, want %d\n%s", name, got, n, output(s.t, "cat", filepath.Join(s.dir, ".dgenfs", "writes")))
		}
	}
}

// plant changes a byte of a file of the copy, and returns a function that changes it back.
func (s *sink) plant(name string, off int64) (restore func()) {
	s.t.Helper()
	path := filepath.Join(s.copy, name)
	info, err := os.Stat(path)
	if err != nil {
		s.t.Fatal(err)
	}
	f := openFile(s.t, path, os.O_RDWR)
	p := make([]byte, 1)
	change := func() {
		_, err1 := f.ReadAt(p, off)
		p[0] ^= 0x20
		_, err2 := f.WriteAt(p, off)
		if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil || err1 != nil || err2 != nil {
			s.t.Fatal(err1, err2, err)
		}
	}
	change()
	return change
}

// expectPlanted checks that the log names a byte that was planted.
func (s *sink) expectPlanted(name string, off int64) {
	s.t.Helper()
	line := fmt.Sprintf("%q: what was written at offset %d differs: one bit: ", name, off)
	awaitLog(s.t, s.log, line)
	if text := output(s.t, "cat", filepath.Join(s.dir, ".dgenfs", "writes")); !strings.Contains(text, "different "+line) {
		s.t.Errorf(".dgenfs/writes has %q", text)
	}
}

// sinkTools are tools that write a tree, with the copy as $0 and the mount as $1, and the
// name of a file in which a wrong byte is planted.
var sinkTools = []struct {
	name, tool, script string
}{
	{"cp -r", "cp", `cp -r "$0/." "$1/"`},
	{"cp -a", "cp", `cp -a "$0/." "$1/"`},
	{"cp without a hole", "cp", `cp -r --sparse=never --reflink=never "$0/." "$1/"`},
	{"install", "install", `cd "$0" && find . -type f | while read -r f; do install -m 644 "$f" "$1/$f" || exit; done`},
	{"tar", "tar", `tar -C "$0" -cf - . | tar -C "$1" -xpf -`},
	{"tar --overwrite", "tar", `tar -C "$0" -cf - . | tar -C "$1" --overwrite -xf -`},
	{"rsync", "rsync", `rsync -aI --inplace "$0/" "$1/"`},
	{"rsync of differences", "rsync", `rsync -acHAX --no-whole-file --inplace "$0/" "$1/" && rsync -aIX --inplace "$0/" "$1/"`},
	{"dd", "dd", `cd "$0" && find . -type f | while read -r f; do dd if="$f" of="$1/$f" bs=64K status=none || exit; done`},
	{"dd past the page cache", "dd", `cd "$0" && find . -type f | while read -r f; do dd if="$f" of="$1/$f" bs=1M oflag=direct conv=fsync status=none || exit; done`},
	{"cat", "cat", `cd "$0" && find . -type f | while read -r f; do cat "$f" >"$1/$f" || exit; done`},
	{"cat twice", "cat", `cd "$0" && find . -type f | while read -r f; do (head -c 1000 "$f" && tail -c +1001 "$f") >"$1/$f" || exit; done`},
	{"rclone", "rclone", `if rclone help flags | grep -q -- --inplace; then set -- "$1" "$2" --inplace; fi; rclone --config /dev/null --ignore-times "${@:3}" copy "$0" "$1"`},
	{"restic", "restic", `export RESTIC_PASSWORD=x HOME="$2"; cd "$0" && restic -q -r "$2/repo" init && restic -q -r "$2/repo" backup . && restic -q -r "$2/repo" restore latest --target "$1"`},
}

// What tools copy into the mount is compared: all files are complete if they are right,
// and a byte that is not fails the tool and is named.
func TestSinkTools(t *testing.T) {
	for _, test := range sinkTools {
		t.Run(test.name, func(t *testing.T) {
			need(t, test.tool)
			overTransports(t, func(t *testing.T, transport string) {
				s := newSink(t, "--accept-writes", "--transport", transport)
				run := func() result {
					return try(t, command(t, "bash", "-o", "pipefail", "-c", test.script, s.copy, s.dir, t.TempDir()))
				}
				if r := run(); r.status != 0 {
					t.Fatalf("exit status %d\n%s%s\n%s", r.status, r.stdout, r.stderr, s.log())
				}
				if s.expect(map[string]uint64{"bytes_different": 0, "files_short": 0, "files_partial": 0, "names_refused": 0, "write_errors": 0}); s.count("files_complete") < sinkFiles-1 {
					t.Errorf("%d files are complete, want %d", s.count("files_complete"), sinkFiles)
				}
				const off = 7654321
				restore := s.plant("big", off)
				if r := run(); r.status == 0 {
					t.Error("with a wrong byte: exit status 0")
				}
				s.expectPlanted("big", off)
				restore()
				if r := run(); r.status != 0 {
					t.Errorf("after that, exit status %d\n%s", r.status, r.stderr)
				}
				output(t, "diff", "-r", s.dir, s.copy)
			})
		})
	}
}

// fio writes a file that it has made of the mount's bytes, in any order and through
// mappings; what fio makes itself differs.
func TestSinkFio(t *testing.T) {
	need(t, "fio")
	overTransports(t, func(t *testing.T, transport string) {
		s := newSink(t, "--accept-writes", "--transport", transport)
		fio := func(args ...string) result {
			return try(t, command(t, "fio", append([]string{"--name=x", "--filename=" + s.dir + "/big", "--size=16M", "--bs=64K", "--output-format=terse"}, args...)...))
		}
		for _, rw := range []string{"--rw=write", "--rw=randwrite"} {
			for _, engine := range []string{"--ioengine=psync", "--ioengine=libaio --direct=1 --iodepth=8", "--ioengine=mmap --fsync_on_close=1"} {
				if r := fio(append(strings.Fields(engine), rw)...); r.status == 0 {
					t.Errorf("%s %s: other bytes are no error", rw, engine)
				}
			}
		}
		if s.count("bytes_different") == 0 || s.count("files_complete") != 0 {
			t.Error("nothing differs, or a file is complete")
		}
		// Zeros are right in a file of zeros.
		mnt := mount(t, "--accept-writes", "--transport", transport, "--file", "zeros:16M,texture=random,zero=100%")
		s.dir = mnt
		for _, rw := range []string{"--rw=write", "--rw=randwrite"} {
			for _, engine := range []string{"--ioengine=psync", "--ioengine=libaio --direct=1 --iodepth=8", "--ioengine=mmap"} {
				r := try(t, command(t, "fio", append([]string{"--name=x", "--filename=" + mnt + "/zeros", "--size=16M", "--bs=64K", "--zero_buffers", rw, "--end_fsync=1", "--output-format=terse"}, strings.Fields(engine)...)...))
				if r.status != 0 {
					t.Errorf("%s %s: %d, %s%s", rw, engine, r.status, r.stdout, r.stderr)
				}
			}
		}
		s.expect(map[string]uint64{"files_complete": 6, "bytes_different": 0, "files_partial": 0})
	})
}

// A mapping is written like a file; what differs is an error of msync.
func TestSinkMapping(t *testing.T) {
	overTransports(t, func(t *testing.T, transport string) {
		s := newSink(t, "--accept-writes", "--transport", transport)
		want, err := os.ReadFile(filepath.Join(s.copy, "big"))
		if err != nil {
			t.Fatal(err)
		}
		f := openFile(t, filepath.Join(s.dir, "big"), os.O_RDWR|os.O_TRUNC)
		if err := f.Truncate(int64(len(want))); err != nil {
			t.Fatal(err)
		}
		mapping := mapFile(t, f, len(want), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
		copy(mapping, want)
		if err := unix.Msync(mapping, unix.MS_SYNC); err != nil {
			t.Errorf("msync: %v", err)
		}
		s.expect(map[string]uint64{"bytes_equal": uint64(len(want)), "files_complete": 1, "bytes_different": 0})
		mapping[1234567] ^= 0x20
		if err := unix.Msync(mapping, unix.MS_SYNC); err != unix.EIO {
			t.Errorf("msync of a wrong byte: %v", err)
		}
		s.expectPlanted("big", 1234567)
		if err := f.Close(); err == nil {
			t.Error("close: no error")
		}
	})
}

// The names that do not exist are EPERM, and what is said of them helps.
func TestSinkOtherNames(t *testing.T) {
	s := newSink(t, "--accept-writes")
	if r := try(t, command(t, "rsync", "-aI", s.copy+"/", s.dir+"/")); r.status == 0 || !strings.Contains(s.log(), "--inplace") {
		t.Errorf("rsync without --inplace: exit status %d, and the log is %s", r.status, s.log())
	}
	for what, got := range map[string]error{
		"create": os.WriteFile(filepath.Join(s.dir, "new"), nil, 0o644),
		"mkdir":  os.Mkdir(filepath.Join(s.dir, "new"), 0o755),
		"rename": os.Rename(filepath.Join(s.dir, "big"), filepath.Join(s.dir, "new")),
		"rmdir":  syscall.Rmdir(filepath.Join(s.dir, "a/b/c")),
	} {
		if !errors.Is(got, syscall.EPERM) {
			t.Errorf("%s: %v, want EPERM", what, got)
		}
	}
	if err := os.Mkdir(filepath.Join(s.dir, "a"), 0o755); !errors.Is(err, syscall.EEXIST) {
		t.Errorf("mkdir of a directory that exists: %v", err)
	}
	if text := controlConfig(t, s.dir); !strings.Contains(text, "\nwrites: compared with what the files contain, and not stored; other files cannot be made (--accept-writes --mode 0644)\n") {
		t.Errorf("config has %s", text)
	}
	// A name that is a spec is a file like any other.
	output(t, "bash", "-o", "pipefail", "-c", `"$0" cat 3M,dedup=2,seed=8 >"$1/3M,dedup=2,seed=8"`, program, s.dir)
	s.expect(map[string]uint64{"bytes_equal": 3 << 20, "files_complete": 1})
}
