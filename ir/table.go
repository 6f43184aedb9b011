package ir

func unary(name string, e Elems, doc string) Info {
	return Info{Name: name, Class: ClassUnary, Args: []string{"x"}, Results: 1, Elems: e, Doc: doc,
		Example: "%1 = " + name + " %0 : " + exampleElem(e) + "[16, 64]"}
}

func binary(name string, e Elems, commut bool, doc string) Info {
	return Info{Name: name, Class: ClassBinary, Args: []string{"a", "b"}, Results: 1, Elems: e, Commut: commut, Doc: doc,
		Example: "%2 = " + name + " %0, %1 : " + exampleElem(e) + "[16, 64]"}
}

func counting(name, doc string) Info {
	return Info{Name: name, Class: ClassCount, Args: []string{"x"}, Results: 1, Doc: doc, Verify: verifyCount, Example: "%1 = " + name + " %0 : i32[16, 64]"}
}

func exampleElem(e Elems) string {
	if e == Ints || e == Bits {
		return "i32"
	}
	return "f32"
}

// Predicates of OpCmp, in the order of their spelling in the language: == != < <= > >=.
var Predicates = []string{"eq", "ne", "lt", "le", "gt", "ge"}

// Reductions of OpReduce.
var Reductions = []string{"sum", "max", "min", "and", "or"}

