package ir

// Code identifies an operation; its row in Table has everything else.
type Code uint8

// Operations of tile IR. The order is the order of docs/isa.md.
const (
	OpInvalid Code = iota

	// Constants and coordinates.
	OpConst
	OpIota
	OpDim
	OpProgramID

	// Elementwise, one operand.
	OpCast
	OpBitcast
	OpNeg
	OpNot
	OpAbs
	OpExp
	OpExp2
	OpLog
	OpLog2
	OpSin
	OpCos
	OpTanh
	OpErf
	OpSqrt
	OpRsqrt
	OpFloor
	OpCeil
	OpRound
	OpPopcount
	OpClz

	// Elementwise, two operands.
	OpAdd
	OpSub
	OpMul
	OpDiv
	OpRem
	OpMin
	OpMax
	OpAnd
	OpOr
	OpXor
	OpShl
	OpShr
	OpCmp

	// Elementwise, three operands.
	OpSelect
	OpFma

	// Shape.
	OpBroadcast
	OpReshape
	OpTranspose

	// Contractions.
	OpDot
	OpReduce

	// Memory.
	OpLoad
	OpGather
	OpStore

	// Control.
	OpFor
	OpIf
	OpYield

	// Inserted by passes: layouts, shared memory, asynchronous copies.
	OpConvert
	OpAllocShared
	OpLoadShared
	OpStoreShared
	OpCopyAsync
	OpCommit
	OpWait
	OpBarrier
	OpTurn
	OpTurnsLeft
	OpClusterRank
	OpClusterSize
	OpClusterSum
	OpLaunchDependents
	OpWaitGrid

	numCodes
)

// Effect tells what an operation does besides computing its results.
type Effect uint8

const (
	Pure    Effect = iota
	Reads          // reads memory
	Writes         // writes memory
	Syncs          // orders memory operations of the block
	Control        // owns regions or ends one
)

// Class groups operations by their typing and their lowering.
type Class uint8

const (
	ClassOther  Class = iota
	ClassUnary        // elementwise on one tile, same type out
	ClassBinary       // elementwise on two tiles of one type, same type out
	ClassCount        // elementwise on one tile, i32 out
)

// Elems restricts the element types of an operation.
type Elems uint8

const (
	AnyElem Elems = iota
	Floats
	Ints
	Bits // integers and bool
	Numbers
)

// AttrSpec describes an attribute of an operation.
type AttrSpec struct {
	Name     string
	Type     string // "int", "number", "string", "bool", "ints"
	Optional bool
	Doc      string
}

// Info is the row of an operation.
type Info struct {
	Name    string
	Class   Class
	Args    []string // operand names; a last name ending in … stands for any number
	Results int      // number of results, -1 for any number
	Regions int      // number of regions
	Elems   Elems    // element types of elementwise operations
	Effect  Effect
	Commut  bool // operands of a binary operation may be swapped
	Attrs   []AttrSpec
	Verify  func(*Op) error // typing beyond the class's rule
	Doc     string          // meaning, one paragraph
	Example string          // one operation in the text form
}

// Info is the row of the operation.
func (c Code) Info() *Info { return &Table[c] }

// String is the operation's name.
func (c Code) String() string { return Table[c].Name }

// CodeOf finds an operation by its name.
func CodeOf(name string) (Code, bool) { c, ok := codes[name]; return c, ok }

// Codes lists all operations in table order.
func Codes() []Code {
	var cs []Code
	for c := OpInvalid + 1; c < numCodes; c++ {
		cs = append(cs, c)
	}
	return cs
}

var codes = map[string]Code{}

func init() {
	for c := OpInvalid + 1; c < numCodes; c++ {
		codes[Table[c].Name] = c
	}
}
