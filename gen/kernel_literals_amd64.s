//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// Literals. DI is where they go, CX the rows to go, BX the pool. The numbers that choose
// them are drawn first: what has just been stored as words cannot be loaded as vectors yet.

#define DRAWROWS(draw) \
	MOVQ literals+0(FP), DI;      \
	MOVQ rows+8(FP), CX;          \
	MOVQ pool+16(FP), BX;         \
	MOVQ drawn+32(FP), R9;        \
	MOVQ (R9), R13;               \
	MOVQ $0xa0761d6478bd642f, R10; \
	MOVQ $0xe7037ed1a0b428db, R11; \
	MOVQ DI, R8;                  \
	MOVQ CX, R14;                 \
	SHLQ $3, R14;                 \
draw: \
	ADDQ R10, R13;                \
	MOVQ R13, DX;                 \
	XORQ R11, DX;                 \
	MULXQ R13, AX, DX;            \
	XORQ DX, AX;                  \
	MOVQ AX, (R8);                \
	ADDQ $8, R8;                  \
	DECQ R14;                     \
	JNE  draw;                    \
	MOVQ R13, (R9)

// func literalsAVX512(literals *byte, rows int, pool *pieces, flat uint64, drawn *uint64)
TEXT ·literalsAVX512(SB), NOSPLIT, $0-40
	DRAWROWS(draw)
	MOVQ         $0x9fb21c651e98df25, AX
	VPBROADCASTQ AX, Z10
	VPBROADCASTQ flat+24(FP), Z11
	VMOVDQU64    pieces_literals+0(BX), Z16
	VMOVDQU64    pieces_literals+64(BX), Z17
	VMOVDQU64    pieces_literals+128(BX), Z18
	VMOVDQU64    pieces_literals+192(BX), Z19
	VMOVDQU64    pieces_literals+256(BX), Z20
	VMOVDQU64    pieces_literals+320(BX), Z21
	VMOVDQU64    pieces_literals+384(BX), Z22
	VMOVDQU64    pieces_literals+448(BX), Z23

row:
	VMOVDQU64 (DI), Z0
	VPMOVB2M  Z0, K1             // the upper half of a table
	VPMULLQ   Z10, Z0, Z1
	VPSRLQ    $54, Z1, Z1
	VPCMPUQ   $1, Z11, Z1, K2    // words from the flat table
	VMOVDQA64 Z0, Z1
	VMOVDQA64 Z0, Z2
	VMOVDQA64 Z0, Z3
	VPERMI2B  Z17, Z16, Z1
	VPERMI2B  Z19, Z18, Z2
	VPERMI2B  Z21, Z20, Z3
	VPERMI2B  Z23, Z22, Z0
	VMOVDQU8  Z2, K1, Z1
	VMOVDQU8  Z0, K1, Z3
	VMOVDQA64 Z3, K2, Z1
	VMOVDQU64 Z1, (DI)
	ADDQ      $64, DI
	DECQ      CX
	JNE       row
	VZEROUPPER
	RET

// Half a table, by the bits 4 to 6: the lower four choose among 16 bytes.
#define SIXTEEN(table, at, to) \
	VBROADCASTI128 table+at(BX), to; \
	VPSHUFB        Y1, to, to

#define LOOKUP32(table, at, to, t) \
	SIXTEEN(table, at, to);        \
	SIXTEEN(table, at+16, t);      \
	VPBLENDVB Y2, t, to, to

#define LOOKUP64(table, at, to, t, u) \
	LOOKUP32(table, at, to, u);       \
	LOOKUP32(table, at+32, t, u);     \
	VPBLENDVB Y3, t, to, to

#define LOOKUP128(table, at, to, t, u, v) \
	LOOKUP64(table, at, to, u, v);        \
	LOOKUP64(table, at+64, t, u, v);      \
	VPBLENDVB Y4, t, to, to

#define LOOKUP256(table, to, t, u, v, w) \
	LOOKUP128(table, 0, to, u, v, w);    \
	LOOKUP128(table, 128, t, u, v, w);   \
	VPBLENDVB Y0, t, to, to

// func literalsAVX2(literals *byte, rows int, pool *pieces, flat uint64, drawn *uint64)
TEXT ·literalsAVX2(SB), NOSPLIT, $0-40
	DRAWROWS(draw)
	ADDQ         CX, CX
	MOVL         $0x1e98df25, AX // the halves of flatMul
	VMOVQ        AX, X10
	VPBROADCASTQ X10, Y10
	MOVL         $0x9fb21c65, AX
	VMOVQ        AX, X11
	VPBROADCASTQ X11, Y11
	VPBROADCASTQ flat+24(FP), Y12
	MOVL         $0x0f0f0f0f, AX
	VMOVQ        AX, X13
	VPBROADCASTD X13, Y13
	VPCMPEQW     Y15, Y15, Y15
	VPSRLW       $8, Y15, Y15

half:
	VMOVDQU   (DI), Y0
	VPBROADCASTW pieces_flatCount(BX), Y9
	VPBROADCASTB pieces_flatFirst(BX), Y8
	VPSRLW    $8, Y0, Y5 // of 16 bits, the upper byte alone, and the lower one
	VPAND     Y15, Y0, Y6
	VPMULLW   Y9, Y5, Y5
	VPMULLW   Y9, Y6, Y6
	VPSRLW    $8, Y6, Y6
	VPANDN    Y5, Y15, Y5
	VPOR      Y6, Y5, Y5
	VPADDB    Y8, Y5, Y14
	VPAND     Y13, Y0, Y1
	VPSLLW    $3, Y0, Y2
	VPSLLW    $2, Y0, Y3
	VPSLLW    $1, Y0, Y4
	LOOKUP256(pieces_literals, Y5, Y6, Y7, Y8, Y9)
	VPSRLQ    $32, Y0, Y1
	VPMULUDQ  Y11, Y0, Y2
	VPMULUDQ  Y10, Y1, Y1
	VPADDQ    Y2, Y1, Y1
	VPSLLQ    $32, Y1, Y1
	VPMULUDQ  Y10, Y0, Y0
	VPADDQ    Y1, Y0, Y0
	VPSRLQ    $54, Y0, Y0
	VPCMPGTQ  Y0, Y12, Y0 // words from the flat table
	VPBLENDVB Y0, Y14, Y5, Y5
	VMOVDQU   Y5, (DI)
	ADDQ      $32, DI
	DECQ      CX
	JNE       half
	VZEROUPPER
	RET
