package top

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Options say what to show, and where.
type Options struct {
	Mountpoint string
	Interval   time.Duration
	Once       bool // end after one interval
	JSON       bool // print a View as JSON in a line for each interval

	// Read returns what .dgenfs/stats has. It must return in bounded time.
	Read func() ([]byte, error)

	Stdin, Stdout *os.File
}

// Signalled is returned by Run if a signal has ended it.
type Signalled struct{ Signal unix.Signal }

func (s Signalled) Error() string { return "ended by " + s.Signal.String() }

// reading is a result of Options.Read.
type reading struct {
	stats *Stats
	err   error
}

// Run shows a mount until somebody asks it to end, or the mount cannot be read. On a
// terminal it takes the whole screen, and gives the terminal back as it was, whatever
// happens; elsewhere, and with Once or JSON, it prints.
func Run(o Options) error {
	m := &Monitor{Mountpoint: o.Mountpoint}
	done := make(chan struct{})
	defer close(done)
	readings := make(chan reading)
	go o.readAll(readings, done)
	s := &Screen{ASCII: !isUTF8()}
	if o.Once || o.JSON || !IsTerminal(o.Stdout) || os.Getenv("TERM") == "dumb" {
		return o.print(m, s, readings)
	}
	s.Colour = os.Getenv("NO_COLOR") == ""
	return o.watch(m, s, readings, done)
}

// isUTF8 reports whether the locale of the environment has UTF-8; see locale(7).
func isUTF8() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := strings.ToUpper(os.Getenv(name)); value != "" {
			return strings.Contains(value, "UTF-8") || strings.Contains(value, "UTF8")
		}
	}
	return false
}

// readAll reads at every interval until it fails, or done is closed.
func (o *Options) readAll(to chan<- reading, done <-chan struct{}) {
	tick := time.NewTicker(o.Interval)
	defer tick.Stop()
	for {
		r := o.read()
		select {
		case to <- r:
		case <-done:
			return
		}
		if r.err != nil {
			return
		}
		select {
		case <-tick.C:
		case <-done:
			return
		}
	}
}

func (o *Options) read() (r reading) {
	// A panic here would end the process before the terminal is given back.
	defer func() {
		if p := recover(); p != nil {
			r.err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	text, err := o.Read()
	if err != nil {
		return reading{nil, err}
	}
	stats, err := ParseStats(text)
	return reading{stats, err}
}

// print prints a View for each interval.
func (o *Options) print(m *Monitor, s *Screen, readings <-chan reading) error {
	first := true
	for r := range readings {
		if r.err != nil {
			return r.err
		}
		v := m.Add(r.stats)
		if v == nil {
			continue
		}
		text := ""
		if o.JSON {
			line, err := json.Marshal(v)
			if err != nil {
				return err
			}
			text = string(line) + "\n"
		} else {
			if !first {
				text = "\n"
			}
			s.Clock = time.Now()
			for _, line := range s.Lines(v) {
				text += strings.TrimRight(line, " ") + "\n"
			}
		}
		first = false
		if _, err := o.Stdout.WriteString(text); err != nil || o.Once {
			return err
		}
	}
	return nil
}

// watch shows the mount on a terminal.
func (o *Options) watch(m *Monitor, s *Screen, readings <-chan reading, done <-chan struct{}) error {
	t := newTerminal(o.Stdin, o.Stdout)
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT, unix.SIGTSTP, unix.SIGCONT, unix.SIGWINCH)
	defer signal.Stop(signals)
	defer t.leave() // also if this panics
	if err := t.enter(); err != nil {
		return err
	}
	s.Keys = t.keys
	keys := make(chan byte)
	if t.keys {
		go readKeys(o.Stdin, keys, done)
	}
	var v, latest *View
	for {
		if !s.Paused {
			v = latest
		}
		s.Width, s.Height = t.size()
		s.Clock = time.Now()
		if err := t.show(s.Lines(v)); err != nil {
			return err
		}
		select {
		case r := <-readings:
			if r.err != nil {
				return r.err
			}
			if next := m.Add(r.stats); next != nil {
				latest = next
			}
		case key := <-keys:
			if key == 'r' {
				m.Reset()
			}
			if s.press(key) {
				return nil
			}
		case sig := <-signals:
			switch sig {
			case unix.SIGWINCH:
			case unix.SIGTSTP:
				t.leave()
				if suspend() {
					if sig := untilContinued(signals); sig != unix.SIGCONT {
						return Signalled{sig}
					}
				}
				fallthrough
			case unix.SIGCONT:
				if err := t.enter(); err != nil {
					return err
				}
			default:
				return Signalled{sig.(unix.Signal)}
			}
		}
	}
}

// untilContinued returns SIGCONT when that comes, or a signal that asks to end.
func untilContinued(signals <-chan os.Signal) unix.Signal {
	for sig := range signals {
		if sig != unix.SIGTSTP && sig != unix.SIGWINCH {
			return sig.(unix.Signal)
		}
	}
	return unix.SIGCONT
}

// press does what a key asks for, and reports whether that is to end.
func (s *Screen) press(key byte) (quit bool) {
	if s.Help && !slices.Contains([]byte("qQh?"), key) {
		s.Help = false
		return false
	}
	switch key {
	case 'q', 'Q':
		return true
	case 'p', ' ':
		s.Paused = !s.Paused
	case 's':
		s.ByBytes = !s.ByBytes
	case 't':
		s.Totals = !s.Totals
	case '?', 'h':
		s.Help = !s.Help
	}
	return false
}

// readKeys reads keys. A read that waits for one goes on when the others have ended.
func readKeys(from *os.File, keys chan<- byte, done <-chan struct{}) {
	buffer := make([]byte, 16)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if n > 1 && buffer[0] == 0x1b {
			continue // an arrow or the like
		}
		for _, key := range buffer[:n] {
			select {
			case keys <- key:
			case <-done:
				return
			}
		}
	}
}
