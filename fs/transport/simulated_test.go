package transport

import (
	"bytes"
	"log"
	"syscall"
	"testing"
	"time"
)

// simulatedRing is a ring of which the test is the kernel. When the thread has
// nothing to do, the next step of the script runs; after the last one, the
// connection ends.
type simulatedRing struct {
	t           testing.TB
	size        int
	queued      []submission
	taken       []submission
	completions []completion
	script      []func()
	errors      []syscall.Errno // of the next enters, which then take nothing
	stuck       syscall.Errno   // of all enters after those, if it is not 0
}

func (r *simulatedRing) queue(s submission) bool {
	if len(r.queued) == r.size {
		return false
	}
	r.queued = append(r.queued, s)
	return true
}

func (r *simulatedRing) enter(mode enterMode) syscall.Errno {
	if len(r.errors) > 0 {
		errno := r.errors[0]
		r.errors = r.errors[1:]
		return errno
	}
	if r.stuck != 0 {
		return r.stuck
	}
	r.taken = append(r.taken, r.queued...)
	r.queued = nil
	if mode != enterWait || len(r.completions) > 0 {
		return 0
	}
	if len(r.script) == 0 {
		r.complete(endNow, 0)
		return 0
	}
	step := r.script[0]
	r.script = r.script[1:]
	step()
	return 0
}

func (r *simulatedRing) next() (completion, bool) {
	if len(r.completions) == 0 {
		return completion{}, false
	}
	c := r.completions[0]
	r.completions = r.completions[1:]
	return c, true
}

func (r *simulatedRing) empty() bool     { return len(r.completions) == 0 }
func (r *simulatedRing) descriptor() int { return 1000 }
func (r *simulatedRing) close()          {}

func (r *simulatedRing) complete(userData uint64, res int32) {
	r.completions = append(r.completions, completion{UserData: userData, Res: res})
}

// commands takes what the kernel was asked to do with entries since the last call.
func (r *simulatedRing) commands() (all []submission) {
	for _, s := range r.taken {
		if s.opcode == opUringCmd {
			all = append(all, s)
		}
	}
	r.taken = nil
	return all
}

// simulation is a thread on such a ring, with queues of its own.
type simulation struct {
	*simulatedRing
	thread *thread
	fs     *testFS
	log    bytes.Buffer
}

// simulate returns a thread of so many queues, whose entries are registered.
func simulate(t testing.TB, queues int) *simulation {
	t.Helper()
	s := &simulation{simulatedRing: &simulatedRing{t: t, size: ringSize}, fs: newTestFS()}
	end, err := newEnding()
	if err != nil {
		t.Fatal(err)
	}
	server := &Server{fd: 77, fs: s.fs, request: testRequest, maxWrite: testRequest, log: log.New(&s.log, "", 0), ending: end}
	server.placement = Placement{CPUs: []int{0}, Queues: make([]int, queues)}
	server.protocol = server.newProtocol()
	server.ahead = server.newAhead()
	r := makeRings(server)
	s.thread = r.threads[0]
	s.thread.pause = func(time.Duration) {}
	if err := s.thread.setUp(); err != nil {
		t.Fatal(err)
	}
	s.thread.ring = s.simulatedRing
	t.Cleanup(func() {
		s.thread.inbox.close()
		syscall.Close(end.fd)
	})
	return s
}

// register registers the thread's entries.
func (s *simulation) register() {
	s.t.Helper()
	if err := s.thread.registerEntries(); err != nil {
		s.t.Fatal(err)
	}
	s.commands()
}

// request puts a request into an entry: a struct, and what comes behind it.
func (s *simulation) request(n int, opcode uint32, unique uint64, op, payload []byte) {
	h := s.thread.entries[n].header
	in := h.request()
	*in = *header(make([]byte, requestHeader))
	in.Opcode, in.Unique, in.NodeId = opcode, unique, 1
	in.Length = uint32(requestHeader + len(op) + len(payload))
	copy(h.op[:], op)
	copy(s.thread.entries[n].payload, payload)
	h.payload, h.commitID = uint32(len(payload)), unique*100
	s.complete(fromKernel|uint64(n), 0)
}

func (s *simulation) requestRead(n int, unique, fh, offset uint64, size uint32) {
	s.request(n, opRead, unique, bytesOf(&readArgs{fh: fh, offset: offset, size: size}), nil)
}

// reply returns the reply in an entry.
func (s *simulation) reply(n int) reply {
	e := &s.thread.entries[n]
	unique := e.header.request().Unique // at the same place in a reply
	return reply{unique, replyErrno(e.header.inOut[:]), bytes.Clone(e.payload[:e.header.payload])}
}

// expectCommit checks that entry n alone was committed.
func (s *simulation) expectCommit(n int, unique uint64) {
	s.t.Helper()
	all := s.commands()
	if len(all) != 1 || all[0].off != cmdCommitAndFetch || all[0].userData != fromKernel|uint64(n) || all[0].commitID != unique*100 || all[0].fd != 77 {
		s.t.Errorf("the thread asked for %+v, want a commit of entry %d", all, n)
	}
}

// run serves until the script ends or the thread leaves, and returns whether the
// connection has to end.
func (s *simulation) run(script ...func()) bool {
	s.script = script
	s.thread.serve()
	return s.thread.hasToEnd()
}

// runAll is run for a thread that must not leave before the script's end.
func (s *simulation) runAll(script ...func()) {
	s.t.Helper()
	if s.run(script...) || len(s.script) != 0 || s.log.Len() != 0 {
		s.t.Errorf("%d steps have not run, the connection has to end: %v; the log is %q", len(s.script), s.thread.hasToEnd(), &s.log)
	}
}
