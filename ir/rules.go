package ir

import (
	"fmt"
	"slices"

	"github.com/girih-lang/girih/ir/dtype"
)

// The typing rules of single operations, named in the table.

func verifyIota(o *Op) error {
	t := o.Result().Type
	if t.Kind != Tile || t.Elem != Index {
		return fmt.Errorf("gives a tile of %s, not %s", Index, t)
	}
	return axisOf(o.Int("axis"), t)
}

func axisOf(axis int, t Type) error {
	if axis < 0 || axis >= t.Rank() {
		return fmt.Errorf("axis %d is outside %s", axis, t)
	}
	return nil
}

func verifyIndex(o *Op) error {
	if t := o.Result().Type; !t.Equal(TileOf(Index)) {
		return fmt.Errorf("gives %s, expected %s", t, Index)
	}
	if o.Code == OpProgramID && (o.Int("axis") < 0 || o.Int("axis") > 2) {
		return fmt.Errorf("axis %d is not 0, 1 or 2", o.Int("axis"))
	}
	return nil
}

func sameShape(vs ...*Value) error {
	for _, v := range vs {
		if v.Type.Kind != Tile {
			return fmt.Errorf("takes tiles, found %s", v.Type)
		}
		if !slices.Equal(v.Type.Shape, vs[0].Type.Shape) {
			return fmt.Errorf("shapes differ: %s and %s", vs[0].Type, v.Type)
		}
	}
	return nil
}

// Roundings are the values of the attribute round of OpCast.
var Roundings = []string{"nearest", "zero", "stochastic"}

func verifyCast(o *Op) error {
	from, to, round := o.Args[0].Type.Elem, o.Result().Type.Elem, o.Str("round")
	switch {
	case len(o.Attrs) == 0:
	case from.IsBool() || to.IsBool():
		return fmt.Errorf("a conversion of bools has no attributes")
	case round != "" && !slices.Contains(Roundings, round):
		return fmt.Errorf("unknown rounding %q", round)
	case round != "" && !from.IsFloat() && !to.IsFloat():
		return fmt.Errorf("integers are not rounded")
	case o.Attr("saturate") == false && from.IsFloat() && !to.IsFloat():
		return fmt.Errorf("a conversion from %s to %s always saturates", from, to)
	}
	if round == "stochastic" {
		if len(o.Args) != 2 {
			return fmt.Errorf("has %d operands, stochastic rounding takes 2", len(o.Args))
		}
		if t := o.Args[1].Type; t.Elem != dtype.U(32) {
			return fmt.Errorf("the bits of stochastic rounding are u32, found %s", t)
		}
		if err := sameShape(o.Args[1], o.Result()); err != nil {
			return err
		}
	} else if len(o.Args) != 1 {
		return fmt.Errorf("has %d operands, expected 1", len(o.Args))
	}
	return sameShape(o.Args[0], o.Result())
}

// CastMode is how a cast rounds and what it does with what is too large.
func CastMode(o *Op) dtype.Mode {
	from, to := o.Args[0].Type.Elem, o.Result().Type.Elem
	m := to.Mode()
	if !to.IsFloat() {
		m = dtype.Mode{Saturate: from.IsFloat()}
		if from.IsFloat() {
			m.Round = dtype.TowardZero
		}
	}
	switch o.Str("round") {
	case "nearest":
		m.Round = dtype.NearestEven
	case "zero":
		m.Round = dtype.TowardZero
	case "stochastic":
		m.Round = dtype.Stochastic
	}
	if s, ok := o.Attr("saturate").(bool); ok {
		m.Saturate = s
	}
	return m
}

func verifyCount(o *Op) error {
	if t := o.Args[0].Type.Elem; !t.IsInt() {
		return fmt.Errorf("does not take %s", t)
	}
	if t := o.Result().Type.Elem; t != Index {
		return fmt.Errorf("gives %s, found %s", Index, t)
	}
	return sameShape(o.Args[0], o.Result())
}

func verifyBitcast(o *Op) error {
	a, r := o.Args[0].Type.Elem, o.Result().Type.Elem
	if a.Bits() != r.Bits() || a.IsBool() || r.IsBool() {
		return fmt.Errorf("%s and %s have different widths", a, r)
	}
	return sameShape(o.Args[0], o.Result())
}

