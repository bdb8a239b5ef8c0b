// Package gen generates deterministic bytes: of a given size, seed,
// deduplication ratio and compressibility, at any offset, in place, in
// parallel.
//
// A [Generator] is made once and fills buffers that the caller owns. It is an
// [io.ReaderAt], safe for concurrent use, and allocates nothing in a steady
// state. A [Reader] streams it, and [Generate] makes one buffer in one call.
// The package knows nothing of files, names or mounts.
//
// # The stream, version 0
//
// What follows defines every byte. Version 0 may still change.
//
// A stream is a pure function of (version, seed, shape, offset). The shape is
// the deduplication ratio D, the unit, the compressibility R and, where D > 1,
// the number N of units; neither the read's size nor the threads, CPU or byte
// order have a part in it. All numbers are unsigned 64-bit integers, all
// arithmetic is modulo 2^64, "rotl" rotates to the left, ">>" shifts in zeros,
// and words are stored little-endian.
//
//	phi    = 0x9e3779b97f4a7c15
//	mix(x): x ^= x >> 30;  x *= 0xbf58476d1ce4e5b9
//	        x ^= x >> 27;  x *= 0x94d049bb133111eb
//	        x ^= x >> 31
//
// Cells. The stream is cut into cells of 4096 bytes. Cell number c of the file
// holds the contents q = c if D = 1; otherwise see Units. The contents q are
// made from two keys,
//
//	A  = mix(seed + phi)         B  = mix(seed + 2*phi)
//	K0 = mix(A + q*phi)          K1 = mix(B + q*phi)
//
// and eight lanes of xoshiro256++, lane j = 0..7 starting from the state
//
//	s0 = mix(K0 + (j+1)*phi)   s1 = mix(K1 + (j+1)*phi)   s2 = K0   s3 = K1
//
// Step r of all lanes makes row r, 64 bytes: the output of lane j is its word
// j. One step outputs rotl(s0+s3, 23) + s0 and then does
//
//	t = s1 << 17;  s2 ^= s0;  s3 ^= s1;  s1 ^= s2;  s0 ^= s3;  s2 ^= t;  s3 = rotl(s3, 45)
//
// If R = 1 the cell is rows 0 to 63.
//
// Compression. If R > 1 the cell is cut into P pieces of equal length, P = 4
// for R <= 40 and 1 beyond. Every piece is a run of random words followed by
// copies of the last random word of that piece. What a compressor pays for the
// matches, C = 7 bytes a piece for P = 4 and 18 for P = 1, is taken off the
// random words; their number for the whole cell is
//
//	w = max((4096/R - C*P) / 8, P)
//
// computed in IEEE double precision without fused operations, as the integer
// W = floor(w*65536). A cell has W>>16 random words, and one more if K1 mod
// 65536 is below W mod 65536. Piece i of a cell of n random words has
// floor((i+1)*n/P) - floor(i*n/P) of them. The lanes go on from piece to piece,
// but a piece starts with a new row: of the row before, the words beyond its
// piece's random words are not used.
//
// Units. If D > 1 the file of SIZE bytes is cut into N = ceil(SIZE / unit)
// units, the last of which may be shorter, and U = max(1, floor(N/D + 1/2))
// distinct ones occur (the division and the sum are IEEE double precision). Cell
// k of unit i has the contents q = u*(unit/4096) + k with u = pi(i) mod U. pi
// permutes 0..N-1. With b the bit length of N-1, m = 2^b - 1,
// h = floor((b+1)/2) and the keys k[r] = mix(A ^ (r*phi)), r = 1..10, round
// r = 1..5 does
//
//	x = (x*(k[2r-1] | 1) + k[2r]) & m;  x ^= x >> h
//
// and pi(i) is i after five rounds, and five more for as long as the result is
// not below N. If N = 1, pi(0) = 0. Because N is part of the shape, the file of
// a larger SIZE does not begin with the smaller one's bytes if D > 1.
//
// A seed for a name. [DeriveSeed] makes a file's seed from a common seed and
// the file's path, n bytes: h = mix(seed ^ phi), then for every 8 bytes w of the
// path, read as a little-endian word and padded with zeros at its end,
// h = mix(h ^ w) * phi, and last h = mix(h ^ n).
package gen
