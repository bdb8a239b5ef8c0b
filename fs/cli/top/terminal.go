package top

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// terminal is a screen of its own on a terminal, and its keys.
type terminal struct {
	in, out *os.File
	keys    bool // in is a terminal, too
	before  unix.Termios
}

// Escape sequences of xterm, which all of today's terminals understand: an alternate
// screen, whether the cursor is shown, whether long lines are wrapped.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l\x1b[?7l"
	leaveScreen = "\x1b[?7h\x1b[?25h\x1b[?1049l"
)

// IsTerminal reports whether a file is a terminal.
func IsTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

func newTerminal(in, out *os.File) *terminal {
	t := &terminal{in: in, out: out}
	if saved, err := unix.IoctlGetTermios(int(in.Fd()), unix.TCGETS); err == nil {
		t.keys, t.before = true, *saved
	}
	return t
}

// enter takes the terminal: keys come at once, and are not shown; those that make signals
// still do. It may be called again after something else has used the terminal.
func (t *terminal) enter() error {
	if t.keys {
		raw := t.before
		raw.Lflag &^= unix.ICANON | unix.ECHO
		raw.Cc[unix.VMIN], raw.Cc[unix.VTIME] = 1, 0
		if err := unix.IoctlSetTermios(int(t.in.Fd()), unix.TCSETSW, &raw); err != nil {
			return os.NewSyscallError("setting the terminal", err)
		}
	}
	_, err := t.out.WriteString(enterScreen)
	return err
}

// leave gives the terminal back as it was.
func (t *terminal) leave() {
	t.out.WriteString(leaveScreen)
	if t.keys {
		unix.IoctlSetTermios(int(t.in.Fd()), unix.TCSETSW, &t.before)
	}
}

// size returns columns and lines; 80 and 24 if the terminal does not know.
func (t *terminal) size() (columns, lines int) {
	if w, err := unix.IoctlGetWinsize(int(t.out.Fd()), unix.TIOCGWINSZ); err == nil && w.Col > 0 && w.Row > 0 {
		return int(w.Col), int(w.Row)
	}
	return 80, 24
}

// show replaces what is on the screen, in one write, so that nothing flickers.
func (t *terminal) show(lines []string) error {
	var b strings.Builder
	b.WriteString("\x1b[H")
	for i, line := range lines {
		if i > 0 {
			b.WriteString("\r\n")
		}
		// Not behind the line: at the right margin that erases its last character.
		b.WriteString("\x1b[K" + line)
	}
	b.WriteString("\x1b[J")
	_, err := t.out.WriteString(b.String())
	return err
}

// suspend stops this process, as the key Ctrl-Z asks for. It returns true if the process
// goes on when SIGCONT comes, and may return before it is stopped. A process that nobody
// could let go on, because it is not below a shell with jobs, is not stopped.
func suspend() bool {
	session, err := unix.Getsid(0)
	if err != nil || session == unix.Getpgrp() {
		return false
	}
	// Not SIGTSTP: Go keeps its handler once a signal was asked for.
	return unix.Kill(unix.Getpid(), unix.SIGSTOP) == nil
}
