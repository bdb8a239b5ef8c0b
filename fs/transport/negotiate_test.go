package transport

import (
	"errors"
	"log"
	"strings"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

func TestNegotiate(t *testing.T) {
	const ring = fuse.CAP_OVER_IO_URING
	for _, test := range []struct {
		kind    Kind
		flags   uint64
		request int
		noUring error // nil: because of the kernel
	}{
		{Dev, 0, 4 << 10, ErrDevChosen},
		{Dev, ring, 64 << 10, ErrDevChosen},
		{Dev, ring, testRequest, ErrDevChosen},
		{Auto, 0, testRequest, nil},
		{"", 0, testRequest, nil},
	} {
		k, fd := newKernel(t)
		k.sendInit(41, test.flags)
		s, err := New(fd, newTestFS(), Options{Kind: test.kind, Request: test.request, Placement: testPlacement})
		if err != nil {
			t.Errorf("%q: %v", test.kind, err)
			continue
		}
		out := k.receiveInit()
		if int(out.MaxPages) != test.request/pageSize+1 || out.MaxWrite != minWrite || out.MaxBackground != minBackground || out.Flags64()&ring != 0 || out.Major != 7 || out.Minor > 41 {
			t.Errorf("%q, %d bytes: %+v", test.kind, test.request, out)
		}
		for _, flag := range []uint64{fuse.CAP_INIT_EXT, fuse.CAP_MAX_PAGES, fuse.CAP_ASYNC_READ} {
			if out.Flags64()&flag == 0 {
				t.Errorf("%q: flags %#x are without %#x", test.kind, out.Flags64(), flag)
			}
		}
		r := s.Report()
		if test.noUring == nil {
			test.noUring = whyNotOffered()
		}
		if r.Kind != Dev || r.NoUring != test.noUring || r.Request != test.request || r.Workers < minAwake || r.MaxMemory < r.Workers*test.request {
			t.Errorf("%q: %+v", test.kind, r)
		}
		// A socket has no second descriptor.
		if r.NoClone == nil || (r.NoSplice == nil) != (s.pool.workers[0].pipe != nil) {
			t.Errorf("%q: %+v", test.kind, r)
		}
		s.close()
	}
}

func TestNegotiateErrors(t *testing.T) {
	for name, test := range map[string]struct {
		kind Kind
		send func(*kernel)
		want string
	}{
		"not offered":    {Uring, func(k *kernel) { k.sendInit(45, 0) }, "io_uring"},
		"old":            {Dev, func(k *kernel) { k.sendInit(11, 0) }, "version 7.11"},
		"no INIT":        {Dev, func(k *kernel) { k.sendRead(1, 1, 0, 1) }, "opcode 15"},
		"too short":      {Dev, func(k *kernel) { unix.Write(k.fd, make([]byte, 39)) }, "too short"},
		"INIT too short": {Dev, func(k *kernel) { h := fuse.InHeader{}; send(k, &h, &h, opInit, 1) }, "40 bytes"},
		"hung up":        {Dev, func(k *kernel) { unix.Shutdown(k.fd, unix.SHUT_WR) }, "too short"},
	} {
		k, fd := newKernel(t)
		test.send(k)
		_, err := New(fd, newTestFS(), Options{Kind: test.kind, Request: testRequest, Placement: testPlacement, Log: log.New(t.Output(), "", 0)})
		if err == nil || !strings.Contains(err.Error(), test.want) || errors.Is(err, ErrNoUring) != (test.kind == Uring) {
			t.Errorf("%s: %v", name, err)
		}
		if !k.closed() {
			t.Errorf("%s: the descriptor is still open", name)
		}
	}
}

// The kernel may offer rings, only to refuse their registration, as a socket
// does: by then the answer to INIT has gone out, and the connection is lost.
func TestUringRefused(t *testing.T) {
	for _, kind := range []Kind{Auto, Uring} {
		k, fd := newKernel(t)
		k.sendInit(45, fuse.CAP_OVER_IO_URING)
		s, err := New(fd, newTestFS(), Options{Kind: kind, Request: testRequest, Placement: testPlacement, Log: log.New(t.Output(), "", 0)})
		if err == nil { // this machine has no io_uring at all
			if r := s.Report(); kind == Uring || r.Kind != Dev || r.NoUring == nil {
				t.Errorf("%s: %+v", kind, r)
			}
			s.close()
			continue
		}
		if !errors.Is(err, ErrNoUring) {
			t.Errorf("%s: %v", kind, err)
		}
		if strings.Contains(err.Error(), "registering") {
			if out := k.receiveInit(); out.Flags64()&fuse.CAP_OVER_IO_URING == 0 {
				t.Errorf("%s: flags %#x do not ask for rings", kind, out.Flags64())
			}
		}
		if !k.closed() {
			t.Errorf("%s: the descriptor is still open", kind)
		}
	}
}
