package counters

import (
	"cmp"
	"slices"
	"sync/atomic"
)

// tracked is how many files a thread keeps count of. A file of which more than this part
// of a thread's bytes was read is among them, and no count is wrong by more than that part.
const tracked = 64

// files finds the files of which most is read in bounded memory, by the algorithm Space
// Saving (Metwally, Agrawal, El Abbadi: Efficient Computation of Frequent and Top-k
// Elements in Data Streams, 2005): a file that is not among those that are counted takes
// the place of the one with the lowest count, and that count with it, which from then on
// is how much the new one's may be too high.
//
// One thread adds, and any may look at the same time.
type files struct {
	hints [256]uint8 // where a file was last, by the upper bits of its hash

	nodes  [tracked]atomic.Uint64 // 0 if there is none, or it is being replaced
	counts [tracked]atomic.Uint64 // of bytes
	excess [tracked]atomic.Uint64 // how much of it may be of other files
}

func (f *files) add(node, bytes uint64) {
	hint := &f.hints[node*0x9e3779b97f4a7c15>>56] // 2^64 divided by the golden ratio
	if f.nodes[*hint].Load() != node {
		*hint = uint8(f.place(node))
	}
	f.counts[*hint].Add(bytes)
}

// place returns where a file is counted, and makes room for one that is not.
func (f *files) place(node uint64) int {
	least, lowest := 0, f.counts[0].Load()
	for i := range f.nodes {
		if f.nodes[i].Load() == node {
			return i
		}
		if n := f.counts[i].Load(); n < lowest {
			least, lowest = i, n
		}
	}
	f.nodes[least].Store(0)
	f.excess[least].Store(lowest)
	f.nodes[least].Store(node)
	return least
}

// File is how many bytes of a file were read and written: at least, and at most.
type File struct {
	Node          uint64
	Bytes, AtMost uint64
}

// Files are counts of files by several threads. The zero value is ready to use.
type Files struct {
	counts map[uint64]merged
	lowest uint64 // what a file may have that no thread counts
}

type merged struct {
	sure, most uint64 // by the threads that count the file
	lowest     uint64 // of those
}

// merge adds the counts of a thread.
func (f *files) merge(all *Files) {
	if all.counts == nil {
		all.counts = make(map[uint64]merged)
	}
	lowest := f.counts[0].Load()
	for i := range f.counts {
		lowest = min(lowest, f.counts[i].Load())
	}
	for i := range f.nodes {
		node, excess, count := f.nodes[i].Load(), f.excess[i].Load(), f.counts[i].Load()
		if node == 0 || f.nodes[i].Load() != node {
			continue // none, or just replaced
		}
		m := all.counts[node]
		m.sure += count - min(excess, count)
		m.most += count
		m.lowest += lowest
		all.counts[node] = m
	}
	all.lowest += lowest
}

// Top returns the n files of which most is known to have been read and written, those
// first, but for those that skip names.
func (all *Files) Top(n int, skip func(node uint64) bool) []File {
	var top []File
	for node, m := range all.counts {
		if m.sure > 0 && !skip(node) {
			// Threads that do not count it may have had their lowest count of it.
			top = append(top, File{node, m.sure, m.most + all.lowest - m.lowest})
		}
	}
	slices.SortFunc(top, func(a, b File) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Node, b.Node))
	})
	return top[:min(n, len(top))]
}
