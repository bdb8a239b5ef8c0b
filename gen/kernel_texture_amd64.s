//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// Tokens: see writeGeneric for what is computed. Each is made in two steps. The first
// chooses what to write and stores it in one of four slots on the stack; the second writes
// it. Between them there are the steps of four other tokens, so that the CPU does not wait
// for the hash, nor for the second level cache.
//
// R8 is where the next byte goes, R9 the next literal, R10 the table, R11 the pool, R12
// the end of the piece before, R13 the counter of random numbers, R14 the key of a next
// token, SI two random numbers, DI 15 and BP 9. The stack has, from 0 on, the slots: where
// the piece begins and the second half of the token; from 32 on the keys by kind; and then
// what is used once a round: the last literal that is enough for one, where the cell ends,
// the counter and the key before the tokens in the slots, and the writer.

#define LOAD \
	MOVQ    w+0(FP), AX;             \
	MOVQ    AX, 88(SP);              \
	MOVQ    writer_out(AX), DX;      \
	MOVQ    writer_pos(AX), R8;      \
	ADDQ    DX, R8;                  \
	ADDQ    $4096, DX;               \
	MOVQ    DX, 64(SP);              \
	MOVQ    writer_literals(AX), R9; \
	MOVQ    writer_have(AX), DX;     \
	LEAQ    -124(R9)(DX*1), DX;      \
	MOVQ    DX, 56(SP);              \
	ADDQ    writer_used(AX), R9;     \
	MOVQ    writer_table(AX), R10;   \
	MOVQ    writer_pool(AX), R11;    \
	MOVQ    writer_end(AX), R12;     \
	MOVQ    writer_drawn(AX), R13;   \
	MOVL    writer_keys+12(AX), R14; \
	VMOVDQU writer_keys+0(AX), X0;   \
	VMOVDQU X0, 32(SP);              \
	MOVQ    $0, 48(SP);              \
	MOVL    $15, DI;                 \
	MOVL    $9, BP

#define SAVE \
	MOVQ 88(SP), AX;              \
	SUBQ writer_out(AX), R8;      \
	MOVQ R8, writer_pos(AX);      \
	SUBQ writer_literals(AX), R9; \
	MOVQ R9, writer_used(AX);     \
	MOVQ R12, writer_end(AX);     \
	MOVQ 72(SP), R13;             \
	MOVQ R13, writer_drawn(AX);   \
	MOVL 80(SP), R14;             \
	MOVL R14, writer_keys+12(AX); \
	VZEROUPPER

DATA drawConstants<>+0(SB)/8, $0xa0761d6478bd642f
DATA drawConstants<>+8(SB)/8, $0xe7037ed1a0b428db
GLOBL drawConstants<>(SB), RODATA|NOPTR, $16

#define DRAW \
	ADDQ  drawConstants<>+0(SB), R13; \
	MOVQ  R13, DX;                    \
	XORQ  drawConstants<>+8(SB), DX;  \
	MULXQ R13, SI, AX;                \
	XORQ  AX, SI

// CHOOSE fills a slot with the token that the lower half of SI, and x, which has nothing
// else, choose. DX is the token, R15 its kind, CX the hash times 5, BX where the piece begins.
#define CHOOSE(slot, x) \
	BZHIL   BP, SI, DX;                  \
	MOVBLZX token_shift(R10)(DX*8), AX;  \
	SHRXQ   AX, x, CX;                   \
	MOVBLZX token_kind(R10)(DX*8), R15;  \
	ADDL    token_base(R10)(DX*8), CX;   \
	IMUL3L  $0x9e3779b1, CX, CX;         \
	MOVL    32(SP)(R15*4), BX;           \
	CMPL    R15, $const_nextToken;       \
	CMOVLEQ R14, BX;                     \
	MOVL    token_shift(R10)(DX*8), AX;  \
	ADDL    BX, CX;                      \
	MOVL    AX, (slot*8+4)(SP);          \
	SHRXL   DI, CX, BX;                  \
	XORL    CX, BX;                      \
	IMUL3L  $0x9d9af417, BX, CX;         \
	IMUL3L  $0x85ebca6b, BX, BX;         \
	SHRXL   DI, BX, BX

#define CHOOSEPIECE(slot, x) \
	CHOOSE(slot, x);                      \
	MOVL       BX, (slot*8)(SP);          \
	PREFETCHT0 pieces_atom(R11)(BX*1);    \
	MOVL       CX, R14

// A token of zeros is no piece to go on from.
#define CHOOSEZEROS(slot, x) \
	CHOOSE(slot, x);                      \
	CMPL       R15, $const_zeroToken;     \
	CMOVLNE    CX, R14;                   \
	CMOVLEQ    96(SP), BX;                \
	MOVL       BX, (slot*8)(SP);          \
	PREFETCHT0 pieces_atom(R11)(BX*1)

