package cli

import (
	"io"
	"runtime"
	"time"

	"github.com/dgenfs/dgenfs/fs/cli/bench"
	"github.com/dgenfs/dgenfs/fs/cli/help"
	"github.com/dgenfs/dgenfs/numa"
)

func benchCommand() help.Command {
	f := newFlags("bench")
	asJSON := f.Bool("json", false, "print JSON")
	step := f.Duration("time", 10*time.Millisecond, "how long one run takes at least, a `DURATION`; a row is 7 runs of each kind")
	var flags numaFlags
	flags.add(f)
	return help.Command{
		Name:    "bench",
		Usage:   "dgenfs bench [flags]",
		Summary: "measure the generator",
		Text: `Measures the generator, without a mount: fills of buffers of many sizes, by one
thread, by two, and by all, each in turn with stores to the same memory by the
same threads, in the loop that is fastest on this CPU: rep stosb, or stores of 16
to 64 bytes, non-temporal or not, of bytes that are not zero, as some CPUs have a
shortcut for zeros; --json says which loop. And reads at random offsets. "each" is threads that fill a buffer of their own, as readers of a mount
do; "shared" is one buffer that the threads fill together. Rates are medians in
GB/s (10^9 bytes), ratios medians of the ratios of neighbouring runs. On several
memory nodes, each thread is bound to a CPU and has its buffer, or its part of the
shared one, on that CPU's node.
`,
		Flags: f,
		Run: func(args []string, stdout, stderr io.Writer) error {
			if err := noArguments("bench", args); err != nil {
				return err
			}
			if *step < time.Millisecond || *step > time.Minute {
				return usagef("--time %v: must be from 1ms to 1m", *step)
			}
			p, err := flags.placement()
			if err != nil {
				return err
			}
			threads := p.bench()
			if !f.Changed("threads") { // a container may have less than it sees
				threads.CPUs = threads.CPUs[:min(len(threads.CPUs), runtime.GOMAXPROCS(0))]
			}
			report, err := bench.Run(bench.Options{Threads: threads, NUMA: p.String(), Time: *step, Progress: progressTo(stderr)})
			if err != nil {
				return err
			}
			return printReport(stdout, report, *asJSON)
		},
	}
}

// bench returns the placement of the threads that are measured.
func (p *placement) bench() bench.Threads {
	t := bench.Threads{CPUs: p.cpus}
	if !p.on {
		return t
	}
	t.Node = p.topology.NodeOf
	if p.noBind == nil {
		t.Bind = func(cpu int) (undo func(), err error) { return numa.Pin(numa.Set{cpu}) }
	}
	if p.noPlace == nil {
		t.Place = p.place
	}
	if p.noLocate == nil {
		t.Pool = p.pool
	}
	return t
}
