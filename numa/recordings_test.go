package numa

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// The machines are part of the test binary, so that it can be run elsewhere by
// itself: in a virtual machine with several nodes.
//
//go:embed testdata/*.txt
var recordings embed.FS

// recorded returns the /sys of a recording. Its lines are like those of grep -r:
// the path of a file, a colon, and one line of that file. Lines that begin with #
// say where it is from.
func recorded(t testing.TB, name string) fstest.MapFS {
	t.Helper()
	text, err := fs.ReadFile(recordings, "testdata/"+name+".txt")
	if err != nil {
		t.Fatal(err)
	}
	sys := fstest.MapFS{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		path, content, ok := strings.Cut(line, ":")
		if !ok || !fs.ValidPath(path) {
			t.Fatalf("%s: %q is not a line of a file", name, line)
		}
		if sys[path] == nil {
			sys[path] = &fstest.MapFile{}
		}
		sys[path].Data = append(sys[path].Data, content...)
	}
	return sys
}

// names returns the names of all recordings.
func names(t testing.TB) []string {
	t.Helper()
	files, err := fs.Glob(recordings, "testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(f, "testdata/"), ".txt"))
	}
	return names
}

// read returns the topology of a recording.
func read(t testing.TB, name string, allowed Allowed) *Topology {
	t.Helper()
	topology, err := Read(recorded(t, name), allowed)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return topology
}

// edited returns a copy of sys in which some files have other contents; "gone"
// stands for none.
func edited(sys fstest.MapFS, files map[string]string) fstest.MapFS {
	sys = maps.Clone(sys)
	for path, content := range files {
		if content == "gone" {
			delete(sys, path)
		} else {
			sys[path] = &fstest.MapFile{Data: []byte(content)}
		}
	}
	return sys
}

// lines writes the nodes of a topology, one a line: number, CPUs to use of those
// online, memory that is free of all, and distances to all nodes.
func lines(topology *Topology) []string {
	var all []string
	for _, n := range topology.Nodes {
		cpus := "no CPUs"
		if len(n.Online) > 0 {
			which := n.CPUs.String()
			switch {
			case len(n.CPUs) == 0:
				which = "none"
			case slices.Equal(n.CPUs, n.Online):
				which = "all"
			}
			cpus = which + " of " + n.Online.String()
		}
		memory := fmt.Sprintf("%d kB", n.Memory>>10)
		if !n.UsableMemory {
			memory += " not to use"
		}
		var distances []int
		for _, other := range topology.Nodes {
			distances = append(distances, topology.Distance(n.ID, other.ID))
		}
		all = append(all, fmt.Sprintf("%d: %s; %s; %s", n.ID, cpus, memory, strings.Trim(fmt.Sprint(distances), "[]")))
	}
	return all
}

// The kernel says itself which nodes have CPUs and memory.
func TestRecordings(t *testing.T) {
	for _, name := range names(t) {
		sys := recorded(t, name)
		topology := read(t, name, Allowed{})
		file := func(path string) string { return strings.TrimSpace(string(sys[path].Data)) }
		if got, want := topology.CPUs().String(), file("devices/system/cpu/online"); got != want {
			t.Errorf("%s: CPUs() = %s, want %s", name, got, want)
		}
		if name == "no-numa" {
			continue
		}
		if got, want := topology.IDs().String(), file("devices/system/node/online"); got != want {
			t.Errorf("%s: IDs() = %s, want %s", name, got, want)
		}
		if got, want := topology.WithCPUs().String(), file("devices/system/node/has_cpu"); got != want {
			t.Errorf("%s: WithCPUs() = %s, want %s", name, got, want)
		}
		if got, want := topology.WithMemory().String(), file("devices/system/node/has_memory"); got != want {
			t.Errorf("%s: WithMemory() = %s, want %s", name, got, want)
		}
	}
}
