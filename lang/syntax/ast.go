package syntax

import "github.com/girih-lang/girih/lang/diag"

// A Node is any part of the tree. Its span covers exactly its text: from its first token to its last, without the
// comments around it.
type Node interface{ Span() diag.Span }

// At is embedded in every node and holds its span.
type At struct{ Loc diag.Span }

// Span is the node's range of bytes in its source.
func (a At) Span() diag.Span { return a.Loc }

// A File is one source file.
type File struct {
	At
	Source   *diag.Source
	Doc      *Doc       // comment above the package clause
	Package  *Ident     // nil where the file has no package clause
	Decls    []Decl     // in source order
	Comments []*Comment // all comments, in source order, the doc comments too
}

// A Comment is one "// …" line.
type Comment struct {
	At
	Text string // with its slashes, without trailing blanks
}

// A Doc is the run of comment lines that ends on the line above a declaration.
type Doc struct {
	At
	List []*Comment
}

// A Decl is a top-level declaration.
type Decl interface {
	Node
	decl()
}

// A Stmt is a statement.
type Stmt interface {
	Node
	stmt()
}

// An Expr is an expression.
type Expr interface {
	Node
	expr()
}

// KernelDecl is `kernel Name[TypeParams](Params) (Results) { … }`.
type KernelDecl struct {
	At
	Doc        *Doc
	Name       *Ident
	TypeParams []*TypeParam
	Params     []*Param // every one has a type
	Results    []*Param // may be empty; every one has a type
	Body       *Block
}

// FuncDecl is `func name[TypeParams](Params) Results { … }`, inlined at each call.
type FuncDecl struct {
	At
	Doc        *Doc
	Name       *Ident
	TypeParams []*TypeParam
	Params     []*Param // types may be nil: then the argument's type is taken
	Results    []*TensorType
	Body       *Block
}

// LayoutDecl is `layout Name = expr`; the expression is a layout expression as after `@`.
type LayoutDecl struct {
	At
	Doc  *Doc
	Name *Ident
	X    Expr
}

// ConstDecl is `const A, B = x, y`, at top level and as a statement. Names and Values have equal lengths.
type ConstDecl struct {
	At
	Doc    *Doc
	Names  []*Ident
	Values []Expr
}

// InputDecl is `input Kernel { name = expr … }`: the data with which `girih run` calls a kernel.
type InputDecl struct {
	At
	Doc    *Doc
	Kernel *Ident
	Body   *Block        // its statements, as they stand
	Sets   []*AssignStmt // the same statements; Op is "=", every left side an *Ident
}

// TestDecl is `test Name { … }`.
type TestDecl struct {
	At
	Doc  *Doc
	Name *Ident
	Body *Block
}

// A TypeParam is `A, B int` or `Q type = f8e4m3fn` in the square brackets after a declaration's name.
type TypeParam struct {
	At
	Names   []*Ident
	Kind    *Ident // "type" or the name of an integer type, mostly "int"
	Default Expr   // nil without one; then only with a single name
}

// A Param is `a, b f32[N]`: names that share a type.
type Param struct {
	At
	Names []*Ident
	Type  *TensorType // nil only for parameters of a func
}

// A TensorType is `f16[M, K static]`, `packed W[K, N]`, or a scalar `f32`.
type TensorType struct {
	At
	Packed bool
	Elem   *Ident // an element type's or a type parameter's name
	Dims   []*Dim // nil for a scalar
}

// A Dim is one extent of a tensor type: an integer expression over dimension names, and facts on it.
type Dim struct {
	At
	X        Expr
	Static   bool    // `N static`: known when compiling
	Multiple Expr    // `N % 64 == 0`: the 64; nil if nothing is said
	Facts    []*Word // other words after the expression, such as aligned(16); their meaning is the checker's
}

// A Word is a schedule word or a fact: `pipeline(3)`, `persistent`.
type Word struct {
	At
	Name *Ident
	Args []*Arg
}

// A Block is `{ … }`.
type Block struct {
	At
	Stmts []Stmt
}

func (*KernelDecl) decl() {}
func (*FuncDecl) decl()   {}
func (*LayoutDecl) decl() {}
func (*ConstDecl) decl()  {}
func (*InputDecl) decl()  {}
func (*TestDecl) decl()   {}
