package main

import (
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/gen"
)

// The directory of each mount that is listed.
const (
	listed      = "d"
	listedFiles = 3000
	listedSpec  = "1000,compress=2"
)

func listedName(i int) string { return fmt.Sprintf("f-%04d", i) }

// mountArgs are those of every mount of a seed.
func mountArgs(seed uint64) []string {
	return []string{"--seed", spec.FormatSeed(seed), "--file", fmt.Sprintf("%s/f-{0000..%04d}:%s", listed, listedFiles-1, listedSpec)}
}

// file is a file of a mount and what it has to hold.
type file struct {
	path string // below the mount point
	size int64
	gen  *gen.Generator
}

// files returns what readers of a mount of this seed read: shapes and sizes that
// differ in kind, and some that follow from the seed.
func files(seed uint64) ([]file, error) {
	names := []string{
		"1", "511", "4097", "64K", "131073,unit=4K,dedup=2", "1000003,dedup=3,compress=2",
		"16M,seed=3", "64M,compress=2", "1G,dedup=3,skew=2", "1T,compress=1.5,seed=9",
	}
	r := rand.New(rand.NewPCG(seed, 0))
	for range 6 {
		names = append(names, fmt.Sprintf("%d,dedup=%d,unit=%dK,compress=%d", 1+r.Int64N(1<<uint(8+r.IntN(30))), 1+r.IntN(5), 4<<r.IntN(6), 1+r.IntN(9)))
	}
	var all []file
	for _, name := range names {
		f, err := newFile(seed, name, name)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	for range 4 {
		f, err := newFile(seed, listed+"/"+listedName(r.IntN(listedFiles)), listedSpec)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

// newFile returns the file of a spec at a path.
func newFile(seed uint64, path, text string) (file, error) {
	s, err := spec.Parse(text)
	if err != nil {
		return file{}, err
	}
	if !s.HasSeed {
		s.Seed = gen.DeriveSeed(seed, path)
	}
	config := s.Config()
	config.Threads = 1
	g, err := gen.New(config)
	return file{path, s.Size, g}, err
}

// expect fills want with what the file has at off, and returns it without what is
// beyond the file's end.
func (f *file) expect(want []byte, off int64) []byte {
	n, err := f.gen.ReadAt(want, off)
	if err != nil && err != io.EOF {
		panic(err) // offsets are not negative
	}
	return want[:n]
}

// different counts the bytes that differ.
func different(got, want []byte) (n int64) {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			n++
		}
	}
	return n
}
