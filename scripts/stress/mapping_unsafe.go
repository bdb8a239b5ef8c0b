package main

import "golang.org/x/sys/unix"

// pages returns memory of n bytes that begins with a page.
func pages(n int) []byte {
	p, err := unix.Mmap(-1, 0, roundUp(n), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		panic(err) // no memory
	}
	return p
}

// mapped returns the way that reads a mapping of a kind. What is beyond the file's
// last page faults, so no more is mapped.
func mapped(kind int) func(*reader, int64, int) (int64, []byte, error) {
	return func(r *reader, off int64, n int) (int64, []byte, error) {
		first := off &^ (pageSize - 1)
		length := int(min(int64(roundUp(n)), r.file.size-first))
		if length <= 0 {
			return first, nil, nil
		}
		m, err := unix.Mmap(r.fd, first, length, unix.PROT_READ, kind)
		if err != nil {
			return 0, nil, err
		}
		defer unix.Munmap(m)
		advice := []int{unix.MADV_NORMAL, unix.MADV_SEQUENTIAL, unix.MADV_RANDOM, unix.MADV_WILLNEED, unix.MADV_DONTNEED}
		if err := unix.Madvise(m, advice[r.rand.IntN(len(advice))]); err != nil {
			return 0, nil, err
		}
		length = min(length, n)
		copy(r.buf, m[:length])
		return first, r.buf[:length], nil
	}
}
