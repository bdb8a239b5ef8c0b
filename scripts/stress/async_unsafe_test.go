package main

import (
	"testing"
	"unsafe"
)

// Sizes of the structures of linux/aio_abi.h.
func TestStructures(t *testing.T) {
	for name, sizes := range map[string][2]uintptr{
		"iocb":     {unsafe.Sizeof(aioControl{}), 64},
		"io_event": {unsafe.Sizeof(aioEvent{}), 32},
	} {
		if sizes[0] != sizes[1] {
			t.Errorf("struct %s has %d bytes, want %d", name, sizes[0], sizes[1])
		}
	}
}
