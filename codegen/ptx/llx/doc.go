// Package llx writes LLVM 22 text through llir/llvm, which stopped at LLVM 14.
//
// The model: llir's values and blocks stay as they are, and this package adds the spellings that LLVM learned since.
//
//   - opaque pointers, one type per address space ([Ptr], [Global], [Shared], …), and the instructions whose llir
//     constructors insist on typed pointers ([Load], [Store], [GEP], [AtomicRMW], [ICmp], [Phi], …);
//   - bfloat, its vectors, and floating-point constants spelled by their bits. llir prints half and float constants
//     through big.Float and truncates them toward zero, so its constant.Float must never be used here;
//   - attributes newer than llir ([Attr]) and any instruction that llir lacks ([Raw]);
//   - inline assembly with any number of results and tied operands ([Asm]).
//
// Operands that come from llir's own pointer-typed values (globals, allocas) are re-typed by [Ref], so that a module
// never mixes typed and opaque pointers: LLVM 22 upgrades typed ones, but refuses a mixture.
//
// The boundary: llx knows LLVM's text and nothing of tiles, layouts or PTX beyond NVPTX's address spaces and
// constraint letters. It never parses; reading back is LLVM's work (package llvm, next door). Misuse (a call with a wrong
// number of operands, a constant of a type that has no bits) is a programming error of the printer and panics.
package llx
