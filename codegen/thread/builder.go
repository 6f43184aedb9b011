package thread

// Builder appends nodes to a block and folds what is constant on the way, so that address arithmetic over constants costs
// nothing.
type Builder struct {
	Func  *Func
	Block *Block
}

// NewFunc starts a function.
func NewFunc(name string, threads int) (*Func, *Builder) {
	f := &Func{Name: name, Threads: threads, Body: &Block{}}
	return f, &Builder{f, f.Body}
}

// Emit appends a node.
func (b *Builder) Emit(n *Node) *Node {
	b.Block.Nodes = append(b.Block.Nodes, n)
	return n
}

// In runs f with the builder set to another block.
func (b *Builder) In(blk *Block, f func()) {
	saved := b.Block
	b.Block = blk
	f()
	b.Block = saved
}

// NewVar declares a local array.
func (b *Builder) NewVar(name string, e Elem, n int) *Var {
	v := &Var{ID: len(b.Func.Vars), Name: name, Elem: e, Len: n}
	b.Func.Vars = append(b.Func.Vars, v)
	return v
}

// Int is an integer constant of kind e (Bool: 0 or 1).
func (b *Builder) Int(e Elem, n int64) *Node {
	if e == I32 {
		n = int64(int32(n))
	}
	return b.Emit(&Node{Op: Const, Type: Scalar(e), Imm: n})
}

// I32 is an integer constant of 32 bits.
func (b *Builder) I32(n int) *Node { return b.Int(I32, int64(n)) }

// Float is a float constant of kind e.
func (b *Builder) Float(e Elem, x float64) *Node {
	return b.Emit(&Node{Op: Const, Type: Scalar(e), F: x})
}

func isInt(n *Node) bool { return n.Op == Const && n.Type.Elem.IsInt() && n.Type.Lanes == 1 }

// IsConst reports an integer constant and its value.
func IsConst(n *Node) (int64, bool) { return n.Imm, isInt(n) || n.Op == Const && n.Type.Elem == Bool }

// Un applies an operation of one operand.
func (b *Builder) Un(op Op, x *Node) *Node {
	return b.Emit(&Node{Op: op, Type: x.Type, Args: []*Node{x}})
}

// Bin applies an operation of two operands of one type.
func (b *Builder) Bin(op Op, x, y *Node) *Node { return b.bin(op, x, y, false) }

// BinU is Bin with the unsigned meaning.
func (b *Builder) BinU(op Op, x, y *Node) *Node { return b.bin(op, x, y, true) }

func (b *Builder) bin(op Op, x, y *Node, uns bool) *Node {
	if isInt(x) && isInt(y) {
		if n, ok := fold(op, x.Type.Elem, x.Imm, y.Imm, uns); ok {
			return b.Int(x.Type.Elem, n)
		}
	}
	if isInt(x) && !isInt(y) && (op == Add || op == Mul || op == And || op == Or || op == Xor) {
		x, y = y, x
	}
	if isInt(y) {
		switch {
		case y.Imm == 0 && (op == Add || op == Sub || op == Or || op == Xor || op == Shl || op == Shr), y.Imm == 1 && (op == Mul || op == Div):
			return x
		case y.Imm == 0 && (op == Mul || op == And), y.Imm == 1 && op == Rem:
			return b.Int(x.Type.Elem, 0)
		}
	}
	return b.Emit(&Node{Op: op, Type: x.Type, Args: []*Node{x, y}, Uns: uns})
}

func fold(op Op, e Elem, x, y int64, uns bool) (int64, bool) {
	if uns && e == I32 {
		x, y = int64(uint32(x)), int64(uint32(y))
	} else if uns && (x < 0 || y < 0) {
		return 0, false
	}
	switch op {
	case Add:
		return x + y, true
	case Sub:
		return x - y, true
	case Mul:
		return x * y, true
	case Div:
		if y != 0 {
			return x / y, true
		}
	case Rem:
		if y != 0 {
			return x % y, true
		}
	case Min:
		return min(x, y), true
	case Max:
		return max(x, y), true
	case And:
		return x & y, true
	case Or:
		return x | y, true
	case Xor:
		return x ^ y, true
	case Shl:
		return x << uint(y), true
	case Shr:
		return x >> uint(y), true
	}
	return 0, false
}

// Cmp compares two operands.
func (b *Builder) Cmp(pred string, x, y *Node, uns bool) *Node {
	if isInt(x) && isInt(y) && !uns {
		r := map[string]bool{"eq": x.Imm == y.Imm, "ne": x.Imm != y.Imm, "lt": x.Imm < y.Imm, "le": x.Imm <= y.Imm, "gt": x.Imm > y.Imm, "ge": x.Imm >= y.Imm}[pred]
		n := int64(0)
		if r {
			n = 1
		}
		return b.Int(Bool, n)
	}
	return b.Emit(&Node{Op: Cmp, Type: Type{Bool, x.Type.Lanes}, Args: []*Node{x, y}, Kind: pred, Uns: uns})
}

