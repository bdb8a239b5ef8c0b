#include "textflag.h"

// DI: where to store, CX: bytes left, AX: the value

// func storeStos(p *byte, n uint64, value uint64)
TEXT ·storeStos(SB), NOSPLIT, $0-24
	MOVQ p+0(FP), DI
	MOVQ n+8(FP), CX
	MOVQ value+16(FP), AX
	CLD
	REP; STOSB
	RET

// func storeNT16(p *byte, n uint64, value uint64)
TEXT ·storeNT16(SB), NOSPLIT, $0-24
	MOVQ p+0(FP), DI
	MOVQ n+8(FP), CX
	MOVQ value+16(FP), AX
	MOVQ AX, X0
	PUNPCKLQDQ X0, X0
loop:
	MOVNTO X0, (DI)
	MOVNTO X0, 16(DI)
	MOVNTO X0, 32(DI)
	MOVNTO X0, 48(DI)
	ADDQ $64, DI
	SUBQ $64, CX
	JNZ  loop
	SFENCE
	RET

// func store32(p *byte, n uint64, value uint64)
TEXT ·store32(SB), NOSPLIT, $0-24
	MOVQ p+0(FP), DI
	MOVQ n+8(FP), CX
	VPBROADCASTQ value+16(FP), Y0
loop:
	VMOVDQA Y0, (DI)
	VMOVDQA Y0, 32(DI)
	ADDQ $64, DI
	SUBQ $64, CX
	JNZ  loop
	VZEROUPPER
	RET

// func storeNT32(p *byte, n uint64, value uint64)
TEXT ·storeNT32(SB), NOSPLIT, $0-24
	MOVQ p+0(FP), DI
	MOVQ n+8(FP), CX
	VPBROADCASTQ value+16(FP), Y0
loop:
	VMOVNTDQ Y0, (DI)
	VMOVNTDQ Y0, 32(DI)
	ADDQ $64, DI
	SUBQ $64, CX
	JNZ  loop
	SFENCE
	VZEROUPPER
	RET

// func store64(p *byte, n uint64, value uint64)
TEXT ·store64(SB), NOSPLIT, $0-24
	MOVQ p+0(FP), DI
	MOVQ n+8(FP), CX
	VPBROADCASTQ value+16(FP), Z0
loop:
	VMOVDQA64 Z0, (DI)
	ADDQ $64, DI
	SUBQ $64, CX
	JNZ  loop
	VZEROUPPER
	RET

// func storeNT64(p *byte, n uint64, value uint64)
TEXT ·storeNT64(SB), NOSPLIT, $0-24
	MOVQ p+0(FP), DI
	MOVQ n+8(FP), CX
	VPBROADCASTQ value+16(FP), Z0
loop:
	VMOVNTDQ Z0, (DI)
	ADDQ $64, DI
	SUBQ $64, CX
	JNZ  loop
	SFENCE
	VZEROUPPER
	RET
