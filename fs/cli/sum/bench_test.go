package sum

import "testing"

// BenchmarkAlgorithms hashes by one goroutine.
func BenchmarkAlgorithms(b *testing.B) {
	p := read(b, "1M,seed=1")
	for _, a := range Algorithms {
		b.Run("algo="+a.Name, func(b *testing.B) {
			b.SetBytes(int64(len(p)))
			h := a.new()
			for b.Loop() {
				h.Write(p)
			}
		})
	}
}
