package gen

import "unsafe"

// address returns where p begins: memory nodes change between pages, and those
// begin at addresses.
func address(p []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(p))) }
