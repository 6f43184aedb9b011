package layout

import "fmt"

// The layouts that hardware instructions prescribe, for one warp unless said otherwise. Elements are counted in the order
// of the instruction's registers, the low bits of a register first; local i of a thread is element i of its vector.
// Sections of the PTX ISA manual are cited by title; their numbers change with every version.

// fragments are their surface names.
var fragments = map[string]func(args []int) (Layout, error){
	"mma_a":       bitsFragment(MMAA),
	"mma_b":       bitsFragment(MMAB),
	"mma_c":       plainFragment(MMAC),
	"ldmatrix":    bitsFragment(LdMatrix),
	"ldmatrix_t":  plainFragment(LdMatrixTrans),
	"stmatrix":    bitsFragment(LdMatrix),
	"wgmma_a":     bitsFragment(WGMMAA),
	"wgmma_d":     wgmmaFragment,
	"mma_f64_a":   plainFragment(MMAF64A),
	"mma_f64_b":   plainFragment(MMAF64B),
	"mma_f64_c":   plainFragment(MMAF64C),
	"ldmatrix_x2": countFragment(2),
	"ldmatrix_x4": countFragment(4),
}

func bitsFragment(f func(bits int) Layout) func([]int) (Layout, error) {
	return func(args []int) (Layout, error) {
		if len(args) != 1 || !fragmentBits(args[0]) {
			return Layout{}, fmt.Errorf("takes the element width in bits: 1, 2, 4, 8, 16 or 32; found %v", args)
		}
		return f(args[0]), nil
	}
}

func countFragment(n int) func([]int) (Layout, error) {
	return func(args []int) (Layout, error) {
		if len(args) != 1 || !fragmentBits(args[0]) {
			return Layout{}, fmt.Errorf("takes the element width in bits: 1, 2, 4, 8, 16 or 32; found %v", args)
		}
		return Local(n, 1).must(LdMatrix(args[0])), nil
	}
}

func plainFragment(f func() Layout) func([]int) (Layout, error) {
	return func(args []int) (Layout, error) {
		if len(args) != 0 {
			return Layout{}, fmt.Errorf("takes no numbers; found %v", args)
		}
		return f(), nil
	}
}

func wgmmaFragment(args []int) (Layout, error) {
	if len(args) != 1 || args[0] < 8 || args[0] > 256 || args[0]%8 != 0 {
		return Layout{}, fmt.Errorf("takes N, a multiple of 8 from 8 to 256; found %v", args)
	}
	return WGMMAD(args[0]), nil
}

func fragmentBits(b int) bool { return b >= 1 && b <= 32 && b&(b-1) == 0 }

func perWord(what string, bits int) int {
	if !fragmentBits(bits) {
		panic(fmt.Sprintf("layout: %s: %d bits do not pack into 32", what, bits))
	}
	return 32 / bits
}

// MMAA is the A operand of mma.sync m16n8kK with K = 256/bits, shape (16, K): four registers of 32/bits elements. bits is 1,
// 2, 4, 8, 16 or 32. Sections "Matrix Fragments for mma.m16n8k8" (tf32), "… mma.m16n8k16 with floating point type" (f16 and
// bf16), "… mma.m16n8k32" (8 bits), "… mma.m16n8k64" (4 bits) and "… mma.m16n8k256" (1 bit).
func MMAA(bits int) Layout {
	return ColumnLocal(2, 2).Spatial(8, 4).Local(1, perWord("mma A", bits))
}

// MMAB is the B operand that belongs to MMAA, shape (K, 8): two registers. Same sections.
func MMAB(bits int) Layout {
	return Local(2, 1).ColumnSpatial(4, 8).Local(perWord("mma B", bits), 1)
}

// MMAC is the accumulator of every m16n8 mma.sync with 32-bit results, and of the 16-bit ones with two elements in a
// register; shape (16, 8). Section "Matrix Fragments for mma.m16n8k16
// with floating point type".
func MMAC() Layout { return Local(2, 1).Spatial(8, 4).Local(1, 2) }

// MMAAHalf is the A operand of the shapes with half of MMAA's K (m16n8k8 f16, m16n8k16 8-bit, m16n8k4 tf32): two registers.
// Sections "Matrix Fragments for mma.m16n8k8" (f16), "… mma.m16n8k16 with integer type" and "… mma.m16n8k4" (tf32).
func MMAAHalf(bits int) Layout {
	return Local(2, 1).Spatial(8, 4).Local(1, perWord("mma A", bits))
}

// MMABHalf is the B operand that belongs to MMAAHalf: one register.
func MMABHalf(bits int) Layout {
	return ColumnSpatial(4, 8).Local(perWord("mma B", bits), 1)
}

// MMAF64A, MMAF64B and MMAF64C are the operands of mma.sync m8n8k4 on f64. Section "Matrix
// Fragments for mma.m8n8k4 with .f64 floating point type".
func MMAF64A() Layout { return Spatial(8, 4) }

// MMAF64B is the B operand, shape (4, 8); see MMAF64A.
func MMAF64B() Layout { return ColumnSpatial(4, 8) }

// MMAF64C is the accumulator, shape (8, 8); see MMAF64A.
func MMAF64C() Layout { return Spatial(8, 4).Local(1, 2) }

// LdMatrix is one 8-row matrix of ldmatrix.m8n8 and of stmatrix, rows of 16 bytes: shape (8, 128/bits). Thread t gets the
// four bytes t%4 of row t/4. x2 and x4 put further matrices into further registers; lane 8j+r holds the address of row r of
// matrix j. Sections "Warp-level matrix load instruction: ldmatrix" and "Warp-level matrix store instruction: stmatrix".
func LdMatrix(bits int) Layout { return Spatial(8, 4).Local(1, perWord("ldmatrix", bits)) }

// LdMatrixTrans is ldmatrix.trans.b16, shape (8, 8): LdMatrix(16) with rows and columns exchanged.
func LdMatrixTrans() Layout { return ColumnSpatial(4, 8).Local(2, 1) }

// WGMMAD is the accumulator of wgmma.mma_async m64nNkK over its four warps (128 threads), shape (64, n); n is a multiple of 8
// from 8 to 256. Section "Register Fragments for wgmma.mma_async.m64nNk16", the figure of matrix D.
func WGMMAD(n int) Layout {
	if n < 8 || n > 256 || n%8 != 0 {
		panic(fmt.Sprintf("layout: wgmma has no N of %d", n))
	}
	return Spatial(4, 1).ColumnLocal(2, n/8).Spatial(8, 4).Local(1, 2)
}

// WGMMAA is the A operand of wgmma.mma_async in registers, shape (64, 256/bits), over four warps; bits is 8, 16 or 32.
// Sections "Register Fragments for wgmma.mma_async.m64nNk16", "…k32" and "…k8", the figures of matrix A.
func WGMMAA(bits int) Layout { return Spatial(4, 1).must(MMAA(bits)) }
