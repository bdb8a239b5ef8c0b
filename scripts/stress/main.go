// Stress mounts with a built dgenfs, reads the mounts in many processes and in
// every way that the kernel has, compares each byte with package gen, and makes
// the server, the readers and the machine fail at random moments. What it found is
// a table, and its exit status. scripts/stress.sh builds and runs it.
//
// The process that supervises never touches a mount: it looks at the mount table
// and at /proc. The mounts are read by processes of the same program, started as
// "stress reader", which may hang or be killed.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"
)

// patience is how long whatever has to happen may take: a bound for machines that
// are busy with other things, beyond which it counts as a hang.
const patience = 90 * time.Second

// options are those of a run.
type options struct {
	program   string // under test
	dir       string // for mount points and logs; empty, and without symbolic links
	fusectl   string // where the fusectl file system is mounted
	transport string // dev or uring
	seed      uint64
	time      time.Duration
	readers   int // of the mount that has to survive
	peak      int // bound of the server's memory in MiB
}

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	if len(args) > 0 && args[0] == "reader" {
		return readerMain(args[1:])
	}
	var o options
	set := flag.NewFlagSet("stress", flag.ContinueOnError)
	set.StringVar(&o.program, "dgenfs", "", "the program under test")
	set.StringVar(&o.dir, "dir", "", "an empty directory to work in")
	set.StringVar(&o.fusectl, "fusectl", "/sys/fs/fuse/connections", "where the fusectl file system is mounted")
	set.StringVar(&o.transport, "transport", "dev", "dev or uring")
	set.Uint64Var(&o.seed, "seed", rand.Uint64(), "of the moments, faults and reads")
	set.DurationVar(&o.time, "time", 30*time.Second, "how long to go on")
	set.IntVar(&o.readers, "readers", 1000, "readers of the mount that has to survive")
	set.IntVar(&o.peak, "peak", 32+16*runtime.NumCPU(), "memory in MiB that the server of the mount that has to survive may have at most")
	if set.Parse(args) != nil {
		return 2
	}
	if o.program == "" || o.dir == "" || set.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "stress: --dgenfs and --dir are required, and there are no arguments")
		return 2
	}
	var err error
	if o.dir, err = filepath.EvalSymlinks(o.dir); err != nil {
		fmt.Fprintln(os.Stderr, "stress:", err)
		return 2
	}
	// What is in it is removed, and what is mounted below it unmounted.
	if names, err := os.ReadDir(o.dir); err != nil || len(names) > 0 {
		fmt.Fprintf(os.Stderr, "stress: --dir %s must be an empty directory\n", o.dir)
		return 2
	}
	return stress(o)
}

// stress runs the two lanes side by side: a mount that has to survive all that is
// done to it, and mounts that are brought down one after the other.
func stress(o options) int {
	fmt.Printf("seed %d, transport %s, %v, %d readers\n", o.seed, o.transport, o.time, o.readers)
	r := newReport(o)
	end := time.Now().Add(o.time)
	done := make(chan struct{})
	go func() {
		defer close(done)
		newLane(o, r, 1, end).bringDown()
	}()
	newLane(o, r, 2, end).survive()
	<-done
	r.leftBehind(o.dir)
	return r.print(os.Stdout)
}

// lane is a sequence of mounts, with random numbers of its own, which are for one
// goroutine, but for those of draw.
type lane struct {
	options
	*report
	number uint64
	rand   *rand.Rand
	end    time.Time
	mounts atomic.Int64 // so far
}

func newLane(o options, r *report, number uint64, end time.Time) *lane {
	return &lane{options: o, report: r, number: number, rand: rand.New(rand.NewPCG(o.seed, number)), end: end}
}

// draw returns a random seed. Safe for concurrent use.
func (l *lane) draw() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rand.Uint64()
}

func (l *lane) over() bool { return time.Now().After(l.end) }

// pause waits for a random time, at most so long.
func (l *lane) pause(most time.Duration) { time.Sleep(time.Duration(l.rand.Int64N(int64(most)))) }
