package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"

	"golang.org/x/sys/unix"
)

// logFile is a log, which also gets what the Go runtime writes when it crashes.
type logFile struct {
	// Where to open it anew: the folder as it was before there was a mount, which
	// could cover it, and which this process must not look into. nil if it is no
	// plain file.
	dir  *os.File
	name string

	mu   sync.Mutex
	file *os.File
}

func openLog(path string) (*logFile, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return nil, usagef("--log %s: %w", path, errors.Unwrap(err))
	}
	l := &logFile{}
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
func (l *logFile) use(file *os.File) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil {
		l.file.Close()
	}
	l.file = file
	debug.SetCrashOutput(file, debug.CrashOptions{})
}

// reopen opens the log anew, where it was.
func (l *logFile) reopen() error {
	if l.dir == nil {
		return nil
	}
	// No link that may have come there since: it could lead into the mount.
	flags := unix.O_WRONLY | unix.O_APPEND | unix.O_CREAT | unix.O_NOFOLLOW | unix.O_CLOEXEC
	fd, err := unix.Openat(int(l.dir.Fd()), l.name, flags, 0o644)
	if err != nil {
		return fmt.Errorf("%s: %w", l.name, err)
	}
	l.use(os.NewFile(uintptr(fd), l.name))
	return nil
}

func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Write(p)
}
