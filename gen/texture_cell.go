package gen

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/dgenfs/dgenfs/gen/keyed"
)

const (
	chunk = 32 // bytes that are copied at a time

	// A cell is made in rounds of four tokens, and the last round ends within slack
	// bytes behind it.
	slack = 4 * (maxLiterals + maxCopy + 255 + chunk)

	// What turns a counter into random numbers (wyrand), and numbers into places.
	drawStep  = 0xa0761d6478bd642f
	drawKey   = 0xe7037ed1a0b428db
	placeMul  = 0x9e3779b1
	placeMul2 = 0x85ebca6b
	flatMul   = 0x9fb21c651e98df25
)

// textured is how a stream's cells are made of tokens.
type textured struct {
	*tables
	*profile
}

// scratch is what making cells takes beside the buffer.
type scratch struct {
	literals [Cell + 64]byte
	cell     [Cell + slack]byte
}

// fill makes dst, whole cells, of the contents q, q+1, ..., with the dial at a place, from
// the keys of the seed.
func (x *textured) fill(dst []byte, q uint64, dial int, a, b uint64) {
	var sc scratch
	for ; len(dst) > 0; dst = dst[Cell:] {
		if len(dst) >= len(sc.cell) { // the next cell is written later on
			x.cell((*[Cell + slack]byte)(dst), q, dial, a, b, &sc.literals)
		} else {
			x.cell(&sc.cell, q, dial, a, b, &sc.literals)
			copy(dst[:Cell], sc.cell[:])
		}
		q++
	}
}

// draw steps the counter s and returns 64 random bits.
func draw(s *uint64) uint64 {
	*s += drawStep
	hi, lo := bits.Mul64(*s, *s^drawKey)
	return hi ^ lo
}

// table returns the number of the table of contents q, of key k: of 16 groups, and of
// 16 cells, each has another of 16 levels, and a cell has that of its group or its own.
func (x *textured) table(q uint64, dial int, k, b uint64) int {
	n := q
	if int(k>>56) < x.alike {
		n = q >> x.group
		b = ^b
	}
	h := keyed.Mix(b ^ n>>4*phi)
	z := normal[(n*(h|1)+h>>32)&15]
	if z < 0 {
		z *= x.below
	} else {
		z *= x.above
	}
	d := dial + z>>8
	return min(max((d*perStop+int(k>>48&255))>>8, 0), dials-1)
}

// cell makes the cell of contents q in out, and writes beyond it.
func (x *textured) cell(out *[Cell + slack]byte, q uint64, dial int, a, b uint64, literals *[Cell + 64]byte) {
	ofGroup := keyed.Mix(a + q>>x.group*phi)
	ofCell := keyed.Mix(b + q*phi)
	number := x.table(q, dial, ofCell, b)
	t := &x.dials[number]
	keys := [8]uint32{globalToken: uint32(a), groupToken: uint32(ofGroup), cellToken: uint32(ofCell)}
	tokens, drawn := ofCell^drawKey, keyed.Mix(ofCell)
	pool := &x.pool

	var have, used int // literals
	ahead := t.ahead
	end := int(ofCell>>13) & (poolSize - 1) // of the piece before
	begins := x.lines
	pos := 0
	var now clock
	if x.lines {
		now.set(q)
		now.put(out[:], 0)
		pos = timeLength
	}
	for pos < Cell {
		if used+4*maxLiterals > have {
			have = copy(literals[:], literals[used:have])
			used = 0
			have = pool.moreLiterals(literals[:], have, max(ahead, have+4*chunk), t.flat, &drawn)
			ahead = 640
		}
		r := draw(&tokens)
		for i := range 4 {
			if i == 2 {
				r = draw(&tokens)
			}
			chosen := uint32(r)
			r >>= 32
			e := &t.tokens[chosen%entries]
			*(*[chunk]byte)(out[pos:]) = *(*[chunk]byte)(literals[used:])
			n := int(e.literals)
			if begins {
				n = 0
			}
			used += n
			pos += n

			h := (uint32(uint64(chosen)>>(e.shift&63))+e.base)*placeMul + keys[e.kind&7]
			h ^= h >> 15
			h *= placeMul2
			from := int(h >> (32 - poolBits))
			switch e.kind {
			case goneOnToken:
				from = (end + n) & (poolSize - 1)
			case zeroToken:
				clear(out[pos : pos+int(e.length)])
				pos += int(e.length)
				continue
			}
			if begins {
				from = (from + int(pool.line[from])) & (poolSize - 1)
				begins = false
			}
			from += int(pool.atom[from])
			end = from + int(e.length)
			end += int(pool.atom[end])
			n = end - from
			if x.lines {
				n = min(n, int(pool.line[from]))
				end = from + n
			}
			for o := 0; ; o += chunk {
				*(*[chunk]byte)(out[pos+o:]) = *(*[chunk]byte)(pool.bytes[from+o:])
				if o+chunk >= n {
					break
				}
			}
			pos += n
			keys[nextToken] = h * 5
			if x.lines && out[pos-1] == '\n' && pos < Cell {
				now.put(out[pos:], pos)
				pos += timeLength
				begins = true
			}
		}
	}
	if !x.utf8 && number >= sparse {
		mark((*[Cell]byte)(out[:]), tokens)
	}
	if x.utf8 {
		if out[Cell-2] >= 0xc0 { // the first half of a character
			out[Cell-2] = ' '
		}
		out[Cell-1] = '\n'
	}
}

