//go:build !linux

package numa

// Policy says on which nodes the kernel creates pages: see set_mempolicy(2).
type Policy int

// Policies, which can be set on Linux only.
const (
	Default Policy = iota
	Preferred
	Bound
	Interleave
)

// System returns ErrUnsupported.
func System() (*Topology, error) { return nil, ErrUnsupported }

// Affinity returns ErrUnsupported.
func Affinity() (Set, error) { return nil, ErrUnsupported }

// Pin returns ErrUnsupported.
func Pin(cpus Set) (undo func(), err error) { return nil, ErrUnsupported }

// SetPolicy returns ErrUnsupported.
func SetPolicy(p []byte, policy Policy, on Set) error { return ErrUnsupported }

// Locate returns ErrUnsupported.
func Locate(p []byte, offsets []int, nodes []int) error { return ErrUnsupported }
