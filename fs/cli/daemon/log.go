package daemon

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"

	"golang.org/x/sys/unix"
)

// Log is a log file, to which the Go runtime also writes when it crashes. It is
// safe for concurrent use.
type Log struct {
	// Where to open it again: the directory as it was before there was a mount,
	// which may cover it, and which this process must not look into. nil if it is
	// not a regular file.
	dir  *os.File
	name string

	mu     sync.Mutex
	file   *os.File
	stderr bool // it is the standard error as well
}

// OpenLog opens a log to append to. A symbolic link is followed, once and for all.
func OpenLog(path string) (*Log, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	l := &Log{}
	l.use(file)
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return l, nil
	}
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		l.name = filepath.Base(resolved)
		l.dir, _ = os.OpenFile(filepath.Dir(resolved), unix.O_PATH|unix.O_DIRECTORY, 0)
	}
	return l, nil
}

// use writes to file from now on.
func (l *Log) use(file *os.File) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil {
		l.file.Close()
	}
	l.file = file
	if l.stderr {
		unix.Dup3(int(file.Fd()), 2, 0)
	} else {
		debug.SetCrashOutput(file, debug.CrashOptions{})
	}
}

// TakeStderr makes the log the standard error of the process, which nobody reads
// otherwise. Of a crash, such as one for want of memory, the runtime writes the reason
// there alone; before, the log gets the stacks without it.
func (l *Log) TakeStderr() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if unix.Dup3(int(l.file.Fd()), 2, 0) == nil {
		l.stderr = true
		debug.SetCrashOutput(nil, debug.CrashOptions{}) // or the stacks were there twice
	}
}

// Reopen opens the log again where it was, after it was moved away. If that fails,
// what was open goes on to be written to.
func (l *Log) Reopen() error {
	if l.dir == nil {
		return nil
	}
	// Not through a link that was put there since: it may lead into the mount.
	flags := unix.O_WRONLY | unix.O_APPEND | unix.O_CREAT | unix.O_NOFOLLOW | unix.O_CLOEXEC
	fd, err := unix.Openat(int(l.dir.Fd()), l.name, flags, 0o644)
	if err != nil {
		return fmt.Errorf("%s: %w", l.name, err)
	}
	l.use(os.NewFile(uintptr(fd), l.name))
	return nil
}

func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Write(p)
}
