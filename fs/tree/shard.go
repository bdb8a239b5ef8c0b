package tree

// Shard is one of Count parts of the files; each file is in exactly one part. Files are
// numbered, and a part has every Count-th of them, so parts differ by one file at most.
// A directory is shown if a file of the part is below it, was, or may be added. The
// zero value is everything.
type Shard struct {
	Index uint64 // of the part, from 0
	Count uint64 // 0 is the same as 1
}

// all reports whether there is one part only.
func (s Shard) all() bool { return s.Count <= 1 }

// next returns the first number from n on that is in the part.
func (s Shard) next(n uint64) uint64 {
	if s.all() {
		return n
	}
	return n + (s.Index+s.Count-n%s.Count)%s.Count
}

// count returns how many of the numbers from begin to below end are in the part.
func (s Shard) count(begin, end uint64) uint64 {
	if s.all() {
		return end - begin
	}
	first := s.next(begin)
	if first >= end {
		return 0
	}
	return (end-first-1)/s.Count + 1
}
