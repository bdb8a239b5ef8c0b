package format

import (
	"bytes"
	"io"
	"sync"
	"testing"
)

// One reader serves many goroutines.
func TestConcurrentReads(t *testing.T) {
	for name, d := range samples(t) {
		t.Run(name, func(t *testing.T) {
			_, r := open(t, d, config)
			b := whole(t, d, config)
			var wg sync.WaitGroup
			for i := range 4 {
				wg.Go(func() {
					p := make([]byte, 10_007*(i+1))
					for off := 0; off < len(b); off += len(p) {
						n, err := r.ReadAt(p, int64(off))
						if err != nil && err != io.EOF || !bytes.Equal(p[:n], b[off:off+n]) {
							t.Errorf("%d bytes at %d differ: %v", n, off, err)
							return
						}
					}
				})
			}
			wg.Wait()
		})
	}
}
