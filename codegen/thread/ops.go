package thread

// Op is the operation of a node.
type Op uint8

// Coarse is a Kind: what is kept of the result is a float of at most 16 bits.
const Coarse = "coarse"

// Operations. "lanes" means elementwise on vectors too.
const (
	Nop Op = iota

	// Values.
	Const    // Imm or F; with lanes, a splat
	Arg      // parameter number Imm
	Tid      // number of the thread in its block, I32; 0 on a CPU
	BlockID  // position of the block along grid axis Imm, I32
	Blocks   // number of blocks that were launched along axis Imm, I32
	LoopVar  // counter of the For that has it as Args[3]
	SharedAt // SharedPtr of byte offset Imm in shared memory

	// Arithmetic, lanes. Floats round to nearest even in their own kind. Integers wrap at 32 or 64 bits.
	Add
	Sub
	Mul
	Div // integers: the divisor is never 0 and nothing overflows; Uns. F32 may be Coarse: 2 units in the last place
	Rem // as Div
	Min // floats: the other operand of a NaN, -0 below +0; integers: Uns
	Max
	And // integers and Bool
	Or
	Xor
	Shl // the count is below the width
	Shr // as Shl; Uns fills with zeros
	Neg
	Not // integers and Bool
	Abs
	Popc  // integers: the number of ones
	Clz   // integers: the number of zeros above the highest one; the width for 0
	Fma   // floats: Args[0]*Args[1]+Args[2] rounded once
	Sqrt  // correctly rounded
	Rsqrt // F32, F64: within 2 units in the last place
	Exp   // F32, F64: within 4 units in the last place; 5 just below 1, where a unit halves. F32 may be Coarse: a relative error of 2^-22 + |x| 2^-24, and 0 for results below 2^-126
	Exp2  // F32, F64: within 2 units in the last place
	Log2  // as Exp2
	Sin   // as Exp2, argument in radians
	Cos
	Tanh
	Erf
	Erfc // 1 - erf: F32 within 2^-22, and of 2^-12 of itself up to 4; F64 within 3 units in the last place
	Floor
	Ceil
	Round // to the nearest integer, ties to even
	Cmp   // Kind is eq ne lt le gt ge; Bool; Uns; float comparisons with NaN are false but ne
	Select

	// Conversions, lanes.
	Conv    // to Type; int to int truncates or extends (Uns: with zeros), float to float rounds to nearest even, int to float rounds to nearest even (Uns: from unsigned), float to int truncates and the value is in range; Bool to int gives 0 or 1
	Bitcast // same total width, also between vectors and scalars

	// Vectors.
	Vec     // scalars to a vector
	Extract // element Imm

	// Words, I32: single instructions on a GPU.
	Lop3  // bitwise function Imm (truth table, a = 0xF0, b = 0xCC, c = 0xAA) of three words
	Prmt  // selects four bytes of Args[0] (bytes 0-3) and Args[1] (4-7) by the four nibbles of Args[2]; bit 3 of a nibble: the top bit of that byte, eight times
	FP8   // Args[0] (I16: two floats of 8 bits, the first in the low byte) to F16 with 2 lanes; Kind "e4m3" or "e5m2". GPUs from sm_90
	ToFP8 // Args[0] (F32) rounded to a float of 8 bits, saturating, as its code (I32), NaN as 0x7f; Kind as FP8. GPUs from sm_90
	Equal // two 16-bit floats in each of two words, Kind f16 or bf16: all ones in the half where they are equal, zeros elsewhere. bf16: GPUs from sm_90

	// Local arrays.
	Get // Type.Lanes consecutive elements of Var from index Args[0] (I32)
	Set // stores Args[1] (lanes) to Var from index Args[0]

	// Memory. Addresses are Ptr or SharedPtr.
	PtrAdd   // Args[0] plus Args[1] bytes (I32 or I64, signed)
	Load     // Type from address Args[0]; an optional Args[1] is a Bool: where false nothing is read and the value is 0. Imm is the alignment in bytes. Kind "" or "stream" (read once)
	Store    // Args[1] to address Args[0]; an optional Args[2] is a predicate. Imm is the alignment
	AtomicOr // Args[0] address of I32, Args[1] value, optional predicate; no result
	AtomicAnd

	// GPU.
	Shfl             // Args[0] (32 bits) of the lane whose number differs by the bits Imm (butterfly), or of the lane Args[1] (I32, 0 to 31) where it is given
	AnyLane          // whether Args[0] (Bool) holds in any lane of the warp
	MaxLane          // the largest Args[0] (I32, signed) of the warp
	Barrier          // of the block, orders shared memory
	WarpBarrier      // of each warp by itself: orders shared memory between its lanes
	CpAsync          // Imm (4, 8, 16) bytes from global Args[1] to shared Args[0]; Args[2] (I32) bytes are read, the rest become 0
	CpCommit         // closes a group
	CpWait           // until at most Imm groups are in flight
	Ldmatrix         // Imm 8x8 matrices of 16-bit elements from the row addresses Args[0] (SharedPtr); matrix i goes to Var from index Args[1+i] (two elements). Kind "" or "trans"
	Stmatrix         // the inverse of a plain Ldmatrix: matrix i comes from Var from index Args[1+i]; sm_90
	ClusterRank      // number of the block in its cluster, I32; sm_90
	ClusterBarrier   // of all blocks of a cluster, orders their shared memory; sm_90
	LoadCluster      // F32 from shared memory at address Args[0] of the block with rank Args[1] of the cluster; sm_90
	FenceAsync       // shared memory that the thread has written, or copies it has waited for, is visible to the asynchronous proxy that Wgmma reads through; sm_90
	LaunchDependents // the next kernel of the stream may start when all blocks have come here; sm_90
	WaitGrid         // for the end of the kernel launched before, and for what it wrote; sm_90
	Wgmma            // four warps, 4i to 4i+3: Rows products of 64×16s and 16s×Imm elements for s steps, complete when it ends. Kind names the form of the elements. Vars a, c from indices Args[0..1]; a fragment of a is 16 rows of each warp by 16, row after row of fragments; c is accumulated in place. Args[2..] are the SharedPtr of the 16 columns of each step in rows of 128 bytes, whose 16-byte pieces are exchanged by the XOR of bits 4-6 of the address with bits 7-9; sm_90a
	Mma              // Kind names the instruction form; Vars a, b, c from indices Args[0..2]; c is accumulated in place

	// Control.
	For // Args: from, to, step (I32), LoopVar; Body. Loop: constant bounds, to be unrolled on a GPU
	If  // Args[0] Bool; Body, Else (may be nil)

	// CPU: see wide.go.
	Splat    // Args[0] in every lane
	Lookup   // F32: entry number Args[0] (I32, lanes; only its low bits count) of Table, which has 16 or 32
	Prefetch // the line at Args[0] will be read soon

	numOps
)

var opNames = [numOps]string{"nop", "const", "arg", "tid", "block_id", "blocks", "loop_var", "shared_at", "add", "sub", "mul", "div", "rem", "min", "max", "and", "or", "xor", "shl", "shr",
	"neg", "not", "abs", "popc", "clz", "fma", "sqrt", "rsqrt", "exp", "exp2", "log2", "sin", "cos", "tanh", "erf", "erfc", "floor", "ceil", "round", "cmp", "select", "conv", "bitcast", "vec", "extract",
	"lop3", "prmt", "fp8", "tofp8", "equal", "get", "set", "ptr_add", "load", "store", "atomic_or", "atomic_and", "shfl", "any_lane", "max_lane", "barrier", "warp_barrier", "cp_async", "cp_commit", "cp_wait", "ldmatrix", "stmatrix", "cluster_rank", "cluster_barrier", "load_cluster", "fence_async", "launch_dependents", "wait_grid", "wgmma", "mma", "for", "if",
	"splat", "lookup", "prefetch"}

func (o Op) String() string { return opNames[o] }

// Ops lists all operations, for completeness tests of printers.
func Ops() []Op {
	var s []Op
	for o := Const; o < numOps; o++ {
		s = append(s, o)
	}
	return s
}
