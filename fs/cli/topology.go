package cli

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/dgenfs/dgenfs/fs/cli/help"
	"github.com/dgenfs/dgenfs/numa"
)

func topologyCommand() help.Command {
	f := newFlags("topology")
	var flags numaFlags
	flags.add(f)
	return help.Command{
		Name:    "topology",
		Usage:   "dgenfs topology [flags]",
		Summary: "print the machine's memory nodes, and which would be used",
		Text: `Prints the memory nodes of this machine, and what other commands with the same
flags would use of them. "used" are the CPUs to which threads are bound; large
buffers on a node (of dgenfs bench, or of programs that use package gen) are
filled by threads of the node that "filled by" names; distances are relative to
10, that of a node to itself.
`,
		Flags: f,
		Run: func(args []string, stdout, _ io.Writer) error {
			if err := noArguments("topology", args); err != nil {
				return err
			}
			p, err := flags.placement()
			if err != nil {
				return err
			}
			return p.print(stdout)
		},
	}
}

// print writes a table for people.
func (p *placement) print(w io.Writer) error {
	list := func(s numa.Set) string {
		if len(s) == 0 {
			return "-"
		}
		return s.String()
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "node\tCPUs\tused\tmemory\tfilled by\tdistances")
	for _, n := range p.topology.Nodes {
		memory, by := "-", "-"
		if n.Memory > 0 {
			memory = bytesText(float64(n.Memory))
			if p.on {
				by = fmt.Sprint(p.threadsFor(n.ID))
			}
			if !n.UsableMemory {
				memory += ", not used"
			}
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t", n.ID, list(n.Online), list(p.cpusOf(n.ID)), memory, by)
		for i, to := range p.topology.Nodes {
			if i > 0 {
				fmt.Fprint(t, " ")
			}
			fmt.Fprint(t, p.topology.Distance(n.ID, to.ID))
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nnuma: %s\nthreads: %d\nqueues of io_uring: %d\n", p, len(p.cpus), p.topology.Possible)
	return err
}
