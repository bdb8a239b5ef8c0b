package gen

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"testing"
	"testing/iotest"
)

func TestReaderSemantics(t *testing.T) {
	for _, size := range []int64{0, 1, 4095, 4097, 9001} {
		cfg := Config{Size: size, Seed: 3, Dedup: 2, Unit: Cell}
		want := reference(cfg).bytes(0, int(size))
		g := open(t, cfg)
		if err := iotest.TestReader(g.NewReader(), want); err != nil {
			t.Errorf("size %d, Reader: %v", size, err)
		}
		if err := iotest.TestReader(io.NewSectionReader(g, 0, size), want); err != nil {
			t.Errorf("size %d, ReaderAt: %v", size, err)
		}
	}
}

func TestReaderReadsWhole(t *testing.T) {
	cfg := Config{Size: 3<<20 + 5, Compress: 2}
	want := reference(cfg).bytes(0, int(cfg.Size))
	r := open(t, cfg).NewReader()
	p := make([]byte, 2<<20)
	for _, step := range []struct {
		n   int
		err error
	}{{2 << 20, nil}, {1<<20 + 5, nil}, {0, io.EOF}, {0, io.EOF}} {
		n, err := r.Read(p)
		if n != step.n || err != step.err || !bytes.Equal(p[:n], want[:n]) {
			t.Fatalf("Read = %d, %v, want %d, %v; or wrong bytes", n, err, step.n, step.err)
		}
		want = want[n:]
	}
}

func TestReadersAreIndependent(t *testing.T) {
	cfg := Config{Size: 10000}
	g := open(t, cfg)
	a, b := g.NewReader(), g.NewReader()
	if _, err := a.Seek(5000, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(b)
	if err != nil {
		t.Fatal(err)
	}
	mustEqual(t, got, reference(cfg).bytes(0, 10000), 0)
	got, err = io.ReadAll(a)
	if err != nil {
		t.Fatal(err)
	}
	mustEqual(t, got, reference(cfg).bytes(5000, 5000), 5000)
}

func TestSeek(t *testing.T) {
	const size = math.MaxInt64 - 10
	r := open(t, Config{Size: size}).NewReader()
	for _, step := range []struct {
		offset int64
		whence int
		want   int64 // the position afterwards
		ok     bool
	}{
		{100, io.SeekStart, 100, true},
		{-30, io.SeekCurrent, 70, true},
		{-71, io.SeekCurrent, 70, false},
		{-1, io.SeekStart, 70, false},
		{5, 3, 70, false},
		{5, -1, 70, false},
		{-size, io.SeekEnd, 0, true},
		{-size - 1, io.SeekEnd, 0, false},
		{math.MinInt64, io.SeekEnd, 0, false},
		{-1, io.SeekEnd, size - 1, true},
		{10, io.SeekEnd, math.MaxInt64, true}, // beyond the end
		{1, io.SeekCurrent, math.MaxInt64, false},
		{math.MaxInt64, io.SeekCurrent, math.MaxInt64, false},
		{11, io.SeekEnd, math.MaxInt64, false},
	} {
		what := fmt.Sprintf("Seek(%d, %d)", step.offset, step.whence)
		got, err := r.Seek(step.offset, step.whence)
		if step.ok != (err == nil) || step.ok && got != step.want {
			t.Errorf("%s = %d, %v, want %d and an error: %t", what, got, err, step.want, !step.ok)
		}
		if at, err := r.Seek(0, io.SeekCurrent); at != step.want || err != nil {
			t.Fatalf("after %s: position %d, %v, want %d", what, at, err, step.want)
		}
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("Read beyond the end = %d, %v, want 0, EOF", n, err)
	}
	if n, err := r.WriteTo(io.Discard); n != 0 || err != nil {
		t.Errorf("WriteTo beyond the end = %d, %v, want 0, nil", n, err)
	}
}

func TestWriteTo(t *testing.T) {
	for _, size := range []int64{0, 1, streamBuffer - 1, streamBuffer, streamBuffer + 1, 3 * streamBuffer} {
		cfg := Config{Size: size, Seed: 1}
		for _, from := range []int64{0, size / 3, size} {
			r := open(t, cfg).NewReader()
			if _, err := r.Seek(from, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			if n, err := r.WriteTo(&b); n != size-from || err != nil {
				t.Errorf("size %d from %d: WriteTo = %d, %v, want %d, nil", size, from, n, err, size-from)
			}
			mustEqual(t, b.Bytes(), reference(cfg).bytes(from, int(size)), from)
			if at, _ := r.Seek(0, io.SeekCurrent); at != size {
				t.Errorf("size %d from %d: position %d after WriteTo", size, from, at)
			}
		}
	}
}

var errFull = errors.New("full")

// limitedWriter takes room bytes, and then fails with err.
type limitedWriter struct {
	bytes.Buffer
	room int
	err  error
}

func (w *limitedWriter) Write(p []byte) (int, error) {
	if len(p) <= w.room {
		w.room -= len(p)
		return w.Buffer.Write(p)
	}
	n, _ := w.Buffer.Write(p[:w.room])
	w.room = 0
	return n, w.err
}

// A writer that fails gets a part; the reader stands behind that part, and
// goes on from there.
func TestWriteToFails(t *testing.T) {
	cfg := Config{Size: 2*streamBuffer + 7}
	want := reference(cfg).bytes(0, int(cfg.Size))
	for _, test := range []struct{ err, want error }{
		{errFull, errFull},
		{nil, io.ErrShortWrite},
	} {
		for _, room := range []int{0, 1, streamBuffer, streamBuffer + 4097, int(cfg.Size) - 1} {
			r := open(t, cfg).NewReader()
			w := &limitedWriter{room: room, err: test.err}
			if n, err := r.WriteTo(w); n != int64(room) || !errors.Is(err, test.want) {
				t.Errorf("room for %d: WriteTo = %d, %v, want %v", room, n, err, test.want)
			}
			if n, err := r.WriteTo(&w.Buffer); n != cfg.Size-int64(room) || err != nil {
				t.Errorf("after %d: WriteTo = %d, %v", room, n, err)
			}
			mustEqual(t, w.Bytes(), want, 0)
		}
	}
}
