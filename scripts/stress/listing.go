package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// dirEntry is one that getdents64 returns.
type dirEntry struct {
	name string
	next int64 // offset of the entry behind it
}

// list lists the directory whole, from random places, and after rewinding, while
// others do the same and the kernel drops what it knows of the names.
func (r *reader) list() error {
	fd, err := unix.Open(filepath.Join(r.mount, listed), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open of a directory: %w", err)
	}
	defer unix.Close(fd)
	all, err := r.entries(fd)
	if err != nil {
		return err
	}
	for i, e := range all {
		if i >= listedFiles || e.name != listedName(i) {
			return fmt.Errorf("listing: entry %d is %q", i, e.name)
		}
	}
	if len(all) != listedFiles {
		return fmt.Errorf("listing: %d entries, want %d", len(all), listedFiles)
	}
	for range 3 {
		i := r.rand.IntN(len(all))
		if _, err := unix.Seek(fd, all[i].next, io.SeekStart); err != nil {
			return fmt.Errorf("seekdir: %w", err)
		}
		if err := r.sameEntries(fd, all[i+1:]); err != nil {
			return fmt.Errorf("after seekdir to entry %d: %w", i+1, err)
		}
	}
	if _, err := unix.Seek(fd, 0, io.SeekStart); err != nil {
		return fmt.Errorf("rewinddir: %w", err)
	}
	if err := r.sameEntries(fd, all); err != nil {
		return fmt.Errorf("after rewinddir: %w", err)
	}
	for range 20 {
		var st unix.Stat_t
		if err := unix.Fstatat(fd, all[r.rand.IntN(len(all))].name, &st, 0); err != nil {
			return fmt.Errorf("stat of an entry: %w", err)
		}
		if st.Size != 1000 {
			return errors.New("stat of an entry: its size is wrong")
		}
	}
	return nil
}

func (r *reader) sameEntries(fd int, want []dirEntry) error {
	got, err := r.entries(fd)
	if err != nil {
		return err
	}
	if len(got) != len(want) {
		return fmt.Errorf("%d entries, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			return fmt.Errorf("entry %d is %v, want %v", i, got[i], want[i])
		}
	}
	return nil
}

// entries returns what is left of a directory, without "." and "..". The layout is
// that of struct linux_dirent64, see getdents64(2).
func (r *reader) entries(fd int) (all []dirEntry, err error) {
	for {
		n, err := unix.Getdents(fd, r.buf[:1024+r.rand.IntN(32<<10)])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("getdents: %w", err)
		}
		if n == 0 {
			return all, nil
		}
		r.requests.Add(1)
		for p := r.buf[:n]; len(p) > 0; {
			length := binary.NativeEndian.Uint16(p[16:])
			name, _, _ := bytes.Cut(p[19:length], []byte{0})
			if s := string(name); s != "." && s != ".." {
				all = append(all, dirEntry{s, int64(binary.NativeEndian.Uint64(p[8:]))})
				r.bytes[len(ways)].Add(int64(len(s)))
			}
			p = p[length:]
		}
	}
}
