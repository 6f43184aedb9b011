package diag

// G00: lexing and parsing (package lang/syntax).
const (
	Unexpected     = "G0001"
	Incomplete     = "G0002"
	BadCharacter   = "G0003"
	BadNumber      = "G0004"
	BadString      = "G0005"
	BadComment     = "G0006"
	TooDeep        = "G0007"
	BadSource      = "G0008"
	NotYet         = "G0009"
	NotAssignable  = "G0010"
	CountMismatch  = "G0011"
	MissingType    = "G0012"
	ArgumentOrder  = "G0013"
	NoEffect       = "G0014"
	BadDimension   = "G0015"
	BadRangeNames  = "G0016"
	Misplaced      = "G0017"
	BadTypeParam   = "G0018"
	ChainedCompare = "G0019"
	BadLayoutForm  = "G0020"
)

var syntaxCodes = []Code{
	{Unexpected, "The text does not fit the grammar here: what was expected, and what was found.",
		"kernel A(x f32[N] { }\n"},
	{Incomplete, "The text ends in the middle of something; a REPL asks for another line.",
		"kernel A(x f32[N]) {\n"},
	{BadCharacter, "A character that starts nothing, or cannot stand in a name.",
		"const A = 2 × 3\n"},
	{BadNumber, "A number of the wrong form or too large.",
		"const A = 0x\n"},
	{BadString, "A string that is not closed on its line, or with an unknown escape.",
		"const A = \"abc\n"},
	{BadComment, "A block comment; comments start with //.",
		"/* no */\nconst A = 1\n"},
	{TooDeep, "Too many nested brackets, or too long a chain of operators.",
		""},
	{BadSource, "The file as a whole cannot be read: too large.",
		""},
	{NotYet, "A word that a later version of the language gives a meaning.",
		"kernel A(x f32[N]) (y f32[N]) {\n\tshared s f32[N]\n}\n"},
	{NotAssignable, "The left side of an assignment is neither a name nor a view.",
		"func f(x) {\n\tx + 1 = 2\n}\n"},
	{CountMismatch, "The two sides of an assignment have different numbers of expressions.",
		"const A, B = 1, 2, 3\n"},
	{MissingType, "A kernel's parameter without a type.",
		"kernel A(x) (y f32[N]) {\n}\n"},
	{ArgumentOrder, "A positional argument after a named one, or a name given twice.",
		"func f(x) {\n\treturn max(axis: 1, x)\n}\n"},
	{NoEffect, "An expression in statement position that is not a call, so its value is lost.",
		"func f(x) {\n\tx + 1\n}\n"},
	{BadDimension, "An extent that is not an integer expression with facts such as `N static` or `N % 64 == 0`.",
		"kernel A(x f32[N < 64]) {\n}\n"},
	{BadRangeNames, "A range with the wrong number of names: one, or in a loop over tiles also its counter.",
		"kernel A(x f32[N]) {\n\tgrid n, i in N by 64\n}\n"},
	{Misplaced, "Something that is right elsewhere but not here.",
		"const A = 1\npackage p\n"},
	{BadTypeParam, "A type parameter without a kind, or several that share a default.",
		"kernel A[W](x W[N]) {\n}\n"},
	{ChainedCompare, "Comparisons do not chain.",
		"const A = 1 < 2 < 3\n"},
	{BadLayoutForm, "What follows `@` or `layout X =` is not a product of layouts.",
		"layout C = local(2, 1) + spatial(8, 4)\n"},
}
