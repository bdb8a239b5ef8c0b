package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// largest is the longest piece in bytes that is read at once: two requests over
// /dev/fuse unless --max-read says otherwise, and not a multiple of one.
const largest = 600_000

// reports is how often a reader process reports.
const reports = 200 * time.Millisecond

// progress is what a reader process reports, from its start on, one line of JSON
// each time.
type progress struct {
	Bytes    map[string]int64 // that were compared, by the way of reading
	Requests int64            // by system calls, not those of the kernel
	Wrong    int64            // bytes
	Errors   int64            // where none was expected
	Failed   int64            // readers that a fault has ended
	Messages []string         // of what is wrong, the first ones
	Oldest   float64          // seconds that the longest call under way has lasted
	Missing  []string         // ways that this kernel does not have
	Faulty   bool             // reads may fail, by the command "fault"
}

// process is what the readers of one process share.
type process struct {
	mount    string
	files    []file
	faulty   atomic.Bool // from now on reads may fail, but not with wrong bytes
	stopping atomic.Bool
	requests atomic.Int64
	failed   atomic.Int64
	bytes    []atomic.Int64 // of ways, and of the listings
	missing  []atomic.Bool
	mu       sync.Mutex
	wrong    int64
	errors   int64
	messages []string
	readers  []*reader
}

// readerMain is "stress reader": it reads until standard input ends. The line
// "fault" there says that reads may fail from now on.
func readerMain(args []string) int {
	set := flag.NewFlagSet("reader", flag.ContinueOnError)
	mount := set.String("mount", "", "mount point")
	mountSeed := set.Uint64("mount-seed", 0, "seed of the mount")
	seed := set.Uint64("seed", 0, "of what is read")
	count := set.Int("readers", 1, "how many read at the same time")
	if set.Parse(args) != nil {
		return 2
	}
	all, err := files(*mountSeed)
	if err != nil {
		fmt.Fprintln(os.Stderr, "stress:", err)
		return 1
	}
	p := &process{mount: *mount, files: all, bytes: make([]atomic.Int64, len(ways)+1), missing: make([]atomic.Bool, len(ways))}
	debug.SetMaxThreads(max(10_000, 4**count))
	var running sync.WaitGroup
	for i := range *count {
		r := &reader{process: p, rand: rand.New(rand.NewPCG(*seed, uint64(i))), pipe: [2]int{-1, -1}, memory: -1}
		p.readers = append(p.readers, r)
		running.Go(r.loop)
	}
	over := make(chan struct{})
	go p.commands()
	go func() {
		running.Wait()
		close(over)
	}()
	out := json.NewEncoder(os.Stdout)
	for {
		select {
		case <-time.After(reports):
			if out.Encode(p.progress()) != nil {
				return 1 // nobody listens
			}
		case <-over:
			out.Encode(p.progress())
			return 0
		}
	}
}

func (p *process) commands() {
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if in.Text() == "fault" {
			p.faulty.Store(true)
		}
	}
	p.stopping.Store(true)
}

func (p *process) progress() progress {
	now, s := time.Now().UnixNano(), progress{Bytes: make(map[string]int64), Faulty: p.faulty.Load()}
	for i := range p.bytes {
		s.Bytes[wayName(i)] = p.bytes[i].Load()
	}
	for i := range p.missing {
		if p.missing[i].Load() {
			s.Missing = append(s.Missing, ways[i].name)
		}
	}
	for _, r := range p.readers {
		if began := r.began.Load(); began != 0 {
			s.Oldest = max(s.Oldest, float64(now-began)/1e9)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s.Requests, s.Failed = p.requests.Load(), p.failed.Load()
	s.Wrong, s.Errors, s.Messages = p.wrong, p.errors, p.messages
	return s
}

// note keeps the first messages of what is wrong.
func (p *process) note(wrong, errors int64, format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wrong += wrong
	p.errors += errors
	if len(p.messages) < 5 {
		p.messages = append(p.messages, fmt.Sprintf(format, args...))
	}
}

// reader is one of them, on a thread while it waits for the kernel.
type reader struct {
	*process
	rand      *rand.Rand
	began     atomic.Int64 // of the sequence of calls under way, in nanoseconds; 0: none
	file      *file
	fd        int // of the file
	direct    int // another one, with O_DIRECT
	pipe      [2]int
	memory    int // a memfd
	buf, want []byte
}

func (r *reader) loop() {
	debug.SetPanicOnFault(true) // a mapping of a mount that has gone
	r.buf, r.want = pages(largest+2*pageSize), make([]byte, largest)
	for !r.stopping.Load() {
		err := r.sequence()
		r.began.Store(0)
		if err == nil {
			continue
		}
		if r.faulty.Load() {
			r.failed.Add(1)
			return
		}
		r.note(0, 1, "%s: %v", r.file.path, err)
		time.Sleep(100 * time.Millisecond)
		if r.faulty.Load() { // the error was that of a fault that had just come
			return
		}
	}
}

// sequence opens a file and reads it in several ways near to each other, as fsx
// does, so that what one leaves in the page cache meets the other; or it lists the
// directory.
func (r *reader) sequence() (err error) {
	defer func() {
		if p := recover(); p != nil {
			if e, ok := p.(runtime.Error); ok {
				err = errors.Join(errFault, e)
				return
			}
			panic(p)
		}
	}()
	r.began.Store(time.Now().UnixNano())
	r.file = &r.files[r.rand.IntN(len(r.files))]
	if r.rand.IntN(100) == 0 {
		return r.list()
	}
	path := filepath.Join(r.mount, r.file.path)
	if r.fd, err = unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer unix.Close(r.fd)
	if r.direct, err = unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_DIRECT, 0); err != nil {
		return fmt.Errorf("open with O_DIRECT: %w", err)
	}
	defer unix.Close(r.direct)
	focus := r.rand.Int64N(r.file.size)
	for range 4 + r.rand.IntN(24) {
		if r.stopping.Load() {
			break
		}
		r.began.Store(time.Now().UnixNano())
		if err := r.step(focus); err != nil {
			return err
		}
	}
	return nil
}

var errFault = errors.New("a mapping cannot be read")

// step reads a piece near an offset in one of the ways and compares it.
func (r *reader) step(focus int64) error {
	n := 1 + r.rand.IntN(1<<uint(4+r.rand.IntN(13)))
	if r.rand.IntN(40) == 0 {
		n = largest
	}
	off := max(0, min(focus+r.rand.Int64N(1<<18)-1<<17, r.file.size)) // sometimes at the end
	number := r.rand.IntN(len(ways))
	w := &ways[number]
	if r.missing[number].Load() {
		return nil
	}
	want := r.file.expect(r.want[:n], off)
	at, got, err := w.read(r, off, n)
	r.requests.Add(1)
	if w.absent(err) {
		r.missing[number].Store(true)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s of %d bytes at %d: %w", w.name, n, off, err)
	}
	if at != off { // some ways read at the multiple of a page that is before
		want = r.file.expect(r.want[:n], at)
	}
	if len(got) != len(want) {
		return fmt.Errorf("%s of %d bytes at %d: %d bytes, want %d", w.name, n, at, len(got), len(want))
	}
	r.bytes[number].Add(int64(len(got)))
	if !bytes.Equal(got, want) {
		wrong := different(got, want)
		r.note(wrong, 0, "%s: %s of %d bytes at %d: %d bytes are wrong", r.file.path, w.name, n, at, wrong)
	}
	return nil
}
