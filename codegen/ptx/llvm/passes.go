package llvm

// O3 is LLVM's own pipeline for -O3.
const O3 = "default<O3>"

// NoPasses only checks the module: what the printer wrote goes to the code generator as it is. The PTX shows the printer's
// instructions one by one, for reading and for tests; it is no faster to make.
const NoPasses = "verify"

// DefaultPasses is a short pipeline for kernels that our own passes have already shaped: unrolling, vectorising and inlining are done
// before LLVM sees them. What is left for LLVM is to share the address arithmetic of a thousand unrolled accesses, to move it
// out of the loop, and to turn small branches into predicates. The code generator repeats some of it (loads become vectors,
// addresses become base and offset there).
//
// Measured by BenchmarkPasses with LLVM 22.1.8 and ptxas 13.5 for sm_90a, on one core; passes/codegen in ms, registers, SASS instructions:
//
//	           matmul, 16 mma tiles       softmax, 16 a thread      softmax, 64 a thread
//	none       0.5/37.6  96  1251         0.3/6.1  90  911          0.5/39.6  207  3334
//	default    2.6/14.4  128  553         0.8/4.9  44  725          2.6/34     96  2640
//	O3        10.3/14.1  128  552         3.5/5.0  45  725         10.8/32.5   96  2640
//
// So -O3 pays four times as much for the same code. Without instcombine the softmax grows by 15 %, without licm the matmul loop
// by 2 %; gvn, adce and second rounds change nothing.
//
// Inline assembly is opaque to all of these: what keeps a pass from making a barrier or an mma conditional, or from copying it into two
// branches, is the convergent attribute. Every pass here and in -O3 respects it, while simplifycfg does copy
// a volatile asm without it (a test shows both), so every instruction that a whole warp must meet has to carry it
// (llx.Asm.Convergent).
const DefaultPasses = "function(sroa,early-cse<memssa>,instcombine<no-verify-fixpoint>,loop-mssa(licm),simplifycfg)"
