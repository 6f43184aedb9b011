package thread

// Wide vectors fill the vector registers of a CPU: 64 bytes, for instance 16 lanes of F32. A lowering for the CPU uses
// them where it must decide what stays in registers, which a C compiler does not find out from loops over arrays: the
// inner part of a dot. They are values like others, with these limits: their operations are Const, Splat, Add, Sub, Mul,
// And, Or, Xor, Shl, Shr, Fma, Select, Cmp (operands and mask of one width), Conv from I32 to F32, Bitcast, Lookup, Get,
// Set, and Load without a predicate. A Var with Lanes holds them across iterations.

// WideBytes is the size of a wide vector.
const WideBytes = 64

// WideLanes is the number of lanes of a wide vector of kind e.
func WideLanes(e Elem) int { return WideBytes / e.Size() }

// Wide is the type of a wide vector of kind e.
func Wide(e Elem) Type { return Type{e, WideLanes(e)} }

// IsWide reports a vector of 64 bytes, or the mask that a comparison of such gives.
func (t Type) IsWide() bool {
	return t.Lanes > 1 && (t.Elem.Size()*t.Lanes == WideBytes || t.Elem == Bool && t.Lanes >= 8)
}

// CPUOnly reports operations that no lowering emits for a GPU.
func (o Op) CPUOnly() bool { return o == Splat || o == Lookup || o == Prefetch }

// NewRegisters declares n wide vectors that stay in registers; vector i is read and written at index i times the lanes.
func (b *Builder) NewRegisters(name string, e Elem, n int) *Var {
	v := b.NewVar(name, e, n*WideLanes(e))
	v.Lanes = WideLanes(e)
	return v
}

// GetWide reads a wide vector: the elements of an array, or of registers, from index i on.
func (b *Builder) GetWide(v *Var, i *Node) *Node { return b.Get(v, i, WideLanes(v.Elem)) }

// Splat repeats a scalar in every lane of a wide vector; a constant stays one.
func (b *Builder) Splat(x *Node) *Node {
	t := Wide(x.Type.Elem)
	if x.Op == Const {
		return b.Emit(&Node{Op: Const, Type: t, Imm: x.Imm, F: x.F})
	}
	return b.Emit(&Node{Op: Splat, Type: t, Args: []*Node{x}})
}

// Lookup reads a table of 16 or 32 numbers by the low bits of each lane.
func (b *Builder) Lookup(table []float64, i *Node) *Node {
	return b.Emit(&Node{Op: Lookup, Type: Type{F32, i.Type.Lanes}, Args: []*Node{i}, Table: table})
}
