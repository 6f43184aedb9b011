package codegen

import (
	"slices"

	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/ir/widen"
	"github.com/girih-lang/girih/passes"
)

// widen converts a packed tile to a wider type without taking single elements out, by the program that ir/widen derives
// from where the fields lie; it reports whether there is one. Bytes stay four to a word for matrix instructions, as a packed
// tile of their own.
func (lo *lowerer) widen(o *ir.Op, src, dst *tile, from dtype.Type) bool {
	bytes := dst.t.Elem == dtype.I8 || dst.t.Elem == dtype.U8
	if bytes && !lo.t.GPU { // columns of a CPU's vectors go by themselves
		return false
	}
	w := lo.widened(src, dst.t.Elem, from, false)
	if w == nil {
		return false
	}
	if !bytes {
		dst.v = w.V
		return true
	}
	dst.words = &packed{w.V, bytesPlan(len(src.words.plan.Fields))}
	if !lo.matrixOperand(o) {
		lo.unpack(dst)
	}
	return true
}

// widened is the tile as wider floats or bytes, nil where no program is known. See [Widen] for what deferred leaves.
func (lo *lowerer) widened(src *tile, to, from dtype.Type, deferred bool) *Widened {
	return Widen(lo.b, src.words.v, src.words.plan, from, widen.Goal{To: to, FP8: lo.t.FP8()}, deferred)
}

// bytesPlan is where widened bytes lie: in order.
func bytesPlan(n int) *ir.Plan {
	p := &ir.Plan{Bits: 8, Fields: make([]ir.Field, n)}
	for i := range p.Fields {
		p.Fields[i] = ir.Field{Pieces: []ir.Piece{{Word: i / 4, Bit: i % 4 * 8, Len: 8}}}
	}
	return p
}

// inBytes reports that elements lie in bytes in order.
func inBytes(p *ir.Plan) bool {
	n := len(p.Fields)
	return n%4 == 0 && slices.EqualFunc(p.Fields, bytesPlan(n).Fields, func(a, b ir.Field) bool { return slices.Equal(a.Pieces, b.Pieces) })
}

// matrixOperand reports a value that only dots of the same block use, on matrix units, as it lies.
func (lo *lowerer) matrixOperand(o *ir.Op) bool {
	r := o.Result()
	for _, d := range lo.users[r] {
		if d.Code != ir.OpDot || lo.home[d] != lo.home[o] {
			return false
		}
		m := passes.MmaOf(d, lo.k.Warps, d.Result().Layout)
		if m == nil || !d.Args[0].Layout.Equal(*m.A) || !d.Args[1].Layout.Equal(*m.B) {
			return false
		}
	}
	return true
}

// Widened is a packed tile as wider floats: the value of element i is Terms[i].Scale·(V[i] - Less[i]) + Terms[i].Offset. Bytes lie in V
// and Less four to a word.
type Widened struct {
	V     *thread.Var
	Less  *thread.Var // nil for nothing; else of bytes that are deferred
	Terms []Term
}

// Term is what a deferred widening leaves to be done.
type Term struct{ Scale, Offset float64 }

// Widen emits the program that turns packed words (I32) into wider floats or bytes; nil where none is known. Deferred leaves constant
// factors and offsets to the user, who may take them out of a sum: with weights w[k] = Scale·v[k] + Offset[k],
//
//	sum over k of x[k]·w[k] = Scale · sum(x[k]·v[k]) + sum(x[k]·Offset[k])
//
// The factor is one for the whole tile (floats); offsets depend on where a field lies (integers), and the second sum does not
// depend on the weights: a matrix unit computes it with a constant operand, once for all columns.
func Widen(b *thread.Builder, words *thread.Var, plan *ir.Plan, from dtype.Type, g widen.Goal, deferred bool) *Widened {
	return widenHolding(b, nil, words, plan, from, g, deferred)
}

