//go:build !purego

#include "textflag.h"

// What the kernels share: DI is the destination, CX the number of cells to go,
// SI the rows of a cell to make, R8 = A + q phi and R9 = B + q phi for the next
// cell's contents q, R10 to R12 the multipliers of the mixer and phi. See doc.go
// for what is computed.

DATA laneIncrements<>+0(SB)/8, $0x9e3779b97f4a7c15 // (j+1) phi for lane j
DATA laneIncrements<>+8(SB)/8, $0x3c6ef372fe94f82a
DATA laneIncrements<>+16(SB)/8, $0xdaa66d2c7ddf743f
DATA laneIncrements<>+24(SB)/8, $0x78dde6e5fd29f054
DATA laneIncrements<>+32(SB)/8, $0x1715609f7c746c69
DATA laneIncrements<>+40(SB)/8, $0xb54cda58fbbee87e
DATA laneIncrements<>+48(SB)/8, $0x538454127b096493
DATA laneIncrements<>+56(SB)/8, $0xf1bbcdcbfa53e0a8
GLOBL laneIncrements<>(SB), RODATA|NOPTR, $64

#define ARGUMENTS \
	MOVQ dst+0(FP), DI;             \
	MOVQ cells+8(FP), CX;           \
	MOVQ rows+16(FP), SI;           \
	MOVQ a+24(FP), R8;              \
	MOVQ b+32(FP), R9;              \
	MOVQ $0xbf58476d1ce4e5b9, R10;  \
	MOVQ $0x94d049bb133111eb, R11;  \
	MOVQ $0x9e3779b97f4a7c15, R12

// x = mix(x)
#define MIX(x, t) \
	MOVQ  x, t;   \
	SHRQ  $30, t; \
	XORQ  t, x;   \
	IMULQ R10, x; \
	MOVQ  x, t;   \
	SHRQ  $27, t; \
	XORQ  t, x;   \
	IMULQ R11, x; \
	MOVQ  x, t;   \
	SHRQ  $31, t; \
	XORQ  t, x

// K0 in AX and K1 in BX of the next cell.
#define KEYS \
	MOVQ R8, AX;  \
	MOVQ R9, BX;  \
	ADDQ R12, R8; \
	ADDQ R12, R9; \
	MIX(AX, DX);  \
	MIX(BX, R13)

// AVX-512: one register holds a word of all lanes. Z0 to Z3 are the states, Z4
// what a step puts out, Z16 to Z19 the next cell's states before its first step.

// x = mix(x) in all lanes; Z9 and Z10 hold the multipliers
#define MIX8(x, t) \
	VPSRLQ  $30, x, t; \
	VPXORQ  t, x, x;   \
	VPMULLQ Z9, x, x;  \
	VPSRLQ  $27, x, t; \
	VPXORQ  t, x, x;   \
	VPMULLQ Z10, x, x; \
	VPSRLQ  $31, x, t; \
	VPXORQ  t, x, x

#define SEED8 \
	KEYS;                      \
	VPBROADCASTQ AX, Z18;      \
	VPBROADCASTQ BX, Z19;      \
	VPADDQ       Z8, Z18, Z16; \
	VPADDQ       Z8, Z19, Z17; \
	MIX8(Z16, Z20);            \
	MIX8(Z17, Z21)

// 0x96 is the exclusive or of three.
#define STEP8 \
	VPADDQ     Z3, Z0, Z4;        \
	VPROLQ     $23, Z4, Z4;       \
	VPADDQ     Z0, Z4, Z4;        \
	VPSLLQ     $17, Z1, Z5;       \
	VPXORQ     Z1, Z3, Z3;        \
	VPTERNLOGQ $0x96, Z0, Z2, Z1; \
	VPTERNLOGQ $0x96, Z0, Z5, Z2; \
	VPXORQ     Z3, Z0, Z0;        \
	VPROLQ     $45, Z3, Z3

#define ROWS4(STORE, at) \
	STEP8;                \
	STORE Z4, at(AX);     \
	STEP8;                \
	STORE Z4, at+64(AX);  \
	STEP8;                \
	STORE Z4, at+128(AX); \
	STEP8;                \
	STORE Z4, at+192(AX)

// While a cell is made, the next one's states are: mixing them takes as long as
// a dozen rows, most of it waiting for multiplications.
#define CELLS8(STORE, cell, last, eight, rest, few, one, next) \
	SEED8;             \
cell: \
	VMOVDQA64 Z16, Z0; \
	VMOVDQA64 Z17, Z1; \
	VMOVDQA64 Z18, Z2; \
	VMOVDQA64 Z19, Z3; \
	CMPQ CX, $1;       \
	JEQ  last;         \
	SEED8;             \
last: \
	MOVQ DI, AX;       \
	MOVQ SI, R14;      \
	SUBQ $8, R14;      \
	JLT  rest;         \
eight: \
	ROWS4(STORE, 0);   \
	ROWS4(STORE, 256); \
	ADDQ $512, AX;     \
	SUBQ $8, R14;      \
	JGE  eight;        \
