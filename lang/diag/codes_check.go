package diag

// The rows of the checker and of the later stages. Seeded with what the language of design §4 makes possible; a stage
// that needs another row appends it at the end of its range.

// G01: names and declarations.
const (
	Undefined       = "G0101"
	Redeclared      = "G0102"
	Unused          = "G0103"
	NotAKernel      = "G0104"
	WrongArguments  = "G0105"
	UnknownArgument = "G0106"
	Recursive       = "G0107"
	ResultNotStored = "G0108"
	NotConstant     = "G0109"
	NotReassignable = "G0110"
	StoreToInput    = "G0111"
	MissingGrid     = "G0112"
	MissingReturn   = "G0113"
)

var nameCodes = []Code{
	{Undefined, "A name that nothing declares.", "kernel A(x f32[N]) (y f32[N]) {\n\tgrid n in N by 64\n\ty[n] = z\n}\n"},
	{Redeclared, "A name declared twice in one scope.", "const A = 1\nconst A = 2\n"},
	{Unused, "A variable that is never read.", "kernel A(x f32[N]) (y f32[N]) {\n\tgrid n in N by 64\n\tt := x[n]\n\ty[n] = x[n]\n}\n"},
	{NotAKernel, "A name where a kernel or a function is needed is something else.", "const A = 1\ninput A {\n}\n"},
	{WrongArguments, "A call with too many or too few arguments.", "kernel A(x f32[N]) (y f32[N]) {\n\tgrid n in N by 64\n\ty[n] = exp(x[n], 2)\n}\n"},
	{UnknownArgument, "A call names an argument that does not exist.", "kernel A(x f32[N]) (y f32[N]) {\n\tgrid n in N by 64\n\ty[n] = exp(x[n], axes: 1)\n}\n"},
	{Recursive, "A function, constant or layout that needs itself; functions are inlined.", "func f(x) f32 {\n\treturn f(x)\n}\n"},
	{ResultNotStored, "A result that no statement of the kernel stores.", "kernel A(x f32[N]) (y f32[N]) {\n\tgrid n in N by 64\n}\n"},
	{NotConstant, "A value that must be known when compiling is not.", "kernel A(x f32[N], k i32) (y f32[N]) {\n\tgrid n in N by k\n\ty[n] = x[n]\n}\n"},
	{NotReassignable, "An assignment to something other than a variable.", "const A = 1\nfunc f() {\n\tA = 2\n}\n"},
	{StoreToInput, "A store to a parameter; only results are stored.", "kernel A(x f32[N]) (y f32[N]) {\n\tgrid n in N by 64\n\tx[n] = y[n]\n}\n"},
	{MissingGrid, "A kernel without a grid, or with two.", "kernel A(x f32[N]) (y f32[N]) {\n\ty[:] = x[:]\n}\n"},
	{MissingReturn, "A function with a result does not end in return.", "func f(x f32) f32 {\n}\n"},
}

// G02: types and shapes.
const (
	UnknownType    = "G0201"
	TypeMismatch   = "G0202"
	ShapeMismatch  = "G0203"
	BadRank        = "G0204"
	BadConversion  = "G0205"
	BadOperand     = "G0206"
	LiteralRange   = "G0207"
	BadAxis        = "G0208"
	CarriedChanges = "G0209"
)

var typeCodes = []Code{
	{UnknownType, "A type name that is no element type and no type parameter.", "kernel A(x f17[N]) {\n}\n"},
	{TypeMismatch, "Two types differ where they must agree; conversions are always written.", "kernel A(a f32[N], b f16[N]) (c f32[N]) {\n\tgrid n in N by 64\n\tc[n] = a[n] + b[n]\n}\n"},
	{ShapeMismatch, "Two shapes neither agree nor broadcast.", "kernel A(a f32[N]) (c f32[N]) {\n\tgrid n in N by 64\n\tc[n] = a[n] + zeros[f32](32)\n}\n"},
	{BadRank, "A view with too many or too few indices.", "kernel A(a f32[M, N]) (c f32[N]) {\n\tgrid n in N by 64\n\tc[n] = a[n]\n}\n"},
	{BadConversion, "There is no conversion between these types.", ""},
	{BadOperand, "An operator or function that the operand's type does not have.", "kernel A(a f32[N]) (c f32[N]) {\n\tgrid n in N by 64\n\tc[n] = a[n] << 2\n}\n"},
	{LiteralRange, "A literal that its type cannot hold.", "kernel A(a u4[N]) (c u4[N]) {\n\tgrid n in N by 64\n\tc[n] = a[n] + 16\n}\n"},
	{BadAxis, "An axis that the tile does not have.", "kernel A(a f32[N]) (c f32[N]) {\n\tgrid n in N by 64\n\tc[n] = sum(a[n], axis: 1)\n}\n"},
	{CarriedChanges, "A variable carried by a loop changes its type or shape in it.", ""},
}

