//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// Tokens: see writer.choose and writeGeneric for what is computed. The places of a round's
// pieces are chosen while the round before is written, all eight at a time.
//
// R8 is where the next byte goes, R9 the next literal, R10 the table, R11 the pool, R12 the end
// of the piece before, R13 the first token of the next round and R14 that of this one, SI the
// last literal that is enough for a round, DI where the cell ends, R15 the writer. The stack
// has the places of this round and what chose the four pieces before the next one.
//
// Y6 are the places of the next round, Y7 what chose its pieces, Y8 the numbers of the round
// after it; Y9 and Y10 lead from there to the one after that; Y11 and Y12 are placeMul and
// placeMul2, Y13 the keys by kind, Y14 and Y15 the kinds next and gone on.

// Powers of drawMul from the first on, and the sums of those before them.
DATA drawPowers<>+0(SB)/8, $0xca0bb079915f77f5
DATA drawPowers<>+8(SB)/8, $0x980c9931d21f22cd
DATA drawPowers<>+16(SB)/8, $0xc6611829f97362e5
DATA drawPowers<>+24(SB)/8, $0xe8439b612d5e2e3d
GLOBL drawPowers<>(SB), RODATA|NOPTR, $32
DATA drawSums<>+0(SB)/8, $0x915f77f600000001
DATA drawSums<>+8(SB)/8, $0x2d8a4b3c5b6b286f
DATA drawSums<>+16(SB)/8, $0xbf0a4752c596e46d
DATA drawSums<>+24(SB)/8, $0xb2c98db8856b5f7b
GLOBL drawSums<>(SB), RODATA|NOPTR, $32

DATA lowest<>+0(SB)/8, $0x000000ff000000ff
DATA lowest<>+8(SB)/8, $0x000000ff000000ff
DATA lowest<>+16(SB)/8, $0x000000ff000000ff
DATA lowest<>+24(SB)/8, $0x000000ff000000ff
GLOBL lowest<>(SB), RODATA|NOPTR, $32

DATA lower<>+0(SB)/8, $0x0000ffff0000ffff
DATA lower<>+8(SB)/8, $0x0000ffff0000ffff
DATA lower<>+16(SB)/8, $0x0000ffff0000ffff
DATA lower<>+24(SB)/8, $0x0000ffff0000ffff
GLOBL lower<>(SB), RODATA|NOPTR, $32

#define BROADCAST(n, x, y) \
	MOVL         n, AX;   \
	VMOVD        AX, x;   \
	VPBROADCASTD x, y

#define LOAD \
	MOVQ         w+0(FP), R15;               \
	MOVQ         writer_out(R15), DI;        \
	MOVQ         writer_pos(R15), R8;        \
	ADDQ         DI, R8;                     \
	ADDQ         $const_Cell, DI;            \
	MOVQ         writer_literals(R15), R9;   \
	MOVQ         writer_have(R15), SI;       \
	LEAQ         -(const_round*const_maxLiterals)(R9)(SI*1), SI; \
	ADDQ         writer_used(R15), R9;       \
	MOVQ         writer_table(R15), R10;     \
	MOVQ         writer_pool(R15), R11;      \
	MOVQ         writer_end(R15), R12;       \
	MOVQ         writer_next(R15), R13;      \
	VPBROADCASTD writer_before(R15), Y7;     \
	VPBROADCASTD writer_step(R15), Y0;       \
	VPBROADCASTD writer_drawn(R15), Y8;      \
	VPMULLD      drawPowers<>(SB), Y8, Y8;   \
	VPMULLD      drawSums<>(SB), Y0, Y1;     \
	VPADDD       Y1, Y8, Y8;                 \
	VPBROADCASTD drawSums<>+28(SB), Y10;     \
	VPMULLD      Y0, Y10, Y10;               \
	VPBROADCASTD drawPowers<>+28(SB), Y9;    \
	BROADCAST($const_placeMul, X11, Y11);    \
	BROADCAST($const_placeMul2, X12, Y12);   \
	VMOVDQU      writer_keys(R15), Y13;      \
	BROADCAST($const_nextToken, X14, Y14);   \
	BROADCAST($const_goneOnToken, X15, Y15)

