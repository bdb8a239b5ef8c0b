package transport

import (
	"bytes"
	"encoding/binary"
	"io"
	"log"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// seedRequests are requests as the kernel sends them, for fuzzing: opcode, and what
// comes behind the header.
func seedRequests() (all [][]byte) {
	add := func(opcode uint32, node uint64, rest []byte) {
		h := header(make([]byte, requestHeader))
		h.Opcode, h.NodeId, h.Unique, h.Length = opcode, node, 2, uint32(requestHeader+len(rest))
		all = append(all, append(bytes.Clone(bytesOf(h)), rest...))
	}
	for _, name := range []string{"12\x00", "panic\x00", "\x00", "12", "a\x00b\x00"} {
		add(opLookup, 1, []byte(name))
	}
	for _, r := range []readArgs{{fh: 1 << 20, size: 4096}, {fh: badFH, size: 1}, {fh: panicFH, size: 9}, {offset: 1 << 63}, {size: testRequest + 1}, {fh: laterFH}, {fh: neverFH, size: 7}, {fh: latePanicFH, size: 5}} {
		add(opRead, 5, append(bytes.Clone(bytesOf(&r)), make([]byte, 16)...))
	}
	data := make([]byte, 100)
	fill(data, 7)
	for _, w := range []writeArgs{{fh: 1 << 20, offset: 7, size: 100}, {fh: 1 << 20, size: 100}, {fh: badFH, size: 100}, {fh: panicFH, size: 100}, {offset: 1<<63 - 50, size: 100}, {fh: 5, size: 99}, {size: 1<<32 - 1}} {
		add(opWrite, 5, append(bytes.Clone(bytesOf(&w)), data...))
	}
	for opcode := range uint32(55) { // all that there are, and some that are not
		add(opcode, 1, make([]byte, 64))
		add(opcode, 77, nil)
	}
	return append(all, nil, make([]byte, 3), make([]byte, requestHeader-1))
}

// fuzzed is a connection for many requests, as making one takes long.
type fuzzed struct {
	*kernel
	unique uint64
}

func newFuzzed(f *testing.F) *fuzzed {
	k, fd := newKernel(f)
	k.sendInit(45, 0)
	s, err := New(fd, newTestFS(), Options{Kind: Dev, Request: testRequest, MaxWrite: testRequest, Placement: testPlacement, Log: log.New(io.Discard, "", 0)})
	if err != nil {
		f.Fatal(err)
	}
	k.receiveInit()
	served := make(chan struct{})
	go func() { s.Serve(); close(served) }()
	f.Cleanup(func() {
		unix.Shutdown(k.fd, unix.SHUT_RDWR)
		<-served
	})
	return &fuzzed{k, 2}
}

// FuzzRequest sends requests of any bytes over what takes the place of /dev/fuse, each
// with a READ behind it. The READ has its answer, whatever came before it; each request
// has one reply at most, which the kernel could take.
func FuzzRequest(f *testing.F) {
	for _, in := range seedRequests() {
		f.Add(in)
	}
	c := newFuzzed(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) < requestHeader || len(in) > inputRoom(testRequest) {
			return // the former ends the connection; the kernel sends no more than there is room for
		}
		if isRead(in) && readOf(in).size >= spliceFrom && readOf(in).size <= testRequest {
			return // such a reply comes in several messages, between which another one may come
		}
		c.t = t
		in = bytes.Clone(in)
		h := header(in)
		unique, last := c.unique+2, c.unique+4
		c.unique = last
		h.Unique, h.Pid = unique, 0
		if _, err := unix.Write(c.fd, in); err != nil {
			t.Fatal(err)
		}
		c.sendRead(last, 1<<20, 4096, 100)
		want := make([]byte, 100)
		fill(want, 4096)
		answered := false
		for {
			r := c.receive()
			switch {
			case t.Failed():
				t.FailNow()
			case r.unique == last:
				if r.errno != 0 || !bytes.Equal(r.data, want) {
					t.Fatalf("the READ behind it: %v, %d bytes", r.errno, len(r.data))
				}
				return
			case r.unique == unique && !answered:
				answered = true
				checkReply(t, in, r)
			case r.unique >= unique || r.unique%2 != 0: // not one of an earlier call, which came late
				t.Fatalf("a reply to a request with opcode %d: %+v", h.Opcode, r)
			}
		}
	})
}

// checkReply fails if a reply is one that the kernel would not take: an error has no
// data and is a number that errno.h may have, and READ gives no more than was asked for.
func checkReply(t *testing.T, in []byte, r reply) {
	t.Helper()
	switch opcode := header(in).Opcode; {
	case opcode == opForget || opcode == opBatchForget:
		if r.errno == 0 {
			t.Fatalf("a reply to opcode %d, which has none: %+v", opcode, r)
		}
	case r.errno != 0 && len(r.data) > 0 || r.errno >= 1000 || int(r.errno) < 0:
		t.Fatalf("a reply to opcode %d: errno %d, %d bytes", opcode, r.errno, len(r.data))
	case isWrite(in) && r.errno == 0 && (len(r.data) != 8 || view[fuse.WriteOut](r.data).Size != writeOf(in).size):
		t.Fatalf("WRITE of %d bytes: %x", writeOf(in).size, r.data)
	case isRead(in) && len(r.data) > int(readOf(in).size):
		t.Fatalf("READ of %d bytes: %d bytes", readOf(in).size, len(r.data))
	}
}

