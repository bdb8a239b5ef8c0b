package gen

import (
	"strconv"
	"strings"
)

// instructions are frequent ones of x86-64, in hexadecimal digits, r being any byte and
// m a small multiple of 8. They are part of the stream.
var instructions = strings.Split(`48 8b 45|48 8b 05 r r r 00|48 89 c7|48 89 44 24 m|
48 8d 3d r r r ff|48 8d 35 r r r 00|e8 r r ff ff|e8 r r r ff|e8 r r 00 00|0f 84 r r 00 00|
0f 85 r 00 00 00|74 m|75 m|eb m|48 85 c0|85 c0|31 c0|31 d2|c3|5b|5d|41 5c|41 5d|41 5e|41 5f|
55|53|41 54|41 55|41 56|41 57|48 83 ec m|48 83 c4 m|48 89 e5|4c 89 e7|4c 89 ef|48 89 df|
48 89 de|4c 89 f6|ba m 00 00 00|be m 00 00 00|b8 m 00 00 00|bf m 00 00 00|89 r|8b r m|
48 8b r m|48 89 r m|48 c7 44 24 m 00 00 00 00|0f b6 r m|83 f8 m|48 39 r|39 r|
66 0f 1f 44 00 00|0f 1f 40 00|66 90|f3 0f 1e fa|f2 0f 10 r m|0f 11 r m|49 89 r|4d 85 r|
44 89 r|41 8b r m|ff 15 r r r 00|48 63 r|4c 8b r m`, "|")

// binary makes sections as those of a shared library: instructions, tables of
// addresses, names, and a few numbers among zeros. Before that are the zeros of tokens.
func (b *builder) binary() {
	for range 2 * maxCopy {
		b.add("\x00")
	}
	words := b.vocabulary(1024)
	address := 0x1000
	for !b.full() {
		end := min(b.n+512+b.below(3072), poolSize)
		switch kind := b.below(20); {
		case kind < 11:
			for b.n < end {
				if b.chance(12) {
					b.repeat(1 + b.below(6))
				} else {
					b.instruction()
				}
			}
		case kind < 14:
			step, wide := 8<<b.below(4), b.below(3)
			for b.n < end {
				address += step * (1 + b.zipf(4))
				b.add(string([]byte{byte(address), byte(address >> 8), byte(address >> 16), 0}))
				if wide > 0 {
					b.add("\x00\x00\x00\x00")
				}
				if wide > 1 {
					b.add("\x08\x00\x00\x00")
					b.add("\x00\x00\x00\x00")
					b.add(string([]byte{byte(b.zipf(8)), byte(b.zipf(3)), 0, 0}))
					b.add("\x00\x00\x00\x00")
				}
			}
		case kind < 18:
			for b.n < end {
				s := words[b.zipf(10)]
				switch b.below(6) {
				case 0, 1:
					s += "_"
				case 2:
					s += "\x00"
				case 3:
					s += " "
				case 4:
					s = "_ZN" + b.digits(1, 10) + s
				}
				b.add(s)
			}
		default:
			for b.n < end {
				b.add("\x00\x00\x00\x00")
				if b.below(24) == 0 {
					b.add(string([]byte{byte(b.zipf(7)), 0, 0, 0}))
				}
			}
		}
	}
}

func (b *builder) instruction() {
	of := b.zipf(6) % len(instructions)
	if b.chance(50) {
		of = b.below(len(instructions))
	}
	var code []byte
	for _, field := range strings.Fields(instructions[of]) {
		switch field {
		case "r":
			code = append(code, byte(b.next()))
		case "m":
			code = append(code, byte(8*b.zipf(5)))
		default:
			v, _ := strconv.ParseUint(field, 16, 8)
			code = append(code, byte(v))
		}
	}
	b.add(string(code))
}
