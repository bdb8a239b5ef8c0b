package iouring

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The kernel knows these structs by their layout only.
func TestLayout(t *testing.T) {
	var p Params
	var c Completion
	for _, test := range []struct {
		what      string
		got, want uintptr
	}{
		{"size of io_uring_params", unsafe.Sizeof(p), 120},
		{"params.flags", unsafe.Offsetof(p.Flags), 8},
		{"params.sq_off", unsafe.Offsetof(p.SQ), 40},
		{"params.sq_off.array", unsafe.Offsetof(p.SQ) + unsafe.Offsetof(p.SQ.Array), 40 + 24},
		{"params.cq_off", unsafe.Offsetof(p.CQ), 80},
		{"params.cq_off.cqes", unsafe.Offsetof(p.CQ) + unsafe.Offsetof(p.CQ.CQEs), 80 + 20},
		{"size of io_uring_cqe", unsafe.Sizeof(c), 16},
		{"cqe.user_data", unsafe.Offsetof(c.UserData), 0},
		{"cqe.res", unsafe.Offsetof(c.Res), 8},
		{"size of io_uring_sqe", unsafe.Sizeof(submission{}), 64},
		{"sqe.user_data", unsafe.Offsetof(submission{}.userData), 32},
	} {
		if test.got != test.want {
			t.Errorf("%s: %d, want %d", test.what, test.got, test.want)
		}
	}
}

func TestRead(t *testing.T) {
	want := make([]byte, 300_001)
	rand.NewChaCha8([32]byte{1}).Read(want)
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, want, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, test := range []struct {
		off         int64
		n           int
		size, depth int
	}{{0, 300_001, 4096, 8}, {0, 400_000, 10_001, 3}, {5, 1, 1, 1}, {299_000, 5000, 512, 16}, {300_001, 100, 10, 4}, {7, 0, 1, 1}} {
		p := make([]byte, test.n)
		n, err := Read(int(f.Fd()), p, test.off, test.size, test.depth)
		if errors.Is(err, ErrUnsupported) {
			t.Skipf("needs io_uring: %v", err)
		}
		if rest := want[min(int(test.off), len(want)):]; err != nil || !bytes.Equal(p[:n], rest[:min(test.n, len(rest))]) {
			t.Errorf("%+v: %d bytes, %v", test, n, err)
		}
	}
	if _, err := Read(-1, make([]byte, 10), 0, 3, 2); !errors.Is(err, unix.EBADF) {
		t.Errorf("of no file: %v", err)
	}
}
