package ir

import "github.com/girih-lang/girih/ir/dtype"

// Builder appends operations to a block.
type Builder struct {
	Block *Block
	Span  Span // given to every operation that is built
}

// Op appends an operation with results of the given types.
func (b *Builder) Op(code Code, args []*Value, results ...Type) *Op {
	o := NewOp(code, args, results...)
	o.Span = b.Span
	b.Block.Ops = append(b.Block.Ops, o)
	return o
}

// NewOp makes an operation that stands in no block yet.
func NewOp(code Code, args []*Value, results ...Type) *Op {
	o := &Op{Code: code, Args: args}
	for _, t := range results {
		o.Results = append(o.Results, &Value{Type: t, Def: o})
	}
	return o
}

// Float is a constant tile of a float type; the value must be one of that type.
func (b *Builder) Float(t Type, x float64) *Value {
	return b.Op(OpConst, nil, t).Set("value", x).Result()
}

// Int is a constant tile of an integer type or bool.
func (b *Builder) Int(t Type, n int64) *Value { return b.Op(OpConst, nil, t).Set("value", n).Result() }

// Number is a constant of any numeric type, rounded or wrapped to it.
func (b *Builder) Number(t Type, x float64) *Value {
	if t.Elem.IsFloat() {
		return b.Float(t, t.Elem.Round(x))
	}
	return b.Int(t, t.Elem.Wrap(int64(x)))
}

// Index is a constant scalar for offsets and extents.
func (b *Builder) Index(n int) *Value { return b.Int(TileOf(Index), int64(n)) }

// Dim is an extent as a scalar; a constant one becomes a constant.
func (b *Builder) Dim(e Expr) *Value {
	if e.Op == EConst {
		return b.Index(int(e.N))
	}
	return b.Op(OpDim, nil, TileOf(Index)).Set("expr", e.String()).Result()
}

// Unary applies an elementwise operation of one operand.
func (b *Builder) Unary(c Code, x *Value) *Value { return b.Op(c, []*Value{x}, x.Type).Result() }

// Binary applies an elementwise operation of two operands of one type.
func (b *Builder) Binary(c Code, x, y *Value) *Value {
	return b.Op(c, []*Value{x, y}, x.Type).Result()
}

// Cmp compares elementwise; pred is one of Predicates.
func (b *Builder) Cmp(pred string, x, y *Value) *Value {
	return b.Op(OpCmp, []*Value{x, y}, x.Type.WithElem(dtype.Bool)).Set("pred", pred).Result()
}

// Select is x where cond holds, else y.
func (b *Builder) Select(cond, x, y *Value) *Value {
	return b.Op(OpSelect, []*Value{cond, x, y}, x.Type).Result()
}

// Cast converts to another element type; the same type is returned as it is.
func (b *Builder) Cast(x *Value, to dtype.Type) *Value {
	if x.Type.Elem == to {
		return x
	}
	return b.Op(OpCast, []*Value{x}, x.Type.WithElem(to)).Result()
}

// Broadcast repeats x to a shape; the same shape is returned as it is.
func (b *Builder) Broadcast(x *Value, shape ...int) *Value {
	t := x.Type.WithShape(shape...)
	if t.Equal(x.Type) {
		return x
	}
	return b.Op(OpBroadcast, []*Value{x}, t).Result()
}

// Reshape gives x another shape of the same size.
func (b *Builder) Reshape(x *Value, shape ...int) *Value {
	t := x.Type.WithShape(shape...)
	if t.Equal(x.Type) {
		return x
	}
	return b.Op(OpReshape, []*Value{x}, t).Result()
}

// Reduce combines along an axis.
func (b *Builder) Reduce(op string, axis int, x *Value) *Value {
	shape := append(append([]int{}, x.Type.Shape[:axis]...), x.Type.Shape[axis+1:]...)
	return b.Op(OpReduce, []*Value{x}, x.Type.WithShape(shape...)).Set("axis", axis).Set("op", op).Result()
}

// Load reads a tile of the given shape.
func (b *Builder) Load(tensor *Value, offsets []*Value, dims []int, shape ...int) *Value {
	args := append([]*Value{tensor}, offsets...)
	return b.Op(OpLoad, args, TileOf(tensor.Type.Elem, shape...)).Set("dims", dims).Result()
}

// Gather reads a tile whose positions along one dimension of the tensor are those of index, a tile of the same shape.
func (b *Builder) Gather(tensor, index *Value, along int, offsets []*Value, dims []int) *Value {
	args := append([]*Value{tensor, index}, offsets...)
	return b.Op(OpGather, args, TileOf(tensor.Type.Elem, index.Type.Shape...)).Set("along", along).Set("dims", dims).Result()
}

// Store writes a tile.
func (b *Builder) Store(v, tensor *Value, offsets []*Value, dims []int) *Op {
	args := append([]*Value{v, tensor}, offsets...)
	return b.Op(OpStore, args).Set("dims", dims)
}

// For appends a loop; body receives a builder for the region, the counter and the carried values and returns their
// next values.
func (b *Builder) For(from, to, step *Value, inits []*Value, body func(*Builder, *Value, []*Value) []*Value) *Op {
	region := &Block{Args: []*Value{{Type: TileOf(Index)}}}
	var types []Type
	for _, v := range inits {
		types = append(types, v.Type)
		region.Args = append(region.Args, &Value{Type: v.Type, Name: v.Name})
	}
	inner := &Builder{Block: region, Span: b.Span}
	next := body(inner, region.Args[0], region.Args[1:])
	inner.Op(OpYield, next)
	o := b.Op(OpFor, append([]*Value{from, to, step}, inits...), types...)
	o.Regions = []*Block{region}
	return o
}
