// Package thread is thread IR: what one thread of a block does after layouts are applied to tile IR.
//
// A [Func] is a tree of nodes. Scalars and short vectors are values; a tile that lives in registers is a [Var], a local
// array with one entry for each local index of its layout. Loops over local indices are marked Local: a GPU printer
// unrolls them, so that every index into a Var is a constant and the array dissolves into registers; the C printer keeps
// them, so that the C compiler vectorises them. Loop-carried tiles are Vars that the loop body sets, so there are no phi
// nodes.
//
// Integers of up to 32 bits are held in I32, extended from their width by their sign; wider ones in I64. Small floats
// are held as the F32 of the same value. The lowering has made every case of the tile IR explicit (division by zero,
// shift counts, wrapping, clipping), so a printer translates node by node and decides nothing.
//
// This package knows nothing of layouts, PTX or C.
package thread

import "fmt"

// Elem is the kind of a scalar.
type Elem uint8

const (
	Void Elem = iota
	Bool
	I8
	I16
	I32
	I64
	F16
	BF16
	F32
	F64
	Ptr       // an address in global memory, 64 bits
	SharedPtr // a byte offset in the block's shared memory, 32 bits
)

var elemNames = [...]string{"void", "bool", "i8", "i16", "i32", "i64", "f16", "bf16", "f32", "f64", "ptr", "sptr"}

func (e Elem) String() string { return elemNames[e] }

// Size is the number of bytes of an element in memory.
func (e Elem) Size() int {
	return [...]int{0, 1, 1, 2, 4, 8, 2, 2, 4, 8, 8, 4}[e]
}

// IsFloat reports a float kind.
func (e Elem) IsFloat() bool { return e >= F16 && e <= F64 }

// IsInt reports an integer kind.
func (e Elem) IsInt() bool { return e >= I8 && e <= I64 }

// Type is a scalar (Lanes 1) or a short vector.
type Type struct {
	Elem  Elem
	Lanes int
}

// Scalar is the type of one element.
func Scalar(e Elem) Type { return Type{e, 1} }

func (t Type) String() string {
	if t.Lanes == 1 {
		return t.Elem.String()
	}
	return fmt.Sprintf("%sx%d", t.Elem, t.Lanes)
}

// Var is a local array: Len elements of one kind. It starts undefined.
type Var struct {
	ID    int
	Name  string
	Elem  Elem
	Len   int
	Lanes int // above 1: every so many elements are a wide vector in a register, and indices are constants (wide.go)
}

func (v *Var) String() string { return fmt.Sprintf("%s%d", v.Name, v.ID) }

// Param is a parameter of the function, in the order of the calling convention.
type Param struct {
	Name string
	Elem Elem // Ptr for tensors
	Out  bool // written
	// Awaited says that an earlier kernel may write the tensor until WaitGrid is behind: it is no constant of this one.
	Awaited bool
}

// Func is one kernel for one target.
type Func struct {
	Name    string
	Params  []Param
	Vars    []*Var
	Body    *Block
	Threads int // threads of a block: 1 on a CPU
	Shared  int // bytes of shared memory of a block
	Cluster int // blocks of a cluster, along axis 0 of the grid; 0 is 1
	// Persistent is code that covers the grid whatever number of blocks, or of clusters, is launched.
	Persistent bool
	Blocks     int // that a multiprocessor should hold at least, which bounds registers; 0: unsaid
}

// Block is a sequence of nodes, executed in order. Nodes that are only values may also hang below their users; a printer
// emits a value where it is listed. Every value is listed before its first use in its own block or an enclosing one.
type Block struct{ Nodes []*Node }

// Node is an operation; see Op for the meaning of its fields.
type Node struct {
	Op    Op
	Type  Type
	Args  []*Node
	Imm   int64   // integer constant, index or size, as the operation says
	F     float64 // float constant
	Kind  string  // predicate, shape of an mma, name of a cache policy
	Uns   bool    // unsigned comparison, division, shift, minimum, extension
	Var   *Var
	Vars  []*Var    // mma: a, b, c; wgmma: a, c
	Rows  int       // wgmma: fragments of 64 rows
	Table []float64 // lookup
	Body  *Block    // For, If
	Else  *Block    // If

	Loop bool // For: over local indices, to be unrolled on a GPU
	ID   int  // number in print, given by Func.String
}
