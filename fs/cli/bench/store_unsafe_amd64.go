package bench

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// cpuStores returns the loops in store_amd64.s that this CPU can run. Which one is best
// depends on the CPU and on the size: non-temporal stores beyond the caches, others
// within them.
func cpuStores() []store {
	all := []store{
		{"rep stosb", onBytes(storeStos)},
		{"non-temporal, 16 bytes", onBytes(storeNT16)},
	}
	if cpu.X86.HasAVX2 {
		all = append(all, store{"32 bytes", onBytes(store32)}, store{"non-temporal, 32 bytes", onBytes(storeNT32)})
	}
	if cpu.X86.HasAVX512F {
		all = append(all, store{"64 bytes", onBytes(store64)}, store{"non-temporal, 64 bytes", onBytes(storeNT64)})
	}
	return all
}

func onBytes(loop func(p *byte, n uint64, value uint64)) func([]byte) {
	const word = storedByte * 0x0101010101010101
	return func(p []byte) {
		if len(p) >= storeAlign {
			loop(unsafe.SliceData(p), uint64(len(p)), word)
		}
	}
}

// The loops store value n/8 times, from p on. Both are multiples of storeAlign, and n
// is not 0.

//go:noescape
func storeStos(p *byte, n uint64, value uint64)

//go:noescape
func storeNT16(p *byte, n uint64, value uint64)

//go:noescape
func store32(p *byte, n uint64, value uint64)

//go:noescape
func storeNT32(p *byte, n uint64, value uint64)

//go:noescape
func store64(p *byte, n uint64, value uint64)

//go:noescape
func storeNT64(p *byte, n uint64, value uint64)