rest: \
	ADDQ $4, R14;      \
	JLT  few;          \
	ROWS4(STORE, 0);   \
	ADDQ $256, AX;     \
	SUBQ $4, R14;      \
few: \
	ADDQ $4, R14;      \
	JEQ  next;         \
one: \
	STEP8;             \
	STORE Z4, (AX);    \
	ADDQ $64, AX;      \
	DECQ R14;          \
	JNE  one;          \
next: \
	ADDQ $4096, DI;    \
	DECQ CX;           \
	JNE  cell

// func cellsAVX512(dst *byte, cells, rows int, a, b uint64, nt bool)
TEXT ·cellsAVX512(SB), NOSPLIT, $0-41
	ARGUMENTS
	VPBROADCASTQ R10, Z9
	VPBROADCASTQ R11, Z10
	VMOVDQU64    laneIncrements<>(SB), Z8
	TESTQ        $63, DI
	JNE          temporal // the other stores must be aligned
	CMPB         nt+40(FP), $0
	JNE          nontemporal

temporal:
	CELLS8(VMOVDQU64, cell, last, eight, rest, few, one, next)
	VZEROUPPER
	RET

nontemporal:
	CELLS8(VMOVNTDQ, cellNT, lastNT, eightNT, restNT, fewNT, oneNT, nextNT)
	SFENCE
	VZEROUPPER
	RET

// AVX2: two registers hold a word of all lanes, a of the lanes 0 to 3 and b of
// the others. Y0 to Y3 are the states s0 to s3 of a, Y4 to Y7 those of b; Y8
// and Y10 what a step puts out.

DATA mulLow<>+0(SB)/8, $0x1ce4e5b9 // the halves of the mixer's multipliers
DATA mulLow<>+8(SB)/8, $0x133111eb
GLOBL mulLow<>(SB), RODATA|NOPTR, $16

DATA mulHigh<>+0(SB)/8, $0xbf58476d
DATA mulHigh<>+8(SB)/8, $0x94d049bb
GLOBL mulHigh<>(SB), RODATA|NOPTR, $16

// x *= a multiplier, whose halves are in low and high; there is no such
// instruction in AVX2.
#define MUL4(x, low, high, t, u) \
	VPSRLQ   $32, x, t;  \
	VPMULUDQ high, x, u; \
	VPMULUDQ low, t, t;  \
	VPADDQ   u, t, t;    \
	VPSLLQ   $32, t, t;  \
	VPMULUDQ low, x, x;  \
	VPADDQ   t, x, x

#define SHIFT4(n, x, t) \
	VPSRLQ $n, x, t; \
	VPXOR  t, x, x

// mix in two registers, side by side; Y12 to Y15 hold the multipliers
#define MIX4X2(x, t, u, y, v, w) \
	SHIFT4(30, x, t);          \
	SHIFT4(30, y, v);          \
	MUL4(x, Y12, Y13, t, u);   \
	MUL4(y, Y12, Y13, v, w);   \
	SHIFT4(27, x, t);          \
	SHIFT4(27, y, v);          \
	MUL4(x, Y14, Y15, t, u);   \
	MUL4(y, Y14, Y15, v, w);   \
	SHIFT4(31, x, t);          \
	SHIFT4(31, y, v)

#define SEED4X2 \
	VPBROADCASTQ mulLow<>+0(SB), Y12;         \
	VPBROADCASTQ mulHigh<>+0(SB), Y13;        \
	VPBROADCASTQ mulLow<>+8(SB), Y14;         \
	VPBROADCASTQ mulHigh<>+8(SB), Y15;        \
	VMOVQ        AX, X2;                      \
	VMOVQ        BX, X3;                      \
	VPBROADCASTQ X2, Y2;                      \
	VPBROADCASTQ X3, Y3;                      \
	VPADDQ       laneIncrements<>+0(SB), Y2, Y0;  \
	VPADDQ       laneIncrements<>+0(SB), Y3, Y1;  \
	VPADDQ       laneIncrements<>+32(SB), Y2, Y4; \
	VPADDQ       laneIncrements<>+32(SB), Y3, Y5; \
	MIX4X2(Y0, Y6, Y7, Y1, Y8, Y9);           \
	MIX4X2(Y4, Y6, Y7, Y5, Y8, Y9);           \
	VMOVDQA      Y2, Y6;                      \
	VMOVDQA      Y3, Y7

#define STEP4(s0, s1, s2, s3, out, t) \
	VPADDQ s3, s0, out;    \
	VPSLLQ $23, out, t;    \
	VPSRLQ $41, out, out;  \
	VPOR   t, out, out;    \
	VPADDQ s0, out, out;   \
	VPSLLQ $17, s1, t;     \
	VPXOR  s0, s2, s2;     \
	VPXOR  s1, s3, s3;     \
	VPXOR  s2, s1, s1;     \
	VPXOR  s3, s0, s0;     \
	VPXOR  t, s2, s2;      \
	VPSLLQ $45, s3, t;     \
	VPSRLQ $19, s3, s3;    \
	VPOR   t, s3, s3

