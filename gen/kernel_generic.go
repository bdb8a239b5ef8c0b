//go:build purego || (!amd64 && !arm64)

package gen

// built are the implementations in this program.
var built = []Implementation{Generic}

// supported reports whether this machine can run i, one of built.
func (i Implementation) supported() bool { return true }

// fillRows generates the first rows of each cell of dst, whole cells with the
// contents q, q+1, ...
func (s *stream) fillRows(dst []byte, rows int, q uint64, _ bool) {
	cellsGeneric(dst, rows, s.a+q*phi, s.b+q*phi)
}

func (s *stream) repeat(cell []byte, n int) { repeatGeneric(cell, n) }

// fillPast reports that there are no stores past the caches.
func (s *stream) fillPast([]byte, uint64) bool { return false }
