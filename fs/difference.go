package fs

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/dgenfs/dgenfs/fs/spec"
)

// difference is what of a write differs from what the file holds.
type difference struct {
	file   string
	offset int64  // of the first byte that differs
	kind   string // what is there instead
	bytes  uint64 // that differ
}

func (d *difference) String() string {
	text := fmt.Sprintf("%q: what was written at offset %d differs: %s", d.file, d.offset, d.kind)
	if d.bytes > 1 {
		text += fmt.Sprintf("; %d bytes of that write differ", d.bytes)
	}
	return text
}

// maxDifferences is how many differences are kept, the first of a handle each.
const maxDifferences = 1000

// differences are those that .dgenfs/writes lists.
type differences struct {
	count atomic.Uint64 // of writes that differed

	mu   sync.Mutex
	kept []*difference
}

// add counts one, and keeps it if it is not nil.
func (d *differences) add(one *difference) {
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

func (d *differences) list() []*difference {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clip(d.kept)
}

// add counts the bytes that differ in what should be at a place. The kind is that of the
// first cell with one.
func (d *difference) add(at int64, got, want []byte) {
	first := d.bytes == 0
	for len(got) > 0 {
		// Up to the end of the cell.
		n := min(len(got), int(spec.Cell-at%spec.Cell))
		if count := countDifferent(got[:n], want[:n]); count > 0 {
			if first {
				first = false
				i := firstDifferent(got, want)
				d.offset, d.kind = at+int64(i), kindOf(got[i:n], want[i:n])
			}
			d.bytes += uint64(count)
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
