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
package gen
