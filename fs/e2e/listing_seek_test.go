//go:build e2e

package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The offset that a listing gives with an entry leads to the next one, in any order,
// from any open directory, and whatever else is listed meanwhile: telldir(3),
// seekdir(3) and rewinddir(3). Buffers hold few entries or many.
func TestSeekInDirectories(t *testing.T) {
	overTransports(t, func(t *testing.T, transport string) {
		mnt := mount(t, "--transport", transport, "--file", "few/{0..2}:1K", "--file", "many/f{000..999}:1K", "--file", "mixed/{0..99}/x:1K", "--file", "mixed/y{0..99}:1K",
			"--file", "gone/{000..999}:1K", "--delete", "50%", "--generation", "3")
		for _, name := range []string{"", "few", "many", "mixed", "gone"} {
			path := filepath.Join(mnt, name)
			first, second := openFile(t, path, os.O_RDONLY|syscall.O_DIRECTORY), openFile(t, path, os.O_RDONLY|syscall.O_DIRECTORY)
			whole, err := from(int(first.Fd()), 0, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			random := rand.New(rand.NewPCG(1, 2))
			for range 300 {
				dir := first
				if random.IntN(2) == 0 {
					dir = second
				}
				i := random.IntN(len(whole)) // the entry before
				if _, err := unix.Seek(int(dir.Fd()), whole[i].off, 0); err != nil {
					t.Fatal(err)
				}
				next, err := getdents(int(dir.Fd()), make([]byte, 300<<random.IntN(8)))
				if err != nil {
					t.Fatal(err)
				}
				if len(next) == 0 && i+1 < len(whole) || len(next) > len(whole)-i-1 || !slices.Equal(next, whole[i+1:i+1+len(next)]) {
					t.Fatalf("%q after entry %d, %+v: %+v", name, i, whole[i], next)
				}
			}
			// Byte for byte the same from the beginning, by all sizes of buffers.
			for _, size := range []int{280, 4096, 32 << 10, 1 << 20} {
				if _, err := unix.Seek(int(first.Fd()), 0, 0); err != nil {
					t.Fatal(err)
				}
				var again []dirent
				for {
					entries, err := getdents(int(first.Fd()), make([]byte, size))
					if err != nil {
						t.Fatal(err)
					}
					if len(entries) == 0 {
						break
					}
					again = append(again, entries...)
				}
				if !slices.Equal(again, whole) {
					t.Errorf("%q by %d bytes: %d entries, and %d before", name, size, len(again), len(whole))
				}
			}
		}
	})
}

// A directory that is open several times is read by each at a position of its own.
func TestPositionsInDirectories(t *testing.T) {
	mnt := mount(t, "--file", "d/{00..99}:1K")
	var readers []*os.File
	seen := make([][]string, 5)
	for range seen {
		readers = append(readers, openFile(t, filepath.Join(mnt, "d"), os.O_RDONLY|syscall.O_DIRECTORY))
	}
	for round := 0; round < 200; round++ {
		for i, dir := range readers {
			entries, err := getdents(int(dir.Fd()), make([]byte, 100+50*i))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				seen[i] = append(seen[i], e.name)
			}
		}
	}
	want := []string{".", ".."}
	for i := range 100 {
		want = append(want, fmt.Sprintf("%02d", i))
	}
	for i, names := range seen {
		if !slices.Equal(names, want) {
			t.Errorf("reader %d: %d names: %q", i, len(names), names)
		}
	}
}
