//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/dgenfs/dgenfs/fs/corrupt"
	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/spec/spectest"
	"github.com/dgenfs/dgenfs/gen"
	"golang.org/x/sys/unix"
)

// rightAndWrong returns the bytes that a file should have and those that a reader gets,
// by its spec; one that names no seed is a file at path in a mount of a seed.
func rightAndWrong(t *testing.T, text, path string, seed uint64) (s spec.Spec, right, wrong []byte) {
	t.Helper()
	s, err := spec.ParseName(text)
	if err != nil {
		t.Fatal(err)
	}
	if !s.HasSeed {
		s.Seed, s.HasSeed = gen.DeriveSeed(seed, path), true
	}
	opened := spectest.Open(t, s)
	r, err := corrupt.NewReader(s, opened)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return s, spectest.Bytes(t, opened), spectest.Bytes(t, r)
}

// specOf returns the attribute that says what a file of a mount should contain.
func specOf(t *testing.T, path string) string {
	t.Helper()
	attribute := make([]byte, 1000)
	n, err := unix.Getxattr(path, "user.dgenfs.spec", attribute)
	if err != nil {
		t.Fatal(err)
	}
	return string(attribute[:n])
}

// However a file is read, and over both transports, its damage is the same.
func TestCorruptReadEveryWay(t *testing.T) {
	const text = "2000001,generation=2,change=60%,corrupt=bit:3%+zero:3%+swap:3%+torn:3%+stale:20%+bit@1M+zero@1500000+5000"
	_, right, wrong := rightAndWrong(t, text, "f", 7)
	if bytes.Equal(right, wrong) {
		t.Fatal("nothing is damaged")
	}
	overTransports(t, func(t *testing.T, transport string) {
		mnt := mount(t, "--transport", transport, "--seed", "7", "--file", "f:"+text)
		path := filepath.Join(mnt, "f")
		for _, r := range readers {
			if r.limit >= int64(len(right)) {
				t.Run(r.name, func(t *testing.T) { same(t, r.name, r.read(t, path, int64(len(right))), wrong) })
			}
		}
		if !strings.Contains(output(t, "cat", filepath.Join(mnt, ".dgenfs", "tree")), "corrupt=bit:3%+zero:3%") {
			t.Error(".dgenfs/tree does not have it")
		}
		stats := output(t, "cat", filepath.Join(mnt, ".dgenfs", "stats"))
		if strings.Contains(stats, fmt.Sprintf(`"damaged_reads": %20d`, 0)) || !strings.Contains(stats, `"damaged_reads": `) {
			t.Errorf("damaged reads are not counted: %s", stats)
		}
		// What is right can still be had from the attribute.
		same(t, "cat of the attribute", []byte(output(t, program, "cat", specOf(t, path))), right)
		same(t, "cat of the attribute and corrupt=", []byte(output(t, program, "cat", specOf(t, path)+text[strings.Index(text, ",corrupt="):])), wrong)
	})
}