func verifyCmp(o *Op) error {
	if !slices.Contains(Predicates, o.Str("pred")) {
		return fmt.Errorf("unknown predicate %q", o.Str("pred"))
	}
	if err := sameTiles(o.Args...); err != nil {
		return err
	}
	if !o.Result().Type.Elem.IsBool() {
		return fmt.Errorf("gives bool, not %s", o.Result().Type.Elem)
	}
	return sameShape(o.Args[0], o.Result())
}

func verifySelect(o *Op) error {
	if !o.Args[0].Type.Elem.IsBool() {
		return fmt.Errorf("the condition is %s, expected bool", o.Args[0].Type)
	}
	if err := sameTiles(o.Args[1], o.Args[2], o.Result()); err != nil {
		return err
	}
	return sameShape(o.Args[0], o.Result())
}

func verifyFma(o *Op) error { return sameTiles(o.Args[0], o.Args[1], o.Args[2], o.Result()) }

func verifyBroadcast(o *Op) error {
	a, r := o.Args[0].Type, o.Result().Type
	if a.Kind != Tile || r.Kind != Tile || a.Elem != r.Elem {
		return fmt.Errorf("from %s to %s", a, r)
	}
	if a.Rank() == 0 {
		return nil
	}
	if a.Rank() != r.Rank() {
		return fmt.Errorf("ranks differ: %s and %s", a, r)
	}
	for i, n := range a.Shape {
		if n != 1 && n != r.Shape[i] {
			return fmt.Errorf("axis %d is %d, not 1 or %d", i, n, r.Shape[i])
		}
	}
	return nil
}

func verifyReshape(o *Op) error {
	a, r := o.Args[0].Type, o.Result().Type
	if a.Kind != Tile || r.Kind != Tile || a.Elem != r.Elem || a.Size() != r.Size() {
		return fmt.Errorf("%s has not the elements of %s", a, r)
	}
	return nil
}

func verifyTranspose(o *Op) error {
	a, r, perm := o.Args[0].Type, o.Result().Type, o.Ints("perm")
	if a.Kind != Tile || r.Kind != Tile || a.Elem != r.Elem || len(perm) != a.Rank() || len(perm) != r.Rank() {
		return fmt.Errorf("%s with %v gives not %s", a, perm, r)
	}
	for i, p := range perm {
		if p < 0 || p >= len(perm) || slices.Index(perm, p) != i || a.Shape[p] != r.Shape[i] {
			return fmt.Errorf("%s with %v gives not %s", a, perm, r)
		}
	}
	return nil
}

// AccType is the type in which dot sums products of elements of type t, or the zero type when dot does not take t.
func AccType(t dtype.Type) dtype.Type {
	switch {
	case t == dtype.F64:
		return dtype.F64
	case t.IsFloat():
		return dtype.F32
	case t.IsInt() && t.Bits() <= 32:
		return dtype.I32
	}
	return dtype.Type{}
}

func verifyDot(o *Op) error {
	a, b, acc := o.Args[0].Type, o.Args[1].Type, o.Args[2].Type
	if a.Kind != Tile || b.Kind != Tile || acc.Kind != Tile {
		return fmt.Errorf("takes tiles, found %s, %s and %s", a, b, acc)
	}
	if o.Flag("limbs") {
		return verifyLimbs(o)
	}
	if len(o.Args) != 3 {
		return fmt.Errorf("takes 3 arguments, found %d: a zero and a factor go with digits only", len(o.Args))
	}
	if a.Elem != b.Elem {
		return fmt.Errorf("operands are %s and %s", a.Elem, b.Elem)
	}
	if AccType(a.Elem) != acc.Elem {
		return fmt.Errorf("products of %s are not summed in %s", a.Elem, acc.Elem)
	}
	sum := acc.Shape
	parts := 1
	if len(sum) == 3 { // partial sums
		parts, sum = sum[0], sum[1:]
	}
	if a.Rank() != 2 || b.Rank() != 2 || len(sum) != 2 || a.Shape[1] != b.Shape[0] || a.Shape[0] != sum[0] || b.Shape[1] != sum[1] || a.Shape[1]%parts != 0 {
		return fmt.Errorf("shapes do not fit: %s · %s into %s", a, b, acc)
	}
	return sameTiles(o.Args[2], o.Result())
}

