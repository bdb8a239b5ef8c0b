package transport

import (
	"bytes"
	"math"
	"sync"
	"syscall"
	"testing"
)

func TestRead(t *testing.T) {
	c := connect(t)
	const size = 1<<20 + 5
	var want Served
	for i, test := range []struct {
		fh, off uint64
		size    uint32
		n       int
		errno   syscall.Errno
	}{
		{size, 0, 0, 0, 0},
		{size, 0, 1, 1, 0},
		{size, 3, 1, 1, 0},
		{size, 0, 4096, 4096, 0},
		{size, 4095, 4098, 4098, 0},
		{size, 12345, spliceFrom - 1, spliceFrom - 1, 0},
		{size, 12345, spliceFrom, spliceFrom, 0},
		{size, 54321, spliceFrom, spliceFrom, 0}, // the same pipe again
		{size, 1, testRequest - 1, testRequest - 1, 0},
		{size, 0, testRequest, testRequest, 0},
		{size, size - 5, 4096, 5, 0},
		{size, size - 100000, testRequest, 100000, 0},
		{size, size, 4096, 0, 0},
		{size, size + 1, 4096, 0, 0},
		{math.MaxInt64, math.MaxInt64 - 10, 4096, 10, 0},
		{size, math.MaxInt64, 4096, 0, 0},
		{size, math.MaxInt64 + 1, 4096, 0, syscall.EINVAL},
		{size, math.MaxUint64, 0, 0, syscall.EINVAL},
		{size, 0, testRequest + 1, 0, syscall.EINVAL},
		{size, 0, math.MaxUint32, 0, syscall.EINVAL},
		{badFH, 0, 4096, 0, syscall.EBADF},
		{size, 7, 100, 100, 0}, // after all these errors
	} {
		unique := uint64(i)<<32 | 2
		c.sendRead(unique, test.fh, test.off, test.size)
		r := c.receive()
		data := make([]byte, test.n)
		fill(data, int64(test.off))
		if r.unique != unique || r.errno != test.errno || !bytes.Equal(r.data, data) {
			t.Errorf("%d bytes at %d: unique %#x, errno %d, %d bytes; want %#x, %d, %d", test.size, test.off, r.unique, r.errno, len(r.data), unique, test.errno, test.n)
		}
		if test.errno == 0 {
			want.Reads++
			want.Bytes += uint64(test.n)
		} else {
			want.Errors++
		}
	}
	if got := c.server.Served(); got != want {
		t.Errorf("served %+v, want %+v", got, want)
	}
	var sum Served
	for i, c := range c.server.ServedByCPU() {
		if c.CPU != testPlacement.CPUs[i] || c.Node != 0 {
			t.Errorf("counts %d are of CPU %d, node %d", i, c.CPU, c.Node)
		}
		sum.Reads, sum.Bytes, sum.Errors = sum.Reads+c.Reads, sum.Bytes+c.Bytes, sum.Errors+c.Errors
	}
	if sum != want {
		t.Errorf("all CPUs served %+v, want %+v", sum, want)
	}
	c.end()
}

// Replies of several workers find their readers.
func TestConcurrentReads(t *testing.T) {
	c := connect(t)
	const readers, reads = 8, 300
	var replies [readers]chan reply
	var all sync.WaitGroup
	for i := range replies {
		replies[i] = make(chan reply, 1)
		all.Go(func() {
			for n := range uint64(reads) {
				unique := n*readers + uint64(i)
				// Small enough to come as one message; see receive.
				off, size := unique*4099, uint32(unique*37%9000)
				c.sendRead(unique, math.MaxInt64, off, size)
				r := <-replies[i]
				data := make([]byte, size)
				fill(data, int64(off))
				if r.unique != unique || r.errno != 0 || !bytes.Equal(r.data, data) {
					t.Errorf("request %d of %d bytes: unique %d, errno %d, %d bytes", unique, size, r.unique, r.errno, len(r.data))
					return
				}
			}
		})
	}
	want := Served{Reads: readers * reads}
	for unique := range uint64(readers * reads) {
		want.Bytes += unique * 37 % 9000
		r := c.receive()
		if t.Failed() {
			break
		}
		replies[r.unique%readers] <- r
	}
	for _, r := range replies {
		close(r)
	}
	all.Wait()
	if got := c.server.Served(); got != want {
		t.Errorf("served %+v, want %+v", got, want)
	}
	c.end()
}
