package passes

import (
	"slices"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/ir/widen"
)

// Limbs is the number of digits that a float is cut into for integer matrix instructions: one for each column of an instruction. A
// finite f16 is a multiple of 2^-24 below 2^16, 41 bits with its sign; base 128 takes six of the eight, or seven where bytes
// stand for multiples of their value. Of bf16, all eight reach from the largest of LimbDepth elements down to 2^-47 of it.
const Limbs = 8

// LimbRows is the rows of sums of a dot in digits: two digits together, whose sums are joined before they are rounded. (Rounded apart, the low
// digits, which have no sign, would grow with the number of products where their row does not.)
const LimbRows = Limbs / 2

// LimbDepth is the part of K that a warp cuts into digits at a time. No more than that is summed as integers: products of bytes
// with digits below 128 stay below 2^22 then, which f32 holds.
const LimbDepth = 128

// LimbBytes is the shared memory in which a warp exchanges digits: four columns of lanes, eight digits and a gap, eight words each.
const LimbBytes = 4 * 4 * (8*Limbs + 8)

// limbsPass lets a dot of one row of 16-bit floats with packed integers, or with floats of few values, run on the integer matrix units. One
// row leaves seven of the eight columns of an instruction free: they take the digits of the row as a fixed-point number, so that the
// weights need be widened to bytes only, which takes half the instructions of a widening to f16 and half as many matrix instructions.
// Sums over a part of K are then exact, and a factor that is constant along it (a scale for each group of rows) multiplies the
// sum; a zero that is subtracted from the weights first takes so many times the sum of the row off. Groups may be as small as 32 rows, the
// depth of an instruction. The accumulator that a loop carries becomes a stack of four rows, one for each pair of digits and with its weight,
// which are added up after the loop.
func limbsPass(k *ir.Kernel, c *Context) error {
	use := uses(k)
	rewrite(k.Body, func(b *ir.Builder, o *ir.Op) bool {
		if o.Code != ir.OpFor {
			return true
		}
		after := &ir.Builder{Block: &ir.Block{}, Span: o.Span}
		for i := range o.Results {
			if s := sumOfDigits(k, c, o, i, use); s != nil {
				s.rewrite(b, after)
				c.remark("limbs", s.dot.Span, "the row is cut into %d digits for integer matrix instructions: sums of %d products are exact", Limbs, s.dot.Args[1].Type.Shape[0]/s.groups)
			}
		}
		b.Block.Ops = append(append(b.Block.Ops, o), after.Block.Ops...)
		return false
	})
	return dcePass(k, c)
}

// digits is a carried value of a loop that does nothing but accumulate a dot that can be cut into digits.
type digits struct {
	loop    *ir.Op
	i       int
	dot     *ir.Op
	weights *ir.Value // as they are stored
	factor  repeated  // that the weights are multiplied by
	zero    repeated  // that is subtracted from them first
	parts   int       // of warps of their own
	groups  int       // that are summed by themselves: the parts, or two or four of each
}

// repeated is a tile [K, N] of n rows, repeated K/n times each.
type repeated struct {
	n     int                           // 0: there is none
	rows  func(b *ir.Builder) *ir.Value // as [n, 1, N]
	bytes int                           // of an element that it is loaded from
}

// repeats takes rows that fit the parts: each part has the same one, or one, two or four of its own.
func (s *digits) repeats(v *ir.Value, r *repeated) bool {
	rows, n := rowsOf(v)
	if n == 0 || s.parts%n != 0 && n != 2*s.parts && n != 4*s.parts {
		return false
	}
	*r = repeated{n, rows, loadedBytes(v)}
	s.groups = max(s.groups, n)
	return true
}

func sumOfDigits(k *ir.Kernel, c *Context, loop *ir.Op, i int, use map[*ir.Value][]*ir.Op) *digits {
	body := loop.Regions[0]
	arg, y := body.Args[i+1], body.Yield().Args[i]
	d := y.Def
	if d == nil || d.Code != ir.OpDot || d.Args[2] != arg || len(use[arg]) != 1 || len(use[y]) != 1 {
		return nil
	}
	if x, ok := floatConst(loop.Args[3+i]); !ok || x != 0 {
		return nil
	}
	if slices.ContainsFunc([]*ir.Value{arg, y, loop.Args[3+i], loop.Results[i]}, func(v *ir.Value) bool { return v.Layout != nil }) {
		return nil
	}
	s := &digits{loop: loop, i: i, dot: d, parts: 1}
	if arg.Type.Rank() == 3 {
		s.parts = arg.Type.Shape[0]
	}
	warps := k.Warps
	if warps == 0 {
		warps = c.Target.Warps
	}
	s.groups = s.parts
	if !s.operands(k, use) {
		return nil
	}
	if depth, cols := d.Args[1].Type.Shape[0], d.Args[1].Type.Shape[1]; warps%s.parts != 0 || cols%(warps/s.parts*16) != 0 || depth != LimbDepth*s.parts {
		return nil
	}
	if !s.fits(warps, c.Target.MaxShared) {
		c.remark("limbs", d.Span, "the row is not cut into digits: the rings of the loop leave no %d bytes of shared memory for them", warps*LimbBytes)
		return nil
	}
	return s
}