// FuzzEntry puts requests of any bytes into the entries of a ring of which the test is
// the kernel. Each has one commit, with its number and no more data than there is
// room for, and a READ in the same entry has its bytes afterwards.
func FuzzEntry(f *testing.F) {
	for _, in := range seedRequests() {
		if len(in) >= requestHeader {
			f.Add(in[:requestHeader], in[requestHeader:], []byte(nil), uint32(0))
			f.Add(in[:requestHeader], []byte(nil), in[requestHeader:], uint32(len(in)-requestHeader))
			if len(in) >= writeSize {
				f.Add(in[:requestHeader], in[requestHeader:writeSize], in[writeSize:], uint32(len(in)-writeSize))
			}
		}
	}
	f.Add(make([]byte, requestHeader), make([]byte, 128), make([]byte, 100), uint32(1<<32-1))
	s := simulate(f, 1) // for many requests, as its memory is kept for good
	s.register()
	next := uint64(2)
	f.Fuzz(func(t *testing.T, head, op, payload []byte, length uint32) {
		if len(head) != requestHeader || len(payload) > testRequest {
			return
		}
		unique, last, other := next, next+2, next+4
		next += 6
		waits := false
		s.t = t
		s.log.Reset()
		s.run(
			func() {
				e := &s.thread.entries[0]
				s.request(0, 0, unique, op[:min(len(op), 128)], payload)
				copy(e.header.inOut[:], head)
				h := e.header.request()
				h.Unique, h.Pid = unique, 0
				e.header.payload = length
				if h.Opcode == opRead && h.Length == 0 {
					h.Length = uint32(requestHeader + 40)
				}
				fh := e.header.read().fh
				waits = h.Opcode == opRead && (fh == laterFH || fh == neverFH || fh == brokenFH || fh == latePanicFH) ||
					h.Opcode == opReadDir && isLongListing(h.NodeId)
			},
			func() {
				all := s.commands()
				if waits && len(all) == 0 {
					return
				}
				opcode := binary.NativeEndian.Uint32(head[4:])
				commits := 0
				for _, c := range all {
					if c.off == cmdCommitAndFetch {
						commits++
						if c.userData != fromKernel || c.commitID != unique*100 {
							t.Fatalf("opcode %d: %+v, want a commit of entry 0", opcode, c)
						}
					}
				}
				e := &s.thread.entries[0]
				if waits && commits == 0 {
					return // spare entries were registered for others
				}
				if commits != 1 || int(e.header.payload) > len(e.payload) {
					t.Fatalf("opcode %d: %d commits, with %d bytes", opcode, commits, e.header.payload)
				}
				r := s.reply(0)
				if r.unique != unique || r.errno != 0 && len(r.data) > 0 || r.errno >= 1000 || int(r.errno) < 0 {
					t.Fatalf("opcode %d: unique %d, errno %d, %d bytes", opcode, r.unique, r.errno, len(r.data))
				}
				s.requestRead(0, last, 1<<20, 4096, 100)
			},
			func() {
				if !waits {
					s.expectRead(0, last)
				}
				s.requestRead(1, other, 1<<20, 4096, 100)
			},
			func() { s.expectRead(1, other) },
		)
		if s.thread.hasToEnd() || len(s.script) > 0 {
			t.Fatalf("%d steps have not run, the connection has to end: %v; the log is %q", len(s.script), s.thread.hasToEnd(), &s.log)
		}
		if waits { // its entry is taken, and the inbox's poll may be awaited
			for s.thread.waiting[0].Load() > 0 {
				s.thread.delays.answer(unique, true)
				s.thread.answerDue()
			}
			s.commands()
			s.queued = nil
		}
	})
}

// expectRead checks that the READ of requestRead(n, unique, 1<<20, 4096, 100) is
// committed, and its reply. Another entry may be committed, too, of a READ that has
// waited.
func (s *simulation) expectRead(n int, unique uint64) {
	s.t.Helper()
	commits := 0
	for _, c := range s.commands() {
		if c.userData == fromKernel|uint64(n) && c.off == cmdCommitAndFetch && c.commitID == unique*100 {
			commits++
		}
	}
	want := make([]byte, 100)
	fill(want, 4096)
	if r := s.reply(n); commits != 1 || r.unique != unique || r.errno != syscall.Errno(0) || !bytes.Equal(r.data, want) {
		s.t.Fatalf("READ in entry %d: %d commits, unique %d, %v, %d bytes", n, commits, r.unique, r.errno, len(r.data))
	}
}
