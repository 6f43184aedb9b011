package diag

// A Page is what there is to say about a code beside its row in the table: how a program that has the mistake is mended.
type Page struct {
	Mend  string // prose
	Wrong string // a text that has the mistake, where the row has none that a compiler sees; may be empty
	Right string // the text mended; may be empty
}

// PageOf is the page of a code.
func PageOf(code string) (Page, bool) {
	p, ok := pages[code]
	return p, ok
}

// body is a kernel that copies a vector, with some lines before.
func body(lines string) string {
	return "kernel A(x f32[N]) (y f32[N]) {\n\tgrid n in N by 64\n" + lines + "}\n"
}

const copies = "\ty[n] = x[n]\n"

var pages = map[string]Page{
	Unexpected:     {"The message names what fits at the place. Look at the end of the line before, too: a statement goes on after an operator or a comma, and inside of brackets.", "", "kernel A(x f32[N]) (y f32[N]) {\n\tgrid n in N by 64\n\ty[n] = x[n]\n}\n"},
	Incomplete:     {"Close the bracket that the note points at.", "", body(copies)},
	BadCharacter:   {"Names are ASCII letters, digits and `_`, since they become symbols of object files. Operators are those of docs/spec.md §5.", "", "const A = 2 * 3\n"},
	BadNumber:      {"Write digits after the prefix, no leading zeros, and at most 2^64-1.", "", "const A = 0xFF\n"},
	BadString:      {"Close the string on its line. Escapes are those of Go.", "", "const A = \"abc\"\n"},
	BadComment:     {"Start each line of the comment with //.", "", "// no\nconst A = 1\n"},
	TooDeep:        {"Give parts of the expression names with :=, or split the function. Brackets nest at most 200 deep, chains have at most 500 links, and functions that are inlined count.", "", ""},
	BadSource:      {"Split the file: a package may have many.", "", ""},
	NotYet:         {"The language keeps the word or the form for a later version. The message says what it will be; docs/spec.md says what there is instead.", "", ""},
	NotAssignable:  {"Assign to a name, or store to a view of a result.", "", "func f(x) {\n\tx = 2\n}\n"},
	CountMismatch:  {"Give each name its value; only a call with several results may stand alone on the right.", "", "const A, B = 1, 2\n"},
	MissingType:    {"Every parameter of a kernel has a type: it is what a launch checks.", "", "kernel A(x f32[N]) (y f32[N]) {\n\tgrid n in N by 64\n\ty[n] = x[n]\n}\n"},
	ArgumentOrder:  {"Put positional arguments first, and give each name once.", "", "func f(x) {\n\treturn max(x, axis: 1)\n}\n"},
	NoEffect:       {"Assign the value, or leave the line out. `==` compares, `=` assigns.", "", "func f(x) {\n\treturn x + 1\n}\n"},
	BadDimension:   {"An extent is an integer expression over names. Facts stand after it: `N static`, `N % 64 == 0`.", "", "kernel A(x f32[N % 64 == 0]) (y f32[N]) {\n\tgrid n in N by 64\n\ty[n] = x[n]\n}\n"},
	BadRangeNames:  {"A range of a grid or of tune has one name; in a loop the second one counts the tiles.", "", "kernel A(x f32[N]) (y f32[N]) {\n\tgrid _ in 1\n\tfor k, i in N by 64 {\n\t\ty[k] = x[k] * f32(i)\n\t}\n}\n"},
	Misplaced:      {"Move it to where it belongs: the package clause before all else, `grid` and `tune` to the top level of a kernel, indices into a view.", "", "package p\nconst A = 1\n"},
	BadTypeParam:   {"Say what the parameter is: `W type`, `G int`; a default belongs to one name.", "", "kernel A[W type = f16](x W[N]) (y W[N]) {\n\tgrid n in N by 64\n\ty[n] = x[n]\n}\n"},
	ChainedCompare: {"Join two comparisons with &&.", "", "const A = 1 < 2 && 2 < 3\n"},
	BadLayoutForm:  {"Only `*` joins layouts. To go on with the tile, write (x @ layout) + ….", "", "layout C = local(2, 1).spatial(8, 4)\n"},

	Undefined:       {"Declare the name, or spell it as it is declared; the help line names the nearest one. Functions of the language are in docs/spec.md §15.", "", body(copies)},
	Redeclared:      {"Give one of them another name. To change a variable write = and not :=.", "", "const A = 1\nconst B = 2\n"},
	Unused:          {"Use the name, leave it out, or call it `_`: `for _, i in K by 64`, `_ = f(x)`. An assignment is no use, and `x += e` is none for x. Parameters and constants need no reader.", "", body("\tt := x[n]\n\tfor _ in 0..2 {\n\t\tt = t * t\n\t}\n\ty[n] = t\n")},
	NotAKernel:      {"Name a kernel.", "", "input A {\n\tN = 64\n}\n\n" + body(copies)},
	WrongArguments:  {"Give the arguments that the help line lists. A parameter in square brackets without a default needs a value: -D W=u4 on the command line.", "", body("\ty[n] = exp(x[n])\n")},
	UnknownArgument: {"The help line has the form of the function.", "", "kernel A(x f32[M, N static]) (y f32[M]) {\n\tgrid m in M\n\ty[m] = sum(x[m, :], axis: 0)\n}\n"},
	Recursive:       {"Functions are inlined, so none can need itself: write a loop.", "kernel A(x f32[N]) (y f32[N]) {\n\tgrid n in N by 64\n\ty[n] = f(x[n])\n}\n\nfunc f(x) {\n\treturn f(x)\n}\n", ""},
	ResultNotStored: {"Store to the result in every block, or leave the result out.", "", body(copies)},
	NotConstant:     {"Use a constant, a tune value or a static dimension: widths, extents of tiles, axes and layouts are fixed when compiling.", "", "kernel A(x f32[N]) (y f32[N]) {\n\ttune B in [64, 128]\n\tgrid n in N by B\n\ty[n] = x[n]\n}\n"},
	NotReassignable: {"Declare a variable with := and assign to that.", body("\tn = 2\n" + copies), body("\tt := x[n]\n\tt = t + 1\n\ty[n] = t\n")},
	StoreToInput:    {"Declare a result in the second list of parameters.", "", body(copies)},
	MissingGrid:     {"Start the kernel with one grid, such as `grid n in N by 1024`.", "", body(copies)},
	MissingReturn:   {"End the function with its only return.", "kernel A(x f32[N]) (y f32[N]) {\n\tgrid n in N by 64\n\ty[n] = f(x[n])\n}\n\nfunc f(x) f32 {\n\tt := x\n}\n", "func f(x) {\n\treturn x\n}\n\n" + body("\ty[n] = f(x[n])\n")},

	UnknownType:    {"docs/types.md lists the types: i1 to i64, u1 to u64, f16, bf16, tf32, f32, f64, and fNeXmY.", "", body(copies)},
	TypeMismatch:   {"Convert one of them: f32(x). No operation converts by itself, so that no rounding is hidden.", "", "kernel A(a f32[N], b f16[N]) (c f32[N]) {\n\tgrid n in N by 64\n\tc[n] = a[n] + f32(b[n])\n}\n"},
	ShapeMismatch:  {"Shapes are matched from the right, and an extent of 1 is repeated. expand(x, axis) adds an axis; `keep: true` lets a reduction keep its axis.", "", body("\ty[n] = x[n] + zeros[f32](64)\n")},
	BadRank:        {"Give one index for each dimension; `:` is the whole of a static one.", "", "kernel A(a f32[M, N]) (c f32[M, N]) {\n\tgrid m in M, n in N by 64\n\tc[m, n] = a[m, n]\n}\n"},
	BadConversion:  {"bitcast keeps the number of bits of every element, view[T](x) those of every row. To change the value's type write T(x).", body("\tt := bitcast[u16](x[n])\n" + copies), body("\tt := bitcast[u32](x[n])\n\ty[n] = bitcast[f32](t)\n")},
	BadOperand:     {"Convert the operand to a type that has the operation, or use another function; the message says which types do.", "", "kernel A(a i32[N]) (c i32[N]) {\n\tgrid n in N by 64\n\tc[n] = a[n] << 2\n}\n"},
	LiteralRange:   {"Choose a value that the type holds, or a wider type. f16(2049) rounds; 2049 beside an f16 does not.", "", "kernel A(a u4[N]) (c u8[N]) {\n\tgrid n in N by 64\n\tc[n] = u8(a[n]) + 16\n}\n"},
	BadAxis:        {"Axes count from 0; a scalar has none.", "", "kernel A(a f32[N]) (c f32[ceil(N, 64)]) {\n\tgrid n in ceil(N, 64)\n\tc[n] = sum(a[n by 64], axis: 0)\n}\n"},
	CarriedChanges: {"Convert before the assignment, or declare another variable: what a loop carries keeps its type and shape.", body("\tacc := zeros[f32](64)\n\tfor i in 0..4 {\n\t\tacc = f16(acc)\n\t}\n" + copies), body("\tacc := zeros[f32](64)\n\tfor i in 0..4 {\n\t\tacc = acc + x[n] * f32(i)\n\t}\n\ty[n] = acc\n")},

	DimMismatch:   {"Run the range over the tensor's own dimension, or give both dimensions one name if they are always equal: a launch then checks that. In a call, pass arguments whose extents agree.", "kernel A(x f32[N], z f32[K]) (y f32[N]) {\n\tgrid n in N by 64\n\ty[n] = z[n]\n}\n", "kernel A(x f32[N], z f32[N]) (y f32[N]) {\n\tgrid n in N by 64\n\ty[n] = z[n]\n}\n"},
	DimUnbound:    {"Let the dimension stand alone as the extent of some argument, or declare it static there.", "kernel A(x f32[K/2], z f32[N]) (y f32[N]) {\n\tgrid n in N by 64\n\ty[n] = z[n]\n}\n", "kernel A(x f32[K], z f32[N]) (y f32[N]) {\n\tgrid n in N by 64\n\ty[n] = z[n]\n}\n"},
	NotDivisible:  {"Choose a width that is a multiple or a divisor of the group; at a launch, an extent that the declared divisor divides.", "kernel A(x f32[N], s f32[N/48]) (y f32[N]) {\n\tgrid n in N by 64\n\ty[n] = x[n] * s[n/48]\n}\n", "kernel A(x f32[N], s f32[N/16]) (y f32[N]) {\n\tgrid n in N by 64\n\ty[n] = x[n] * s[n/16]\n}\n"},
	NotStatic:     {"Declare the dimension static (`N static`) and bind it with --shape N=…, or walk it with a range.", body("\tt := x[:]\n" + copies), "kernel A(x f32[N]) (y f32[N]) {\n\tgrid _ in 1\n\tfor n in N by 64 { y[n] = x[n] }\n}\n"},
	BadRange:      {"A range runs over an extent, with a positive constant width. A store along it must not reach inside of the tensor where the range is clipped.", "", body(copies)},
	BadTune:       {"List at least one candidate, and set one of them with -D.", "", "kernel A(x f32[N]) (y f32[N]) {\n\ttune B in [64, 128]\n\tgrid n in N by B\n\ty[n] = x[n]\n}\n"},
	EmptyExtent:   {"Extents are at least 1.", body("\tt := zeros[f32](0)\n" + copies), body("\ty[n] = x[n] + zeros[f32](1)\n")},
	OutOfBounds:   {"Indices count from 0 to the extent less 1.", "kernel A(x f32[N], g f32[64]) (y f32[N]) {\n\tgrid n in N by 64\n\ty[n] = x[n] * g[64]\n}\n", "kernel A(x f32[N], g f32[64]) (y f32[N]) {\n\tgrid n in N by 64\n\ty[n] = x[n] * g[63]\n}\n"},
	MissingInput:  {"Give the argument: --in NAME=FILE, an input declaration, or in a test the value itself.", "", ""},
	UnknownOption: {"The help line lists the parameters, tune values or dimensions that the kernel has.", "", ""},

	BadLayout:       {"docs/layouts.md lists the parts: local, spatial, column_local, column_spatial, replicate, and names of layouts, joined by `.` or `*`.", body("\ty[n] = x[n] @ locl(64)\n"), body("\ty[n] = x[n] @ local(2).spatial(32)\n")},
	LayoutShape:     {"The product of a layout's extents along each axis is the tile's. `girih layout EXPR` prints its shape.", body("\ty[n] = x[n] @ local(2).spatial(16)\n"), body("\ty[n] = x[n] @ local(2).spatial(32)\n")},
	UnknownSchedule: {"A grid has warps(n), after(x, …), order(swizzle(n)) and persistent; loops have pipeline(n), split(n), cluster(n) and unroll(n).", "", "kernel A(x f32[N]) (y f32[N]) {\n\tgrid n in N by 64 warps(4)\n\ty[n] = x[n]\n}\n"},
	BadSchedule:     {"Give the word its one number, on the statement that has it. Others are after, with the names of input tensors, order(swizzle(n)), and persistent, alone or with 0 or 1.", "", "kernel A(x f32[N]) (y f32[N]) {\n\tgrid n in N by 64 warps(4)\n\ty[n] = x[n]\n}\n"},
	LayoutThreads:   {"Write warps(n) after the grid, so that the block has as many threads as the layout, or replicate the layout: `.replicate(4)`.", "", ""},
	LayoutConflict:  {"Annotate one of the two values. Where layouts may differ, a conversion is inserted by itself.", "", ""},
	NoLayout:        {"This is a limit of the compiler: name intermediate values and annotate one of them with a layout of local and spatial parts, and report the kernel.", "", ""},
	PackedRead:      {"Read it as w[k, n] with two ranges from 0, whose widths are those of the tiles; or drop the word packed.", "", ""},
	PackedTwice:     {"Read it once into a variable, or drop the word packed.", "", ""},

	UnknownTarget:  {"Targets are cpu and the GPU generations that the message lists, such as sm_80 and sm_90a.", "", ""},
	NoInstruction:  {"Convert to a type that the target has, or choose a newer target.", "", ""},
	SharedOverflow: {"Use smaller tiles or fewer stages: -D BM=…, -D stages=…. `girih explain` prints what each takes.", "", ""},
	RegisterSpill:  {"Use smaller tiles, or more warps for the same tile.", "", ""},
	ToolMissing:    {"`girih doctor` says what is missing and how to get it.", "", ""},
	ToolFailed:     {"This is a fault of the compiler and never yours: please report it with the source.", "", ""},
}