// The numbers of the round that has been chosen, and not written, are drawn again: the last
// one before them is that before those of Y8, eight steps further back.
#define SAVE \
	SUBQ       $const_Cell, DI;          \
	SUBQ       DI, R8;                   \
	MOVQ       R8, writer_pos(R15);      \
	SUBQ       writer_literals(R15), R9; \
	MOVQ       R9, writer_used(R15);     \
	MOVQ       R12, writer_end(R15);     \
	MOVQ       R13, writer_next(R15);    \
	MOVL       44(SP), AX;               \
	MOVL       AX, writer_before(R15);   \
	VMOVD      X8, AX;                   \
	VMOVD      X10, DX;                  \
	SUBL       writer_step(R15), AX;     \
	IMUL3L     $0xd2e43c5d, AX, AX;      \
	SUBL       DX, AX;                   \
	IMUL3L     $0x46c848a1, AX, AX;      \
	MOVL       AX, writer_drawn(R15);    \
	VZEROUPPER

// CHOOSE makes the places of the round R13.
#define CHOOSE \
	VMOVDQU      dialTable_class(R10)(R13*4), Y0;    \
	VEXTRACTI128 $1, Y7, 32(SP);                     \
	VPSRLD       $const_drawnShift, Y8, Y2;          \
	VPSRLD       $16, Y0, Y1;                        \
	VPAND        lower<>(SB), Y0, Y0;                \
	VPAND        Y1, Y2, Y2;                         \
	VPADDD       Y0, Y2, Y2;                         \
	VMOVDQU      dialTable_shape(R10)(R13*4), Y1;    \
	VPAND        lowest<>(SB), Y1, Y1;             \
	VPMULLD      Y9, Y8, Y8;                         \
	VPMULLD      Y11, Y2, Y2;                        \
	VPERMD       Y13, Y1, Y3;                        \
	VPADDD       Y10, Y8, Y8;                        \
	VPXOR        Y3, Y2, Y2;                         \
	VPERM2I128   $0x03, Y7, Y2, Y4;                  \
	VPALIGNR     $12, Y4, Y2, Y4;                    \
	VPCMPEQD     Y14, Y1, Y5;                        \
	VMOVDQA      Y2, Y7;                             \
	VPSRLD       $7, Y4, Y4;                         \
	VPAND        Y5, Y4, Y4;                         \
	VPCMPGTD     Y1, Y15, Y5;                        \
	VPXOR        Y4, Y2, Y2;                         \
	VPMULLD      Y12, Y2, Y2;                        \
	VPSRLD       $(32-const_poolBits), Y2, Y2;       \
	VPAND        Y5, Y2, Y6

#define COPY32 \
	VMOVDQU pieces_bytes+0(R11)(BX*1), Y1;  \
	VMOVDQU Y1, (R8)

#define COPY64 \
	VMOVDQU pieces_bytes+0(R11)(BX*1), Y1;  \
	VMOVDQU pieces_bytes+32(R11)(BX*1), Y2; \
	VMOVDQU Y1, (R8);                       \
	VMOVDQU Y2, 32(R8)

// LITERALS writes the literals of a token and finds its place, BX.
#define LITERALS(slot, goon, chosen) \
	VMOVDQU (R9), Y0;                                         \
	MOVBLZX dialTable_shape+(4*slot+const_literalsByte)(R10)(R14*4), AX;          \
	VMOVDQU Y0, (R8);                                         \
	MOVL    (slot*4)(SP), BX;                                 \
	CMPB    dialTable_shape+(4*slot+const_kindByte)(R10)(R14*4), $const_goneOnToken; \
	JEQ     goon;                                             \
chosen: \
	ADDQ    AX, R9;                                           \
	ADDQ    AX, R8

// A piece goes on where the one before ended, and so many bytes further as there are literals.
#define GOON(goon, chosen) \
goon: \
	LEAL (R12)(AX*1), BX;         \
	ANDL $(const_poolSize-1), BX; \
	JMP  chosen

// The piece, from BX to DX, begins and ends with an atom.
#define BEGIN \
	MOVBLZX pieces_atom(R11)(BX*1), AX; \
	ADDL    AX, BX

#define CUT(slot) \
	BEGIN;                                         \
	MOVBLZX dialTable_shape+(4*slot+const_lengthByte)(R10)(R14*4), DX; \
	ADDL    BX, DX;                                \
	MOVBLZX pieces_atom(R11)(DX*1), AX;            \
	ADDL    AX, DX

