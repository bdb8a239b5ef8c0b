package counters

import "sync/atomic"

// tracked is how many files a sketch keeps count of. A file of which more than this part
// of all bytes was counted is among them, and no count is wrong by more than that part.
const tracked = 64

// sketch finds the files of which most is counted by the algorithm Space Saving (Metwally,
// Agrawal, El Abbadi: Efficient Computation of Frequent and Top-k Elements in Data
// Streams, 2005): a file that is not among those that are counted takes the place of the
// one with the lowest count, and that count with it, which from then on is how much the
// new one's may be too high.
//
// One thread adds, and any may look at the same time.
type sketch struct {
	hints [256]uint8 // where a file was last, by the upper bits of its hash

	nodes  [tracked]atomic.Uint64 // 0 if there is none, or it is being replaced
	counts [tracked]atomic.Uint64 // of bytes
	excess [tracked]atomic.Uint64 // how much of it may be of other files
}

func (s *sketch) add(node, bytes uint64) {
	hint := &s.hints[node*0x9e3779b97f4a7c15>>56] // 2^64 divided by the golden ratio
	if s.nodes[*hint].Load() != node {
		*hint = uint8(s.place(node))
	}
	s.counts[*hint].Add(bytes)
}

// place returns where a file is counted, and makes room for one that is not.
func (s *sketch) place(node uint64) int {
	least, lowest := 0, s.counts[0].Load()
	for i := range s.nodes {
		if s.nodes[i].Load() == node {
			return i
		}
		if n := s.counts[i].Load(); n < lowest {
			least, lowest = i, n
		}
	}
	s.nodes[least].Store(0)
	s.excess[least].Store(lowest)
	s.nodes[least].Store(node)
	return least
}

func (s *sketch) clear() {
	for i := range s.nodes {
		s.nodes[i].Store(0)
		s.counts[i].Store(0)
		s.excess[i].Store(0)
	}
}

// merge adds what is known to be of a file, and perSecond times that to what is recent.
func (s *sketch) merge(all Files, perSecond float64) {
	for i := range s.nodes {
		node, excess, count := s.nodes[i].Load(), s.excess[i].Load(), s.counts[i].Load()
		if node == 0 || s.nodes[i].Load() != node {
			continue // none, or just replaced
		}
		sure := count - min(excess, count)
		f := all[node]
		all[node] = File{node, f.Bytes + sure, f.Recent + perSecond*float64(sure)}
	}
}