// A copy of a tree differs in exactly the places that are computed, of each kind.
func TestCopyOfCorruptTree(t *testing.T) {
	files := []string{
		"plain:1M", "odd:777777", "d/e/text:500K,texture=text", "code:500K,texture=code,dedup=3,unit=16K", "a.npy:300K,format=npy", "b.png:200K,format=png",
		"c.zip:400K,format=zip", "own:1M,corrupt=bit@5+zero@8K+swap@64K+20K+torn@100K+stale@200K+100K", "tiny:1", "empty:0", "small:5000",
	}
	for _, kind := range spec.Damages {
		t.Run(string(kind), func(t *testing.T) {
			damage := string(kind) + ":7%"
			args := []string{"--seed", "3", "--generation", "2", "--change", "50%", "--corrupt", damage}
			for _, file := range files {
				args = append(args, "--file", file)
			}
			mnt, copied := mount(t, args...), filepath.Join(t.TempDir(), "copy")
			if config := controlConfig(t, mnt); !strings.Contains(config, "--corrupt "+damage) {
				t.Errorf("the mount says %s", config)
			}
			if out := try(t, command(t, "cp", "-r", mnt, copied)); out.status != 0 {
				t.Fatalf("cp: %+v", out)
			}
			differ := 0
			for _, file := range files {
				path, text, _ := strings.Cut(file, ":")
				_, own, hasOwn := strings.Cut(text, "corrupt=")
				if !hasOwn {
					own = damage
				}
				s, right, wrong := rightAndWrong(t, specOf(t, filepath.Join(mnt, path))+",corrupt="+own, "", 0)
				got, err := os.ReadFile(filepath.Join(copied, path))
				if err != nil {
					t.Fatal(err)
				}
				if hasOwn || kind != spec.Short {
					same(t, path, got, wrong)
				}
				end := int64(0)
				for p := range corrupt.Of(s).Places(0, s.Size) {
					if p.Kind == spec.Short {
						if int64(len(got)) != p.Offset {
							t.Errorf("%s has %d bytes, want %d", path, len(got), p.Offset)
						}
						right = right[:p.Offset]
						break
					}
					same(t, path+" between places", got[end:p.Offset], right[end:p.Offset])
					if end = p.Offset + p.Length; !bytes.Equal(got[p.Offset:end], right[p.Offset:end]) {
						differ++
					}
				}
				same(t, path+" behind the last place", got[end:], right[end:])
				if kind == spec.Short && len(right) < int(s.Size) {
					differ++
				}
			}
			if differ < 10 {
				t.Errorf("%d places differ", differ)
			}
		})
	}
}

// A file that seems to end early ends there for all that read it from the beginning,
// and goes on behind the place.
func TestShortFile(t *testing.T) {
	const size, end, length = 1 << 20, 600000, 10000
	overTransports(t, func(t *testing.T, transport string) {
		args := []string{"--transport", transport, "--file", fmt.Sprintf("f:1M,seed=5,corrupt=short@%d+%d", end, length)}
		path := filepath.Join(mount(t, args...), "f")
		_, right, _ := rightAndWrong(t, "1M,seed=5", "", 0)
		for _, r := range readers {
			if strings.HasPrefix(r.name, "mmap") || r.name == "cp" || r.name == "sendfile" || strings.HasPrefix(r.name, "io_uring") {
				continue
			}
			t.Run(r.name, func(t *testing.T) { same(t, r.name, r.read(t, path, size), right[:end]) })
		}
		for _, flags := range []int{os.O_RDONLY, os.O_RDONLY | syscall.O_DIRECT} {
			f := openFile(t, path, flags)
			for _, c := range []struct{ off, n, want int }{
				{0, size, end}, {4096, 4096, 4096}, {593920, 8192, end - 593920}, {602112, 4096, 0}, {602112, 65536, 0}, {610304, 65536, 65536}, {size - 4096, 8192, 4096},
			} {
				buf := aligned(t, c.n)
				n, err := unix.Pread(int(f.Fd()), buf, int64(c.off))
				if n != c.want || err != nil {
					t.Errorf("flags %x: %d bytes at %d: %d, %v; want %d", flags, c.n, c.off, n, err, c.want)
				}
				same(t, fmt.Sprintf("%d bytes at %d", c.n, c.off), buf[:max(n, 0)], right[c.off:][:c.want])
			}
		}
		fileSize := func() int64 {
			var info unix.Stat_t
			if err := unix.Stat(path, &info); err != nil {
				t.Fatal(err)
			}
			return info.Size
		}
		if n := fileSize(); n != size {
			t.Errorf("stat: %d bytes", n)
		}
		// The kernel takes what a mapping reads for the end of the file.
		page := mapFile(t, openFile(t, path, os.O_RDONLY), size, unix.PROT_READ, unix.MAP_PRIVATE)[end&^4095:][:4096]
		same(t, "the last page of a mapping", page, append(bytes.Clone(right[end&^4095:end]), make([]byte, 4096-end&4095)...))
		if n := fileSize(); n != end {
			t.Errorf("stat of a mapped file: %d bytes", n)
		}
	})
}
