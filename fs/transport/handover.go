package transport

// shareFrom is the size of a read or write in bytes from which on waking another CPU up
// for it is worth while.
const shareFrom = 64 << 10

// isLarge reports whether the request in an entry takes long.
func (h *entryHeader) isLarge() bool {
	switch h.request().Opcode {
	case opRead:
		return h.read().size >= shareFrom
	case opWrite:
		return h.payload >= shareFrom
	}
	return false
}

// share hands all large reads and writes but the first to threads that sleep.
func (t *thread) share() {
	next, handed := 0, false
	mine := t.todo[:1]
	for _, n := range t.todo[1:] {
		if t.entries[n].header.isLarge() {
			for next < len(t.others) && !t.others[next].wake() {
				next++
			}
			if next < len(t.others) {
				t.handOver(n, t.others[next])
				next++
				handed = true
				continue
			}
		}
		mine = append(mine, n)
	}
	t.todo = mine
	if handed {
		t.ring.enter(enterSubmit)
	}
}

// giveBack hands requests of other queues to the threads of these, if those sleep or
// this one has requests of its own queue.
func (t *thread) giveBack(local bool) {
	handed := false
	for _, n := range t.foreign {
		home := t.entries[n].home
		if local || home.wake() {
			t.handOver(n, home)
			handed = true
		} else {
			t.todo = append(t.todo, n)
		}
	}
	t.foreign = t.foreign[:0]
	if handed {
		t.ring.enter(enterSubmit)
	}
}

// wake reports whether the thread sleeps. If it does, the caller must hand it something,
// which wakes it.
func (t *thread) wake() bool { return t.asleep.CompareAndSwap(true, false) }

// handOver asks another thread to answer entry n, when the ring is entered.
func (t *thread) handOver(n uint32, to *thread) {
	t.submit(submission{
		opcode:   opMsgRing,
		flags:    sqeSkipSuccess,
		fd:       int32(to.ring.descriptor()),
		off:      handedOver | uint64(n),
		userData: notHanded | uint64(n),
	})
}
