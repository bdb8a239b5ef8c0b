package written

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/dgenfs/dgenfs/fs/spec"
)

// Difference is what of a write differs from what the file holds.
type Difference struct {
	File   string // its path; Compare leaves it to the caller
	Offset int64  // of the first byte that differs
	Kind   string // what is there instead
	Bytes  uint64 // that differ
}

func (d *Difference) String() string {
	text := fmt.Sprintf("%q: what was written at offset %d differs: %s", d.File, d.Offset, d.Kind)
	if d.Bytes > 1 {
		text += fmt.Sprintf("; %d bytes of that write differ", d.Bytes)
	}
	return text
}

// maxDifferences is how many are kept.
const maxDifferences = 1000

// Differences are those of many writes. The zero value has none. It is safe for concurrent
// use.
type Differences struct {
	count atomic.Uint64

	mu   sync.Mutex
	kept []*Difference
}

// Count returns how many writes differed.
func (d *Differences) Count() uint64 { return d.count.Load() }

// Add counts one, and keeps it if it is not nil and there is room.
func (d *Differences) Add(one *Difference) {
	d.count.Add(1)
	if one == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.kept) < maxDifferences {
		d.kept = append(d.kept, one)
	}
}

// List returns those that are kept, in the order in which they were added.
func (d *Differences) List() []*Difference {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clip(d.kept)
}

// Compare compares what is written at an offset with what a file of some size holds, as
// much at a time as scratch has room for. Its errors are those of r.
func Compare(r io.ReaderAt, size, off int64, p, scratch []byte) (d Difference, err error) {
	inside := int(min(int64(len(p)), max(0, size-off)))
	for done := 0; done < inside; {
		at := off + int64(done)
		// Up to a multiple of the chunk's size, so that no cell is generated twice.
		n := min(len(scratch)-int(at%int64(len(scratch))), inside-done)
		want := scratch[:n]
		if _, err := r.ReadAt(want, at); err != nil && err != io.EOF {
			return d, err
		}
		if got := p[done : done+n]; !bytes.Equal(got, want) {
			d.add(at, got, want)
		}
		done += n
	}
	if beyond := len(p) - inside; beyond > 0 {
		if d.Bytes == 0 {
			d.Offset, d.Kind = off+int64(inside), fmt.Sprintf("beyond the end, as the file has %d bytes", size)
		}
		d.Bytes += uint64(beyond)
	}
	return d, nil
}

// add counts the bytes that differ in what should be at a place. The kind is that of the
// first cell with one.
func (d *Difference) add(at int64, got, want []byte) {
	first := d.Bytes == 0
	for len(got) > 0 {
		// Up to the end of the cell.
		n := min(len(got), int(spec.Cell-at%spec.Cell))
		if count := countDifferent(got[:n], want[:n]); count > 0 {
			if first {
				first = false
				i := firstDifferent(got, want)
				d.Offset, d.Kind = at+int64(i), kindOf(got[i:n], want[i:n])
			}
			d.Bytes += uint64(count)
		}
		at, got, want = at+int64(n), got[n:], want[n:]
	}
}

func firstDifferent(a, b []byte) int {
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return len(a)
}

func countDifferent(a, b []byte) (n int) {
	for len(a) >= 8 && len(b) >= 8 {
		if x := binary.NativeEndian.Uint64(a) ^ binary.NativeEndian.Uint64(b); x != 0 {
			for ; x != 0; x >>= 8 {
				if x&0xff != 0 {
					n++
				}
			}
		}
		a, b = a[8:], b[8:]
	}
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// kindOf says what is wrong with the rest of a cell, from the first byte that differs.
func kindOf(got, want []byte) string {
	flipped := 0
	for i := range got {
		flipped += bits.OnesCount8(got[i] ^ want[i])
	}
	count := countDifferent(got, want)
	switch {
	case flipped == 1:
		return fmt.Sprintf("one bit: %#02x instead of %#02x", got[0], want[0])
	case count > 1 && isAll(got, 0):
		return "zeros"
	case count > 1 && isAll(got, 0xff):
		return "ones"
	case count == 1:
		return fmt.Sprintf("one byte: %#02x instead of %#02x", got[0], want[0])
	case flipped <= 16:
		return fmt.Sprintf("%d bits of %d bytes", flipped, count)
	}
	return fmt.Sprintf("other bytes, beginning with %x instead of %x", got[:min(len(got), 8)], want[:min(len(want), 8)])
}

func isAll(p []byte, value byte) bool { return len(bytes.TrimLeft(p, string([]byte{value}))) == 0 }