// verifyLimbs checks a dot whose sums have a row for each pair of digits of a.
func verifyLimbs(o *Op) error {
	a, b, acc := o.Args[0].Type, o.Args[1].Type, o.Args[2].Type
	if a.Elem != dtype.F16 && a.Elem != dtype.BF16 || b.Elem.IsBool() || b.Elem.Bits() > 8 || b.Elem.IsFloat() && b.Elem.Bits() > 4 || acc.Elem != dtype.F32 {
		return fmt.Errorf("digits of f16 or bf16 by integers of up to 8 bits, or floats of up to 4, into f32, found %s · %s into %s", a, b, acc)
	}
	if a.Rank() != 2 || b.Rank() != 2 || acc.Rank() != 3 || a.Shape[0] != 1 || a.Shape[1] != b.Shape[0] || acc.Shape[1] != 4 || acc.Shape[2] != b.Shape[1] || a.Shape[1] != 128*acc.Shape[0] {
		return fmt.Errorf("shapes do not fit: digits of %s · %s into %s", a, b, acc)
	}
	more := 0
	for _, word := range []string{"zero", "factor"} {
		if o.Flag(word) {
			more++
		}
	}
	if len(o.Args) != 3+more {
		return fmt.Errorf("takes %d arguments with its zero and factor, found %d", 3+more, len(o.Args))
	}
	for _, v := range o.Args[3:] {
		t := v.Type
		if t.Kind != Tile || t.Elem != dtype.F32 || t.Rank() != 3 || t.Shape[0]%acc.Shape[0] != 0 || a.Shape[1]%(32*t.Shape[0]) != 0 || t.Shape[1] != 4 || t.Shape[2] != acc.Shape[2] || !t.Equal(o.Args[3].Type) {
			return fmt.Errorf("%s is not four f32 for each column of every group, of 32 elements or a multiple, of %s into %s", t, a, acc)
		}
	}
	return sameTiles(o.Args[2], o.Result())
}

func verifyReduce(o *Op) error {
	a, r, axis := o.Args[0].Type, o.Result().Type, o.Int("axis")
	if a.Kind != Tile {
		return fmt.Errorf("takes a tile, found %s", a)
	}
	if err := axisOf(axis, a); err != nil {
		return err
	}
	if a.Elem != r.Elem || !slices.Equal(slices.Delete(slices.Clone(a.Shape), axis, axis+1), r.Shape) {
		return fmt.Errorf("%s along axis %d gives not %s", a, axis, r)
	}
	switch op := o.Str("op"); op {
	case "sum", "max", "min":
		if a.Elem.IsBool() {
			return fmt.Errorf("%s of bool", op)
		}
	case "and", "or":
		if a.Elem.IsFloat() {
			return fmt.Errorf("%s of %s", op, a.Elem)
		}
	default:
		return fmt.Errorf("unknown reduction %q", op)
	}
	return nil
}

func verifyAccess(tile, tensor *Value, offsets []*Value, dims []int) error {
	t, m := tile.Type, tensor.Type
	if t.Kind != Tile || m.Kind != Tensor || t.Elem != m.Elem {
		return fmt.Errorf("a tile %s and %s", t, m)
	}
	if len(offsets) != m.Rank() {
		return fmt.Errorf("%d offsets for %s", len(offsets), m)
	}
	for _, o := range offsets {
		if !o.Type.Equal(TileOf(Index)) {
			return fmt.Errorf("an offset is %s, expected %s", o.Type, Index)
		}
	}
	if len(dims) != t.Rank() {
		return fmt.Errorf("dims %v for a tile %s", dims, t)
	}
	for i, d := range dims {
		if d < 0 || d >= m.Rank() || slices.Index(dims, d) != i {
			return fmt.Errorf("dims %v of %s", dims, m)
		}
	}
	return nil
}

func verifyLoad(o *Op) error {
	return verifyAccess(o.Result(), o.Args[0], o.Args[1:], o.Ints("dims"))
}