// Table has the row of every operation.
var Table = [numCodes]Info{
	OpConst: {Name: "const", Results: 1, Attrs: []AttrSpec{{"value", "number", false, "the value of every element, representable in the element type"}},
		Doc: "A tile whose elements are all the same constant.", Example: "%0 = const {value = 0} : f32[16, 64]", Verify: verifyConst},
	OpIota: {Name: "iota", Results: 1, Attrs: []AttrSpec{{"axis", "int", false, "the axis that is counted"}},
		Doc: "Each element is its own coordinate along an axis, counted from 0.", Example: "%0 = iota {axis = 0} : i32[64]", Verify: verifyIota},
	OpDim: {Name: "dim", Results: 1, Attrs: []AttrSpec{{"expr", "string", false, "an extent over the kernel's named dimensions"}},
		Doc: "An extent that is known at launch, as a scalar.", Example: `%0 = dim {expr = "M"} : i32`, Verify: verifyIndex},
	OpProgramID: {Name: "program_id", Results: 1, Attrs: []AttrSpec{{"axis", "int", false, "the grid axis, 0 to 2"}, {"ahead", "bool", true, "of the place that the block takes next: only where it takes one (turns_left)"}},
		Doc: "The position of the block in the grid.", Example: "%0 = program_id {axis = 0} : i32", Verify: verifyIndex},

	OpCast: {Name: "cast", Args: []string{"x", "bits…"}, Results: 1, Attrs: []AttrSpec{
		{"round", "string", true, "nearest (ties to even), zero or stochastic, where it is not the conversion's own"},
		{"saturate", "bool", true, "what is too large becomes the largest finite value (true), or infinity or NaN (false), where it is not the type's own; true between integers clamps"}},
		Doc:     "Converts every element to another numeric type. To a float: rounded once, to nearest even if nothing is said, overflow as the type defines (docs/types.md). From a float to an integer: truncated toward zero if nothing is said, then always clamped, NaN gives 0. Between integers: wrapped. From bool: 0 or 1; to bool: not equal to zero. Stochastic rounding takes a u32 for every element: with f in [0, 1) the distance from the neighbour below in magnitude, in gaps, the magnitude is rounded up when f + bits/2^32 >= 1.",
		Example: "%1 = cast %0 : f16[16, 64]", Verify: verifyCast},
	OpBitcast: {Name: "bitcast", Args: []string{"x"}, Results: 1, Doc: "Reads the bits of every element as another type of the same width.",
		Example: "%1 = bitcast %0 : u32[64]", Verify: verifyBitcast},
	OpNeg:   unary("neg", Numbers, "Negation; integers wrap, floats change their sign."),
	OpNot:   unary("not", Bits, "Bitwise complement; logical not on bool."),
	OpAbs:   unary("abs", Numbers, "Magnitude; the least signed integer wraps to itself."),
	OpExp:   unary("exp", Floats, "e to the power x."),
	OpExp2:  unary("exp2", Floats, "2 to the power x."),
	OpLog:   unary("log", Floats, "Natural logarithm."),
	OpLog2:  unary("log2", Floats, "Logarithm to base 2."),
	OpSin:   unary("sin", Floats, "Sine of x in radians."),
	OpCos:   unary("cos", Floats, "Cosine of x in radians."),
	OpTanh:  unary("tanh", Floats, "Hyperbolic tangent."),
	OpErf:   unary("erf", Floats, "The error function, 2/sqrt(pi) times the integral of exp(-t*t) from 0 to x."),
	OpSqrt:  unary("sqrt", Floats, "Square root, correctly rounded; NaN below zero."),
	OpRsqrt: unary("rsqrt", Floats, "1/sqrt(x)."),
	OpFloor: unary("floor", Floats, "Rounds toward minus infinity."),
	OpCeil:  unary("ceil", Floats, "Rounds toward plus infinity."),
	OpRound: unary("round", Floats, "Rounds to the nearest integer, ties to even."),

	OpPopcount: counting("popcount", "The number of one bits in the width of an integer, as i32."),
	OpClz:      counting("clz", "The number of zero bits above the highest one bit in the width of an integer, as i32; the width for 0."),

	OpAdd: binary("add", Numbers, true, "Sum. Floats are rounded once, integers wrap at their width."),
	OpSub: binary("sub", Numbers, false, "Difference. Floats are rounded once, integers wrap at their width."),
	OpMul: binary("mul", Numbers, true, "Product. Floats are rounded once, integers wrap at their width."),
	OpDiv: binary("div", Numbers, false, "Quotient. Integers truncate toward zero; division by zero gives 0, the least integer divided by -1 wraps to itself."),
	OpRem: binary("rem", Ints, false, "Remainder with the sign of the dividend, a - (a/b)*b; the remainder by zero is the dividend."),
	OpMin: binary("min", Numbers, true, "The smaller. A NaN operand yields the other one; -0 is below +0."),
	OpMax: binary("max", Numbers, true, "The larger. A NaN operand yields the other one; -0 is below +0."),
	OpAnd: binary("and", Bits, true, "Bitwise and; logical on bool."),
	OpOr:  binary("or", Bits, true, "Bitwise or; logical on bool."),
	OpXor: binary("xor", Bits, true, "Bitwise exclusive or."),
	OpShl: binary("shl", Ints, false, "Shift left by b read as unsigned; 0 when b is the width or more."),
	OpShr: binary("shr", Ints, false, "Shift right by b read as unsigned, filling with the sign of a signed type; a full-width shift leaves only the filling."),
	OpCmp: {Name: "cmp", Args: []string{"a", "b"}, Results: 1, Attrs: []AttrSpec{{"pred", "string", false, "eq, ne, lt, le, gt or ge"}},
		Doc: "Compares two tiles of one type elementwise; every comparison with NaN is false but ne.", Example: `%2 = cmp %0, %1 {pred = "lt"} : bool[64]`, Verify: verifyCmp},

	OpSelect: {Name: "select", Args: []string{"cond", "a", "b"}, Results: 1, Doc: "a where cond is true, b elsewhere.",
		Example: "%3 = select %0, %1, %2 : f32[64]", Verify: verifySelect},
	OpFma: {Name: "fma", Args: []string{"a", "b", "c"}, Results: 1, Elems: Floats, Doc: "a*b + c rounded once.",
		Example: "%3 = fma %0, %1, %2 : f32[64]", Verify: verifyFma},

	OpBroadcast: {Name: "broadcast", Args: []string{"x"}, Results: 1, Doc: "Repeats a tile along its axes of extent 1 (a scalar along all axes).",
		Example: "%1 = broadcast %0 : f32[16, 64]", Verify: verifyBroadcast},
	OpReshape: {Name: "reshape", Args: []string{"x"}, Results: 1, Doc: "The same elements in row-major order under another shape.",
		Example: "%1 = reshape %0 : f32[64, 1]", Verify: verifyReshape},
	OpTranspose: {Name: "transpose", Args: []string{"x"}, Results: 1, Attrs: []AttrSpec{{"perm", "ints", false, "result axis i is operand axis perm[i]"}},
		Doc: "Permutes the axes.", Example: "%1 = transpose %0 {perm = [1, 0]} : f32[64, 16]", Verify: verifyTranspose},

	OpDot: {Name: "dot", Args: []string{"a", "b", "acc", "groups…"}, Results: 1, Attrs: []AttrSpec{{"split", "int", true, "the parts of K that are summed apart and then together"}, {"swap", "bool", true, "the right operand is the wide one of the matrix instruction"}, {"wgmma", "bool", true, "runs as the matrix instruction of four warps, which reads the left operand from shared memory"}, {"limbs", "bool", true, "a is one row of f16 or bf16, b integers of up to 8 bits or floats of up to 4; acc[p] has four rows, one for each pair of digits of a, of which the sum counts"}, {"zero", "bool", true, "with limbs: behind acc stands a zero of shape [G, 4, N], the same in the four rows of each of G groups along K; products are with b - zero"}, {"factor", "bool", true, "with limbs: last stands a factor of such a shape, by which the sum of each group is multiplied"}},
		Doc:     "acc + a·b for a of shape [M, K], b of shape [K, N] and acc of shape [M, N]; for acc of shape [P, M, N], acc[p] is added to the product over part p of P equal parts of K. a and b have one element type. Products are exact and are summed with acc in the type of acc: f32 for 16-bit and smaller floats and for f32, f64 for f64, i32 for integers (wrapping). The order of the float sum is the executor's.",
		Example: "%3 = dot %0, %1, %2 : f32[16, 64]", Verify: verifyDot},
	OpReduce: {Name: "reduce", Args: []string{"x"}, Results: 1, Attrs: []AttrSpec{{"axis", "int", false, "the axis that disappears"}, {"op", "string", false, "sum, max, min, and, or"}},
		Doc:     "Combines the elements along an axis. Float sums are rounded in the element type in an order of the executor's; max and min follow the elementwise operations; and/or take integers and bool.",
		Example: `%1 = reduce %0 {axis = 1, op = "sum"} : f32[16]`, Verify: verifyReduce},

	OpLoad: {Name: "load", Args: []string{"tensor", "offset…"}, Results: 1, Effect: Reads, Attrs: []AttrSpec{{"dims", "ints", false, "the tensor dimension of each tile axis, distinct"}},
		Doc:     "Reads the tile whose first element lies at the offsets (one scalar for each dimension of the tensor) and whose axes run along dims. Elements outside the tensor read as 0.",
		Example: "%4 = load %0, %1, %2 {dims = [0, 1]} : f16[16, 64]", Verify: verifyLoad},
	OpGather: {Name: "gather", Args: []string{"tensor", "index", "offset…"}, Results: 1, Effect: Reads,
		Attrs:   []AttrSpec{{"along", "int", false, "the tensor dimension that the index selects in"}, {"dims", "ints", false, "the tensor dimension of each tile axis; along only for axes of the index, distinct otherwise"}},
		Doc:     "Reads a tile as load does, but the position along one dimension is its offset plus the element of the index, which has the tile's shape. An index that lies outside of the dimension is a mistake of the program: the VM reports it, elsewhere it reads as 0 and no memory outside is touched.",
		Example: "%5 = gather %0, %4, %1, %2 {along = 0, dims = [0, 1]} : f16[16, 64]", Verify: verifyGather},
	OpStore: {Name: "store", Args: []string{"value", "tensor", "offset…"}, Effect: Writes, Attrs: []AttrSpec{{"dims", "ints", false, "the tensor dimension of each tile axis, distinct"}},
		Doc:     "Writes a tile, as load reads it. Elements outside the tensor are dropped.",
		Example: "store %4, %0, %1, %2 {dims = [0, 1]}", Verify: verifyStore},

	OpFor: {Name: "for", Args: []string{"from", "to", "step", "init…"}, Results: -1, Regions: 1, Effect: Control,
		Attrs:   []AttrSpec{{"pipeline", "int", true, "copies in flight: the loads of the next iterations start early"}, {"split", "int", true, "parallel parts of the reduction"}, {"cluster", "int", true, "blocks that share the iterations"}, {"unroll", "int", true, "copies of the body"}},
		Doc:     "Runs its region for each counter from, from+step, … below to; step is positive. The region takes the counter and the carried values and yields their next values; the results are the last ones.",
		Example: "%9 = for %0, %1, %2, %3 {pipeline = 3} : f32[16, 64] {\n  |%4: i32, %5: f32[16, 64]|\n  yield %5\n}", Verify: verifyFor},
	OpIf: {Name: "if", Args: []string{"cond"}, Results: -1, Regions: 2, Effect: Control, Attrs: []AttrSpec{{"rare", "bool", true, "either region runs seldom, so that what it needs is better computed there than held in registers"}}, Doc: "Runs the first region when the scalar is true, else the second; the results are what the region yields.",
		Example: "%3 = if %0 : f32 {\n  yield %1\n} {\n  yield %2\n}", Verify: verifyIf},
	OpYield: {Name: "yield", Args: []string{"value…"}, Effect: Control, Doc: "Ends a region with its values.", Example: "yield %5"},

	OpConvert: {Name: "convert", Args: []string{"x"}, Results: 1, Doc: "Moves a tile to another layout; the elements stay the same.", Example: "%1 = convert %0 : f16[16, 64]", Verify: verifySame},
	OpAllocShared: {Name: "alloc_shared", Results: 1, Attrs: []AttrSpec{{"offset", "int", true, "byte offset, given by the allocator"}, {"swizzle", "int", true, "bytes of the XOR swizzle of rows: 0, 32, 64 or 128"}, {"pack", "string", true, "the packed parameter whose words the buffer holds, in their storage order"}, {"private", "bool", true, "each thread reads only what it has copied itself: no barrier is needed"}, {"kept", "bool", true, "copies into it are in flight when a place of a persistent kernel's grid is done"}, {"panels", "bool", true, "rows are cut into panels of 128 bytes, one behind the other, as wgmma reads them"}},
		Doc: "A buffer of the block.", Example: "%0 = alloc_shared {swizzle = 128} : shared f16[3, 16, 64]", Verify: verifyAlloc},
	OpLoadShared: {Name: "load_shared", Args: []string{"buffer", "slot…"}, Results: 1, Effect: Reads, Doc: "Reads a tile from a buffer; a slot indexes the leading dimensions.",
		Example: "%3 = load_shared %0, %1 : f16[16, 64]", Verify: verifyLoadShared},
	OpStoreShared: {Name: "store_shared", Args: []string{"value", "buffer", "slot…"}, Effect: Writes, Doc: "Writes a tile to a buffer.", Example: "store_shared %3, %0, %1", Verify: verifyStoreShared},
	OpCopyAsync: {Name: "copy_async", Args: []string{"buffer", "slot", "tensor", "offset…"}, Effect: Writes,
		Attrs:   []AttrSpec{{"dims", "ints", false, "the tensor dimension of each tile axis"}},
		Doc:     "Starts a copy from global memory to a slot of a buffer; elements outside the tensor become 0. The copy is complete after a wait that covers its group and a barrier.",
		Example: "copy_async %0, %1, %2, %3, %4 {dims = [0, 1]}", Verify: verifyCopyAsync},
	OpCommit:      {Name: "commit", Effect: Syncs, Doc: "Closes the group of the copies started since the last commit.", Example: "commit"},
	OpWait:        {Name: "wait", Effect: Syncs, Attrs: []AttrSpec{{"groups", "int", false, "groups that may still be in flight"}, {"proxy", "bool", true, "what was copied is made visible to wgmma"}}, Doc: "Waits until at most that many of the latest groups of copies are in flight.", Example: "wait {groups = 1}"},
	OpBarrier:     {Name: "barrier", Effect: Syncs, Doc: "Waits for all threads of the block; their earlier accesses of shared memory happen before later ones.", Example: "barrier"},
	OpTurn:        {Name: "turn", Results: 1, Doc: "How many places of a persistent kernel's grid the block has taken before this one, i32. A block of the virtual machine takes one.", Example: "%0 = turn : i32", Verify: verifyIndex},
	OpTurnsLeft:   {Name: "turns_left", Results: 1, Doc: "How many places the block takes after this one, i32: 0 in the virtual machine.", Example: "%0 = turns_left : i32", Verify: verifyIndex},
	OpClusterRank: {Name: "cluster_rank", Results: 1, Doc: "The number of the block in its cluster, i32. A block of the virtual machine is a cluster of its own.", Example: "%0 = cluster_rank : i32", Verify: verifyIndex},
	OpClusterSize: {Name: "cluster_size", Results: 1, Doc: "The number of blocks of a cluster, i32: 1 in the virtual machine.", Example: "%0 = cluster_size : i32", Verify: verifyIndex},
	OpClusterSum: {Name: "cluster_sum", Args: []string{"x"}, Results: 1, Effect: Syncs, Doc: "The sum of a tile over the blocks of a cluster, in the order of their ranks. What is stored after it is stored once: the blocks share the work.",
		Example: "%1 = cluster_sum %0 : f32[16, 64]", Verify: verifySame},
	OpLaunchDependents: {Name: "launch_dependents", Effect: Syncs, Doc: "Lets the next kernel of the stream start before this one ends, if it was launched so, as soon as all blocks have come here or ended. It orders no memory. At most once, at the top of the body.", Example: "launch_dependents"},
	OpWaitGrid:         {Name: "wait_grid", Effect: Syncs, Doc: "Waits until the kernel launched before in the stream has ended and what it wrote can be read, where this one was launched to start earlier; else it returns at once. At most once, at the top of the body; before it nothing is stored, and nothing read of the results or of the tensors listed in `after`.", Example: "wait_grid"},
}