#define CHOOSEALL(CHOOSE) \
	MOVQ R13, 72(SP); \
	MOVL R14, 80(SP); \
	DRAW;             \
	MOVL SI, CX;      \
	CHOOSE(0, CX);    \
	SHRQ $32, SI;     \
	CHOOSE(1, SI);    \
	DRAW;             \
	MOVL SI, CX;      \
	CHOOSE(2, CX);    \
	SHRQ $32, SI;     \
	CHOOSE(3, SI)

#define COPY32 \
	VMOVDQU pieces_bytes+0(R11)(BX*1), Y1;  \
	VMOVDQU Y1, (R8)

#define COPY64 \
	VMOVDQU pieces_bytes+0(R11)(BX*1), Y1;  \
	VMOVDQU pieces_bytes+32(R11)(BX*1), Y2; \
	VMOVDQU Y1, (R8);                       \
	VMOVDQU Y2, 32(R8)

// WRITE writes the token of a slot. AX is the number of literals, from BX to DX is the piece.
#define LITERALS(slot, goon, chosen) \
	VMOVDQU (R9), Y0;                                                  \
	MOVBLZX (slot*8+4+token_literals-token_shift)(SP), AX;             \
	VMOVDQU Y0, (R8);                                                  \
	MOVL    (slot*8)(SP), BX;                                          \
	CMPB    (slot*8+4+token_kind-token_shift)(SP), $const_goneOnToken; \
	JEQ     goon;                                                      \
chosen: \
	ADDQ    AX, R9;                                                    \
	ADDQ    AX, R8

// The piece begins and ends with an atom.
#define CUT(slot) \
	MOVBLZX pieces_atom(R11)(BX*1), AX;                  \
	MOVBLZX (slot*8+4+token_length-token_shift)(SP), DX; \
	ADDL    AX, BX;                                      \
	ADDL    BX, DX;                                      \
	MOVBLZX pieces_atom(R11)(DX*1), AX;                  \
	ADDL    AX, DX

#define WRITE(slot, COPY, copied, goon, chosen, more, done) \
	LITERALS(slot, goon, chosen); \
	CUT(slot);                    \
	COPY;                         \
	MOVL DX, R12;                 \
	SUBL BX, DX;                  \
	CMPL DX, $copied;             \
	JHI  more;                    \
done: \
	ADDQ DX, R8

#define WRITESHORT(slot, goon, chosen, more, done) WRITE(slot, COPY32, 32, goon, chosen, more, done)
#define WRITELONG(slot, goon, chosen, more, done) WRITE(slot, COPY64, 64, goon, chosen, more, done)

#define WRITEZEROS(slot, goon, chosen, more, done) \
	LITERALS(slot, goon, chosen); \
	CUT(slot);                    \
	COPY32;                       \
	CMPB (slot*8+4+token_kind-token_shift)(SP), $const_zeroToken; \
	CMOVLNE DX, R12;              \
	SUBL BX, DX;                  \
	CMPL DX, $32;                 \
	JHI  more;                    \
done: \
	ADDQ DX, R8

// A piece that goes on where the one before ended, and so many bytes further as there are
// literals.
#define GOON(goon, chosen) \
goon: \
	LEAL (R12)(AX*1), BX;         \
	ANDL $(const_poolSize-1), BX; \
	JMP  chosen

// The rest of a piece of DX bytes.
#define COPYMORE(copied) \
	LEAQ    pieces_bytes(R11)(BX*1), CX; \
	MOVL    $copied, AX;                 \
	VMOVDQU (CX)(AX*1), Y1;              \
	VMOVDQU Y1, (R8)(AX*1);              \
	ADDL    $32, AX;                     \
	CMPL    AX, DX;                      \
	JLT     -4(PC)

#define MORE(copied, more, done) \
more: \
	COPYMORE(copied); \
	JMP done

#define ROUNDS(CHOOSE, WRITE) \
	CHOOSEALL(CHOOSE); \
round: \
	CMPQ R8, 64(SP);   \
	JHS  full;         \
	CMPQ R9, 56(SP);   \
	JHI  full;         \
	MOVQ R13, 72(SP);  \
	MOVL R14, 80(SP);  \
	DRAW;              \
	WRITE(0, goon0, chosen0, more0, done0); \
	MOVL SI, CX;       \
	CHOOSE(0, CX);     \
	WRITE(1, goon1, chosen1, more1, done1); \
	SHRQ $32, SI;      \
	CHOOSE(1, SI);     \
	DRAW;              \
	WRITE(2, goon2, chosen2, more2, done2); \
	MOVL SI, CX;       \
	CHOOSE(2, CX);     \
	WRITE(3, goon3, chosen3, more3, done3); \
	SHRQ $32, SI;      \
	CHOOSE(3, SI);     \
	JMP  round

