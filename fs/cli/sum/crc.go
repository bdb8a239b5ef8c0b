package sum

import "hash"

// crc joins cyclic redundancy checks whose bits are reflected, and that are inverted
// before and after. The check of a part is a polynomial; with n bytes behind it, it is
// multiplied by x^8n, and the inversions cancel out: that of A and then B is that of A,
// multiplied, plus that of B.
type crc struct {
	width int    // 32 or 64 bits
	poly  uint64 // reflected: the highest bit is the coefficient of x^0
	new   func() hash.Hash
	value uint64 // of the parts so far
}

func (c *crc) part(int64) hash.Hash { return c.new() }

func (c *crc) join(part hash.Hash, size int64) {
	var value uint64
	for _, b := range part.Sum(nil) {
		value = value<<8 | uint64(b)
	}
	c.value = c.multiply(c.value, c.power(uint64(size)*8)) ^ value
}

func (c *crc) sum() []byte {
	b := make([]byte, c.width/8)
	for i := range b {
		b[i] = byte(c.value >> (c.width - 8 - 8*i))
	}
	return b
}

// multiply returns a times b modulo the polynomial.
func (c *crc) multiply(a, b uint64) (product uint64) {
	for bit := uint64(1) << (c.width - 1); bit != 0; bit >>= 1 {
		if a&bit != 0 {
			product ^= b
		}
		b = c.timesX(b)
	}
	return product
}

func (c *crc) timesX(a uint64) uint64 {
	if a&1 != 0 {
		return a>>1 ^ c.poly
	}
	return a >> 1
}

// power returns x^n modulo the polynomial.
func (c *crc) power(n uint64) uint64 {
	result := uint64(1) << (c.width - 1) // 1
	for square := c.timesX(result); n != 0; n >>= 1 {
		if n&1 != 0 {
			result = c.multiply(result, square)
		}
		square = c.multiply(square, square)
	}
	return result
}
