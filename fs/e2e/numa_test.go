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

// Where the threads of a mount run, and what its config file says about it. Machines of
// several nodes have more tests, with the tag nodes.
func TestPlacementOfMount(t *testing.T) {
	if os.Getenv("E2E_SERVER_CPU") != "" {
		t.Skip("needs all CPUs for the server")
	}
	machine, err := numa.System()
	if err != nil {
		t.Fatal(err)
	}
	node, all := machine.WithCPUs()[0], machine.CPUs()
	first, ofNode := numa.NewSet(machine.Spread(1)...), machine.Nodes[slices.Index(machine.IDs(), node)].CPUs
	every := ""
	for _, id := range machine.WithCPUs() {
		every += fmt.Sprintf("; node %d: CPUs %s", id, machine.Nodes[slices.Index(machine.IDs(), id)].CPUs)
	}
	oneThread := fmt.Sprintf("off; of %d nodes, only node %d has CPUs that are used; CPUs %s", len(machine.Nodes), node, first)
	oneNode := fmt.Sprintf("on; --numa-nodes; node %d: CPUs %s", node, ofNode)
	if len(machine.Nodes) == 1 {
		oneThread = "off; the machine has one memory node; CPUs " + first.String()
		oneNode = "off; the machine has one memory node; CPUs " + ofNode.String()
	}
	for _, test := range []struct {
		args []string
		numa string
		cpus numa.Set
	}{
		{[]string{"--numa", "off"}, "off; --numa off; CPUs " + all.String(), all},
		{[]string{"--numa", "force"}, "on; --numa force" + every, all},
		{[]string{"--threads", "1"}, oneThread, first},
		{[]string{"-o", "threads=1,numa=force"}, fmt.Sprintf("on; --numa force; node %d: CPUs %s", node, first), first},
		{[]string{"--numa-nodes", fmt.Sprint(node)}, oneNode, ofNode},
	} {
		dir := mount(t, test.args...)
		_, text, _ := strings.Cut(controlConfig(t, dir), "\nnuma: ")
		text, _, _ = strings.Cut(text, "\n")
		// What the system does not support follows.
		if text != test.numa && !strings.HasPrefix(text, test.numa+"; ") {
			t.Errorf("%q: numa: %s, want %s", test.args, text, test.numa)
		}
		// Also from CPUs that no thread is on.
		readFromEveryCPU(t, dir, machine)
		if strings.Contains(text, "threads run where the kernel puts them") {
			t.Skip("needs threads that can be bound to CPUs")
		}
		awaitBound(t, theServer(t, dir), test.cpus, uringIsOn())
	}
}
