// Package verify compares copies of generated files with what was generated, and explains
// what differs. It needs no checksums and no second copy, as every byte can be computed.
//
// [Compare] walks the trees and files that it is given, compares them by several goroutines,
// and returns a [Report]. Only names, types, lengths and contents are compared: not times,
// owners or modes. Every run of bytes that differ has a [Kind], which says what is there
// instead: zeros, flipped bits, data of another place, of an older generation, and so on.
//
// Memory is bounded, whatever there is to compare and to report. The package never writes to
// a copy, never follows symbolic links in it, and does not wait for pipes.
package verify

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
)

// Options say what is compared, and how. All but Tree and Targets may be zero.
type Options struct {
	Tree    *tree.Tree
	Seed    uint64 // of files whose spec has none
	Targets []Target

	Workers int  // goroutines that compare; 0 means GOMAXPROCS
	Cached  bool // read through the page cache

	Quick     uint64 // share of all buffers that are compared, in billionths; 0 means all of them
	QuickSeed uint64 // of which these are

	MaxErrors int64     // after how many findings to stop; 0 means never
	Log       io.Writer // gets a line for every finding; may be nil
	Resume    string    // a file that says how far it is, for going on with it later; "" means none

	// Fingerprint is equal for options that may go on with each other's Resume.
	Fingerprint string

	// Printable makes a line of text fit to be printed, as names in it may not be; nil
	// leaves it as it is.
	Printable func(string) string

	Progress *Progress // is updated; may be nil

	openCopy  func(path string) (copied, error) // for tests
	saveEvery time.Duration                     // for tests
}

// Progress is how far it is. It may be read while Compare runs.
type Progress struct {
	Files, Bytes atomic.Int64 // that have been compared, or passed over by Quick
}

// session is one call of Compare.
type session struct {
	Options
	goals    []goal
	source   source
	variants variants
	progress *Progress
	pattern  []byte // that buffers have before they are read into
	unfilled *model
}

// queue is how many items the walk is ahead of what has been reported.
const queue = 256

// Check returns the error that Compare would return at once: a target that does not exist,
// one that is not known, wrapping [ErrNotFound], or a Resume that is none of this command's.
func (o *Options) Check() error {
	_, err := o.start()
	if err == nil {
		_, err = o.savedState()
	}
	return err
}

// Total returns how many bytes all targets have together, for showing progress: within a
// thousandth where sizes are drawn, and more than that for a part of a tree.
func (o *Options) Total() (n int64) {
	goals, _ := o.start()
	for _, g := range goals {
		size := uint64(g.file.spec.Size)
		if g.dir != 0 {
			size = o.Tree.Bytes()
		}
		n = int64(min(uint64(n)+size, math.MaxInt64))
	}
	return n
}

// goal is a target that was found.
type goal struct {
	path   string
	dir    tree.ID // or
	file   file
	device bool // the file is on a block device, from its beginning on
}

// start checks the options.
func (o *Options) start() (goals []goal, err error) {
	s := source{o.Tree, o.Seed}
	for _, t := range o.Targets {
		info, err := os.Stat(t.Path)
		isDir, isDevice := err == nil && info.IsDir(), err == nil && info.Mode()&os.ModeType == os.ModeDevice
		if err != nil && (errors.Is(err, os.ErrNotExist) || !errors.Is(err, os.ErrPermission)) {
			return nil, fmt.Errorf("%q: %w", t.Path, reason(err))
		}
		g := goal{path: filepath.Clean(t.Path)}
		if path, err := filepath.EvalSymlinks(g.path); err == nil && !isDir {
			g.path = path // whoever names a link means the file
		}
		if g.dir, g.file, err = s.resolve(t, isDir); err != nil {
			return nil, fmt.Errorf("%q: %w", t.Path, err)
		}
		g.file.path = g.path
		g.device = isDevice
		switch {
		case g.dir != 0 && !isDir:
			return nil, fmt.Errorf("%q: not a directory", t.Path)
		case g.dir == 0 && isDir:
			return nil, fmt.Errorf("%q: a directory, where a file is expected", t.Path)
		case isDir && t.At == "":
			if below := s.meant(g.path); below != "" {
				return nil, fmt.Errorf("%q: %w", t.Path, &BelowError{below})
			}
		}
		goals = append(goals, g)
	}
	return goals, nil
}

// Compare compares all targets. What differs or cannot be read is not an error, but in the
// report; an error is about the options, the log, or the file to resume from. If ctx ends
// before everything has been compared, the report says so.
func Compare(ctx context.Context, o Options) (*Report, error) {
	goals, err := o.start()
	if err != nil {
		return nil, err
	}
	s := newSession(o)
	s.goals = goals
	c := newCommitter(s)
	at, err := c.load()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	work, ordered := make(chan *part, queue), make(chan item, queue)
	var workers sync.WaitGroup
	for range s.Workers {
		workers.Go(func() {
			c := newComparer(s)
			for p := range work {
				c.compare(ctx, p)
			}
		})
	}
	go func() {
		defer close(ordered)
		defer close(work)
		for i, g := range goals {
			if i < at.Target || ctx.Err() != nil {
				continue
			}
			w := walker{session: s, target: i, ctx: ctx, goal: g, emit: func(found item) {
				found.target = i
				select {
				case ordered <- found:
					if found.part != nil {
						work <- found.part
					}
				case <-ctx.Done():
				}
			}}
			if i == at.Target {
				w.skipTo, w.skipOff = at.File, at.Offset
			}
			if g.dir != 0 {
				w.directory(g.dir, g.path)
			} else {
				w.file(g.file, true)
			}
		}
	}()
	for found := range ordered {
		if found.part != nil {
			<-found.part.done
		}
		if ctx.Err() != nil {
			c.report.Interrupted = true
			continue // what is left in the queue
		}
		if err := c.commit(found); err != nil {
			cancel()
			c.err = errors.Join(c.err, err)
		}
		if c.enough() {
			c.report.Stopped = true
			cancel()
		}
	}
	workers.Wait()
	c.report.Interrupted = (c.report.Interrupted || ctx.Err() != nil) && !c.report.Stopped
	return c.end(context.WithoutCancel(ctx))
}

// newSession fills in defaults.
func newSession(o Options) *session {
	s := &session{Options: o, source: source{o.Tree, o.Seed}, progress: o.Progress, pattern: make([]byte, gap)}
	s.variants.source = &s.source
	rand.Read(s.pattern) // never fails
	s.unfilled = constant(s.pattern, Unfilled, "the read reported bytes that it did not store")
	s.unfilled.least = 8
	if s.Workers == 0 {
		s.Workers = runtime.GOMAXPROCS(0)
	}
	if s.progress == nil {
		s.progress = &Progress{}
	}
	if s.Quick >= spec.Billion {
		s.Quick = 0
	}
	if s.saveEvery == 0 {
		s.saveEvery = saveEvery
	}
	if s.Printable == nil {
		s.Printable = func(line string) string { return line }
	}
	if s.openCopy == nil {
		s.openCopy = func(path string) (copied, error) {
			for _, g := range s.goals {
				if g.device && g.path == path {
					return openDevice(path, g.file.spec.Size, s.Cached)
				}
			}
			// What is not a regular file must not even be opened: that rewinds a tape.
			info, err := os.Lstat(path)
			if err == nil && !info.Mode().IsRegular() {
				err = errNotRegular
			} else if err == nil {
				return openFile(path, s.Cached)
			}
			return nil, openError(err)
		}
	}
	return s
}
