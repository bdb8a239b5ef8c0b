package transport

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// Whatever panics, the request gets EIO and the mount goes on; the log has each place
// once with its stack, and then its count.
func TestPanics(t *testing.T) {
	c := connect(t)
	unique := uint64(0)
	expect := func(what string, want syscall.Errno) {
		t.Helper()
		if r := c.receive(); r.unique != unique || r.errno != want {
			t.Errorf("%s: unique %d, %v; want %d, %v", what, r.unique, r.errno, unique, want)
		}
	}
	const times = 120
	for range times {
		unique += 2
		c.sendRead(unique, panicFH, 0, 4096)
		expect("READ", syscall.EIO)
		unique += 2
		c.sendName(unique, opLookup, 1, "panic\x00")
		expect("LOOKUP", syscall.EIO)
		unique += 2
		attr := fuse.GetAttrIn{}
		attr.NodeId = panicFH
		send(c.kernel, &attr, &attr.InHeader, opGetAttr, unique)
		expect("GETATTR", syscall.EIO)
		unique += 2
		c.sendRead(unique, latePanicFH, 0, 4096)
		expect("a delayed READ", syscall.EIO)
		unique += 2
		c.sendRead(unique, 100, 0, 100)
		expect("a READ that does not panic", 0)
	}
	if got, want := c.server.Served(), (Served{Reads: times, Bytes: 100 * times, Errors: 2 * times}); got != want {
		t.Errorf("served %+v, want %+v", got, want)
	}
	c.end()
	checkPanicLog(t, c.log.String(), "ReadFile", "Lookup", "GetAttr", "delay")
}

func checkPanicLog(t *testing.T, text string, functions ...string) {
	t.Helper()
	if n := strings.Count(text, "[running"); n != len(functions) {
		t.Errorf("%d stacks for %d places in the log:\n%s", n, len(functions), text)
	}
	for _, function := range functions {
		for _, n := range []int{10, 100} {
			found := 0
			for line := range strings.Lines(text) {
				if strings.Contains(line, fmt.Sprintf(": %d times so far at ", n)) && strings.Contains(line, function) {
					found++
				}
			}
			if found != 1 {
				t.Errorf("%d lines say that %s has panicked %d times:\n%s", found, function, n, text)
			}
		}
	}
}

func TestPanicsOverRings(t *testing.T) {
	s := simulate(t, 1)
	s.register()
	var script []func()
	want := func(errno syscall.Errno) {
		t.Helper()
		if r := s.reply(0); r.errno != errno {
			t.Errorf("request %d: %v, want %v", r.unique, r.errno, errno)
		}
	}
	for i := range uint64(100) {
		script = append(script,
			func() { s.requestRead(0, 10*i+1, panicFH, 0, 10) },
			func() {
				want(syscall.EIO)
				s.request(0, opLookup, 10*i+2, nil, []byte("panic\x00"))
			},
			func() {
				want(syscall.EIO)
				s.request(0, opGetAttr, 10*i+3, make([]byte, 16), nil)
				s.thread.entries[0].header.request().NodeId = panicFH
			},
			func() {
				want(syscall.EIO)
				s.requestRead(0, 10*i+4, 100, 0, 10)
			},
			func() { want(0) })
	}
	if s.run(script...) || len(s.script) != 0 {
		t.Errorf("%d steps have not run", len(s.script))
	}
	checkPanicLog(t, s.log.String(), "ReadFile", "Lookup", "GetAttr")
}
