//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/numa"
)

// Where the threads of a mount run, and what it says of that. Machines of several
// nodes have tests of their own, with the tag nodes.
func TestPlacementOfMount(t *testing.T) {
	if os.Getenv("E2E_SERVER_CPU") != "" {
		t.Skip("the server may not use all CPUs")
	}
	machine, err := numa.System()
	if err != nil {
		t.Fatal(err)
	}
	node, all := machine.WithCPUs()[0], machine.CPUs()
	first := numa.NewSet(machine.Spread(1)...)
	for _, test := range []struct {
		args []string
		numa string
		cpus numa.Set
	}{
		{[]string{"--numa", "off"}, "off; --numa off; CPUs " + all.String(), all},
		{[]string{"--numa", "force"}, "on; --numa force; node ", all},
		{[]string{"--threads", "1"}, "off; ", first},
		{[]string{"-o", "threads=1,numa=force"}, fmt.Sprintf("on; --numa force; node %d: CPUs %s", node, first), first},
		{[]string{"--numa-nodes", fmt.Sprint(node)}, "", machine.Nodes[slices.Index(machine.IDs(), node)].CPUs},
	} {
		dir := mount(t, test.args...)
		if text := controlConfig(t, dir); !strings.Contains(text, "\nnuma: "+test.numa) {
			t.Errorf("%q: %s", test.args, text)
		}
		// Also from CPUs that no thread is on.
		readFromEveryCPU(t, dir, machine)
		bound := boundThreads(t, theServer(t, dir))
		if len(bound) == 0 || len(bound.Intersect(test.cpus)) != len(bound) {
			t.Errorf("%q: threads are bound to CPUs %s, want %s", test.args, bound, test.cpus)
		}
		if uringIsOn() && !slices.Equal(bound, test.cpus) {
			t.Errorf("%q: over rings, threads are bound to CPUs %s, want %s", test.args, bound, test.cpus)
		}
	}
}
