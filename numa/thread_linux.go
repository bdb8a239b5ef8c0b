package numa

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// System returns the topology of this machine, as the calling thread may use it.
func System() (*Topology, error) {
	cpus, err := Affinity()
	if err != nil {
		return nil, err
	}
	memory, err := allowedMemory()
	if err != nil {
		memory = nil // a kernel without NUMA, or a sandbox that forbids to ask
	}
	return Read(os.DirFS("/sys"), Allowed{CPUs: cpus, Memory: memory})
}

// Affinity returns the CPUs that the calling thread may run on, by what was set
// for it and by the cpuset of its cgroup.
func Affinity() (Set, error) {
	mask, err := affinityMask()
	if err != nil {
		return nil, err
	}
	return mask.set(), nil
}

// Pin locks the calling goroutine to its thread, and binds that to CPUs of which
// it may use at least one; the kernel leaves out the others. What it returns
// undoes both, on the same goroutine. After an error nothing is changed.
//
// A goroutine that ends without undoing ends the thread. Undoing sets the CPUs that
// the thread could use before, and is not forgetting: if its cpuset grows later,
// the thread does not follow.
func Pin(cpus Set) (undo func(), err error) {
	runtime.LockOSThread()
	before, err := affinityMask()
	if err == nil {
		err = setAffinity(maskOf(cpus))
	}
	if err != nil {
		runtime.UnlockOSThread()
		return nil, fmt.Errorf("binding a thread to CPUs %s: %w", cpus, err)
	}
	return func() {
		if setAffinity(before) != nil {
			// The CPUs it had are gone: better a new thread than one that is
			// bound for good. It ends with the goroutine, which stays locked.
			return
		}
		runtime.UnlockOSThread()
	}, nil
}

// mask is a bitmap of CPUs or nodes, as system calls take it.
type mask []uint

const maskBits = 32 << (^uint(0) >> 63)

func maskOf(s Set) mask {
	if len(s) == 0 {
		return mask{0}
	}
	m := make(mask, s[len(s)-1]/maskBits+1)
	for _, n := range s {
		m[n/maskBits] |= 1 << (n % maskBits)
	}
	return m
}

func (m mask) set() Set {
	var s Set
	for i, word := range m {
		for j := range maskBits {
			if word>>j&1 != 0 {
				s = append(s, i*maskBits+j)
			}
		}
	}
	return s
}

// affinityMask asks with masks that grow: the kernel wants room for all CPUs
// that it was built for.
func affinityMask() (mask, error) {
	for words := 1024 / maskBits; ; words *= 2 {
		m := make(mask, words)
		n, err := getAffinity(m)
		if err == unix.EINVAL && words*maskBits <= maxNumber {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("sched_getaffinity: %w", err)
		}
		return m[:n*8/maskBits], nil
	}
}
