package cli

import (
	"errors"
	"fmt"

	"github.com/dgenfs/dgenfs/numa"
	"github.com/spf13/pflag"
)

// numaMode is a value of --numa.
type numaMode string

const (
	numaAuto  numaMode = "auto"
	numaOff   numaMode = "off"
	numaForce numaMode = "force"
)

// numaFlags are the flags that say which CPUs and memory nodes to use.
type numaFlags struct {
	set     *pflag.FlagSet // for which of them were given
	mode    numaMode
	nodes   numa.Set
	threads uint64
}

func (n *numaFlags) add(f *pflag.FlagSet) {
	n.set = f
	n.mode = numaAuto
	f.Var(choice[numaMode]{&n.mode, []numaMode{numaAuto, numaOff, numaForce}}, "numa",
		"keep what threads write on their own memory node: `auto|off|force`; auto does so where several nodes have CPUs to use")
	parsed(f, &n.nodes, "numa-nodes", "", "", parseNodes, "use only the CPUs and the memory of these nodes, a `LIST` such as 0,2-3")
	parsed(f, &n.threads, "threads", "", "", parseWhole, "use `N` CPUs, evenly from all nodes (default: all that the process may use)")
}

// parseNodes reads a list of nodes, at least one.
func parseNodes(text string) (numa.Set, error) {
	nodes, err := numa.ParseSet(text)
	if err == nil && len(nodes) == 0 {
		err = errors.New("must be a list of nodes such as 0,2-3")
	}
	return nodes, err
}

// placement checks the flags and returns what they come to on this machine. Its
// errors are the user's, unless the machine's topology cannot be read, which only
// matters if nodes were asked for.
func (n *numaFlags) placement() (*placement, error) {
	if n.set.Changed("numa-nodes") && n.mode == numaOff {
		return nil, usagef("--numa-nodes %s: has no effect with --numa off; leave one of them out", n.nodes)
	}
	topology, err := numa.System()
	unknown := ""
	if err != nil {
		if n.set.Changed("numa-nodes") || n.mode == numaForce {
			return nil, fmt.Errorf("reading the machine's topology: %w", err)
		}
		unknown = err.Error()
		cpus, err := numa.Affinity()
		if err != nil {
			return nil, err
		}
		topology = numa.Flat(cpus)
	}
	p, err := n.onMachine(topology, unknown)
	if err == nil {
		p.try()
	}
	return p, err
}

// onMachine returns what the flags come to on a machine. unknown is why its real
// topology is not known, or "".
func (n *numaFlags) onMachine(t *numa.Topology, unknown string) (*placement, error) {
	if n.set.Changed("numa-nodes") {
		var err error
		if t, err = t.Restrict(n.nodes); err != nil {
			return nil, usagef("--numa-nodes %s: %w", n.nodes, err)
		}
	}
	usable := t.CPUs()
	threads := len(usable)
	if n.set.Changed("threads") {
		if n.threads < 1 || n.threads > uint64(len(usable)) {
			return nil, usagef("--threads %d: must be from 1 to %d, the number of CPUs to use", n.threads, len(usable))
		}
		threads = int(n.threads)
	}
	p := &placement{topology: t, cpus: t.Spread(threads), why: unknown}
	p.decide(n.mode, n.set.Changed("numa-nodes"))
	return p, nil
}