#define COPY(COPYSOME, copied, more, done) \
	COPYSOME;          \
	MOVL DX, R12;      \
	SUBL BX, DX;       \
	CMPL DX, $copied;  \
	JHI  more;         \
done: \
	ADDQ DX, R8

// The rest of a piece of DX bytes.
#define MORE(copied, more, done) \
more: \
	LEAQ    pieces_bytes(R11)(BX*1), CX; \
	MOVL    $copied, AX;                 \
	VMOVDQU (CX)(AX*1), Y1;              \
	VMOVDQU Y1, (R8)(AX*1);              \
	ADDL    $32, AX;                     \
	CMPL    AX, DX;                      \
	JLT     -4(PC);                      \
	JMP     done

#define ROUND \
	CMPQ    R8, DI;          \
	JHS     full;            \
	CMPQ    R9, SI;          \
	JHI     full;            \
	VMOVDQU Y6, (SP);        \
	MOVL    R13, R14;        \
	ADDL    $const_round, R13; \
	ANDL    $(const_entries-1), R13; \
	CHOOSE

#define WRITE(slot, COPYSOME, copied, goon, chosen, more, done) \
	LITERALS(slot, goon, chosen); \
	CUT(slot);                    \
	COPY(COPYSOME, copied, more, done)

// func writeAVX2(w *writer)
TEXT ·writeAVX2(SB), NOSPLIT, $48-8
	LOAD
	CHOOSE

round:
	ROUND
	WRITE(0, COPY64, 64, goon0, chosen0, more0, done0)
	WRITE(1, COPY32, 32, goon1, chosen1, more1, done1)
	WRITE(2, COPY32, 32, goon2, chosen2, more2, done2)
	WRITE(3, COPY32, 32, goon3, chosen3, more3, done3)
	CMPQ R8, DI
	JHS  full
	WRITE(4, COPY64, 64, goon4, chosen4, more4, done4)
	WRITE(5, COPY32, 32, goon5, chosen5, more5, done5)
	WRITE(6, COPY32, 32, goon6, chosen6, more6, done6)
	WRITE(7, COPY32, 32, goon7, chosen7, more7, done7)
	JMP  round

full:
	SAVE
	RET
	GOON(goon0, chosen0)
	GOON(goon1, chosen1)
	GOON(goon2, chosen2)
	GOON(goon3, chosen3)
	GOON(goon4, chosen4)
	GOON(goon5, chosen5)
	GOON(goon6, chosen6)
	GOON(goon7, chosen7)
	MORE(64, more0, done0)
	MORE(32, more1, done1)
	MORE(32, more2, done2)
	MORE(32, more3, done3)
	MORE(64, more4, done4)
	MORE(32, more5, done5)
	MORE(32, more6, done6)
	MORE(32, more7, done7)

// Lines: see writeLinesGeneric. Where DX bytes of the cell come to a second is 5243 >> 19 of it.

#define WRITEFIRST(slot, goon, chosen, more, done) \
	MOVQ    writer_clock(R15), CX;       \
	LEAQ    const_Cell(R8), DX;          \
	SUBQ    DI, DX;                      \
	ADDQ    clock_begin(CX), DX;         \
	IMUL3L  $5243, DX, DX;               \
	SHRL    $19, DX;                     \
	SHLL    $5, DX;                      \
	VMOVDQU clock_times(CX)(DX*1), Y0;   \
	VMOVDQU Y0, (R8);                    \
	ADDQ    $const_timeLength, R8;       \
	LITERALS(slot, goon, chosen);        \
	MOVBLZX pieces_line(R11)(BX*1), DX;  \
	ADDL    DX, BX;                      \
	ANDL    $(const_poolSize-1), BX;     \
	CUTINLINE(slot);                     \
	COPY(COPY64, 64, more, done)

// A piece that ends before its line does.
#define CUTINLINE(slot) \
	CUT(slot);                          \
	MOVBLZX pieces_line(R11)(BX*1), AX; \
	LEAL    -1(BX)(AX*1), AX;           \
	CMPL    AX, DX;                     \
	CMOVLCS AX, DX