#define REST(copied) \
full: \
	SAVE; \
	RET;  \
	GOON(goon0, chosen0); \
	GOON(goon1, chosen1); \
	GOON(goon2, chosen2); \
	GOON(goon3, chosen3); \
	MORE(copied, more0, done0); \
	MORE(copied, more1, done1); \
	MORE(copied, more2, done2); \
	MORE(copied, more3, done3)

// func writeShortAVX2(w *writer)
TEXT ·writeShortAVX2(SB), NOSPLIT, $104-8
	LOAD
	ROUNDS(CHOOSEPIECE, WRITESHORT)
	REST(32)

// func writeLongAVX2(w *writer)
TEXT ·writeLongAVX2(SB), NOSPLIT, $104-8
	LOAD
	ROUNDS(CHOOSEPIECE, WRITELONG)
	REST(64)

// func writeZerosAVX2(w *writer)
TEXT ·writeZerosAVX2(SB), NOSPLIT, $104-8
	LOAD
	MOVQ $const_zerosAt, AX
	MOVQ AX, 96(SP)
	ROUNDS(CHOOSEZEROS, WRITEZEROS)
	REST(32)

// Lines begin behind a time, without literals, and end with a piece that reaches the end
// of one. 96(SP) is not 0 if the next token begins a line.

#define WRITELINES(slot, goon, chosen, more, done) \
	CMPL    96(SP), $0;                 \
	JNE     goon;                       \
	LITERALS(slot, goon, chosen);       \
	CUT(slot);                          \
	MOVBLZX pieces_line(R11)(BX*1), AX; \
	COPY64;                             \
	MOVL    DX, R12;                    \
	SUBL    BX, DX;                     \
	CMPL    DX, AX;                     \
	JHS     more;                       \
	CMPL    DX, $64;                    \
	JHI     more;                       \
	ADDQ    DX, R8;                     \
done:

#define BEGINLINE(slot, goon, chosen) \
goon: \
	MOVBLZX (slot*8+4+token_literals-token_shift)(SP), AX;             \
	CMPL    96(SP), $0;                                                \
	JEQ     11(PC);                                                    \
	XORL    AX, AX;                                                    \
	MOVL    AX, 96(SP);                                                \
	MOVL    (slot*8)(SP), BX;                                          \
	CMPB    (slot*8+4+token_kind-token_shift)(SP), $const_goneOnToken; \
	JNE     2(PC);                                                     \
	MOVL    R12, BX;                                                   \
	ANDL    $(const_poolSize-1), BX;                                   \
	MOVBLZX pieces_line(R11)(BX*1), DX;                                \
	ADDL    DX, BX;                                                    \
	JMP     2(PC);                                                     \
	LEAL    (R12)(AX*1), BX;                                           \
	ANDL    $(const_poolSize-1), BX;                                   \
	JMP     chosen

// A piece of DX bytes that is longer than what has been copied, or than the AX bytes that
// are left of its line. Where DX bytes of the cell come to a second is 5243 >> 19 of it.
#define ENDLINE(more, done) \
more: \
	CMPL    DX, AX;               \
	JLS     2(PC);                \
	MOVL    AX, DX;               \
	LEAL    (BX)(DX*1), R12;      \
	CMPL    DX, $64;              \
	JLS     8(PC);                \
	COPYMORE(64);                 \
	ADDQ    DX, R8;               \
	CMPB    -1(R8), $10;          \
	JNE     done;                 \
	CMPQ    R8, 64(SP);           \
	JHS     done;                 \
	MOVQ    88(SP), AX;           \
	MOVQ    R8, DX;               \
	SUBQ    writer_out(AX), DX;   \
	MOVQ    writer_clock(AX), CX; \
	ADDQ    clock_begin(CX), DX;  \
	IMUL3L  $5243, DX, DX;        \
	SHRL    $19, DX;              \
	SHLL    $5, DX;               \
	VMOVDQU clock_times(CX)(DX*1), Y0; \
	VMOVDQU Y0, (R8);             \
	ADDQ    $20, R8;              \
	MOVL    $1, 96(SP);           \
	JMP     done

// func writeLinesAVX2(w *writer)
TEXT ·writeLinesAVX2(SB), NOSPLIT, $104-8
	LOAD
	MOVBLZX writer_begins(AX), DX
	MOVQ    DX, 96(SP)
	ROUNDS(CHOOSEPIECE, WRITELINES)

full:
	MOVQ 96(SP), DX
	MOVQ 88(SP), AX
	MOVB DX, writer_begins(AX)
	SAVE
	RET
	BEGINLINE(0, goon0, chosen0)
	BEGINLINE(1, goon1, chosen1)
	BEGINLINE(2, goon2, chosen2)
	BEGINLINE(3, goon3, chosen3)
	ENDLINE(more0, done0)
	ENDLINE(more1, done1)
	ENDLINE(more2, done2)
	ENDLINE(more3, done3)
