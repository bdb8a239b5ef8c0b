package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// server is a process that serves, and its mount.
type server struct {
	pid  int
	dir  string
	seed uint64

	fusectl string
	log     string        // file
	done    chan struct{} // of a server in the foreground

	mayCrash bool // the runtime may run out of memory, and say so at length
}

// start mounts on a new directory. wrapper is a command that starts the program,
// such as prlimit, or nothing.
func (l *lane) start(wrapper []string, args ...string) (*server, error) {
	s := l.launch(wrapper, args...)
	if !l.await(func() bool { return s.isMounted() || s.ended() }) {
		return s, errors.New("no mount, and the program runs")
	}
	if s.ended() {
		return s, fmt.Errorf("the program has ended: %s", s.logText())
	}
	return s, nil
}

// newServer returns one of which nothing exists but the directory.
func (l *lane) newServer() *server {
	name := fmt.Sprintf("%d-%d", l.number, l.mounts.Add(1))
	s := &server{dir: filepath.Join(l.dir, name), log: filepath.Join(l.dir, name+".log"), seed: l.draw(), fusectl: l.fusectl}
	if err := os.Mkdir(s.dir, 0o755); err != nil {
		panic(err)
	}
	return s
}

// command is the program under a wrapper.
func (l *lane) command(s *server, wrapper []string, args ...string) *exec.Cmd {
	command := slices.Concat(wrapper, []string{l.program, "--transport", l.transport}, mountArgs(s.seed), args, []string{s.dir})
	return exec.Command(command[0], command[1:]...)
}

// launch starts the program in the foreground, and does not wait for the mount.
func (l *lane) launch(wrapper []string, args ...string) *server {
	s := l.newServer()
	log, err := os.Create(s.log)
	if err != nil {
		panic(err)
	}
	defer log.Close()
	command := l.command(s, wrapper, append(args, "-f")...)
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		panic(err)
	}
	s.pid, s.done = command.Process.Pid, make(chan struct{})
	go func() {
		command.Wait()
		close(s.done)
	}()
	return s
}

// daemon mounts as users do, in the background.
func (l *lane) daemon(wrapper []string, args ...string) (*server, error) {
	s := l.newServer()
	if !slices.Contains(args, "--log") {
		args = append(args, "--log", s.log)
	}
	out, err := l.command(s, wrapper, args...).CombinedOutput()
	if err != nil {
		return s, fmt.Errorf("%w: %s", err, cut(string(out)))
	}
	for _, pid := range l.processes() {
		text, _ := os.ReadFile("/proc/" + pid + "/cmdline")
		if slices.Contains(strings.Split(string(text), "\x00"), s.dir) {
			s.pid, _ = strconv.Atoi(pid)
		}
	}
	if s.pid == 0 {
		return s, errors.New("the program has returned, and nobody serves")
	}
	return s, nil
}

// ended reports whether there is no process, or one of which nobody has asked how it
// ended.
func (s *server) ended() bool {
	if s.done != nil {
		select {
		case <-s.done:
			return true
		default:
			return false
		}
	}
	if s.pid == 0 {
		return true
	}
	text, err := os.ReadFile("/proc/" + strconv.Itoa(s.pid) + "/stat")
	_, state, _ := strings.Cut(string(text), ") ")
	return err != nil || strings.HasPrefix(state, "Z")
}

func (s *server) signal(signal unix.Signal) {
	if s.pid != 0 && !s.ended() {
		unix.Kill(s.pid, signal)
	}
}

// logText returns the first part of what the server has written.
func (s *server) logText() string {
	f, err := os.Open(s.log)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	text, _ := io.ReadAll(io.LimitReader(f, 2000))
	return strings.TrimSpace(string(text))
}

// deviceOf returns the minor number of the device that is mounted on a directory: the
// number of the connection, too. It reads the mount table, which cannot hang.
func deviceOf(dir string) (minor string, ok bool) {
	table, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(table)) {
		if fields := strings.Fields(line); len(fields) > 4 && fields[4] == dir {
			_, minor, _ = strings.Cut(fields[2], ":")
			ok = true
		}
	}
	return minor, ok
}

func (s *server) isMounted() bool {
	_, ok := deviceOf(s.dir)
	return ok
}

// abort ends the connection through the fusectl file system.
func (s *server) abort() error {
	minor, ok := deviceOf(s.dir)
	if !ok {
		return errors.New("nothing is mounted")
	}
	return os.WriteFile(filepath.Join(s.fusectl, minor, "abort"), []byte("1"), 0)
}

// await waits until something holds, and returns false if it never does.
func (l *lane) await(holds func() bool) bool {
	for end := time.Now().Add(patience); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// takeAway unmounts, whatever state the mount is in, and waits for the server.
// wellUnmounted says that "dgenfs umount" has to do.
func (l *lane) takeAway(s *server, wellUnmounted bool) {
	if wellUnmounted {
		if out, err := exec.Command(l.program, "umount", s.dir).CombinedOutput(); err != nil {
			l.leak("umount: %v: %s", err, bytes.TrimSpace(out))
		}
	}
	for s.isMounted() {
		if unix.Unmount(s.dir, unix.MNT_DETACH) != nil {
			break
		}
	}
	if !l.await(s.ended) {
		l.hang("the server of %s does not end after its mount has gone: %s", s.dir, stacks(s.pid))
		s.signal(unix.SIGKILL)
		l.await(s.ended)
	}
	if !s.mayCrash {
		l.checkLog(s)
	}
	l.remove(s.dir)
	l.remove(s.log)
}

// remove removes a file or an empty directory that the run has made.
func (l *lane) remove(path string) {
	if !made(l.dir, path) {
		panic(fmt.Sprintf("%s is not below %s", path, l.dir))
	}
	os.Remove(path)
}

// made reports whether a path is below the run's directory. Everything else belongs to
// others.
func made(dir, path string) bool {
	rest, ok := strings.CutPrefix(filepath.Clean(path), filepath.Clean(dir)+"/")
	return ok && rest != ""
}

// checkLog looks for what a server must never write.
func (l *lane) checkLog(s *server) {
	text, _ := os.ReadFile(s.log)
	for _, word := range []string{"panic", "goroutine ", "fatal error", "DATA RACE"} {
		if at := bytes.Index(text, []byte(word)); at >= 0 {
			l.unexpected("the log of the server has: %s", cut(string(text[max(0, at-200):])))
			return
		}
	}
}

func cut(s string) string { return s[:min(len(s), 600)] }

// stacks reports in which functions of the kernel the threads of a process wait.
func stacks(pid int) string {
	seen := make(map[string]int)
	tasks, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*")
	for _, task := range tasks {
		text, _ := os.ReadFile(task + "/wchan")
		seen[string(text)]++
	}
	return fmt.Sprint(len(tasks), " threads wait in ", seen)
}

// measures are what a server must not have more and more of.
type measures struct {
	threads, descriptors int
	memory, peak         int // KiB
}

func (s *server) measure() (m measures) {
	proc := "/proc/" + strconv.Itoa(s.pid)
	descriptors, _ := os.ReadDir(proc + "/fd")
	m.descriptors = len(descriptors)
	text, _ := os.ReadFile(proc + "/status")
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		fields := strings.Fields(value)
		if len(fields) == 0 {
			continue
		}
		n, _ := strconv.Atoi(fields[0])
		switch name {
		case "Threads":
			m.threads = n
		case "VmRSS":
			m.memory = n
		case "VmHWM":
			m.peak = n
		}
	}
	return m
}