// And2 is the conjunction of two predicates, either of which may be nil for true.
func (b *Builder) And2(p, q *Node) *Node {
	switch {
	case p == nil:
		return q
	case q == nil:
		return p
	}
	return b.Bin(And, p, q)
}

// Select is x where cond holds, else y.
func (b *Builder) Select(cond, x, y *Node) *Node {
	if cond.Op == Const && cond.Type.Lanes == 1 {
		if cond.Imm != 0 {
			return x
		}
		return y
	}
	return b.Emit(&Node{Op: Select, Type: x.Type, Args: []*Node{cond, x, y}})
}

// Conv converts to another kind; uns reads an integer operand as unsigned.
func (b *Builder) Conv(x *Node, e Elem, uns bool) *Node {
	if x.Type.Elem == e {
		return x
	}
	if isInt(x) && e == I64 && !uns {
		return b.Int(I64, x.Imm)
	}
	if isInt(x) && e == I32 && x.Type.Elem == I64 {
		return b.Int(I32, x.Imm)
	}
	return b.Emit(&Node{Op: Conv, Type: Type{e, x.Type.Lanes}, Args: []*Node{x}, Uns: uns})
}

// Bitcast reads the bits as another type of the same width.
func (b *Builder) Bitcast(x *Node, t Type) *Node {
	if x.Type == t {
		return x
	}
	return b.Emit(&Node{Op: Bitcast, Type: t, Args: []*Node{x}})
}

// Fma is x*y+z rounded once.
func (b *Builder) Fma(x, y, z *Node) *Node {
	return b.Emit(&Node{Op: Fma, Type: x.Type, Args: []*Node{x, y, z}})
}

// Get reads lanes elements of a local array.
func (b *Builder) Get(v *Var, idx *Node, lanes int) *Node {
	return b.Emit(&Node{Op: Get, Type: Type{v.Elem, lanes}, Args: []*Node{idx}, Var: v})
}

// Set writes a value to a local array.
func (b *Builder) Set(v *Var, idx, x *Node) {
	b.Emit(&Node{Op: Set, Args: []*Node{idx, x}, Var: v})
}

// Vec joins scalars.
func (b *Builder) Vec(xs ...*Node) *Node {
	if len(xs) == 1 {
		return xs[0]
	}
	return b.Emit(&Node{Op: Vec, Type: Type{xs[0].Type.Elem, len(xs)}, Args: xs})
}

// Extract is element i of a vector (the scalar itself when there is one lane).
func (b *Builder) Extract(x *Node, i int) *Node {
	if x.Type.Lanes == 1 {
		return x
	}
	return b.Emit(&Node{Op: Extract, Type: Scalar(x.Type.Elem), Args: []*Node{x}, Imm: int64(i)})
}

// PtrAdd moves an address by bytes.
func (b *Builder) PtrAdd(p, bytes *Node) *Node {
	if isInt(bytes) && bytes.Imm == 0 {
		return p
	}
	return b.Emit(&Node{Op: PtrAdd, Type: p.Type, Args: []*Node{p, bytes}})
}

// Load reads a value; pred may be nil.
func (b *Builder) Load(t Type, p, pred *Node, align int) *Node {
	args := []*Node{p}
	if pred != nil {
		args = append(args, pred)
	}
	return b.Emit(&Node{Op: Load, Type: t, Args: args, Imm: int64(align)})
}

// Store writes a value; pred may be nil.
func (b *Builder) Store(p, x, pred *Node, align int) {
	args := []*Node{p, x}
	if pred != nil {
		args = append(args, pred)
	}
	b.Emit(&Node{Op: Store, Args: args, Imm: int64(align)})
}

// Effect appends a node without a result.
func (b *Builder) Effect(op Op, imm int64, args ...*Node) *Node {
	return b.Emit(&Node{Op: op, Imm: imm, Args: args})
}

// For builds a loop of the block's program: run-time bounds.
func (b *Builder) For(from, to, step *Node, body func(i *Node)) {
	b.loop(from, to, step, false, body)
}

// Local builds a loop over n local indices; one iteration is inlined.
func (b *Builder) Local(n int, body func(i *Node)) {
	if n == 1 {
		body(b.I32(0))
		return
	}
	b.loop(b.I32(0), b.I32(n), b.I32(1), true, body)
}

func (b *Builder) loop(from, to, step *Node, local bool, body func(i *Node)) {
	i := &Node{Op: LoopVar, Type: Scalar(I32)}
	n := &Node{Op: For, Args: []*Node{from, to, step, i}, Body: &Block{}, Loop: local}
	b.In(n.Body, func() { body(i) })
	b.Emit(n)
}

// If builds a conditional; no may be nil.
func (b *Builder) If(cond *Node, yes, no func()) {
	n := &Node{Op: If, Args: []*Node{cond}, Body: &Block{}}
	b.In(n.Body, yes)
	if no != nil {
		n.Else = &Block{}
		b.In(n.Else, no)
	}
	b.Emit(n)
}
