package holes

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"
	"testing/iotest"
)

// piecesOf returns which pieces are holes, by asking for every byte's extent.
func piecesOf(t *testing.T, m Map) (isHole []bool) {
	t.Helper()
	data := int64(0)
	for off := int64(0); off < m.size; off += m.piece {
		hole, end := m.Extent(off)
		last := min(off+m.piece, m.size) - 1
		if h, e := m.Extent(last); h != hole || e != end || end <= last {
			t.Fatalf("%+v: from %d: %v up to %d; from %d: %v up to %d", m, off, hole, end, last, h, e)
		}
		if end < m.size {
			if h, _ := m.Extent(end); h == hole {
				t.Fatalf("%+v: the extent of %d ends at %d, where another of its kind begins", m, off, end)
			}
		}
		if got := m.Before(off); got != data {
			t.Fatalf("%+v: %d bytes of data before %d, want %d", m, got, off, data)
		}
		next, ok := m.NextData(off)
		if want := off; !hole && next != want || hole && ok != (end < m.size) || hole && ok && next != end {
			t.Fatalf("%+v: data from %d on: %d, %v", m, off, next, ok)
		}
		if next, ok := m.NextHole(off); !ok || hole && next != off || !hole && next != end {
			t.Fatalf("%+v: hole from %d on: %d, %v", m, off, next, ok)
		}
		if !hole {
			data += last + 1 - off
			if got := m.Before(last); got != data-1 {
				t.Fatalf("%+v: %d bytes of data before %d, want %d", m, got, last, data-1)
			}
		} else if got := m.Before(last); got != data {
			t.Fatalf("%+v: %d bytes of data before %d, in a hole, want %d", m, got, last, data)
		}
		isHole = append(isHole, hole)
	}
	if m.Data() != data || m.Before(m.size) != data {
		t.Fatalf("%+v: %d bytes of data, %d before the end, want %d", m, m.Data(), m.Before(m.size), data)
	}
	for _, off := range []int64{m.size, m.size + 1, math.MaxInt64} {
		_, data := m.NextData(off)
		if _, hole := m.NextHole(off); data || hole {
			t.Fatalf("%+v: something is behind the end", m)
		}
	}
	return isHole
}

// There are exactly as many holes as the share says, everywhere in the file.
func TestShare(t *testing.T) {
	for _, size := range []int64{0, 1, 9, 10, 11, 99, 1000, 1005, 9999, 30000} {
		for _, percent := range []uint64{0, 1, 10, 30, 49, 50, 51, 75, 99, 100} {
			for seed := range uint64(5) {
				m := New(size, 10, percent*billion/100, seed)
				n, first, last := 0, 0, 0
				all := piecesOf(t, m)
				for i, hole := range all {
					if hole {
						if n++; i < len(all)/2 {
							first++
						} else {
							last++
						}
					}
				}
				want := int((uint64(size/10)*percent + 50) / 100)
				if percent == 100 {
					want = int((size + 9) / 10)
				}
				if n != want || first-last > 3 || last-first > 3 {
					t.Errorf("size %d, %d%%, seed %d: %d holes, %d and %d in the halves; want %d", size, percent, seed, n, first, last, want)
				}
			}
		}
	}
	if a, b := New(1e6, 10, billion/3, 1), New(1e6, 10, billion/3, 2); bytes.Equal(read(t, a), read(t, b)) {
		t.Error("two seeds have the same holes")
	}
}

// The largest file takes no longer than a small one.
func TestLargest(t *testing.T) {
	for _, share := range []uint64{1, billion / 3, billion / 2, billion - 1} {
		m := New(math.MaxInt64, 4096, share, 7)
		off, last := int64(math.MaxInt64/3), false
		for i := range 1000 {
			isHole, end := m.Extent(off)
			if end <= off || i > 0 && isHole == last {
				t.Fatalf("share %d: extent from %d to %d, hole: %v", share, off, end, isHole)
			}
			if data := m.Before(end) - m.Before(off); isHole && data != 0 || !isHole && data != end-off {
				t.Fatalf("share %d: %d bytes of data from %d to %d, hole: %v", share, data, off, end, isHole)
			}
			if off, last = end, isHole; off == math.MaxInt64 {
				break
			}
		}
	}
}

type source struct{ io.ReaderAt }

func (source) Close() error { return nil }

// data is what is not in holes: never zero.
func data(n int64) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i%255 + 1)
	}
	return p
}

func read(t *testing.T, m Map) []byte {
	t.Helper()
	r := &Reader{m, source{bytes.NewReader(data(m.Data()))}}
	p := make([]byte, m.size)
	if n, err := r.ReadAt(p, 0); n != len(p) || err != nil {
		t.Fatalf("%d bytes, %v", n, err)
	}
	return p
}

func TestReader(t *testing.T) {
	for _, share := range []uint64{0, billion / 10, billion / 2, billion * 8 / 10, billion} {
		m := New(1007, 10, share, 3)
		all := read(t, m)
		var want []byte
		left := data(m.Data())
		for off := int64(0); off < m.size; off++ {
			if isHole, _ := m.Extent(off); isHole {
				want = append(want, 0)
			} else {
				want, left = append(want, left[0]), left[1:]
			}
		}
		if !bytes.Equal(all, want) {
			t.Errorf("share %d: other bytes", share)
		}
		r := &Reader{m, source{bytes.NewReader(data(m.Data()))}}
		if err := iotest.TestReader(io.NewSectionReader(r, 0, r.Size()), want); err != nil {
			t.Errorf("share %d: %v", share, err)
		}
		for off := int64(0); off < m.size; off += 7 {
			p := make([]byte, 33)
			n, err := r.ReadAt(p, off)
			if rest := want[off:]; n != min(33, len(rest)) || !bytes.Equal(p[:n], rest[:n]) || (err == io.EOF) != (n < 33) {
				t.Fatalf("share %d at %d: %d bytes, %v", share, off, n, err)
			}
		}
	}
	m := New(1000, 10, billion/2, 3)
	r := &Reader{m, source{bytes.NewReader(data(m.Data() - 1))}}
	if _, err := r.ReadAt(make([]byte, 1000), 0); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a source that ends too early: %v", err)
	}
}

func BenchmarkReader(b *testing.B) {
	m := New(1<<40, 128<<10, billion/2, 3)
	r := &Reader{m, source{zeros{}}}
	p := make([]byte, 512<<10)
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for off := int64(0); b.Loop(); off = (off + 1e9) % 1e12 {
		r.ReadAt(p, off)
	}
}

type zeros struct{}

func (zeros) ReadAt(p []byte, _ int64) (int, error) { return len(p), nil }
