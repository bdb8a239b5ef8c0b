package verify

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/dgenfs/dgenfs/gen/keyed"
)

// begins is what a file is recognized by: its length, and its first bytes.
type begins struct {
	size int64
	hash uint64
}

func beginsOf(p []byte, size int64) begins {
	return begins{size, keyed.Seed(uint64(size), string(p))}
}

// maxCandidates is how many files of the tree a file is compared with that begin alike.
const maxCandidates = 8

// identify recognizes files under other names by what they hold, and counts the rest as
// additional.
func (c *committer) identify() {
	unknown := map[begins][]int{}
	for i, a := range c.additionals {
		if p, err := c.beginning(a); err == nil {
			b := beginsOf(p, a.Size)
			unknown[b] = append(unknown[b], i)
		}
	}
	holds := make([]*Rename, len(c.additionals))
	if len(unknown) > 0 {
		sizes := map[int64]bool{}
		for b := range unknown {
			sizes[b.size] = true
		}
		tried := map[int]int{}
		for id, n := range c.source.all {
			if !sizes[n.Spec.Size] {
				continue
			}
			c.recognize(id, n, unknown, holds, tried)
		}
	}
	for i, a := range c.additionals {
		h := holds[i]
		if h == nil || h.Copied && a.Size == 0 {
			c.additional(a.Path)
			continue
		}
		if h.Copied {
			c.report.Additional++
		} else {
			c.report.Renamed++
			c.found(h.Holds)
		}
		c.log("%s: holds %s", h.Path, h.Holds)
		if len(c.report.Renames) < maxListed {
			c.report.Renames = append(c.report.Renames, *h)
		}
	}
}

// found takes back that a file is missing.
func (c *committer) found(name string) {
	c.report.Missing--
	for i, m := range c.report.Missings {
		if m == name {
			c.report.Missings = append(c.report.Missings[:i:i], c.report.Missings[i+1:]...)
			return
		}
	}
}

// recognize notes which of the unknown files a file of the tree is.
func (c *committer) recognize(id tree.ID, n tree.Node, unknown map[begins][]int, holds []*Rename, tried map[int]int) {
	f := c.source.file(id, n)
	r, err := open(f.spec)
	if err != nil {
		return
	}
	defer r.Close()
	p := make([]byte, min(page, f.spec.Size))
	r.ReadAt(p, 0)
	for _, i := range unknown[beginsOf(p, f.spec.Size)] {
		// One that is missing is a better match than one that is there.
		if h := holds[i]; h != nil && !h.Copied || tried[i] >= maxCandidates {
			continue
		}
		if a := c.additionals[i]; c.same(a, r) {
			there := c.there(f.name)
			if taken := !there && isTaken(holds, f.name); taken {
				there = true
			}
			holds[i] = &Rename{Path: a.Path, Holds: f.name, Copied: there}
		}
		tried[i]++
	}
}

// isTaken reports whether a missing file has been recognized in another place.
func isTaken(holds []*Rename, name string) bool {
	for _, h := range holds {
		if h != nil && h.Holds == name && !h.Copied {
			return true
		}
	}
	return false
}

// there reports whether the copy has a file of the tree where it belongs, or is not a copy of
// what that is in.
func (c *committer) there(name string) bool {
	for _, g := range c.goals {
		if g.dir == 0 {
			continue
		}
		prefix := string(c.source.tree.AppendPath(nil, g.dir))
		if prefix != "" {
			prefix += "/"
		}
		below, ok := strings.CutPrefix(name, prefix)
		if !ok {
			continue
		}
		if _, err := os.Lstat(filepath.Join(g.path, below)); err != nil {
			return !isMissing(err)
		}
	}
	return true
}

// beginning returns the first bytes of a file.
func (c *committer) beginning(a extra) ([]byte, error) {
	f, err := c.openCopy(a.Path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p := aligned(page)
	n, err := readFull(f, p, 0)
	if err == nil && int64(n) < min(page, a.Size) {
		err = io.ErrUnexpectedEOF
	}
	return p[:min(int64(n), a.Size)], err
}

// same reports whether a file is the one that r reads.
func (c *committer) same(a extra, r io.ReaderAt) bool {
	f, err := c.openCopy(a.Path)
	if err != nil {
		return false
	}
	defer f.Close()
	actual, expected := aligned(bufferSize), make([]byte, bufferSize)
	for off := int64(0); off < a.Size; off += bufferSize {
		n := int(min(bufferSize, a.Size-off))
		c.poison(actual[:n])
		got, err := readFull(f, actual[:roundUp(n, page)], off)
		r.ReadAt(expected[:n], off)
		if err != nil || got < n || !bytes.Equal(actual[:n], expected[:n]) {
			return false
		}
	}
	return true
}
