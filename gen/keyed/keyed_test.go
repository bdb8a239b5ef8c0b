package keyed

import "testing"

func TestPermutationIsBijective(t *testing.T) {
	seen := make([]uint64, 1<<17)
	counts := []uint64{1<<16 - 1, 1 << 16, 1<<16 + 1, 100003}
	for n := range uint64(5000) {
		counts = append(counts, n+1)
	}
	for _, n := range counts {
		clear(seen)
		p := NewPermutation(n, Mix(n))
		inverse := p.Inverse()
		for i := range n {
			x := p.At(i)
			if x < n && inverse.At(x) != i {
				t.Fatalf("n = %d: %d is moved to %d, to which Inverse says %d is", n, i, x, inverse.At(x))
			}
			if x >= n || seen[x] != 0 {
				t.Fatalf("n = %d: %d is moved to %d, as is %d or out of range", n, i, x, seen[x]-1)
			}
			seen[x] = i + 1
		}
	}
}

// All of a large range can't be gone through: here are its ends, and steps
// that leave the low or the high bits of a number alone.
func TestPermutationOfManyUnits(t *testing.T) {
	const samples = 5000
	for _, n := range []uint64{1e6, 1 << 24, 1<<32 - 1, 1 << 32, 1<<32 + 1, 1<<45 + 12345, 1<<51 - 1, 1 << 51} {
		for _, seed := range []uint64{0, 1, 7, 1 << 63, 1<<64 - 1} {
			p := NewPermutation(n, Mix(seed))
			inverse := p.Inverse()
			seen := map[uint64]uint64{}
			add := func(i uint64) {
				x := p.At(i)
				if before, ok := seen[x]; x >= n || ok && before != i {
					t.Fatalf("n = %d: %d is moved to %d, as is %d or out of range", n, i, x, before)
				}
				if back := inverse.At(x); back != i {
					t.Fatalf("n = %d: %d is moved to %d, to which Inverse says %d is", n, i, x, back)
				}
				seen[x] = i
			}
			for i := range uint64(samples) {
				add(i)
				add(n - 1 - i)
				add(n / samples * i)
			}
		}
	}
}

// Bytes and sizes depend on these: they never change.
func TestGolden(t *testing.T) {
	if got := Mix(1); got != 0x5692161d100b05e5 {
		t.Errorf("Mix(1) = %#x", got)
	}
	for name, want := range map[string]uint64{"": 0x3f7023ce48685d62, "a": 0x8d63b0a40bb501b4, "dir/file-000001.bin": 0xbb64e176c60896a5} {
		if got := Seed(7, name); got != want {
			t.Errorf("Seed(7, %q) = %#x, want %#x", name, got, want)
		}
	}
	p := NewPermutation(1000, 7)
	for i, want := range []uint64{677, 901, 176, 275} {
		if got := p.At(uint64(i)); got != want {
			t.Errorf("%d is moved to %d, want %d", i, got, want)
		}
	}
}

func BenchmarkPermutation(b *testing.B) {
	p := NewPermutation(1e12, 7)
	b.Run("of=At", func(b *testing.B) {
		for i := uint64(0); b.Loop(); i++ {
			p.At(i)
		}
	})
	b.Run("of=Inverse", func(b *testing.B) {
		inverse := p.Inverse()
		for i := uint64(0); b.Loop(); i++ {
			inverse.At(i)
		}
	})
}
