package fs

import "testing"

// Handles are of one tree: of what its files hold, where its links lead, and its seed, but not
// of the order of its entries, nor of modes, times or trouble.
func TestHandleGeneration(t *testing.T) {
	of := func(seed uint64, files ...string) uint64 {
		n := newFS(t, seed, files...).generation
		if n == 0 || n>>32 != 0 {
			t.Errorf("%q: generation number %d", files, n)
		}
		return n
	}
	one := of(7, "a{0..9}:1M", "b:5K,seed=3")
	for _, same := range [][]string{{"b:5K,seed=3", "a{0..9}:1M"}, {"a{0..9}:1M,latency=1ms", "b:5K,seed=3,mode=0400,mtime=2020-01-01"}} {
		if n := of(7, same...); n != one {
			t.Errorf("%q: %d, want %d", same, n, one)
		}
	}
	seen := map[uint64][]string{one: nil}
	for _, other := range [][]string{{"a{0..9}:1M"}, {"a{0..8}:1M", "b:5K,seed=3"}, {"a{0..9}:1M", "b:5K,seed=4"}, {"a{0..9}:1M,dedup=2", "b:5K,seed=3"}, {"a{0..9}:1K..1M", "b:5K,seed=3"},
		{"a{0..9}:1M", "b:5K,seed=3", "l:symlink=a0"}, {"a{0..9}:1M", "b:5K,seed=3", "l:symlink=a1"}} {
		n := of(7, other...)
		if before, ok := seen[n]; ok {
			t.Errorf("%q and %q have the same number", before, other)
		}
		seen[n] = other
	}
	if of(8, "a{0..9}:1M", "b:5K,seed=3") == one {
		t.Error("another seed has the same number")
	}
}