// fits reports that the exchange of digits finds room beside the rings of the loop: weights, the row, the factors, and what aligns them.
func (s *digits) fits(warps, most int) bool {
	depth, cols := s.dot.Args[1].Type.Shape[0], s.dot.Args[1].Type.Shape[1]
	slot := depth*cols*s.weights.Type.Elem.Bits()/8 + depth*2*(warps/s.parts)
	slot += (s.factor.bytes*s.factor.n + s.zero.bytes*s.zero.n) * cols
	return max(1, s.loop.Int("pipeline"))*slot+4<<10+warps*LimbBytes <= most
}

// loadedBytes is the size of the widest element that a value comes from.
func loadedBytes(v *ir.Value) (n int) {
	switch o := v.Def; {
	case o == nil, o.Code == ir.OpConst:
	case o.Code == ir.OpLoad, o.Code == ir.OpGather:
		return container(v.Type.Elem.Bits())
	default:
		for _, a := range o.Args {
			n = max(n, loadedBytes(a))
		}
	}
	return n
}

// operands recognises a row of 16-bit floats, and packed weights that become bytes, less a zero, times a factor.
func (s *digits) operands(k *ir.Kernel, use map[*ir.Value][]*ir.Op) bool {
	x, w := s.dot.Args[0].Type, s.dot.Args[1]
	if x.Elem != dtype.F16 && x.Elem != dtype.BF16 || x.Shape[0] != 1 || !packedOperand(k, w) {
		return false
	}
	if o := w.Def; o.Code == ir.OpMul {
		for i := range 2 {
			if s.repeats(o.Args[i], &s.factor) {
				w = o.Args[1-i]
				break
			}
		}
	}
	if o := w.Def; o != nil && o.Code == ir.OpSub && s.repeats(o.Args[1], &s.zero) {
		w = o.Args[0]
	}
	if w.Def == nil || w.Def.Code != ir.OpCast {
		return false
	}
	s.weights = w.Def.Args[0]
	if _, ok := widen.InBytes(s.weights.Type.Elem); !ok {
		return false
	}
	// Floats have a program for words in the order of digits only, else they become bytes one by one: nobody else should want them in another.
	return s.weights.Type.Elem.IsInt() || s.weights.Def != nil && s.weights.Def.Code == ir.OpLoad && alone(s.dot.Args[1], s.weights, use)
}

// alone reports that all that leads from one value to another has one user.
func alone(from, to *ir.Value, use map[*ir.Value][]*ir.Op) bool {
	if len(use[from]) != 1 {
		return false
	}
	return from == to || slices.ContainsFunc(from.Def.Args, func(a *ir.Value) bool { return alone(a, to, use) })
}

// rewrite gives the sum a row for each pair of digits; before and after take operations that stand around the loop.
func (s *digits) rewrite(before, after *ir.Builder) {
	body := s.loop.Regions[0]
	arg := body.Args[s.i+1]
	was, cols := arg.Type, s.dot.Args[1].Type.Shape[1]
	t := was.WithShape(s.parts, LimbRows, cols)
	before.Span = s.dot.Span
	s.loop.Args[3+s.i] = before.Number(t, 0)
	arg.Type, s.dot.Results[0].Type = t, t

	s.dot.Args[1] = s.weights
	s.dot.Set("limbs", true)
	in := &ir.Builder{Block: &ir.Block{}, Span: s.dot.Span}
	more := func(word string, r repeated) {
		if r.n > 0 {
			s.dot.Set(word, true)
			s.dot.Args = append(s.dot.Args, spread(in, r.rows, r.n, t.WithShape(s.groups, LimbRows, cols)))
		}
	}
	more("zero", s.zero)
	more("factor", s.factor)
	body.Ops = slices.Insert(body.Ops, slices.Index(body.Ops, s.dot), in.Block.Ops...)

	// Everybody else sees the sum of the rows, and then, where there are parts, of these.
	rows := &ir.Value{Type: t, Def: s.loop, Name: s.loop.Results[s.i].Name}
	sum := s.loop.Results[s.i]
	s.loop.Results[s.i] = rows
	r := after.Reduce("sum", 1, rows)
	if was.Rank() == 3 {
		r = after.Reshape(r, was.Shape...)
	}
	r.Def.Results[0] = sum
	sum.Def = r.Def
}

// inLimbs reports weights that only dots in digits use: the digits can make up for a factor of each byte.
func inLimbs(us []*ir.Op) bool {
	return len(us) > 0 && !slices.ContainsFunc(us, func(o *ir.Op) bool { return !o.Flag("limbs") })
}
