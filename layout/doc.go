// Package layout is the algebra of layouts: which thread holds which element of a tile, and where an element lies in
// memory. Layouts are pure immutable values. The package knows nothing of tile IR, of targets or of number types; element
// widths appear as plain numbers of bits, where banks and swizzles need them.
//
// # Reading a layout
//
// Local(m, n) is an m×n tile in one thread, Spatial(m, n) gives each element to its own thread, both row-major. The product
// replaces every element of the left factor by a tile laid out as the right one. Cells below read thread:local.
//
//	Spatial(2, 2).Local(2, 2)        Local(2, 2).Spatial(2, 2)
//
//	     0    1    2    3                 0    1    2    3
//	0  0:0  0:1  1:0  1:1            0  0:0  1:0  0:1  1:1
//	1  0:2  0:3  1:2  1:3            1  2:0  3:0  2:1  3:1
//	2  2:0  2:1  3:0  3:1            2  0:2  1:2  0:3  1:3
//	3  2:2  2:3  3:2  3:3            3  2:2  3:2  2:3  3:3
//
// With T threads and L locals in the right factor b,
//
//	(a·b)(ta·T + tb, la·L + lb) = a(ta, la) ⊙ shape(b) + b(tb, lb)
//
// Reducing a dimension turns its threads into copies, Replicate(n) makes copies by hand:
//
//	Spatial(3, 4)                    its Reduce(dim 0) = Replicate(3).Spatial(4)
//
//	     0    1     2     3               0        1         2         3
//	0  0:0  1:0   2:0   3:0          0,4,8:0  1,5,9:0  2,6,10:0  3,7,11:0
//	1  4:0  5:0   6:0   7:0
//	2  8:0  9:0  10:0  11:0
//
// # What a layout is
//
// Write all indices in digits of prime radix. A layout is then a homomorphism between products of Z/p: each digit of a
// tensor index is a sum, modulo p, of hardware digits of the same radix p. That is one matrix over the field F_p for each
// prime. For Local(2, 1).Spatial(8, 4).Local(1, 2), the accumulator of mma.m16n8, all digits are binary and the matrix is a
// permutation (rows: tensor digits, columns: hardware digits, minor first):
//
//	         thread          local
//	         1 2 4 8 16      1 2
//	dim 0  1     1           . .
//	       2       1
//	       4         1
//	       8                   1
//	dim 1  1                 1
//	       2 1
//	       4   1
//
// A zero column is a replication, an XOR swizzle has ones beside the permutation. All radices 2 gives Triton's linear
// layouts, permutations give Tilus' modes, an offset as the only hardware axis gives CuTe's compact layouts. Over odd
// primes the same formulas hold with addition modulo p.
//
// A register layout has the hardware axes thread and local, in this order; its thread axis splits into lanes, warps and
// blocks by SplitAxis. A memory layout has the one axis offset, in elements.
//
// # Deciding
//
// Code computes with digits where a layout is a permutation of them (Digits), else with the XORs and sums that its
// coordinates are made of (Fields); LocalDigits and Repeats say for both what makes a vector and who stores.
//
// Layouts are kept in a canonical form (canon.go), so Equal compares structures. Inverses, complements, kernels, quotients
// and the class of a conversion are Gaussian elimination (field.go). Two layouts combine when the digits of the axis they
// share have a common refinement; otherwise a RefineError names both factorings: "dim 1 factors as 3×4 here and 4×3 there".
//
// Laws are tested against explicit tables (laws_*_test.go). docs/layouts.md teaches all this at length.
package layout
