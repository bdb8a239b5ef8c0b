package gen

import (
	"cmp"
	"slices"
)

// Tokens. A cell of a texture is a sequence of tokens: some literals, then a copy out of
// the pool. Which piece of the pool depends on the kind of the token: each kind has a
// vocabulary of its own.
const (
	globalToken = iota // pieces that the whole file uses
	groupToken         // pieces that a group of cells uses
	cellToken          // pieces that one cell uses
	nextToken          // pieces that follow the one before
	goneOnToken        // the pool behind the piece before, as many bytes further on as there were literals
	zeroToken          // zeros, with which the pool begins if there are any
	tokenKinds  = iota
)

// The dial goes from data that hardly compresses to data of which little is left.
const (
	stops   = 6  // rows of parameters
	perStop = 16 // tables from one to the next
	dials   = (stops-1)*perStop + 1
	entries = 512 // of a table

	dialUnit = 256 // fixed-point one: from one table to the next it is dialUnit/perStop
	maxDial  = (stops - 1) * dialUnit
)

// stop is a row of a texture's parameters.
type stop struct {
	weight [tokenKinds]int // how frequent the kinds are
	bare   int             // of 1024 tokens, how many have no literals
	run    int             // mean number of literals of the others, in 1/64
	length [3]int          // mean length of global, group and cell pieces, above 2, in 1/16
	words  [4]int          // vocabularies of these and of nextToken: 64 times the bits of a rare piece's number
	flat   int             // of 1024 rows of literals, how many are flat
}

// mixedWith returns what is n/perStop of the way from s to t.
func (s *stop) mixedWith(t *stop, n int) (m stop) {
	mix := func(a, b int) int { return (a*(perStop-n) + b*n) / perStop }
	for i := range s.weight {
		m.weight[i] = mix(s.weight[i], t.weight[i])
	}
	m.bare = mix(s.bare, t.bare)
	m.run = mix(s.run, t.run)
	for i := range s.length {
		m.length[i] = mix(s.length[i], t.length[i])
	}
	for i := range s.words {
		m.words[i] = mix(s.words[i], t.words[i])
	}
	m.flat = mix(s.flat, t.flat)
	return m
}

// token is what an entry of a table says of a token.
type token struct {
	base     uint16 // number of the first piece of its class
	mask     uint16 // how many more there are, a power of two less one
	kind     uint8
	literals uint8
	length   uint8 // of the copy, at least
}

// Tokens are made in rounds. Each place of a round has tokens of about the same length, so
// that CPUs foresee how many chunks will be copied; those that go on where the copy before
// ended have places of their own, too. A log's line is half a round.
const (
	round  = 8
	rounds = entries / round
	half   = round / 2
)

// ranks says which eighth of the tokens, from the longest copies to the shortest and then
// those that go on, is in a place of a round.
var ranks = [round]int{0, 2, 3, 7, 1, 4, 5, 6}

// dialTable says what tokens there are at one place of the dial, in their order. A cell begins
// with some round, and after the last one comes the first.
type dialTable struct {
	class [entries]uint32 // as token.class has it
	shape [entries]uint32 // as token.shape has it
	flat  uint64          // of 1024 rows of literals, how many are flat
	ahead int             // literals that most cells need
}

// The bytes of a shape.
const (
	kindByte = iota
	literalsByte
	lengthByte
)

func (e token) shape() uint32 {
	return uint32(e.kind)<<(8*kindByte) | uint32(e.literals)<<(8*literalsByte) | uint32(e.length)<<(8*lengthByte)
}

// class has the base in its lower half and the mask in its upper one.
func (e token) class() uint32 { return uint32(e.base) | uint32(e.mask)<<16 }

// heavyTail has 32 quantiles of a distribution with a mean of 256 and many small values:
// those of (-ln(1-u))^1.35, u = 1/64, 3/64, ...
var heavyTail = [32]int{
	1, 4, 7, 12, 17, 23, 29, 37, 45, 53, 63, 73, 84, 97, 110, 125,
	141, 159, 178, 200, 225, 252, 283, 318, 360, 408, 467, 540, 636, 770, 985, 1491,
}

// normal has 16 quantiles of the normal distribution, in 1/256 of its deviation.
var normal = [16]int{-477, -337, -259, -199, -148, -103, -61, -20, 20, 61, 103, 148, 199, 259, 337, 477}

const (
	minCopy     = 2
	maxCopy     = 224
	maxLiterals = 31
	maxClasses  = 32
)

// build makes the table of s. The entries of a kind are cut into classes, of which each
// has about twice as many pieces as the one some places before it, and a length: so a
// piece is the more frequent the fewer there are of its class.
func (t *dialTable) build(s *stop) {
	var tokens [entries]token
	var total, upTo, bare, literals, all int
	for _, w := range s.weight {
		total += w
	}
	entry := 0
	for kind := range tokenKinds {
		upTo += s.weight[kind]
		n := upTo*entries/total - entry
		words, mean := 0, 0
		switch kind {
		case globalToken, groupToken, cellToken:
			words, mean = s.words[kind], s.length[kind]
		case nextToken:
			words, mean = s.words[nextToken], s.length[globalToken]
		case goneOnToken:
			words, mean = 0, s.length[cellToken]
		case zeroToken:
			words, mean = 0, 16*8
		}
		classes := maxClasses
		if kind <= nextToken {
			classes = max(words/12, 2)
		}
		classes = min(classes, maxClasses, n)
		var base uint16
		for class := range classes {
			bits := words * (2*class + 1) / (2 * classes) / 64
			copied := minCopy + (heavyTail[(13*class+5+3*kind)%32]*mean+2048)>>12
			for ; entry < upTo*entries/total && (entry-(upTo*entries/total-n))*classes/n == class; entry++ {
				e := &tokens[entry]
				e.kind, e.base, e.mask = uint8(kind), base, 1<<bits-1
				e.length = uint8(min(copied, maxCopy))
				if bare += s.bare; bare >= 1024 {
					bare -= 1024
				} else {
					e.literals = uint8(min(1+(heavyTail[(19*entry+7)%32]*s.run+8192)>>14, maxLiterals))
				}
				literals += int(e.literals)
				all += int(e.literals) + int(e.length)
			}
			base += 1 << bits
		}
	}
	t.flat = uint64(s.flat)
	t.ahead = min(Cell*literals/all*9/8+256, Cell) / rowSize * rowSize
	t.arrange(&tokens)
}

// arrange puts the tokens into rounds.
func (t *dialTable) arrange(tokens *[entries]token) {
	slices.SortStableFunc(tokens[:], func(a, b token) int {
		return cmp.Or(a.goesOn()-b.goesOn(), int(b.length)-int(a.length))
	})
	d := dice(0)
	for place, rank := range ranks {
		eighth := tokens[rank*rounds:][:rounds]
		for i := range eighth { // in random order
			j := i + d.below(rounds-i)
			eighth[i], eighth[j] = eighth[j], eighth[i]
			e, at := eighth[i], i*round+place
			t.class[at], t.shape[at] = e.class(), e.shape()
		}
	}
}

func (e token) goesOn() int {
	if e.kind == goneOnToken {
		return 1
	}
	return 0
}