// G03: dimensions, ranges and launch facts.
const (
	DimMismatch   = "G0301"
	DimUnbound    = "G0302"
	NotDivisible  = "G0303"
	NotStatic     = "G0304"
	BadRange      = "G0305"
	BadTune       = "G0306"
	EmptyExtent   = "G0307"
	OutOfBounds   = "G0308"
	MissingInput  = "G0309"
	UnknownOption = "G0310"
)

var rangeCodes = []Code{
	{DimMismatch, "Two arguments give a dimension different values.", ""},
	{DimUnbound, "A dimension that no argument binds.", ""},
	{NotDivisible, "A value breaks a divisibility fact, or K/G does not divide.", ""},
	{NotStatic, "A dimension must be static here; declare it so, or walk it with a range.", ""},
	{BadRange, "A range over something that is no extent, or with a width that is not positive.", "kernel A(x f32[N]) (y f32[N]) {\n\tgrid n in N by 0\n\ty[n] = x[n]\n}\n"},
	{BadTune, "A tune declaration without candidates, or a value outside of them.", "kernel A(x f32[N]) (y f32[N]) {\n\ttune B in 4..4\n\tgrid n in N by B\n\ty[n] = x[n]\n}\n"},
	{EmptyExtent, "An extent that is zero or negative where it must not be.", ""},
	{OutOfBounds, "An index that lies outside of its dimension.", ""},
	{MissingInput, "A kernel is run without one of its arguments.", ""},
	{UnknownOption, "A parameter is set that the kernel does not have.", ""},
}

// G04: layouts and schedule words.
const (
	BadLayout       = "G0401"
	LayoutShape     = "G0402"
	UnknownSchedule = "G0403"
	BadSchedule     = "G0404"
	LayoutThreads   = "G0405"
	LayoutConflict  = "G0406"
	NoLayout        = "G0408"
	PackedRead      = "G0409"
	PackedTwice     = "G0410"
)

var layoutCodes = []Code{
	{BadLayout, "A layout expression that has no meaning.", "layout C = locl(2, 1)\n"},
	{LayoutShape, "A layout whose shape does not fit the tile.", ""},
	{UnknownSchedule, "A schedule word that does not exist.", "kernel A(x f32[N]) (y f32[N]) {\n\tgrid n in N by 64 warp(4)\n\ty[n] = x[n]\n}\n"},
	{BadSchedule, "A schedule word with the wrong argument, or in the wrong place.", "kernel A(x f32[N]) (y f32[N]) {\n\tgrid n in N by 64 pipeline(3)\n\ty[n] = x[n]\n}\n"},
	{LayoutThreads, "A layout is for another number of threads than the block has.", ""},
	{LayoutConflict, "Two annotations give different layouts to values that must agree.", ""},
	{NoLayout, "No layout was found for an operation.", ""},
	{PackedRead, "A packed tensor is not read in whole tiles over both of its dimensions.", ""},
	{PackedTwice, "A packed tensor is read in two layouts; it can be stored in one order only.", ""},
}

// G05: targets and resources.
const (
	UnknownTarget  = "G0501"
	NoInstruction  = "G0502"
	SharedOverflow = "G0503"
	RegisterSpill  = "G0504"
	ToolMissing    = "G0505"
	ToolFailed     = "G0506"
)

var targetCodes = []Code{
	{UnknownTarget, "A target that does not exist.", ""},
	{NoInstruction, "The target has no instruction for this, and no sequence either.", ""},
	{SharedOverflow, "The kernel's tiles do not fit the target's shared memory.", ""},
	{RegisterSpill, "The kernel needs more registers than there are.", ""},
	{ToolMissing, "A tool that this target needs was not found.", ""},
	{ToolFailed, "A tool refused what the compiler made; this is a fault of the compiler.", ""},
}
