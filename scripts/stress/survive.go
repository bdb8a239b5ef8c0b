package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// processes is how many processes share the readers of the mount that has to survive.
const processes = 8

// survivor is the mount for the whole run, and those who read it.
type survivor struct {
	*lane
	*server
	crowds []*crowd
}

// harmless are the faults that no reader may notice.
var harmless = []struct {
	kind string
	do   func(*survivor) error
}{
	{"STOP and CONT", (*survivor).stop},
	{"freeze by cgroup", (*survivor).freeze},
	{"signals at the server", (*survivor).signals},
	{"kill -9 of readers", (*survivor).killReaders},
	{"burst of programs", (*survivor).programs},
	{"drop_caches", (*survivor).dropCaches},
	{"control files read", (*survivor).controlFiles},
}

// survive keeps a mount under load for the whole time. All readers must get every
// byte, and afterwards the server must have no more than before.
func (l *lane) survive() {
	s, err := l.start(nil)
	if err != nil {
		l.unexpected("mounting: %v", err)
		return
	}
	defer l.takeAway(s, true)
	v := &survivor{lane: l, server: s}
	v.gatherAll(v.recruit(3 * time.Second)) // so that it has what it needs for so many
	before := v.settled()
	v.recruit(0)
	for round := 0; !l.over(); round++ {
		for _, i := range l.rand.Perm(len(harmless)) {
			if l.over() && round > 0 {
				break
			}
			f := harmless[i]
			l.pause(700 * time.Millisecond)
			if err := f.do(v); err == errNotHere {
				continue
			} else if err != nil {
				l.unexpected("%s: %v", f.kind, err)
			}
			l.fault(f.kind, 1)
			if v.watch(); s.ended() {
				l.unexpected("the server has ended after: %s: %s", f.kind, s.logText())
				v.gatherAll(0)
				return
			}
		}
	}
	v.gatherAll(0)
	l.compare(before, v.settled())
}

// recruit starts the readers, and waits.
func (v *survivor) recruit(wait time.Duration) time.Duration {
	for i := range processes {
		v.crowds = append(v.crowds, v.crowd(v.server, (v.readers+i)/processes))
	}
	return wait
}

// gatherAll ends all readers after some time.
func (v *survivor) gatherAll(after time.Duration) {
	time.Sleep(after)
	var all sync.WaitGroup
	for _, c := range v.crowds {
		all.Go(func() { v.gather(v.server, c) })
	}
	all.Wait()
	v.crowds = nil
}

// watch looks for calls that do not return, and ends the mount if there is one.
func (v *survivor) watch() {
	for _, c := range v.crowds {
		if oldest := c.progress().Oldest; oldest > patience.Seconds() {
			v.hang("a read has lasted %.0f s: the server's %s", oldest, stacks(v.pid))
			v.abort()
			return
		}
	}
}

// settled measures the server when nobody uses it and no file is open.
func (v *survivor) settled() measures {
	if !v.await(func() bool {
		out, err := v.output("cat", filepath.Join(v.dir, ".dgenfs", "stats"))
		return err == nil && bytes.Contains(bytes.ReplaceAll(out, []byte(" "), nil), []byte(`"open_files":0,`))
	}) {
		v.leak("files are open in the server that nobody has open")
	}
	time.Sleep(500 * time.Millisecond)
	return v.measure()
}

// output runs a program that touches the mount. One that hangs is left to the end of
// the mount.
func (v *survivor) output(name string, args ...string) ([]byte, error) {
	var out bytes.Buffer
	c := exec.Command(name, args...)
	c.Stdout = &out
	if err := c.Start(); err != nil {
		return nil, err
	}
	done := make(chan error, 1)
	go func() { done <- c.Wait() }()
	select {
	case err := <-done:
		return out.Bytes(), err
	case <-time.After(patience):
		v.hang("%s %q does not end: %s", name, args, stacks(c.Process.Pid))
		v.abort()
		return nil, <-done
	}
}

func (v *survivor) stop() error {
	v.signal(unix.SIGSTOP)
	v.pause(500 * time.Millisecond)
	v.signal(unix.SIGCONT)
	return nil
}

func (v *survivor) freeze() error {
	g, err := newGroup("freezer")
	if err != nil {
		return err
	}
	defer g.remove()
	if err := g.add(v.pid); err != nil {
		return err
	}
	if err := g.freeze(true); err != nil {
		return err
	}
	v.pause(500 * time.Millisecond)
	return g.freeze(false)
}

// signals sends some thousand signals that mean nothing to random threads.
func (v *survivor) signals() error {
	kinds := []unix.Signal{unix.SIGURG, unix.SIGCHLD, unix.SIGWINCH, unix.SIGCONT}
	tasks, err := os.ReadDir("/proc/" + strconv.Itoa(v.pid) + "/task")
	if err != nil || len(tasks) == 0 {
		return fmt.Errorf("threads of the server: %w", err)
	}
	for end := time.Now().Add(time.Second / 2); time.Now().Before(end); time.Sleep(time.Millisecond) {
		for range 10 {
			tid, _ := strconv.Atoi(tasks[v.rand.IntN(len(tasks))].Name())
			unix.Tgkill(v.pid, tid, kinds[v.rand.IntN(len(kinds))])
		}
	}
	return nil
}

// killReaders kills a process of many readers; others take their place.
func (v *survivor) killReaders() error {
	i := v.rand.IntN(len(v.crowds))
	v.crowds[i].kill()
	v.gather(v.server, v.crowds[i])
	v.crowds[i] = v.crowd(v.server, v.readers/processes)
	return nil
}

// programs starts many short programs, each of which reads a little.
func (v *survivor) programs() error {
	all, err := files(v.server.seed)
	if err != nil {
		return err
	}
	var running sync.WaitGroup
	for range 40 {
		f := &all[v.rand.IntN(len(all))]
		running.Go(func() {
			want := f.expect(make([]byte, 10_000), 0)
			got, err := v.output("head", "-c", "10000", filepath.Join(v.dir, f.path))
			if err != nil || len(got) != len(want) {
				v.unexpected("head of %s: %d bytes, %v", f.path, len(got), err)
			}
			v.add(progress{Bytes: map[string]int64{"programs": int64(len(got))}, Requests: 1, Wrong: different(got, want)})
		})
	}
	running.Wait()
	return nil
}

func (v *survivor) dropCaches() error {
	return os.WriteFile("/proc/sys/vm/drop_caches", []byte{byte('1' + v.rand.IntN(3))}, 0)
}

func (v *survivor) controlFiles() error {
	for _, name := range []string{"stats", "metrics", "config", "tree", "version"} {
		if out, err := v.output("cat", filepath.Join(v.dir, ".dgenfs", name)); err != nil || len(out) == 0 {
			return fmt.Errorf("%s: %d bytes, %v", name, len(out), err)
		}
	}
	return nil
}
