package syntax

import (
	"sync"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// The concrete grammar. Each struct is a production, its tags are the right-hand side. It is predictive: a production is
// chosen by its first token, or by a lookahead group (?= …) of two; with UseLookahead(0) participle never backs out of a
// production once it has eaten a token. Lists written `@@ ( (?! "," ")") "," @@ )* ","?` may end in a comma.

// toks holds the tokens of a production; participle fills it.
type toks struct{ Tokens []lexer.Token }

func (t toks) at() At {
	if len(t.Tokens) == 0 {
		return At{}
	}
	return At{spanOf(t.Tokens[0]).To(spanOf(t.Tokens[len(t.Tokens)-1]))}
}

type gItem struct {
	toks
	Package *gPackage `parser:"@@"`
	Kernel  *gKernel  `parser:"| @@"`
	Func    *gFunc    `parser:"| @@"`
	Layout  *gLayout  `parser:"| @@"`
	Const   *gConst   `parser:"| @@"`
	Input   *gInput   `parser:"| @@"`
	Test    *gTest    `parser:"| @@"`
}

type gPackage struct {
	toks
	Name *gName `parser:"'package' @@"`
}

type gKernel struct {
	toks
	Name    *gName        `parser:"'kernel' @@"`
	Types   []*gTypeParam `parser:"( '[' @@ ( (?! ',' ']') ',' @@ )* ','? ']' )?"`
	Params  *gParams      `parser:"@@"`
	Results *gParams      `parser:"@@?"`
	Body    *gBlock       `parser:"@@"`
}

type gFunc struct {
	toks
	Name    *gName        `parser:"'func' @@"`
	Types   []*gTypeParam `parser:"( '[' @@ ( (?! ',' ']') ',' @@ )* ','? ']' )?"`
	Params  *gParams      `parser:"@@"`
	Results []*gType      `parser:"( @@ | '(' @@ ( (?! ',' ')') ',' @@ )* ','? ')' )?"`
	Body    *gBlock       `parser:"@@"`
}

type gLayout struct {
	toks
	Name *gName  `parser:"'layout' @@"`
	X    *gChain `parser:"'=' @@"`
}

type gConst struct {
	toks
	Names  []*gName `parser:"'const' @@ ( ',' @@ )*"`
	Values []*gExpr `parser:"'=' @@ ( ',' @@ )*"`
}

type gInput struct {
	toks
	Name *gName  `parser:"'input' @@"`
	Body *gBlock `parser:"@@"`
}

type gTest struct {
	toks
	Name *gName  `parser:"'test' @@"`
	Body *gBlock `parser:"@@"`
}

type gTypeParam struct {
	toks
	Name    *gName `parser:"@@"`
	Kind    *gKind `parser:"( @@"`
	Default *gExpr `parser:"( '=' @@ )? )?"`
}

type gKind struct {
	Tok lexer.Token `parser:"@( 'type' | Ident )"`
}

type gParams struct {
	toks
	List []*gParam `parser:"'(' ( @@ ( (?! ',' ')') ',' @@ )* ','? )? ')'"`
}

type gParam struct {
	toks
	Name *gName `parser:"@@"`
	Type *gType `parser:"@@?"`
}

type gType struct {
	toks
	Packed bool    `parser:"( (?= 'packed' Ident) @'packed' )?"`
	Elem   *gName  `parser:"@@"`
	Dims   []*gDim `parser:"( '[' @@ ( (?! ',' ']') ',' @@ )* ','? ']' )?"`
}

type gDim struct {
	toks
	X     *gExpr   `parser:"@@"`
	Facts []*gWord `parser:"@@*"`
}

type gWord struct {
	toks
	Name *gName  `parser:"@@"`
	Args []*gArg `parser:"( '(' ( @@ ( (?! ',' ')') ',' @@ )* ','? )? ')' )?"`
}

type gBlock struct {
	toks
	Stmts []*gStmt `parser:"'{' Term* ( @@ ( Term+ @@? )* )? '}'"`
}

type gScript struct {
	toks
	Stmts []*gStmt `parser:"Term* ( @@ ( Term+ @@? )* )?"`
}

type gStmt struct {
	toks
	Const  *gConst  `parser:"@@"`
	Tune   *gTune   `parser:"| @@"`
	Grid   *gGrid   `parser:"| @@"`
	For    *gFor    `parser:"| @@"`
	If     *gIf     `parser:"| @@"`
	Return *gReturn `parser:"| @@"`
	Claim  *gClaim  `parser:"| @@"`
	Simple *gSimple `parser:"| @@"`
}

type gTune struct {
	toks
	Ranges []*gRange `parser:"'tune' @@ ( ',' @@ )*"`
}

type gGrid struct {
	toks
	Ranges []*gRange `parser:"'grid' @@ ( ',' @@ )*"`
	Words  []*gWord  `parser:"@@*"`
}

type gFor struct {
	toks
	Ranges []*gRange `parser:"'for' @@ ( ',' @@ )*"`
	Words  []*gWord  `parser:"@@*"`
	Body   *gBlock   `parser:"@@"`
}

type gRange struct {
	toks
	Names []*gName `parser:"@@ ( ',' @@ )* 'in'"`
	First *gExpr   `parser:"@@"`
	Last  *gExpr   `parser:"( '..' @@ )?"`
	By    *gExpr   `parser:"( 'by' @@ )?"`
}

type gIf struct {
	toks
	Cond    *gExpr     `parser:"'if' @@"`
	Then    *gBlock    `parser:"@@"`
	ElseIfs []*gElseIf `parser:"( (?= 'else' 'if') @@ )*"`
	Else    *gBlock    `parser:"( 'else' @@ )?"`
}

type gElseIf struct {
	toks
	Cond *gExpr  `parser:"'else' 'if' @@"`
	Then *gBlock `parser:"@@"`
}

type gReturn struct {
	toks
	Results []*gExpr `parser:"'return' ( @@ ( ',' @@ )* )?"`
}

type gClaim struct {
	toks
	Verb lexer.Token `parser:"@( 'assume' | 'assert' | 'expect' )"`
	X    *gExpr      `parser:"@@"`
	Msg  *gExpr      `parser:"( ',' @@ )?"`
}

type gSimple struct {
	toks
	Lhs []*gExpr     `parser:"@@ ( ',' @@ )*"`
	Op  *lexer.Token `parser:"( @( ':=' | '=' | '+=' | '-=' | '*=' | '/=' | '%=' | '&=' | '|=' | '^=' | '<<=' | '>>=' )"`
	Rhs []*gExpr     `parser:"@@ ( ',' @@ )* )?"`
}

type gExpr struct {
	toks
	X      *gChain `parser:"@@"`
	Layout *gChain `parser:"( '@' @@ )?"`
}

// gChain is a flat run of operands and binary operators; convert.go gives it its precedences.
type gChain struct {
	toks
	Head *gUnary    `parser:"@@"`
	Tail []*gBinary `parser:"@@*"`
}

type gBinary struct {
	Op lexer.Token `parser:"@( '||' | '&&' | '==' | '!=' | '<=' | '>=' | '<<' | '>>' | '<' | '>' | '+' | '-' | '|' | '^' | '*' | '/' | '%' | '&' )"`
	X  *gUnary     `parser:"@@"`
}

type gUnary struct {
	toks
	Ops []*gOp    `parser:"( @@+"`
	X   *gPostfix `parser:"@@ | @@ )"`
}

type gOp struct {
	Tok lexer.Token `parser:"@( '-' | '!' | '^' )"`
}

type gPostfix struct {
	toks
	X        *gOperand  `parser:"@@"`
	Suffixes []*gSuffix `parser:"@@*"`
}

type gSuffix struct {
	toks
	Sel   *gName    `parser:"'.' @@"`
	Call  *gCall    `parser:"| @@"`
	Index []*gIndex `parser:"| '[' @@ ( (?! ',' ']') ',' @@ )* ','? ']'"`
	Basis []*gAxis  `parser:"| (?= '{' Ident ':' '[') '{' @@ ( (?! ',' '}') ',' @@ )* ','? '}'"`
}

// gAxis is an axis of a basis: no block starts with a name, a colon and a bracket.
type gAxis struct {
	toks
	Name    *gName     `parser:"@@ ':' '['"`
	Vectors []*gVector `parser:"( @@ ( (?! ',' ']') ',' @@ )* ','? )? ']'"`
}

type gVector struct {
	toks
	Radix *lexer.Token `parser:"( (?= Int ':') @Int ':' )?"`
	At    []*gExpr     `parser:"'(' @@ ( (?! ',' ')') ',' @@ )* ','? ')'"`
}

type gCall struct {
	Args []*gArg `parser:"'(' ( @@ ( (?! ',' ')') ',' @@ )* ','? )? ')'"`
}

type gArg struct {
	toks
	Name *gName `parser:"( (?= Ident ':') @@ ':' )?"`
	X    *gExpr `parser:"@@"`
}

type gIndex struct {
	toks
	All bool   `parser:"@':'"`
	X   *gExpr `parser:"| ( @@"`
	By  *gExpr `parser:"( 'by' @@ )? )"`
}

type gOperand struct {
	toks
	Name   *gName       `parser:"@@"`
	Lit    *lexer.Token `parser:"| @( Int | Float | String | 'true' | 'false' | 'inf' | 'nan' )"`
	Paren  *gExpr       `parser:"| '(' @@ ')'"`
	List   []*gExpr     `parser:"| '[' @@ ( (?! ',' ']') ',' @@ )* ','? ']'"`
	Oracle *gOracle     `parser:"| @@"`
}

// gOracle is `oracle { … }`; the scanner tells the word from the name.
type gOracle struct {
	toks
	Body *gBlock `parser:"'oracle' @@"`
}

type gName struct {
	Tok lexer.Token `parser:"@Ident"`
}

func (n *gName) ident() *Ident { return &Ident{At{spanOf(n.Tok)}, n.Tok.Value} }

// The parsers are built at first use: the command must not pay for them when it does not parse.
var (
	itemParser   = sync.OnceValue(build[gItem])
	scriptParser = sync.OnceValue(build[gScript])
	exprParser   = sync.OnceValue(build[gExpr])
)

func build[G any]() *participle.Parser[G] {
	return participle.MustBuild[G](participle.Lexer(definition{}), participle.UseLookahead(0))
}

// EBNF is the grammar as participle sees it, for debugging and for the tests.
func EBNF() string { return itemParser().String() }
