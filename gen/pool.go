package gen

import (
	"sync"
	"sync/atomic"
)

// block is how many bytes one worker fills at a time in a parallel fill of random bytes,
// and textureBlock of tokens, which take several times as long.
const (
	block        = 512 << 10
	textureBlock = 32 << 10
)

// shareFrom is the length of a fill in bytes from which on workers help. Below it,
// waking them up and moving memory between the caches of cores takes as long as it
// saves. Measured on two cores, relative to one thread: 2 MiB 0.7, 4 MiB 0.85 to 1,
// 8 MiB 1.2, 64 MiB 1.7 to 1.9 (BenchmarkFill).
const shareFrom = 8 << 20

// textureShareFrom is the same for tokens. Relative to one thread: 128 KiB 1.0 to 1.2,
// 512 KiB 1.4, 1 MiB 1.6, 8 MiB 1.9.
const textureShareFrom = 256 << 10

// spins is how often the caller looks whether others have filled the last blocks before
// it sleeps: for about as long as a block takes. Waking up takes longer.
const spins = 20_000

// pool is a set of workers that help the goroutines which fill large buffers.
type pool struct {
	fills chan *parallelFill
	done  chan struct{}
	free  sync.Pool
}

func newPool(workers int) *pool {
	p := &pool{
		fills: make(chan *parallelFill, workers),
		done:  make(chan struct{}),
	}
	p.free.New = func() any { return &parallelFill{filled: make(chan struct{}, 1)} }
	for range workers {
		go p.work()
	}
	return p
}

func (p *pool) work() {
	for {
		select {
		case f := <-p.fills:
			if f.takeBlocks() {
				f.filled <- struct{}{}
			}
			p.release(f)
		case <-p.done:
			return
		}
	}
}

// fill generates dst on the calling goroutine and on every worker that is free. It
// never waits for a worker that has not begun: if all of them are busy, it is as fast
// as without workers.
func (p *pool) fill(s *stream, dst []byte, off uint64, nt bool) {
	f := p.free.Get().(*parallelFill)
	f.stream, f.dst, f.off, f.nt = s, dst, off, nt
	f.skip = int(off % Cell)
	blocks := int64(f.skip+len(dst)+s.block-1) / int64(s.block)
	f.next.Store(0)
	f.left.Store(blocks)
	f.refs.Store(1)
offer:
	for range min(int64(cap(p.fills)), blocks-1) {
		f.refs.Add(1)
		select {
		case p.fills <- f:
		default:
			f.refs.Add(-1) // not the last: the caller has one
			break offer
		}
	}
	if !f.takeBlocks() {
		for i := 0; i < spins && len(f.filled) == 0; i++ {
		}
		<-f.filled
	}
	p.release(f)
}

func (p *pool) release(f *parallelFill) {
	if f.refs.Add(-1) == 0 {
		f.stream, f.dst = nil, nil
		p.free.Put(f)
	}
}

// parallelFill is one fill that several goroutines work on, block by block.
type parallelFill struct {
	stream *stream
	dst    []byte
	off    uint64 // of dst in the stream
	nt     bool   // write past the caches
	skip   int    // from the start of off's cell to off: blocks start with a cell

	next   atomic.Int64  // block to be taken
	left   atomic.Int64  // blocks that are not filled yet
	refs   atomic.Int64  // goroutines that may still use this
	filled chan struct{} // the last block was filled by a worker
}

// takeBlocks fills blocks until none is left to be taken, and reports whether the one
// that it filled was the last of all to be finished.
func (f *parallelFill) takeBlocks() bool {
	block := f.stream.block
	for {
		lo := int(f.next.Add(1)-1)*block - f.skip
		if lo >= len(f.dst) {
			return false
		}
		hi := min(lo+block, len(f.dst))
		lo = max(lo, 0)
		f.stream.fill(f.dst[lo:hi], f.off+uint64(lo), f.nt)
		if f.left.Add(-1) == 0 {
			return true
		}
	}
}
