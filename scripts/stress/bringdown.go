package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// some is how many readers a mount has that is brought down.
const some = 20

// fatal are the faults after which a mount may be gone, each with mounts of its own.
// Readers then get an error, soon, and never a wrong byte.
var fatal = []struct {
	kind string
	do   func(l *lane, kind string) error
}{
	{"kill -9", (*lane).killed},
	{"TERM, up to three times", (*lane).terminated},
	{"abort", (*lane).aborted},
	{"abort while stopped", (*lane).abortedWhileStopped},
	{"lazy unmount", (*lane).detached},
	{"memory limit", (*lane).limited},
	{"RLIMIT_NOFILE", func(l *lane, kind string) error { return l.resources(kind, "--nofile", 6+l.rand.IntN(60)) }},
	{"RLIMIT_AS", func(l *lane, kind string) error { return l.resources(kind, "--as", (100+l.rand.IntN(4000))<<20) }},
	{"RLIMIT_MEMLOCK", func(l *lane, kind string) error { return l.resources(kind, "--memlock", l.rand.IntN(1<<16)) }},
	{"RLIMIT_STACK", func(l *lane, kind string) error { return l.resources(kind, "--stack", (64+l.rand.IntN(1000))<<10) }},
	{"disk full under the log", (*lane).fullDisk},
	{"killed while mounting", (*lane).killedEarly},
	{"mounts in a row", (*lane).inARow},
	{"mounts at once", (*lane).atOnce},
}

func (l *lane) bringDown() {
	for round := 0; !l.over(); round++ {
		for _, i := range l.rand.Perm(len(fatal)) {
			if l.over() && round > 0 {
				return
			}
			if err := fatal[i].do(l, fatal[i].kind); err != nil && err != errNotHere {
				l.unexpected("%s: %v", fatal[i].kind, err)
			}
		}
	}
}

// underLoad starts a server and readers, and waits until they read.
func (l *lane) underLoad(wrapper []string) (*server, *crowd, error) {
	s, err := l.start(wrapper)
	if err != nil {
		return s, nil, err
	}
	c := l.crowd(s, some)
	if !l.await(func() bool { return c.progress().Requests > 0 || s.ended() }) {
		l.hang("nobody reads %s", s.dir)
	}
	l.pause(time.Second / 2)
	return s, c, nil
}

// fatally does something to a server that is read, after which all readers must get an
// error.
func (l *lane) fatally(kind string, do func(*server) error) error {
	s, c, err := l.underLoad(nil)
	defer l.takeAway(s, false)
	if err != nil {
		return err
	}
	l.expectFault(c)
	l.fault(kind, 1)
	err = do(s)
	l.awaitEnd(s, c)
	l.gather(s, c)
	return err
}

// awaitEnd waits until all readers have ended by themselves.
func (l *lane) awaitEnd(s *server, c *crowd) {
	if !l.await(c.ended) {
		l.hang("readers of %s go on after the mount has gone: %s", s.dir, stacks(c.Process.Pid))
	}
}

func (l *lane) killed(kind string) error {
	return l.fatally(kind, func(s *server) error { s.signal(unix.SIGKILL); return nil })
}

func (l *lane) aborted(kind string) error { return l.fatally(kind, (*server).abort) }

func (l *lane) abortedWhileStopped(kind string) error {
	var stopped *server
	err := l.fatally(kind, func(s *server) error {
		stopped = s
		s.signal(unix.SIGSTOP)
		l.pause(time.Second / 5)
		defer time.AfterFunc(time.Second/2, func() { stopped.signal(unix.SIGCONT) })
		return s.abort()
	})
	return err
}

// detached: whoever has a file open reads on.
func (l *lane) detached(kind string) error {
	s, c, err := l.underLoad(nil)
	defer l.takeAway(s, false)
	if err != nil {
		return err
	}
	l.expectFault(c)
	l.fault(kind, 1)
	err = unix.Unmount(s.dir, unix.MNT_DETACH)
	l.awaitEnd(s, c) // when they open their next file
	l.gather(s, c)
	return err
}

// terminated: the first signal leaves a mount that is busy as it is, the second one
// detaches it, the third one ends the server.
func (l *lane) terminated(kind string) error {
	s, c, err := l.underLoad(nil)
	defer l.takeAway(s, false)
	if err != nil {
		return err
	}
	l.expectFault(c) // it may not be busy at that moment
	for range 1 + l.rand.IntN(3) {
		l.fault(kind, 1)
		s.signal(unix.SIGTERM)
		l.pause(time.Second / 3)
	}
	l.gather(s, c)
	s.signal(unix.SIGTERM)
	if !l.await(s.ended) {
		l.hang("the server of %s does not end by SIGTERM: %s", s.dir, stacks(s.pid))
	}
	if s.isMounted() {
		l.leak("a mount after SIGTERM: %s", s.logText())
	}
	return nil
}

