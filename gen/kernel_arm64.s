//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Two lanes to a register: V0 to V3 hold s0 of the lanes 0-1, 2-3, 4-5 and 6-7,
// V4 to V7 s1, V8 to V11 s2, V12 to V15 s3, and V16 to V19 what a step puts out.
// See doc.go for what is computed and stream.go for the layout of a cell.
//
// R0 is the destination, R1 the number of cells to go, R2 the stream, R3 = A +
// q phi and R4 = B + q phi for the next cell's contents q, R5 phi, R6 and R7
// the multipliers of the mixer.

// x = mix(x)
#define MIX(x) \
	EOR x>>30, x, x; \
	MUL R6, x, x;    \
	EOR x>>27, x, x; \
	MUL R7, x, x;    \
	EOR x>>31, x, x

// s0 and s1 of the next lane, whose sums of keys and multiples of phi are in
// R10 and R11.
#define SEED(s0, s1) \
	ADD  R5, R10;  \
	ADD  R5, R11;  \
	MOVD R10, R12; \
	MOVD R11, R13; \
	MIX(R12);      \
	MIX(R13);      \
	VMOV R12, s0;  \
	VMOV R13, s1

#define STEP(s0, s1, s2, s3, out, t, u) \
	VADD s3.D2, s0.D2, t.D2;    \
	VSHL $23, t.D2, out.D2;     \
	VSRI $41, t.D2, out.D2;     \
	VADD s0.D2, out.D2, out.D2; \
	VSHL $17, s1.D2, t.D2;      \
	VEOR s1.B16, s3.B16, u.B16; \
	VEOR s0.B16, s2.B16, s2.B16; \
	VEOR s2.B16, s1.B16, s1.B16; \
	VEOR u.B16, s0.B16, s0.B16; \
	VEOR t.B16, s2.B16, s2.B16; \
	VSHL $45, u.D2, s3.D2;      \
	VSRI $19, u.D2, s3.D2

// func cellsNEON(dst *byte, cells int, s *stream, q uint64)
TEXT ·cellsNEON(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), R0
	MOVD cells+8(FP), R1
	MOVD s+16(FP), R2
	MOVD q+24(FP), R3
	MOVD $0x9e3779b97f4a7c15, R5
	MOVD $0xbf58476d1ce4e5b9, R6
	MOVD $0x94d049bb133111eb, R7
	MUL  R5, R3, R3
	MOVD R3, R4
	MOVD stream_a(R2), R8
	MOVD stream_b(R2), R9
	ADD  R8, R3
	ADD  R9, R4

cell:
	MOVD R3, R8 // K0
	MOVD R4, R9 // K1
	ADD  R5, R3
	ADD  R5, R4
	MIX(R8)
	MIX(R9)
	MOVD R8, R10
	MOVD R9, R11
	SEED(V0.D[0], V4.D[0])
	SEED(V0.D[1], V4.D[1])
	SEED(V1.D[0], V5.D[0])
	SEED(V1.D[1], V5.D[1])
	SEED(V2.D[0], V6.D[0])
	SEED(V2.D[1], V6.D[1])
	SEED(V3.D[0], V7.D[0])
	SEED(V3.D[1], V7.D[1])
	VDUP R8, V8.D2
	VDUP R8, V9.D2
	VDUP R8, V10.D2
	VDUP R8, V11.D2
	VDUP R9, V12.D2
	VDUP R9, V13.D2
	VDUP R9, V14.D2
	VDUP R9, V15.D2

	// R8 = layout of the cell, R9 = pieces to go
	AND  $0xffff, R9, R10
	MOVD stream_extra(R2), R11
	ADD  $stream_layouts, R2, R8
	CMP  R11, R10
	BHS  layout
	ADD  $layout__size, R8

layout:
	MOVD stream_pieces(R2), R9

	// R10 = index of the piece's last random word in its row, R11 = random
	// rows before that row, R12 = rows after it
piece:
	MOVD.P 8(R8), R10
	SUB    $1, R10
	LSR    $3, R10, R11
	AND    $7, R10
	MOVD   stream_pieceRows(R2), R12
	SUB    $1, R12
	SUB    R11, R12

	// One row more than R11: the last one, whose rest is overwritten.
rows:
	STEP(V0, V4, V8, V12, V16, V20, V21)
	STEP(V1, V5, V9, V13, V17, V22, V23)
	STEP(V2, V6, V10, V14, V18, V20, V21)
	STEP(V3, V7, V11, V15, V19, V22, V23)
	VST1.P [V16.D2, V17.D2, V18.D2, V19.D2], 64(R0)
	SUBS   $1, R11
	BPL    rows

	SUB  $64, R0, R13
	MOVD (R13)(R10<<3), R14 // filler
	ADD  $8, R13
	ADD  R10<<3, R13
	CMP  R0, R13
	BEQ  filled

words:
	MOVD.P R14, 8(R13)
	CMP    R0, R13
	BNE    words

filled:
	CBZ  R12, next
	VDUP R14, V20.D2
	VDUP R14, V21.D2
	VDUP R14, V22.D2
	VDUP R14, V23.D2

fill:
	VST1.P [V20.D2, V21.D2, V22.D2, V23.D2], 64(R0)
	SUB    $1, R12
	CBNZ   R12, fill

next:
	SUB  $1, R9
	CBNZ R9, piece
	SUB  $1, R1
	CBNZ R1, cell
	RET
