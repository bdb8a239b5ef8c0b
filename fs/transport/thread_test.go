package transport

import (
	"bytes"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Every entry of every queue is registered, through a ring with less room.
func TestRegisterEntries(t *testing.T) {
	const queues = 100
	s := simulate(t, queues)
	s.size = 8
	if err := s.thread.registerEntries(); err != nil {
		t.Fatal(err)
	}
	all := s.commands()
	for i, c := range all {
		if c.off != cmdRegister || c.queueID != uint16(i/maxDepth) || c.userData != fromKernel|uint64(i) || c.len != 2 || c.fd != 77 {
			t.Fatalf("submission %d: %+v", i, c)
		}
	}
	if len(all) != queues*maxDepth || s.thread.hasToEnd() {
		t.Errorf("%d entries were registered, want %d", len(all), queues*maxDepth)
	}
}

func TestRegisterIsRefused(t *testing.T) {
	s := simulate(t, 1)
	s.complete(fromKernel|1, -int32(unix.EINVAL))
	if err := s.thread.registerEntries(); err == nil || !strings.Contains(err.Error(), "queue 0: invalid argument") {
		t.Errorf("the error is %v", err)
	}
}

func TestThreadAnswers(t *testing.T) {
	s := simulate(t, 1)
	s.register()
	want := make([]byte, 5000)
	fill(want, 4096)
	s.runAll(
		func() { s.requestRead(0, 10, 1<<20, 4096, 5000) },
		func() {
			s.expectCommit(0, 10)
			if r := s.reply(0); r.unique != 10 || r.errno != 0 || !bytes.Equal(r.data, want) {
				t.Errorf("READ: unique %d, %v, %d bytes", r.unique, r.errno, len(r.data))
			}
			s.requestRead(1, 11, badFH, 0, 10)
		},
		func() {
			s.expectCommit(1, 11)
			if r := s.reply(1); r.unique != 11 || r.errno != syscall.EBADF || len(r.data) != 0 {
				t.Errorf("READ of a bad handle: %+v", r)
			}
			s.request(0, 3, 12, make([]byte, 16), nil) // GETATTR
		},
		func() {
			s.expectCommit(0, 12)
			if r := s.reply(0); r.unique != 12 || r.errno != 0 || len(r.data) != 104 {
				t.Errorf("GETATTR: unique %d, %v, %d bytes", r.unique, r.errno, len(r.data))
			}
		})
	if c := s.thread.counts.Served(); c != (Served{Reads: 1, Bytes: 5000, Errors: 1}) {
		t.Errorf("counted %+v", c)
	}
}

// A request that says that it is longer than its entry has an answer, too.
func TestThreadAnswersMalformed(t *testing.T) {
	s := simulate(t, 1)
	s.register()
	ended := s.run(
		func() {
			s.request(0, 3, 13, make([]byte, 16), nil)
			s.thread.entries[0].header.request().Length = 1 << 20
		},
		func() {
			s.expectCommit(0, 13)
			if r := s.reply(0); r.errno != syscall.EIO || len(r.data) != 0 {
				t.Errorf("a request that is too long: %+v", r)
			}
		})
	if ended || len(s.script) != 0 || !strings.Contains(s.log.String(), "1048576 bytes") {
		t.Errorf("the connection has to end: %v; the log is %q", ended, &s.log)
	}
}

// What the kernel could not do at that moment is done again, the same.
func TestTransientErrors(t *testing.T) {
	for _, errno := range []syscall.Errno{unix.EAGAIN, unix.EINTR} {
		s := simulate(t, 1)
		s.register()
		s.runAll(
			func() { s.complete(fromKernel|1, -int32(errno)) },
			func() {
				if all := s.commands(); len(all) != 1 || all[0].off != cmdRegister || all[0].userData != fromKernel|1 || all[0].addr != s.thread.entries[1].buffers() {
					t.Errorf("%v of a registration: the thread asked for %+v", errno, all)
				}
				s.requestRead(1, 10, 1<<20, 0, 100)
			},
			func() {
				s.expectCommit(1, 10)
				s.complete(fromKernel|1, -int32(errno))
			},
			func() {
				s.expectCommit(1, 10)
				s.errors = []syscall.Errno{errno, unix.EBUSY, errno}
				s.requestRead(0, 11, 1<<20, 0, 100)
			},
			func() { s.expectCommit(0, 11) })
	}
}

// Nobody else serves a thread's queues, so what it cannot cope with ends the
// connection.
func TestUnexpectedErrors(t *testing.T) {
	for what, step := range map[string]func(*simulation){
		"of a commit":            func(s *simulation) { s.complete(fromKernel|1, -int32(unix.ENOENT)) },
		"of the inbox":           func(s *simulation) { s.complete(inboxReady, -int32(unix.EBADF)) },
		"of entering":            func(s *simulation) { s.stuck = unix.EBADF },
		"of a transient error":   func(s *simulation) { s.thread.retries = maxRetries; s.complete(fromKernel|1, -int32(unix.EAGAIN)) },
		"of a full ring":         func(s *simulation) { s.size, s.stuck = 0, unix.EBUSY; s.requestRead(0, 10, 1, 0, 1) },
		"of a full, broken ring": func(s *simulation) { s.size, s.stuck = 0, unix.ENXIO; s.requestRead(0, 10, 1, 0, 1) },
	} {
		s := simulate(t, 1)
		s.register()
		if !s.run(func() { step(s) }, func() { s.complete(endNow, 0) }) {
			t.Errorf("an error %s does not end the connection", what)
		}
		if text := s.log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "rings on CPU 0") || !strings.Contains(text, "the connection ends") {
			t.Errorf("an error %s: the log is %q", what, text)
		}
	}
}

