package verify

// tally counts runs by their kinds.
type tally map[Kind]count

// count is how many runs there are, and how many bytes in them differ.
type count struct {
	Runs  int64 `json:"runs"`
	Bytes int64 `json:"bytes"`
}

// add counts a run.
func (t tally) add(r *Run) {
	c := t[r.Kind]
	c.Runs++
	c.Bytes += r.Bytes
	t[r.Kind] = c
}

// addAll counts what another has counted.
func (t tally) addAll(other tally) {
	for kind, c := range other {
		sum := t[kind]
		sum.Runs += c.Runs
		sum.Bytes += c.Bytes
		t[kind] = sum
	}
}
