package gen

import "unsafe"

// address returns the address of p's first byte, from which the limits of pages follow.
func address(p []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(p))) }
