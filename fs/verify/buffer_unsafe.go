package verify

import "unsafe"

// aligned returns a buffer of n bytes that begins at a multiple of the page size, as
// reading with O_DIRECT wants it.
func aligned(n int) []byte {
	p := make([]byte, n+page)
	skip := -uintptr(unsafe.Pointer(&p[0])) % page
	return p[skip:][:n:n]
}
