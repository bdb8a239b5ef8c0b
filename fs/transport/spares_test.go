package transport

import (
	"bytes"
	"strings"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// awaitDue waits until a read is due, and puts the ring's report of that in.
func (s *simulation) awaitDue() {
	for len(s.completions) == 0 {
		if _, err := unix.Poll([]unix.PollFd{{Fd: int32(s.thread.inbox.fd), Events: unix.POLLIN}}, -1); err == nil {
			s.complete(inboxReady, unix.POLLIN)
		}
	}
}

// A thread of rings keeps the entry of a read until it is answered.
func TestDelayedOverRings(t *testing.T) {
	s := simulate(t, 1)
	s.register()
	l := &s.thread.delays
	want := make([]byte, 5000)
	fill(want, 4096)
	s.runAll(
		func() {
			s.requestRead(0, 10, laterFH, 4096, 5000)
			s.thread.slow = true // more may wait than there are entries to spare
			s.requestRead(1, 20, neverFH, 4096, 5000)
		},
		func() {
			if all := s.commands(); len(all) != 0 {
				t.Errorf("the thread asked for %+v at once", all)
			}
			s.awaitDue()
		},
		func() {
			s.expectCommit(0, 10)
			if r := s.reply(0); r.unique != 10 || r.errno != 0 || !bytes.Equal(r.data, want) {
				t.Errorf("the read that was due: unique %d, %v, %d bytes", r.unique, r.errno, len(r.data))
			}
			l.answer(20, true)
			s.awaitDue()
		},
		func() {
			s.expectCommit(1, 20)
			if r := s.reply(1); r.unique != 20 || r.errno != syscall.EINTR || len(r.data) != 0 {
				t.Errorf("the read that was interrupted: %+v", r)
			}
		})
	l.stop()
	if c := s.thread.counts.Served(); c != (Served{Reads: 1, Bytes: 5000, Errors: 1}) {
		t.Errorf("counted %+v", c)
	}
}

// open opens a file with a handle, in an entry.
func (s *simulation) open(n int, unique, fh uint64) {
	in := fuse.OpenIn{}
	s.request(n, opOpen, unique, bytesOf(&in)[requestHeader:], nil)
	s.thread.entries[n].header.request().NodeId = fh
}

// When the first slow file is opened, every queue gets spare entries, before the reply
// is there: as many reads as that can wait, others get EBUSY, and no more entries are
// ever taken by those that wait.
func TestSpareEntries(t *testing.T) {
	const queues, depth, spare = 3, 3, maxSpare
	s := simulate(t, queues)
	s.register()
	refused := 0
	script := []func(){
		func() { s.open(0, 10, 1000) },
		func() {
			s.expectCommit(0, 10) // nothing is slow about it
			s.open(1, 11, neverFH)
		},
		func() {
			all := s.commands()
			if len(all) != queues*spare+1 || all[queues*spare].off != cmdCommitAndFetch || all[queues*spare].commitID != 1100 {
				t.Fatalf("%d commands: %+v", len(all), all)
			}
			seen := map[uint64]bool{}
			for i, c := range all[:queues*spare] {
				if c.off != cmdRegister || c.queueID != uint16(i/spare) || c.userData != fromKernel|uint64(queues*depth+i) || seen[c.addr] {
					t.Errorf("spare entry %d: %+v", i, c)
				}
				seen[c.addr] = true
			}
			s.open(1, 12, neverFH)
		},
		func() { s.expectCommit(1, 12) }, // once is enough
	}
	// Entries of queue 1, the spare ones first.
	var entries []int
	for i := range spare {
		entries = append(entries, queues*depth+spare+i)
	}
	entries = append(entries, 3, 4, 5)
	for i, n := range entries {
		unique := uint64(100 + i)
		script = append(script, func() { s.requestRead(n, unique, neverFH, 0, 4096) }, func() {
			if i < spare {
				if all := s.commands(); len(all) != 0 {
					t.Errorf("read %d does not wait: %+v", i, all)
				}
				return
			}
			s.expectCommit(n, unique)
			if r := s.reply(n); r.errno != syscall.EBUSY || len(r.data) != 0 {
				t.Errorf("read %d, of more than may wait: %+v", i, r)
			}
			refused++
		})
	}
	script = append(script,
		func() { s.requestRead(3, 200, 1000, 0, 10) },
		func() {
			s.expectCommit(3, 200)
			if r := s.reply(3); r.errno != 0 || len(r.data) != 10 {
				t.Errorf("a read of a file that is not slow: %+v", r)
			}
			s.requestRead(0, 201, neverFH, 0, 10)
		},
		func() {
			if all := s.commands(); len(all) != 0 {
				t.Errorf("a read of another queue does not wait: %+v", all)
			}
			// Whoever goes away leaves a place to another.
			s.thread.delays.answer(100, true)
			s.awaitDue()
		},
		func() {
			s.expectCommit(entries[0], 100)
			s.requestRead(4, 202, neverFH, 0, 10)
		},
		func() {
			if all := s.commands(); len(all) != 0 {
				t.Errorf("a read in the place of another does not wait: %+v", all)
			}
		})
	if s.run(script...) || len(s.script) != 0 {
		t.Errorf("%d steps have not run", len(s.script))
	}
	s.thread.delays.stop()
	if refused != depth || s.fs.cancelled.Load() != depth+1 {
		t.Errorf("%d reads were refused, %d cancelled", refused, s.fs.cancelled.Load())
	}
	if text := s.log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "EBUSY") {
		t.Errorf("the log is %q", text)
	}
}

// Without spare entries, a queue keeps one for what need not wait.
func TestNoSpareEntries(t *testing.T) {
	s := simulate(t, 1) // of 2 entries
	s.register()
	ended := s.run(
		func() { s.open(0, 10, neverFH) },
		func() {
			s.commands()
			s.complete(fromKernel|uint64(s.thread.firstSpare()), -int32(unix.ENOMEM))
			s.requestRead(0, 11, neverFH, 0, 10)
		},
		func() {
			if all := s.commands(); len(all) != 0 {
				t.Errorf("the thread asked for %+v", all)
			}
			s.requestRead(1, 12, neverFH, 0, 10)
		},
		func() {
			s.expectCommit(1, 12)
			if r := s.reply(1); r.errno != syscall.EBUSY {
				t.Errorf("the last entry waits: %+v", r)
			}
		})
	if ended || len(s.script) != 0 {
		t.Errorf("%d steps have not run; the log is %q", len(s.script), &s.log)
	}
	s.thread.delays.stop()
}

func TestSpareEntriesAreBounded(t *testing.T) {
	for queues, want := range map[int]int{1: 16, 2: 16, 16: 16, 17: 15, 64: 4, 128: 2, 1000: 2} {
		if got := spareEntries(queues); got != want {
			t.Errorf("%d queues: %d, want %d", queues, got, want)
		}
	}
}
