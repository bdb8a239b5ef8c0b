//go:build !purego

#include "textflag.h"

// Two lanes to a register: V0 to V3 hold s0 of the lanes 0-1, 2-3, 4-5 and 6-7,
// V4 to V7 s1, V8 to V11 s2, V12 to V15 s3, and V16 to V19 what a step puts out.
// See doc.go for what is computed.
//
// R0 is the destination, R1 the number of cells to go, R2 the rows of a cell to
// make, R3 = A + q phi and R4 = B + q phi for the next cell's contents q, R5
// phi, R6 and R7 the multipliers of the mixer.

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

// func cellsNEON(dst *byte, cells, rows int, a, b uint64)
TEXT ·cellsNEON(SB), NOSPLIT, $0-40
	MOVD dst+0(FP), R0
	MOVD cells+8(FP), R1
	MOVD rows+16(FP), R2
	MOVD a+24(FP), R3
	MOVD b+32(FP), R4
	MOVD $0x9e3779b97f4a7c15, R5
	MOVD $0xbf58476d1ce4e5b9, R6
	MOVD $0x94d049bb133111eb, R7

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

	MOVD R0, R8
	MOVD R2, R9

rows:
	STEP(V0, V4, V8, V12, V16, V20, V21)
	STEP(V1, V5, V9, V13, V17, V22, V23)
	STEP(V2, V6, V10, V14, V18, V20, V21)
	STEP(V3, V7, V11, V15, V19, V22, V23)
	VST1.P [V16.D2, V17.D2, V18.D2, V19.D2], 64(R8)
	SUB    $1, R9
	CBNZ   R9, rows

	ADD  $4096, R0
	SUB  $1, R1
	CBNZ R1, cell
	RET
