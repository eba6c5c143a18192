#include "textflag.h"

// Bytes of each 32-bit word rotated right by 16 and by 8, for VPSHUFB.
DATA rot16<>+0(SB)/8, $0x0504070601000302
DATA rot16<>+8(SB)/8, $0x0d0c0f0e09080b0a
DATA rot16<>+16(SB)/8, $0x0504070601000302
DATA rot16<>+24(SB)/8, $0x0d0c0f0e09080b0a
GLOBL rot16<>(SB), RODATA|NOPTR, $32

DATA rot8<>+0(SB)/8, $0x0407060500030201
DATA rot8<>+8(SB)/8, $0x0c0f0e0d080b0a09
DATA rot8<>+16(SB)/8, $0x0407060500030201
DATA rot8<>+24(SB)/8, $0x0c0f0e0d080b0a09
GLOBL rot8<>(SB), RODATA|NOPTR, $32

DATA iv<>+0(SB)/4, $0x6a09e667
DATA iv<>+4(SB)/4, $0xbb67ae85
DATA iv<>+8(SB)/4, $0x3c6ef372
DATA iv<>+12(SB)/4, $0xa54ff53a
GLOBL iv<>(SB), RODATA|NOPTR, $16

// The words v0 to v15 of the eight states are in Y0 to Y15, but v8, which is at
// (SP), and Y8 is scratch. X and Y are the message words' places.

// Rotate B right by 12 and by 7.
#define ROT12(B) \
	VPSRLD $12, B, Y8; \
	VPSLLD $20, B, B; \
	VPOR   Y8, B, B

#define ROT7(B) \
	VPSRLD $7, B, Y8; \
	VPSLLD $25, B, B; \
	VPOR   Y8, B, B

// G is the quarter round of the specification.
#define G(A, B, C, D, X, Y) \
	VPADDD  (X*32)(SI), A, A; \
	VPADDD  B, A, A; \
	VPXOR   A, D, D; \
	VPSHUFB rot16<>(SB), D, D; \
	VPADDD  D, C, C; \
	VPXOR   C, B, B; \
	ROT12(B); \
	VPADDD  (Y*32)(SI), A, A; \
	VPADDD  B, A, A; \
	VPXOR   A, D, D; \
	VPSHUFB rot8<>(SB), D, D; \
	VPADDD  D, C, C; \
	VPXOR   C, B, B; \
	ROT7(B)

// G8 is G where C is v8.
#define G8(A, B, D, X, Y) \
	VPADDD  (X*32)(SI), A, A; \
	VPADDD  B, A, A; \
	VPXOR   A, D, D; \
	VPSHUFB rot16<>(SB), D, D; \
	VPADDD  (SP), D, Y8; \
	VMOVDQU Y8, (SP); \
	VPXOR   Y8, B, B; \
	ROT12(B); \
	VPADDD  (Y*32)(SI), A, A; \
	VPADDD  B, A, A; \
	VPXOR   A, D, D; \
	VPSHUFB rot8<>(SB), D, D; \
	VPADDD  (SP), D, Y8; \
	VMOVDQU Y8, (SP); \
	VPXOR   Y8, B, B; \
	ROT7(B)

#define ROUND(M0, M1, M2, M3, M4, M5, M6, M7, M8, M9, M10, M11, M12, M13, M14, M15) \
	G8(Y0, Y4, Y12, M0, M1); \
	G(Y1, Y5, Y9, Y13, M2, M3); \
	G(Y2, Y6, Y10, Y14, M4, M5); \
	G(Y3, Y7, Y11, Y15, M6, M7); \
	G(Y0, Y5, Y10, Y15, M8, M9); \
	G(Y1, Y6, Y11, Y12, M10, M11); \
	G8(Y2, Y7, Y13, M12, M13); \
	G(Y3, Y4, Y9, Y14, M14, M15)

// func compress8(l *lanes)
TEXT ·compress8(SB), NOSPLIT, $32-8
	MOVQ         l+0(FP), DI
	LEAQ         256(DI), SI
	VPBROADCASTD iv<>+0(SB), Y8
	VMOVDQU      Y8, (SP)
	VPBROADCASTD iv<>+4(SB), Y9
	VPBROADCASTD iv<>+8(SB), Y10
	VPBROADCASTD iv<>+12(SB), Y11
	VPXOR        Y12, Y12, Y12
	VPXOR        Y13, Y13, Y13
	VMOVDQU      768(DI), Y14
	VMOVDQU      800(DI), Y15
	VMOVDQU      0(DI), Y0
	VMOVDQU      32(DI), Y1
	VMOVDQU      64(DI), Y2
	VMOVDQU      96(DI), Y3
	VMOVDQU      128(DI), Y4
	VMOVDQU      160(DI), Y5
	VMOVDQU      192(DI), Y6
	VMOVDQU      224(DI), Y7

	ROUND(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
	ROUND(2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
	ROUND(3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1)
	ROUND(10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6)
	ROUND(12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4)
	ROUND(9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7)
	ROUND(11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13)

	VPXOR   (SP), Y0, Y0
	VPXOR   Y9, Y1, Y1
	VPXOR   Y10, Y2, Y2
	VPXOR   Y11, Y3, Y3
	VPXOR   Y12, Y4, Y4
	VPXOR   Y13, Y5, Y5
	VPXOR   Y14, Y6, Y6
	VPXOR   Y15, Y7, Y7
	VMOVDQU Y0, 0(DI)
	VMOVDQU Y1, 32(DI)
	VMOVDQU Y2, 64(DI)
	VMOVDQU Y3, 96(DI)
	VMOVDQU Y4, 128(DI)
	VMOVDQU Y5, 160(DI)
	VMOVDQU Y6, 192(DI)
	VMOVDQU Y7, 224(DI)
	VZEROUPPER
	RET