func verifyGather(o *Op) error {
	tensor, index, r, along := o.Args[0].Type, o.Args[1].Type, o.Result().Type, o.Int("along")
	if tensor.Kind != Tensor || r.Kind != Tile || tensor.Elem != r.Elem || r.Rank() == 0 {
		return fmt.Errorf("a tile %s from %s", r, tensor)
	}
	if along < 0 || along >= tensor.Rank() {
		return fmt.Errorf("dimension %d of %s", along, tensor)
	}
	if !index.Equal(r.WithElem(Index)) {
		return fmt.Errorf("the index is %s, expected %s", index, r.WithElem(Index))
	}
	if len(o.Ints("dims")) != r.Rank() {
		return fmt.Errorf("dims %v for a tile %s", o.Ints("dims"), r)
	}
	// What is left without the axes of the index is an access like any other.
	var shape, dims []int
	for i, d := range o.Ints("dims") {
		if d != along {
			shape, dims = append(shape, r.Shape[i]), append(dims, d)
		}
	}
	return verifyAccess(&Value{Type: r.WithShape(shape...)}, o.Args[0], o.Args[2:], dims)
}

func verifyStore(o *Op) error {
	return verifyAccess(o.Args[0], o.Args[1], o.Args[2:], o.Ints("dims"))
}

func verifyFor(o *Op) error {
	b := o.Regions[0]
	inits := o.Args[3:]
	for _, a := range o.Args[:3] {
		if !a.Type.Equal(TileOf(Index)) {
			return fmt.Errorf("a bound is %s, expected %s", a.Type, Index)
		}
	}
	y := b.Yield()
	if y == nil || len(b.Args) != len(inits)+1 || len(o.Results) != len(inits) || len(y.Args) != len(inits) || !b.Args[0].Type.Equal(TileOf(Index)) {
		return fmt.Errorf("%d carried values, region arguments, yielded values and results do not match", len(inits))
	}
	for i, v := range inits {
		for _, w := range []*Value{b.Args[i+1], y.Args[i], o.Results[i]} {
			if !w.Type.Equal(v.Type) {
				return fmt.Errorf("carried value %d is %s and %s", i, v.Type, w.Type)
			}
		}
	}
	return nil
}

func verifyIf(o *Op) error {
	if c := o.Args[0].Type; !c.Equal(TileOf(dtype.Bool)) {
		return fmt.Errorf("the condition is %s, expected a scalar bool", c)
	}
	for _, r := range o.Regions {
		y := r.Yield()
		if y == nil || len(y.Args) != len(o.Results) || len(r.Args) != 0 {
			return fmt.Errorf("a region does not yield %d values", len(o.Results))
		}
		for i, v := range y.Args {
			if !v.Type.Equal(o.Results[i].Type) {
				return fmt.Errorf("result %d is %s and %s", i, o.Results[i].Type, v.Type)
			}
		}
	}
	return nil
}

func verifySame(o *Op) error { return sameTiles(o.Args[0], o.Result()) }

func verifyAlloc(o *Op) error {
	if o.Result().Type.Kind != Shared {
		return fmt.Errorf("gives a shared buffer, not %s", o.Result().Type)
	}
	if s := o.Int("swizzle"); s != 0 && s != 32 && s != 64 && s != 128 {
		return fmt.Errorf("swizzle %d is not 0, 32, 64 or 128", s)
	}
	return nil
}

func verifySlot(tile, buf Type, slots []*Value) error {
	if buf.Kind != Shared || tile.Kind != Tile || buf.Elem != tile.Elem || len(slots) > len(buf.Shape) || !slices.Equal(buf.Shape[len(slots):], tile.Shape) {
		return fmt.Errorf("a tile %s in a slot of %s", tile, buf)
	}
	for _, s := range slots {
		if !s.Type.Equal(TileOf(Index)) {
			return fmt.Errorf("a slot is %s, expected %s", s.Type, Index)
		}
	}
	return nil
}

func verifyLoadShared(o *Op) error {
	return verifySlot(o.Result().Type, o.Args[0].Type, o.Args[1:])
}

func verifyStoreShared(o *Op) error {
	return verifySlot(o.Args[0].Type, o.Args[1].Type, o.Args[2:])
}

func verifyCopyAsync(o *Op) error {
	buf := o.Args[0].Type
	if buf.Kind != Shared || len(buf.Shape) < 1 {
		return fmt.Errorf("copies to a shared buffer with slots, not %s", buf)
	}
	tile := &Value{Type: TileOf(buf.Elem, buf.Shape[1:]...)}
	if err := verifySlot(tile.Type, buf, o.Args[1:2]); err != nil {
		return err
	}
	return verifyAccess(tile, o.Args[2], o.Args[3:], o.Ints("dims"))
}