// sparse is the first table of which some sectors are little but zeros.
const sparse = 3 * perStop

// mark makes sectors that are mostly zeros, and so might equal others, unlike all others.
func mark(cell *[Cell]byte, key uint64) {
	const sector = 512
	for off := 0; off < Cell; off += sector {
		p := cell[off : off+sector]
		var zero int
		for w := p; len(w) >= word; w = w[word:] {
			if binary.LittleEndian.Uint64(w) == 0 {
				zero++
			}
		}
		if r := draw(&key); zero >= sector/word/2 && zero < sector/word {
			binary.LittleEndian.PutUint32(p[sector-4:], uint32(r))
		}
	}
}

// moreLiterals appends literals to the first have of p, until there are least or nearly
// so many, and returns how many there are.
func (p *pieces) moreLiterals(lit []byte, have, least int, flat uint64, drawn *uint64) int {
	for least = min(least, Cell); have+word <= least; have += word {
		r := draw(drawn)
		table := &p.skew
		if r*flatMul>>54 < flat {
			table = &p.flat
		}
		w := uint64(table[r&255]) | uint64(table[r>>8&255])<<8 |
			uint64(table[r>>16&255])<<16 | uint64(table[r>>24&255])<<24 |
			uint64(table[r>>32&255])<<32 | uint64(table[r>>40&255])<<40 |
			uint64(table[r>>48&255])<<48 | uint64(table[r>>56])<<56
		binary.LittleEndian.PutUint64(lit[have:], w)
	}
	return have
}

// bytesPerSecond is how fast a log grows.
const bytesPerSecond = 100

const timeLength = len("2000-01-01 00:00:00 ")

// clock writes the times of a cell's lines.
type clock struct {
	seconds uint64 // since 2000-01-01, of the cell's beginning
	today   uint64 // of the day whose date is in text
	begin   uint64 // bytes of the second before the cell
	text    [timeLength]byte
}

func (c *clock) set(q uint64) {
	begin := q % (1 << 40) * Cell
	c.seconds, c.begin = begin/bytesPerSecond, begin%bytesPerSecond
	c.today = math.MaxUint64
	copy(c.text[:], "0000-00-00 00:00:00 ")
}

// put writes the time at which byte pos of the cell was logged.
func (c *clock) put(p []byte, pos int) {
	s := c.seconds + (c.begin+uint64(pos))/bytesPerSecond
	if day := s / daySeconds; day != c.today {
		c.today = day
		year, month, day := date(day)
		digits(c.text[0:], year/100)
		digits(c.text[2:], year%100)
		digits(c.text[5:], month)
		digits(c.text[8:], day)
	}
	t := uint32(s % daySeconds)
	digits(c.text[11:], int(t/3600))
	digits(c.text[14:], int(t/60%60))
	digits(c.text[17:], int(t%60))
	*(*[timeLength]byte)(p) = c.text
}

const daySeconds = 24 * 60 * 60

// digits writes two of them.
func digits(p []byte, n int) {
	p[1] = byte('0' + n%10)
	p[0] = byte('0' + n/10)
}

// date returns the date so many days after 2000-01-01, up to the year 9999, in the Gregorian
// calendar. Years begin in March here, and the fourth of everything is the longest.
func date(days uint64) (year, month, day int) {
	const fourYears, century, fourCenturies = 1461, 36524, 146097
	n := int(days%(20*fourCenturies)) + fourCenturies - 60 // since 1600-03-01
	year = 1600 + n/fourCenturies*400
	n %= fourCenturies
	c := min(n/century, 3)
	n -= c * century
	year += 100*c + n/fourYears*4
	n %= fourYears
	y := min(n/365, 3)
	n -= y * 365
	m := (5*n + 2) / 153
	if year += y; m >= 10 {
		year++
	}
	return year, (m+2)%12 + 1, n - (153*m+2)/5 + 1
}
