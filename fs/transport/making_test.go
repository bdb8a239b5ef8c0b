package transport

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// A file that is worth it is made ahead, and read right in any order: by one reader in
// sequence, who jumps at times, and by several requests at a time.
func TestMadeAhead(t *testing.T) {
	c := connect(t)
	check := func(unique uint64, r reply, off uint64) {
		t.Helper()
		want := make([]byte, min(testRequest, costlyFH-off))
		fill(want, int64(off))
		if r.unique != unique || r.errno != 0 || !bytes.Equal(r.data, want) {
			t.Fatalf("a read at %d: %d bytes, errno %d, unique %d", off, len(r.data), r.errno, r.unique)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	unique := uint64(10)
	for range 4 {
		for off := random.Uint64N(4 * testRequest); off < costlyFH; off += testRequest {
			if random.IntN(40) == 0 {
				off = random.Uint64N(costlyFH)
			}
			unique += 2
			c.sendRead(unique, costlyFH, off, testRequest)
			check(unique, c.receive(), off)
		}
		unique += 2
		in := fuse.ReleaseIn{Fh: costlyFH}
		send(c.kernel, &in, &in.InHeader, opRelease, unique)
		if r := c.receive(); r.unique != unique || r.errno != 0 {
			t.Fatalf("RELEASE: %+v", r)
		}
	}
	c.end()
}

// Which requests may be made ahead.
func TestMayBeAhead(t *testing.T) {
	c := connect(t)
	w := c.server.pool.workers[0]
	if w.isAhead(&readArgs{fh: costlyFH, size: testRequest + 1}) || w.isAhead(&readArgs{fh: costlyFH, size: 4096}) || w.isAhead(&readArgs{fh: 1 << 20, size: testRequest}) {
		t.Error("a request that is too large or small, or of another file, may be made ahead")
	}
	if !w.isAhead(&readArgs{fh: costlyFH, size: testRequest}) || w.isAhead(&readArgs{fh: costlyFH, size: testRequest, offset: 1<<63 - 1}) {
		t.Error("which requests may be made ahead")
	}
	if r := c.server.Report(); r.MaxMemory < c.server.ahead.Memory(mappedSize(c.server.replyMemory())) {
		t.Errorf("%+v", r)
	}
	c.end()
}
