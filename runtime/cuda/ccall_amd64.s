//go:build !windows

#include "textflag.h"

// func ccall(frame *ccallFrame), with the C calling convention of System V, on the system stack: runtime.cgocall calls
// it with the frame in DI. It calls frame.fn with the eleven integers of frame.args and stores the result.
//
//	0  fn   8…88  args[0…10]   96  ret
GLOBL ·ccallABI0(SB), NOPTR|RODATA, $8
DATA ·ccallABI0(SB)/8, $ccall(SB)

TEXT ccall(SB), NOSPLIT|NOFRAME, $0
	PUSHQ BP
	MOVQ  SP, BP
	PUSHQ BX
	SUBQ  $56, SP // five words for args[6…10], and SP a multiple of 16 at the call

	MOVQ DI, BX // callee-saved: the frame survives the call

	MOVQ 56(BX), AX
	MOVQ AX, 0(SP)
	MOVQ 64(BX), AX
	MOVQ AX, 8(SP)
	MOVQ 72(BX), AX
	MOVQ AX, 16(SP)
	MOVQ 80(BX), AX
	MOVQ AX, 24(SP)
	MOVQ 88(BX), AX
	MOVQ AX, 32(SP)

	MOVQ 8(BX), DI
	MOVQ 16(BX), SI
	MOVQ 24(BX), DX
	MOVQ 32(BX), CX
	MOVQ 40(BX), R8
	MOVQ 48(BX), R9
	MOVQ 0(BX), R10
	XORL AX, AX
	CALL R10
	MOVQ AX, 96(BX)

	XORL AX, AX
	ADDQ $56, SP
	POPQ BX
	POPQ BP
	RET
