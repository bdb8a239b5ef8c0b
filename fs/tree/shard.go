package tree

// Shard is one of Count parts of the files: whole files, each in one part. All
// files are numbered, and each part has every Count-th of them, so the parts have
// as many files as each other, but for one. A directory is shown if it, or one below
// it, has a file of the part, has had one, or may have one by what is added. The zero
// value is everything.
type Shard struct {
	Index uint64 // of the part, from 0
	Count uint64 // 0 is the same as 1
}

// all reports whether every file is in the part.
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
