package numa

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Policy says on which nodes the kernel creates pages: see set_mempolicy(2).
type Policy int

// Policies, by the numbers of MPOL_DEFAULT to MPOL_INTERLEAVE in linux/mempolicy.h.
const (
	Default    Policy = iota // by that of the thread, which is its own node unless set
	Preferred                // on one node, or elsewhere if that is full
	Bound                    // on some nodes, and nowhere else
	Interleave               // in turn on some nodes
)

// SetPolicy sets the policy of mapped memory for pages that do not exist yet; those
// that do stay where they are. p must begin at a page boundary; a last page of which
// it has only a part is set as a whole. With Default, on must be empty.
//
// Errors are those of mbind(2): EINVAL for nodes that do not exist, ENOSYS or EPERM
// where the kernel or a sandbox does not allow it. An empty p is no error.
func SetPolicy(p []byte, policy Policy, on Set) error {
	if len(p) == 0 {
		return nil
	}
	if err := mbind(p, policy, maskOf(on)); err != nil {
		return fmt.Errorf("placing memory on node %s: mbind: %w", on, err)
	}
	return nil
}

// Locate sets nodes[i] to the node of the page that holds p[offsets[i]], or to -1 if
// that page does not exist yet. nodes must be as long as offsets or longer.
//
// It takes some 60 ns a page (BenchmarkLocate) and allocates nothing. The kernel may
// move a page at any time, also before Locate returns. Errors are those of
// move_pages(2): ENOSYS or EPERM where the kernel or a sandbox does not allow it.
func Locate(p []byte, offsets []int, nodes []int) error {
	// In arrays that fit on the stack.
	var addresses [256]uintptr
	var status [256]int32
	for len(offsets) > 0 {
		n := min(len(offsets), len(addresses))
		for i, off := range offsets[:n] {
			addresses[i] = address(p, off)
		}
		if err := queryPages(addresses[:n], status[:n]); err != nil {
			return fmt.Errorf("locating memory: move_pages: %w", err)
		}
		for i, s := range status[:n] {
			switch errno := unix.Errno(-s); {
			case s >= 0:
				nodes[i] = int(s)
			case errno == unix.ENOENT || errno == unix.EFAULT: // no page; the shared page of zeros
				nodes[i] = -1
			default:
				return fmt.Errorf("locating memory: %w", errno)
			}
		}
		offsets, nodes = offsets[n:], nodes[n:]
	}
	return nil
}

// allowedMemory returns the nodes whose memory the calling thread may use.
func allowedMemory() (Set, error) {
	for words := 1024 / maskBits; ; words *= 2 {
		m := make(mask, words)
		err := getMemsAllowed(m)
		if errors.Is(err, unix.EINVAL) && words*maskBits <= maxNumber {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("get_mempolicy: %w", err)
		}
		return m.set(), nil
	}
}