// limited: the server gets less and less memory, and is killed at some time, or not.
func (l *lane) limited(kind string) error {
	g, err := newGroup("memory")
	if err != nil {
		return err
	}
	defer g.remove()
	s, c, err := l.underLoad(g.wrapper())
	defer l.takeAway(s, false)
	if err != nil {
		return err
	}
	l.expectFault(c)
	for limit := 128 << 20; limit > 1<<20 && !s.ended(); limit /= 2 {
		l.fault(kind, 1)
		g.limitMemory(limit) // EBUSY if it is not possible
		l.pause(time.Second / 5)
	}
	g.limitMemory(1 << 30)
	l.gather(s, c)
	return nil
}

// resources: with a small limit of a resource the program says that it does not work,
// and leaves nothing behind; or it works.
func (l *lane) resources(kind, flag string, limit int) error {
	if _, err := exec.LookPath("prlimit"); err != nil {
		return errNotHere
	}
	l.fault(kind, 1)
	s, err := l.daemon([]string{"prlimit", flag + "=" + strconv.Itoa(limit)})
	what := fmt.Sprintf("%s=%d", flag, limit)
	if err != nil {
		if s.isMounted() {
			l.leak("a dead mount after a start that has failed with %s", what)
		}
		l.takeAway(s, false)
		return nil
	}
	defer l.takeAway(s, false)
	c := l.crowd(s, some)
	if s.mayCrash = flag == "--as"; s.mayCrash {
		l.expectFault(c)
	}
	l.pause(time.Second / 2)
	l.gather(s, c)
	return nil
}

// fullDisk: the log is on a disk that is full, and the mount does not care.
func (l *lane) fullDisk(kind string) error {
	disk := filepath.Join(l.dir, fmt.Sprintf("disk-%d", l.mounts.Load()))
	if err := os.Mkdir(disk, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=64k"); err != nil {
		return err
	}
	defer l.remove(disk)
	defer unix.Unmount(disk, unix.MNT_DETACH)
	s, err := l.daemon(nil, "--log", filepath.Join(disk, "log"))
	defer l.takeAway(s, true)
	if err != nil {
		return err
	}
	os.WriteFile(filepath.Join(disk, "filler"), make([]byte, 1<<20), 0o600) // as far as it goes
	l.fault(kind, 1)
	c := l.crowd(s, some)
	l.pause(time.Second / 2)
	l.gather(s, c)
	return nil
}

// killedEarly: a signal while the program is about to mount.
func (l *lane) killedEarly(kind string) error {
	kinds := []unix.Signal{unix.SIGKILL, unix.SIGTERM}
	if !signal.Ignored(unix.SIGINT) { // as it is for what a shell starts in the background
		kinds = append(kinds, unix.SIGINT)
	}
	for range 5 {
		s := l.launch(nil)
		l.pause(60 * time.Millisecond)
		l.fault(kind, 1)
		signal := kinds[l.rand.IntN(len(kinds))]
		s.signal(signal)
		if !l.await(s.ended) {
			l.hang("the program does not end by %v while it mounts: %s", signal, stacks(s.pid))
		}
		if signal != unix.SIGKILL && s.isMounted() {
			l.leak("a mount after %v while mounting", signal)
		}
		l.takeAway(s, false)
	}
	return nil
}

func (l *lane) inARow(kind string) error {
	for range 10 {
		l.fault(kind, 1)
		s, err := l.daemon(nil)
		l.takeAway(s, err == nil)
		if err != nil {
			return err
		}
	}
	return nil
}

// atOnce mounts many times at once: 100 in a run of ten minutes, fewer in a short one.
func (l *lane) atOnce(kind string) error {
	count := min(max(10, int(l.time/(6*time.Second))), 100)
	var running sync.WaitGroup
	for range count {
		running.Go(func() {
			l.fault(kind, 1)
			s, err := l.daemon(nil)
			if err != nil {
				l.unexpected("%s: %v", kind, err)
				l.takeAway(s, false)
				return
			}
			c := l.crowd(s, 2)
			l.await(func() bool { return c.progress().Requests > 0 })
			l.gather(s, c)
			l.takeAway(s, true)
		})
	}
	running.Wait()
	return nil
}