// The end of a connection is nothing to log.
func TestThreadEndsQuietly(t *testing.T) {
	for _, errno := range []syscall.Errno{unix.ENOTCONN, unix.ECONNABORTED, unix.ECANCELED} {
		s := simulate(t, 1)
		s.register()
		left := true
		s.run(func() { s.complete(fromKernel|1, -int32(errno)) }, func() { left = false })
		if !left || s.log.Len() != 0 {
			t.Errorf("%v: the thread has left: %v; the log is %q", errno, left, &s.log)
		}
	}
}

// Large reads are handed to threads that sleep, the first one is not; what comes of
// other queues goes back to their threads if those sleep, or if this one is busy.
func TestHandOver(t *testing.T) {
	s := simulate(t, 2)
	s.register()
	other := &thread{rings: s.thread.rings, ring: &simulatedRing{t: t}}
	s.thread.others = []*thread{other}
	handed := func() (entries []uint64) {
		for _, c := range s.taken {
			if c.opcode == opMsgRing {
				if c.off != handedOver|c.userData&^kindMask || c.userData&kindMask != notHanded || c.fd != 1000 {
					t.Errorf("handing over: %+v", c)
				}
				entries = append(entries, c.userData&^kindMask)
			}
		}
		return entries
	}
	check := func(what, want string) {
		t.Helper()
		if got := fmt.Sprint(handed()); got != want {
			t.Errorf("%s: entries %s are handed over, want %s", what, got, want)
		}
		s.taken = nil
	}
	large := uint32(shareFrom)
	s.runAll(
		func() {
			s.requestRead(0, 10, 1<<20, 0, large)
			s.requestRead(1, 11, 1<<20, 0, large)
		},
		func() {
			check("nobody sleeps", "[]")
			other.asleep.Store(true)
			s.requestRead(0, 12, 1<<20, 0, large)
			s.requestRead(1, 13, 1<<20, 0, large-1)
		},
		func() {
			check("one large read", "[]")
			s.requestRead(0, 14, 1<<20, 0, large)
			s.requestRead(1, 15, 1<<20, 0, large)
			s.requestRead(2, 16, 1<<20, 0, large)
		},
		func() {
			check("one sleeps", "[1]")
			if other.asleep.Load() {
				t.Error("the thread that was given a read is taken to sleep")
			}
			// It could not be handed over: it is done here.
			s.complete(notHanded|1, -int32(unix.EBADF))
		},
		func() {
			s.expectCommit(1, 15)
			s.thread.entries[3].home = other
			s.requestRead(3, 17, 1<<20, 0, 10)
		},
		func() {
			check("of a thread that is awake", "[]")
			other.asleep.Store(true)
			s.requestRead(3, 18, 1<<20, 0, 10)
		},
		func() {
			check("of a thread that sleeps", "[3]")
			s.requestRead(0, 19, 1<<20, 0, 10)
			s.requestRead(3, 20, 1<<20, 0, 10)
		},
		func() { check("with other work", "[3]") })
}