#define STEP4X2 \
	STEP4(Y0, Y1, Y2, Y3, Y8, Y9); \
	STEP4(Y4, Y5, Y6, Y7, Y10, Y11)

#define CELLS4X2(STORE, cell, two, rest, next) \
cell: \
	KEYS;              \
	SEED4X2;           \
	MOVQ DI, AX;       \
	MOVQ SI, R14;      \
	SUBQ $2, R14;      \
	JLT  rest;         \
two: \
	STEP4X2;           \
	STORE Y8, (AX);    \
	STORE Y10, 32(AX); \
	STEP4X2;           \
	STORE Y8, 64(AX);  \
	STORE Y10, 96(AX); \
	ADDQ $128, AX;     \
	SUBQ $2, R14;      \
	JGE  two;          \
rest: \
	ADDQ $2, R14;      \
	JEQ  next;         \
	STEP4X2;           \
	STORE Y8, (AX);    \
	STORE Y10, 32(AX); \
next: \
	ADDQ $4096, DI;    \
	DECQ CX;           \
	JNE  cell

// func cellsAVX2(dst *byte, cells, rows int, a, b uint64, nt bool)
TEXT ·cellsAVX2(SB), NOSPLIT, $0-41
	ARGUMENTS
	TESTQ $31, DI
	JNE   temporal // the other stores must be aligned
	CMPB  nt+40(FP), $0
	JNE   nontemporal

temporal:
	CELLS4X2(VMOVDQU, cell, two, rest, next)
	VZEROUPPER
	RET

nontemporal:
	CELLS4X2(VMOVNTDQ, cellNT, twoNT, restNT, nextNT)
	SFENCE
	VZEROUPPER
	RET

// func repeatAVX2(cell *byte, n int)
//
// Copies from the start of the cell behind what is there already, so that every
// pass doubles it: what a pass reads was not written just before. A pass may
// write too much, which the next one writes again.
TEXT ·repeatAVX2(SB), NOSPLIT, $0-16
	MOVQ cell+0(FP), SI
	MOVQ n+8(FP), DI
	LEAQ 4096(SI), R8 // end of the cell
	LEAQ 4032(SI), R9 // last place for 64 bytes
	ADDQ SI, DI

pass:
	LEAQ    (DI)(DI*1), R10
	SUBQ    SI, R10 // end of the pass
	CMPQ    R10, R8
	CMOVQHI R8, R10
	MOVQ    SI, AX

copy:
	CMPQ    DI, R9
	JHI     tail
	VMOVDQU (AX), Y0
	VMOVDQU 32(AX), Y1
	VMOVDQU Y0, (DI)
	VMOVDQU Y1, 32(DI)
	ADDQ    $64, AX
	ADDQ    $64, DI
	CMPQ    DI, R10
	JCS     copy
	MOVQ    R10, DI
	CMPQ    DI, R8
	JCS     pass
	VZEROUPPER
	RET

tail:
	MOVQ (AX), R11
	MOVQ R11, (DI)
	ADDQ $8, AX
	ADDQ $8, DI
	CMPQ DI, R8
	JCS  tail
	VZEROUPPER
	RET

// Writes a cell at DI past the caches, 64 bytes at a time from AX on in the
// source SI; AX goes back by R8 when it is there.
#define REPEAT_PAST(COPY, next) \
	MOVQ $64, CX;         \
	XORL AX, AX;          \
next: \
	COPY;                 \
	ADDQ $64, DI;         \
	ADDQ $64, AX;         \
	MOVQ AX, DX;          \
	SUBQ R8, DX;          \
	CMOVQCC DX, AX;       \
	DECQ CX;              \
	JNE  next

#define COPY8 \
	VMOVDQU64 (SI)(AX*1), Z0; \
	VMOVNTDQ  Z0, (DI)

#define COPY4X2 \
	VMOVDQU  (SI)(AX*1), Y0;   \
	VMOVDQU  32(SI)(AX*1), Y1; \
	VMOVNTDQ Y0, (DI);         \
	VMOVNTDQ Y1, 32(DI)

// func repeatPastAVX512(dst, src *byte, n int)
TEXT ·repeatPastAVX512(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), R8
	REPEAT_PAST(COPY8, next)
	VZEROUPPER
	RET

// func repeatPastAVX2(dst, src *byte, n int)
TEXT ·repeatPastAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), R8
	REPEAT_PAST(COPY4X2, next)
	VZEROUPPER
	RET

// func storeFence()
TEXT ·storeFence(SB), NOSPLIT, $0-0
	SFENCE
	RET

// func aligned(p *byte) bool
TEXT ·aligned(SB), NOSPLIT, $0-9
	MOVQ  p+0(FP), AX
	TESTQ $63, AX
	SETEQ ret+8(FP)
	RET
