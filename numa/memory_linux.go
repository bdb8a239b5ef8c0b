package numa

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Policy says on which nodes pages are made that do not exist yet.
type Policy int

// Policies, by the numbers of linux/mempolicy.h.
const (
	Default    Policy = iota // of memory: as the thread's; of a thread: on the node where it runs
	Preferred                // on one node, elsewhere if that is full
	Bound                    // on some nodes, and nowhere else
	Interleave               // in turn on some nodes
)

// SetPolicy sets the policy of memory that was mapped: p has to begin with a
// page. Pages that exist already stay where they are.
func SetPolicy(p []byte, policy Policy, on Set) error {
	if len(p) == 0 {
		return nil
	}
	if err := mbind(p, policy, maskOf(on)); err != nil {
		return fmt.Errorf("placing memory on node %s: mbind: %w", on, err)
	}
	return nil
}

// Locate sets nodes[i] to the node of the page that holds p[offsets[i]], and to
// -1 where there is none yet. It allocates nothing. It takes some 60 ns a page;
// the answers may be old when they arrive, for the kernel moves pages.
func Locate(p []byte, offsets []int, nodes []int) error {
	// As many as fit on the stack.
	var addresses [256]uintptr
	var status [256]int32
	for len(offsets) > 0 {
		n := min(len(offsets), len(addresses))
		for i, off := range offsets[:n] {
			addresses[i] = address(p, off)
		}
		if err := queryPages(addresses[:n], status[:n]); err != nil {
			return fmt.Errorf("asking where memory is: move_pages: %w", err)
		}
		for i, s := range status[:n] {
			switch errno := unix.Errno(-s); {
			case s >= 0:
				nodes[i] = int(s)
			case errno == unix.ENOENT || errno == unix.EFAULT: // not there; the shared page of zeros
				nodes[i] = -1
			default:
				return fmt.Errorf("asking where memory is: %w", errno)
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
