package bench

import (
	"bytes"
	"testing"
)

// Every store writes all of its part, and nothing else.
func TestStores(t *testing.T) {
	memory, free, err := mapMemory(64 << 10)
	if err != nil {
		t.Fatal(err)
	}
	defer free()
	for _, s := range stores {
		for _, size := range []int{64, 128, 4096, 12 << 10} {
			clear(memory)
			s.fill(memory[4096 : 4096+size])
			want := make([]byte, len(memory))
			for i := range size {
				want[4096+i] = storedByte
			}
			if !bytes.Equal(memory, want) {
				t.Errorf("%s of %d bytes stored something else", s.name, size)
			}
		}
	}
}

func TestFastest(t *testing.T) {
	i := 0
	got := fastest(func(s store) float64 {
		if i++; s.name == storeCopy.name && i > len(stores) {
			return 1
		}
		return 2
	})
	if got.name != storeCopy.name {
		t.Errorf("the fastest of all is %q, want %q", got.name, storeCopy.name)
	}
}
