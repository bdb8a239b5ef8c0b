package bench

import "testing"

// Parts are whole pages, and together they are everything.
func TestPart(t *testing.T) {
	for _, size := range []int{4096, 3 * 4096, 16 << 20} {
		for _, n := range []int{1, 2, 3, 7} {
			memory := make([]byte, size)
			sum := 0
			for i := range n {
				p := part(memory, i, n)
				if len(p) > 0 && &p[0] != &memory[sum] || sum%4096 != 0 {
					t.Errorf("part %d of %d of %d bytes begins elsewhere than at %d", i, n, size, sum)
				}
				sum += len(p)
			}
			if sum != size {
				t.Errorf("%d parts of %d bytes have %d", n, size, sum)
			}
		}
	}
}
