// Package sum computes checksums of files that are generated, as tools print and check
// them, without reading or writing anything else: as many files at a time as there are
// CPUs, and parts of one file at a time where the checksums of the parts give that of the
// file.
//
// Files are printed in the order in which they come, one after the other as soon as it
// is known, so memory does not grow with their number.
package sum

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"runtime"
	"sync"

	"github.com/dgenfs/dgenfs/fs/spec"
)

// File is what a line is about.
type File struct {
	Name string
	Spec spec.Spec // with its seed, and its place in its group
}

// Options say what is printed. The zero value of all fields but Algorithms is useful.
type Options struct {
	Algorithms []Algorithm // one or more; one unless Format allows several
	Format     Format
	Workers    int               // goroutines that compute; 0 means one for each CPU
	Progress   func(bytes int64) // called now and then with how much has been hashed so far, by one goroutine at a time; may be nil
}

// maxAhead is how many files may have been hashed that are not printed yet, because one
// before them takes longer.
const maxAhead = 4 << 10

// Error is about a file whose checksum cannot be computed or printed. The others are.
type Error struct {
	Name string
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("%q: %v", spec.Cut(e.Name), e.Err) }
func (e *Error) Unwrap() error { return e.Err }

// result is the checksums of a file.
type result struct {
	file File
	sums [][]byte
	err  error
	done chan struct{} // closed when sums and err are valid
}

// Write writes the checksums of files. It goes on after an Error, and calls failed with
// each; any other error, which is one of w, ends it.
func Write(w io.Writer, files iter.Seq[File], o Options, failed func(*Error)) error {
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	h := &hasher{
		algorithms: o.Algorithms,
		workers:    make(chan struct{}, o.Workers),
		stop:       make(chan struct{}),
		progress:   o.Progress,
	}
	results := make(chan *result, maxAhead)
	var running sync.WaitGroup
	running.Go(func() {
		defer close(results)
		for f := range files {
			select {
			case h.workers <- struct{}{}:
			case <-h.stop:
				return
			}
			r := &result{file: f, done: make(chan struct{})}
			running.Go(func() {
				r.sums, r.err = h.file(f.Spec)
				<-h.workers
				close(r.done)
			})
			select {
			case results <- r:
			case <-h.stop:
				return
			}
		}
	})
	defer running.Wait()
	defer close(h.stop)

	out := bufio.NewWriterSize(w, 64<<10)
	p := printer{w: out, Options: o}
	p.head()
	for r := range results {
		select {
		case <-r.done:
		default:
			// Nobody should wait for what is known.
			if err := out.Flush(); err != nil {
				return err
			}
			<-r.done
		}
		err := r.err
		if err == nil {
			err = p.file(r)
		}
		if err != nil {
			failed(&Error{r.file.Name, err})
		}
	}
	return out.Flush()
}
