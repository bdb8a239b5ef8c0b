// Package gen generates deterministic bytes of a given size, seed, deduplication
// ratio and compressibility: at any offset, in place, on any number of threads.
//
// A [Generator] is made once, from a [Config], and fills buffers that the caller
// owns. It is an [io.ReaderAt], safe for concurrent use, and allocates nothing in a
// steady state. A [Reader] reads it in order, and [Generate] returns all of it in
// one buffer. A [NodePool] is for machines with several memory nodes. [Config] lists
// the limits of everything; what exceeds them is an error of [New].
//
// The package does not know files, names or mounts. "File" below is what one Config
// describes. The bytes are not for secrets: whoever knows the seed knows them all.
//
// # The stream, version 1
//
// This section defines every byte. It never changes for this version: other bytes
// are another version.
//
// A stream is a pure function of (version, seed, shape, offset). The shape consists
// of
//
//   - the compressibility R;
//   - in a file that is one of a group, the unit and the file's first unit F;
//   - if the deduplication ratio D is above 1: D, the unit, the number N of units,
//     and the skew S;
//   - in generations G above 0 of a file that changes: G, the share, the phase, the
//     unit and N.
//
// The sizes of reads, the number of threads, the CPU and its byte order have no
// influence. All numbers are unsigned 64-bit integers, all arithmetic is modulo
// 2^64, "rotl" rotates to the left, ">>" shifts in zeros, and words are stored
// little-endian.
//
//	phi    = 0x9e3779b97f4a7c15
//	mix(x): x ^= x >> 30;  x *= 0xbf58476d1ce4e5b9
//	        x ^= x >> 27;  x *= 0x94d049bb133111eb
//	        x ^= x >> 31
//
// Cells. The stream is cut into cells of 4096 bytes. Cell number c of the file
// holds the contents q = F*(unit/4096) + c if D = 1, where F is 0 for a file on its
// own. If D > 1, see Units; if the file changes, see Generations. The contents q
// are made from two keys,
//
//	A  = mix(seed + phi)         B  = mix(seed + 2*phi)
//	K0 = mix(A + q*phi)          K1 = mix(B + q*phi)
//
// and eight lanes of xoshiro256++, lane j = 0..7 starting from the state
//
//	s0 = mix(K0 + (j+1)*phi)   s1 = mix(K1 + (j+1)*phi)   s2 = K0   s3 = K1
//
// Step r = 0, 1, ... of all lanes makes row r, 64 bytes: the output of lane j is the
// row's word j. One step outputs rotl(s0+s3, 23) + s0 and then does
//
//	t = s1 << 17;  s2 ^= s0;  s3 ^= s1;  s1 ^= s2;  s0 ^= s3;  s2 ^= t;  s3 = rotl(s3, 45)
//
// If R = 1 the cell is rows 0 to 63.
//
// Compression. If R > 1, a cell repeats its first w words, an odd number: word i
// of its 512 is word i mod w of those rows. There are fewer random words by what a
// compressor spends on literals and on the match: with
//
//	C = max(3 + 80/R, 18 + 20/R - R/20)
//	T = floor(65536 * max((4096/R - C)/16 - 1/2, 0))
//
// computed in IEEE double precision, w is 2*floor(T/65536) + 1, and 2 more if K1
// mod 65536 is below T mod 65536. As w and the 64 words of a sector of 512 bytes
// have no common divisor, no two sectors of a cell are equal as long as w is above
// 7, which it is for R up to 45.
//
// Units. If D > 1, the file is cut into units, the last of which may be shorter.
// They are the units F, F+1, ... of the N of its group; a file on its own has
// F = 0 and N = ceil(SIZE / unit). In the group, U = max(1, floor(N/D + 1/2))
// distinct units occur (the division and the sum are IEEE double precision).
// Cell k of unit i has the contents q = u*(unit/4096) + k, where x = pi(i) and
//
//	u = x                            if x < U
//	u = x mod U                      if x >= U and the skew S is 0
//	u = hi(v * v * ... * v * U)      if x >= U and S > 0
//
// where v = mix(A ^ (x*phi)) is a factor 2S+1 times, and hi, the upper 64 of a
// product's 128 bits, is taken after every multiplication, from left to right.
//
// pi permutes 0..N-1. With b the bit length of N-1, m = 2^b - 1,
// h = floor((b+1)/2) and the keys k[r] = mix(A ^ (r*phi)), r = 1..10, round
// r = 1..5 does
//
//	x = (x*(k[2r-1] | 1) + k[2r]) & m;  x ^= x >> h
//
// and pi(i) is i after five rounds, and after five more as long as the result is
// not below N. If N = 1, pi(0) = 0. Because N is part of the shape, a file of a
// larger SIZE does not begin with the bytes of a smaller one if D > 1.
//
// Generations. A file that changes has generations G = 0 to 4095, a share from 0 to
// 10^9, and a phase from 0 to 10^9 - 1. It is cut into units even if D = 1: they are
// numbered as above, unit i of the group is the distinct unit u = i, and U = N. Up
// to generation g,
//
//	W(g) = floor((g*U*share + phase) / 10^9)
//
// replacements have been made; the sum is exact, not modulo 2^64. The distinct
// units take turns: turn t = 0, 1, ... replaces the one whose place rho(u) is t
// mod U, and generation g takes the turns W(g-1) to W(g) - 1, which are U or
// fewer. So in generation G, distinct unit u has been replaced e times, e being
// the number of j = 0, 1, ... for which rho(u) + j*U is below W(G), and its cell
// k has the contents
//
//	q = e*2^52 + u*(unit/4096) + k
//
// rho permutes 0..U-1 and is made like pi, with U in place of N and B in place of
// A. N*(unit/4096) is at most 2^52, which a group has to see to if its share is
// above 0, and e is at most G, so that no two of these contents are equal. In
// generation 0, and with a share of 0, e is 0 and the file is the one described
// above. An empty file has no units, and does not change.
//
// A seed for a name. [DeriveSeed] makes a file's seed from a common seed and the
// file's path, n bytes: h = mix(seed ^ phi), then for every 8 bytes w of the path,
// read as a little-endian word, the last one padded with zeros,
// h = mix(h ^ w) * phi, and finally h = mix(h ^ n).
//
// # The stream, version 2: a draft
//
// A stream with a texture other than random, with regions (a spread, or a share of zeros or
// of random bytes above 0), with a run or with a share of insertions is version 2. It is a
// draft: its bytes may change until it has been measured by tools that it was not made with.
// All that is not said here is as in version 1. All divisions round down, z >> n of negative
// numbers too, and [x, y] of two words is their 128-bit product.
//
// Runs. With L > 1 units in a run, pi and rho move runs of units, with the keys A and B. Of n
// numbers to permute, L are a slot and 32 slots a block. A last block has the slots that are
// left, if there are some; numbers behind the last whole slot stay where they are. A block is
// cut into m pieces, each of which takes half of the slots that are left, rounded up: 16, 8,
// 4, 2, 1 and 1 of a whole block. Those of block b are put into an order that is 0, 1, ... at
// first; then, with h = mix(key + b*phi), for t = m-1, ..., 1, [i, h] = h * (t+1), and those at
// the places t and i are exchanged. From there, piece k of a whole block is moved to where
// piece k of block p(b) is in the order 0, 1, ..., p being the permutation of version 1 of the
// numbers of whole blocks with mix(key + (k+1)*phi) in place of A; and piece k of the last
// block to where it is itself in that order. If U >= L, x >= U has the distinct unit
// u(x/L)*L + x mod L, where u is the u of version 1 of x/L, with U/L in place of U.
//
// Tails. If D > 1 and each file of a group has n units, more than one, of which the last is
// shorter, then all files have the same size, and N and F must be multiples of n. The N/n
// last units are laid out by themselves, as the units of a group without runs are, with N/n
// in place of N and ~A in place of A; the N - N/n others likewise, with N - N/n in place of
// N. Each are numbered in the order of the group. If V of the others are distinct, they are
// the distinct units 0 to V-1, and the last units are those from V on.
//
// Insertions. A share I of insertions, up to 10^9, makes the bytes of generation G from those
// without insertions. Let a piece have L bytes, the smaller of the run, or else the unit, and
// SIZE/8, or one less if that is even, and at least 1. With n = max(1, (SIZE*I/10^9)/L), the
// file is cut into segments of ceil(SIZE/n) bytes, the last of which may be shorter. Into each,
// number k,
//
//	T = (G*(SIZE*I/(n*L)) + phase) / 10^9
//
// pieces j = 0, 1, ... are inserted one after the other at its byte hi(mix(~B + k*phi) *
// (ceil(SIZE/n)/16 + 1)), or its end, and what is behind its end then is dropped. Piece j is
// the first L bytes of a file on its own that has D = 1, no generations, and the seed
// mix(mix(mix(mix(seed ^ (2*phi)) + F*phi) + k*phi) + j*phi). Products of SIZE are exact.
//
// Regions. Contents q are in region r = q / (region/4096). With H = mix(~B + (r/64)*phi),
//
//	place = (r*(H|1) + (H >> 32)) mod 64
//	v     = place*2^26 + (mix(H + r*phi) >> 38)
//
// and Z and Y, the shares of zeros and of random bytes times 2^32, the cells of the region
// are zeros if v < Z, and those of version 1 with R = 1 if v >= 2^32 - Y. Otherwise they
// are ordinary and have the ratio number (v-Z)*16 / (2^32-Z-Y) of 16. With a spread S, these
// are M * 2^(e/65536) (see spreadRatios, which says how the power is rounded), e = (u*n) >> 8
// for the quantiles n in the table normal, u = floor(65536*S)*94548 >> 16, cut to the
// texture's lowest and highest ratio, where M, in 1/65536, is the last that is tried in
// halving the range from the lowest to the highest ratio so that the sum of 1/ratio comes to
// 16/R. Without a spread, all have R.
//
// Flat. A cell has the bytes of version 1 with R = 1, but in each piece of 256, number i, a
// byte from n on is the one n before it: with r = floor(65536*R), N = 2^28/r - max(58, 110 -
// 10*r/65536), n = (N+i)/16, less 3 if i < 4, or more 3 if 4 <= i < 8. If R = 1 all of it is
// random.
//
// Text, code, log and binary. A texture has a pool of 2^17 bytes, followed by its first 1024
// bytes again. It is a sequence of atoms, which the methods text, code, log and binary of
// builder append, from the words and templates in the same files and numbers mix(k*phi + t),
// k = 1, 2, ..., t being the number of the texture. Two tables say for each place how far on
// the next atom (atom) and the next line (line) begins, up to 255. From the numbers after those
// of the atoms are made, as finishLiterals has it: skew, 2^17 + 64 bytes of the pool at random,
// of text only those from 0x20 to 0x7e other than quotation mark and backslash; flat, as many
// from all bytes, or of text from 0x21 to 0x7e; and masks, 2^12 + 64 bytes of 0 or 255.
//
// A texture has six rows of parameters (profiles), one for every 256 of the dial. There are
// tables of 512 tokens at every 16 of it, made by dialTable.build from parameters that are
// interpolated between the rows, and put into rounds of 8 by dialTable.arrange. A token has a
// kind, a base, a mask, and the numbers of its literals and of the bytes to copy. The dial of a
// ratio is interpolated between the ratios of the profile.
//
// A cell of contents q has the keys G = mix(A + (q >> group)*phi) and K = mix(B + q*phi). Its
// table is the one at D + z, D being the dial of its ratio: if K >> 56 is below the profile's
// alike, let n = q >> group and b = ~B, or else n = q and b = B; h = mix(b ^ (n/16)*phi), and
// z = w*normal[(n*(h|1) + (h >> 32)) mod 16] >> 8, w being the profile's below if that is
// negative, or else its above. The number of the table is ((D+z)*16 + (K >> 48) mod 256) >>
// 8, cut to 0 to 80.
//
// Literals come in rows of 64, which are used in order. A row takes a number r from a counter
// s, which starts at mix(K): s += 0xa0761d6478bd642f, and with [hi, lo] = s * (s ^
// 0xe7037ed1a0b428db), r is hi ^ lo. The row is made of two pieces of flat if r >> 54 is below
// the table's flat, or else of skew, that begin at r mod 2^17 and (r >> 17) mod 2^17: a byte is
// that of the second piece where masks, from (r >> 34) mod 2^12 on, is 255, or else that of the
// first.
//
// The tokens of a cell are those of its table in their order, beginning with round (K >> 40) mod
// 64, and with round 0 after round 63. Each draws a number x, modulo 2^32: x = x *
// 0x915f77f5 + c, from x = mix(K) and c = (mix(K) >> 32) | 1 on. Then, modulo 2^32,
//
//	h     = (((x >> 18) & mask) + base) * 0x9e3779b1 ^ key
//	place = (h ^ (h' >> 7)) * 0x85ebca6b >> 15    for next tokens
//	place = h * 0x85ebca6b >> 15                  for others
//
// where key is A for global tokens, G for those of the group, K for those of the cell, and 0 for
// others, and h' is the h of the token before, 0 at first. Place is 0 for tokens of zeros, of
// which the pool of binary begins with 448. Tokens that go on have the place where the last copy
// ended, and as many bytes further on as they have literals, modulo 2^17 (at first, K >> 13). A
// token appends so many literals, and then a copy out of the pool, which begins with the next
// atom behind the place, if none begins there, and ends with the first atom that begins as many
// bytes further on as the token says.
//
// Each half of a round of a log is a line. It begins with a time, "2000-01-01 00:00:00 ", as many
// seconds later as there are hundreds of bytes from contents 0, modulo 2^40, to there. The first
// token copies from where the next line of the pool begins behind its place. The last one copies
// up to where a line begins, at most as many bytes as it says, and the others end before the
// last byte of a line.
//
// Tokens are made until there are 4096 bytes. Then, of text and code, sectors of 512 bytes are
// marked: of cells of table 48+n the last n of the 8 sectors, of those above 56 all. Bytes 505 to
// 510 of sector i become the bytes 8*i to 8*i+5 of a row of two pieces of flat, of which the
// counter starts at K ^ 0xe7037ed1a0b428db. A byte 504 of 0xc0 or more becomes a space, and so
// does a byte 511 from 0x80 to 0xbf.
//
// At last, but in binary cells, a byte 4094 of 0xc0 or more becomes a space, and byte 4095 a
// newline. In binary cells of table 48 and above, sectors of 512 bytes of which 32 to 63 of the
// 64 words are 0 end with the lower 32 bits of a number made as those of rows are, from a counter
// that starts at K ^ 0xe7037ed1a0b428db, of which each sector draws one, whether it needs it or
// not.
package gen
