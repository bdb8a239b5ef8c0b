package numa

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// System returns the topology of this machine from /sys, with the CPUs and the
// memory that the calling thread may use. Errors are those of [Read] and [Affinity].
func System() (*Topology, error) {
	cpus, err := Affinity()
	if err != nil {
		return nil, err
	}
	memory, err := allowedMemory()
	if err != nil {
		memory = nil // a kernel without NUMA, or a sandbox that forbids the call
	}
	return Read(os.DirFS("/sys"), Allowed{CPUs: cpus, Memory: memory})
}

// Affinity returns the CPUs that the calling thread may run on: what was set for it,
// within the cpuset of its cgroup. See sched_getaffinity(2).
func Affinity() (Set, error) {
	mask, err := affinityMask()
	if err != nil {
		return nil, err
	}
	return mask.set(), nil
}

// Pin locks the calling goroutine to its thread and binds the thread to some CPUs.
// The thread must be allowed to use at least one of them; the kernel ignores the
// others. If there is none, the error is EINVAL; after an error nothing has changed.
//
// undo reverts both and must be called on the same goroutine. It sets the CPUs that
// the thread had before; a cpuset that grows later has no effect on it. If a
// goroutine ends without undo, its thread ends, too.
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
			// The CPUs it had are gone. The goroutine stays locked, so that the
			// thread ends with it: no other goroutine gets a bound thread.
			return
		}
		runtime.UnlockOSThread()
	}, nil
}

// mask is a bitmap of CPUs or nodes in the format of system calls.
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

// affinityMask tries larger and larger masks: the kernel wants room for all CPUs
// that it may have (nr_cpu_ids), and says EINVAL if a mask is smaller.
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