#define WRITENEXT(slot, goon, chosen, more, done) \
	LITERALS(slot, goon, chosen);       \
	CUTINLINE(slot);                    \
	COPY(COPY64, 64, more, done)

#define WRITELAST(slot, goon, chosen, more, done) \
	LITERALS(slot, goon, chosen);       \
	BEGIN;                              \
	MOVBLZX pieces_line(R11)(BX*1), DX; \
	MOVBLZX dialTable_shape+(4*slot+const_lengthByte)(R10)(R14*4), AX; \
	ADDL    BX, DX;                     \
	MOVL    DX, CX;                     \
	SUBL    AX, CX;                     \
	CMPL    CX, BX;                     \
	CMOVLGT CX, BX;                     \
	COPY(COPY64, 64, more, done)

// func writeLinesAVX2(w *writer)
TEXT ·writeLinesAVX2(SB), NOSPLIT, $48-8
	LOAD
	CHOOSE

round:
	ROUND
	WRITEFIRST(0, goon0, chosen0, more0, done0)
	WRITENEXT(1, goon1, chosen1, more1, done1)
	WRITENEXT(2, goon2, chosen2, more2, done2)
	WRITELAST(3, goon3, chosen3, more3, done3)
	CMPQ R8, DI
	JHS  full
	WRITEFIRST(4, goon4, chosen4, more4, done4)
	WRITENEXT(5, goon5, chosen5, more5, done5)
	WRITENEXT(6, goon6, chosen6, more6, done6)
	WRITELAST(7, goon7, chosen7, more7, done7)
	JMP  round

full:
	SAVE
	RET
	GOON(goon0, chosen0)
	GOON(goon1, chosen1)
	GOON(goon2, chosen2)
	GOON(goon3, chosen3)
	GOON(goon4, chosen4)
	GOON(goon5, chosen5)
	GOON(goon6, chosen6)
	GOON(goon7, chosen7)
	MORE(64, more0, done0)
	MORE(64, more1, done1)
	MORE(64, more2, done2)
	MORE(64, more3, done3)
	MORE(64, more4, done4)
	MORE(64, more5, done5)
	MORE(64, more6, done6)
	MORE(64, more7, done7)

// func literalsAVX2(literals *byte, rows int, pool *pieces, flat uint64, drawn *uint64)
//
// See literalsGeneric. DI is where the row goes, CX the rows to go, BX the pool.
TEXT ·literalsAVX2(SB), NOSPLIT, $0-40
	MOVQ literals+0(FP), DI
	MOVQ rows+8(FP), CX
	MOVQ pool+16(FP), BX
	MOVQ flat+24(FP), R8
	MOVQ drawn+32(FP), R9
	MOVQ (R9), R13
	MOVQ $const_drawStep, R10
	MOVQ $const_drawKey, R11

row:
	ADDQ    R10, R13
	MOVQ    R13, DX
	XORQ    R11, DX
	MULXQ   R13, AX, DX
	XORQ    DX, AX
	MOVQ    AX, DX
	SHRQ    $54, DX
	CMPQ    DX, R8                   // below: of the second kind
	SBBQ    SI, SI
	ANDL    $(const_literalSpan+const_rowSize), SI
	ADDQ    BX, SI
	MOVL    AX, DX
	ANDL    $(const_literalSpan-1), DX
	MOVQ    AX, R12
	SHRQ    $17, R12
	ANDL    $(const_literalSpan-1), R12
	SHRQ    $34, AX
	ANDL    $(const_maskSpan-1), AX
	VMOVDQU pieces_literals+0(SI)(DX*1), Y0
	VMOVDQU pieces_literals+32(SI)(DX*1), Y1
	VPXOR   pieces_literals+0(SI)(R12*1), Y0, Y2
	VPXOR   pieces_literals+32(SI)(R12*1), Y1, Y3
	VPAND   pieces_masks+0(BX)(AX*1), Y2, Y2
	VPAND   pieces_masks+32(BX)(AX*1), Y3, Y3
	VPXOR   Y2, Y0, Y0
	VPXOR   Y3, Y1, Y1
	VMOVDQU Y0, 0(DI)
	VMOVDQU Y1, 32(DI)
	ADDQ    $64, DI
	DECQ    CX
	JNE     row
	MOVQ    R13, (R9)
	VZEROUPPER
	RET
