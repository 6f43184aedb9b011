package syntax

// A Range is one clause of a grid, a loop or a tune: `m in M by BM`, `i in 0..n`, `BM in [16, 32]`, `k, i in K by BK`.
type Range struct {
	At
	Names []*Ident // one, or two in a loop: the range and its counter
	Lo    Expr     // the 0 of `0..n`; nil for `in M`
	Hi    Expr     // the n of `0..n`; for `in M` the extent M; for `in [16, 32]` a *ListLit
	By    Expr     // nil without `by`
}

// TuneStmt is `tune BM in [16, 32], stages in 3..6`.
type TuneStmt struct {
	At
	Ranges []*Range
}

// GridStmt is `grid m in M by BM, n in N by BN warps(4)`.
type GridStmt struct {
	At
	Ranges []*Range
	Words  []*Word
}

// ForStmt is `for k in K by BK pipeline(3) { … }`. Several ranges nest, the first outermost.
type ForStmt struct {
	At
	Ranges []*Range
	Words  []*Word
	Body   *Block
}

// IfStmt is `if c { … } else …`; Else is nil, an *IfStmt or a *Block.
type IfStmt struct {
	At
	Cond Expr
	Then *Block
	Else Stmt
}

// AssignStmt is `a, b := x, y`, `y[m, n] = x`, `acc += x`. Op is ":=", "=", or an operator followed by "=".
// The left sides of ":=" are *Ident, of the others *Ident or *IndexExpr; an operator form has one on each side.
// The right side has one expression for each left one, or a single one (a call with several results).
type AssignStmt struct {
	At
	Lhs   []Expr
	Op    string
	OpLoc At
	Rhs   []Expr
}

// ExprStmt is an expression in statement position: a call, or in a test anything whose value is shown.
type ExprStmt struct {
	At
	X Expr
}

// ReturnStmt is `return x, y`.
type ReturnStmt struct {
	At
	Results []Expr
}

// ClaimStmt is `assume e`, `assert e` or `expect e`, each with an optional message after a comma.
type ClaimStmt struct {
	At
	Verb string
	X    Expr
	Msg  Expr // nil without one
}

// Ident is a name.
type Ident struct {
	At
	Name string
}

// LitKind is the kind of a literal.
type LitKind uint8

const (
	IntLit LitKind = iota
	FloatLit
	StringLit
	BoolLit
)

// BasicLit is a literal; the scanner has checked that Text has a value of its kind (values.go). `inf` and `nan` are of
// kind FloatLit.
type BasicLit struct {
	At
	Kind LitKind
	Text string // as written
}

// ListLit is `[16, 32]`.
type ListLit struct {
	At
	Elems []Expr
}

// ParenExpr is `(x)`.
type ParenExpr struct {
	At
	X Expr
}

// UnaryExpr is `-x`, `!x` or `^x`.
type UnaryExpr struct {
	At
	Op string
	X  Expr
}

// BinaryExpr is `x op y`.
type BinaryExpr struct {
	At
	Op    string
	OpLoc At
	X, Y  Expr
}

// CallExpr is `f(x, axis: 1)`, `zeros[f32](BM, BN)`, `f16(x)`, `x.rows(i)`.
type CallExpr struct {
	At
	Fun      Expr
	TypeArgs []Expr // what stands in square brackets between Fun and the arguments
	Args     []*Arg
}

// An Arg is an argument, with a name or without. Positional arguments come first.
type Arg struct {
	At
	Name *Ident // nil for a positional argument
	X    Expr
}

// IndexExpr is `x[m, k + BK, :]`: a view. Each index is an expression, an *AllExpr or a *TileExpr.
type IndexExpr struct {
	At
	X       Expr
	Indices []Expr
}

// AllExpr is the index `:`, the whole extent.
type AllExpr struct{ At }

// TileExpr is the index `s by BK`: tile number s of width BK.
type TileExpr struct {
	At
	X, By Expr
}

// SelectorExpr is `x.T`, `Q.max`.
type SelectorExpr struct {
	At
	X   Expr
	Sel *Ident
}

// LayoutExpr is `x @ layout`. `@` binds loosest: all of the expression on its left is annotated. On its right stands a
// product of layouts, such as `spatial(2, 2).local(4, 8) * C`.
type LayoutExpr struct {
	At
	X, Layout Expr
}

// BasisExpr is `basis(2, 4){thread: [(0, 1), (1, 2)], local: [(0, 3)]}`: a layout by the images of the digits of its axes.
type BasisExpr struct {
	At
	X     Expr // the call
	OpLoc At   // of the braces
	Axes  []*BasisAxis
}

// A BasisAxis is an axis of a basis with its vectors, minor first.
type BasisAxis struct {
	At
	Name    *Ident
	Vectors []*BasisVector
}

// A BasisVector is where the value 1 of a digit goes.
type BasisVector struct {
	At
	Radix string // "" is 2
	Index []Expr
}

// OracleExpr is `oracle { … }` in a test: statements that are computed exactly, on whole tensors. Its value is that of its last
// statement, an expression or a return.
type OracleExpr struct {
	At
	Body *Block
}

func (*Block) stmt()      {}
func (*TuneStmt) stmt()   {}
func (*GridStmt) stmt()   {}
func (*ForStmt) stmt()    {}
func (*IfStmt) stmt()     {}
func (*AssignStmt) stmt() {}
func (*ExprStmt) stmt()   {}
func (*ReturnStmt) stmt() {}
func (*ClaimStmt) stmt()  {}
func (*ConstDecl) stmt()  {}

func (*Ident) expr()        {}
func (*BasicLit) expr()     {}
func (*ListLit) expr()      {}
func (*ParenExpr) expr()    {}
func (*UnaryExpr) expr()    {}
func (*BinaryExpr) expr()   {}
func (*CallExpr) expr()     {}
func (*IndexExpr) expr()    {}
func (*AllExpr) expr()      {}
func (*TileExpr) expr()     {}
func (*SelectorExpr) expr() {}
func (*LayoutExpr) expr()   {}
func (*BasisExpr) expr()    {}
func (*OracleExpr) expr()   {}