// widenHolding does so with constants that stay in registers as held gives them; nil leaves them to compilers.
func widenHolding(b *thread.Builder, held func(uint32) node, words *thread.Var, plan *ir.Plan, from dtype.Type, g widen.Goal, deferred bool) *Widened {
	prog, ok := widen.Derive(plan, from, g, deferred)
	if !ok {
		return nil
	}
	e := register(g.To)
	lanes := 4 / e.Size()
	t := thread.Type{Elem: e, Lanes: lanes}
	w := &Widened{V: b.NewVar("h", e, len(prog.Outs)*lanes)}
	if prog.Less != nil {
		w.Less = b.NewVar("less", e, w.V.Len)
	}
	m := &emitter{b: b, held: held, words: words, to: t, steps: prog.Steps, vals: make([]node, len(prog.Steps))}
	if through := prog.Through(); through.IsValid() {
		m.to = thread.Type{Elem: register(through), Lanes: 2}
	}
	for _, o := range prog.Outs {
		for range len(plan.Fields) / len(prog.Outs) {
			w.Terms = append(w.Terms, Term{o.Scale, o.Offset})
		}
	}
	for _, i := range prog.Order() {
		b.Set(w.V, b.I32(i*lanes), b.Bitcast(m.arg(prog.Outs[i].X), t))
		if w.Less != nil {
			b.Set(w.Less, b.I32(i*lanes), b.Bitcast(m.arg(prog.Less[i]), t))
		}
	}
	return w
}

// emitter writes a program as thread IR. A step is written where it is first needed, so that few registers live at once.
type emitter struct {
	b     *thread.Builder
	words *thread.Var
	to    thread.Type // of float steps
	steps []widen.Step
	vals  []node
	held  func(uint32) node // nil for plain constants
}

// arg is an operand as a word, or as floats when it is a constant one.
func (m *emitter) arg(a widen.Arg) node {
	b := m.b
	switch a.From {
	case widen.Word:
		return b.Get(m.words, b.I32(a.N), 1)
	case widen.Held:
		if m.held != nil {
			return m.held(a.K)
		}
		return b.Int(thread.I32, int64(int32(a.K)))
	case widen.Bits:
		return b.Int(thread.I32, int64(int32(a.K)))
	case widen.Splat:
		return b.Emit(&thread.Node{Op: thread.Const, Type: m.to, F: a.F})
	}
	if m.vals[a.N] == nil {
		m.vals[a.N] = m.step(m.steps[a.N])
	}
	return m.vals[a.N]
}

func (m *emitter) word(a widen.Arg) node {
	return m.b.Bitcast(m.arg(a), thread.Scalar(thread.I32))
}

func (m *emitter) float(a widen.Arg) node { return m.b.Bitcast(m.arg(a), m.to) }

func (m *emitter) step(s widen.Step) node {
	b := m.b
	i32 := thread.Scalar(thread.I32)
	switch s.Code {
	case widen.Shr:
		return b.BinU(thread.Shr, m.word(s.A), b.I32(int(s.Imm)))
	case widen.Shl:
		return b.Bin(thread.Shl, m.word(s.A), b.I32(int(s.Imm)))
	case widen.Rot:
		x := m.word(s.A)
		return b.Bin(thread.Or, b.BinU(thread.Shr, x, b.I32(int(s.Imm))), b.Bin(thread.Shl, x, b.I32(32-int(s.Imm))))
	case widen.Lop3:
		return b.Emit(&thread.Node{Op: thread.Lop3, Type: i32, Args: []node{m.word(s.A), m.word(s.B), m.word(s.C)}, Imm: int64(s.Imm)})
	case widen.Prmt:
		return b.Emit(&thread.Node{Op: thread.Prmt, Type: i32, Args: []node{m.word(s.A), m.word(s.B), m.word(s.C)}})
	case widen.Add:
		return b.Bin(thread.Add, m.word(s.A), m.word(s.B))
	case widen.FAdd:
		return b.Bin(thread.Add, m.float(s.A), m.float(s.B))
	case widen.FMul:
		return b.Bin(thread.Mul, m.float(s.A), m.float(s.B))
	case widen.Fma:
		return b.Fma(m.float(s.A), m.float(s.B), m.float(s.C))
	case widen.FMin:
		return b.Bin(thread.Min, m.float(s.A), m.float(s.B))
	case widen.Equal:
		return b.Emit(&thread.Node{Op: thread.Equal, Type: i32, Args: []node{m.word(s.A), m.word(s.B)}, Kind: m.to.Elem.String()})
	case widen.FP8:
		x := m.word(s.A)
		if s.Imm == 1 {
			x = b.BinU(thread.Shr, x, b.I32(16))
		}
		return b.Emit(&thread.Node{Op: thread.FP8, Type: thread.Type{Elem: thread.F16, Lanes: 2}, Args: []node{b.Conv(x, thread.I16, false)}, Kind: s.Kind})
	case widen.Repair:
		e := thread.BF16
		if s.Kind == "f16" {
			e = thread.F16
		}
		return b.Conv(b.Conv(m.float(s.A), thread.F32, false), e, false)
	default: // ToF32
		return b.Conv(b.Extract(m.float(s.A), int(s.Imm)), thread.F32, false)
	}
}
