package ptx

import (
	"fmt"

	"github.com/llir/llvm/ir"
	"github.com/llir/llvm/ir/enum"
	"github.com/llir/llvm/ir/metadata"
	"github.com/llir/llvm/ir/types"
	"github.com/llir/llvm/ir/value"

	"github.com/girih-lang/girih/codegen/ptx/llx"
	"github.com/girih-lang/girih/codegen/thread"
)

// printer holds the state of one call of [Module].
type printer struct {
	f    *thread.Func
	t    Target
	m    *llx.Module
	fn   *ir.Func
	cur  *block
	node *thread.Node // being printed, for messages

	ahead bool // of WaitGrid: loads stay there, and LLVM must not take them to their users

	blocks []*block
	vals   map[*thread.Node]val
	locals map[*thread.Var]*local
	slots  int

	params []val
	shared value.Value                 // the block's shared memory, nil until used
	bases  map[value.Value]value.Value // of shared memory, by offset, in the current block
	empty  *metadata.Tuple             // for invariant loads
}

func (p *printer) function() {
	p.m = llx.NewModule(p.f.Name)
	p.vals = map[*thread.Node]val{}
	p.locals = map[*thread.Var]*local{}
	params := make([]*ir.Param, len(p.f.Params))
	for i, q := range p.f.Params {
		switch {
		case q.Elem == thread.Bool:
			params[i] = llx.Param("", types.I8)
		case q.Elem == thread.Ptr && q.Awaited: // not read-only while the kernel runs, so that no load goes ahead of the wait
			params[i] = llx.Param("", llx.Global, "align 16")
		case q.Elem == thread.Ptr && q.Out:
			params[i] = llx.Param("", llx.Global, "noalias", "align 16")
		case q.Elem == thread.Ptr:
			params[i] = llx.Param("", llx.Global, "noalias", "readonly", "align 16")
		case q.Elem == thread.Void || q.Elem == thread.SharedPtr:
			p.fail("parameter %s of kind %s", q.Name, q.Elem)
		default:
			params[i] = llx.Param("", scalar(q.Elem))
		}
	}
	p.fn = p.m.Kernel(p.f.Name, p.f.Threads, max(1, p.f.Blocks), params...)
	if c := p.f.Cluster; c > 1 {
		p.fn.FuncAttrs = append(p.fn.FuncAttrs, ir.AttrPair{Key: "nvvm.cluster_dim", Value: fmt.Sprintf("%d,1,1", c)})
	}
	p.enter(p.newBlock())
	for i, q := range p.f.Params {
		var v value.Value = params[i]
		if q.Elem == thread.Bool {
			v = p.emit(llx.ICmp(enum.IPredNE, v, llx.Int(types.I8, 0)))
		}
		p.params = append(p.params, val{v: v, ro: q.Elem == thread.Ptr && !q.Out && !q.Awaited})
	}
	p.block(p.f.Body)
	p.cur.ll.NewRet(nil)
	for _, b := range p.blocks {
		if len(b.phis) > 0 {
			b.ll.Insts = append(b.phis, b.ll.Insts...)
		}
	}
}

// enter makes b the current block.
func (p *printer) enter(b *block) {
	p.cur = b
	p.blocks = append(p.blocks, b)
	p.bases = map[value.Value]value.Value{}
}

func (p *printer) block(b *thread.Block) {
	for _, n := range b.Nodes {
		p.node = n
		p.print(n)
	}
}

// print translates one node.
func (p *printer) print(n *thread.Node) {
	switch n.Op {
	case thread.Nop, thread.Const:
	case thread.Arg:
		p.vals[n] = p.params[n.Imm]
	case thread.Tid:
		p.vals[n] = val{v: p.intrinsic("llvm.nvvm.read.ptx.sreg.tid.x", types.I32)}
	case thread.BlockID, thread.Blocks:
		if n.Imm < 0 || n.Imm > 2 {
			p.fail("grid axis %d: there are three", n.Imm)
		}
		register := "ctaid."
		if n.Op == thread.Blocks {
			register = "nctaid."
		}
		p.vals[n] = val{v: p.intrinsic("llvm.nvvm.read.ptx.sreg."+register+"xyz"[n.Imm:n.Imm+1], types.I32)}
	case thread.LoopVar: // set by its For
	case thread.SharedAt:
		p.vals[n] = val{k: n.Imm}
	case thread.Add, thread.Sub, thread.Mul, thread.Div, thread.Rem, thread.Min, thread.Max, thread.And, thread.Or, thread.Xor, thread.Shl, thread.Shr:
		p.binary(n)
	case thread.Neg, thread.Not, thread.Abs, thread.Popc, thread.Clz, thread.Fma, thread.Sqrt, thread.Rsqrt, thread.Exp2, thread.Floor, thread.Ceil, thread.Round:
		p.vals[n] = p.elementwise(n)
	case thread.Exp, thread.Log2, thread.Sin, thread.Cos, thread.Tanh, thread.Erf, thread.Erfc:
		p.formula(n)
	case thread.Cmp:
		p.compare(n)
	case thread.Select:
		p.choose(n)
	case thread.Conv:
		p.conv(n)
	case thread.Bitcast:
		p.reinterpret(n)
	case thread.Vec:
		s := make([]value.Value, len(n.Args))
		for i, a := range n.Args {
			s[i] = p.arg(a)
		}
		p.vals[n] = p.join(s, n.Type)
	case thread.Extract:
		a := n.Args[0]
		x := p.value(a)
		if a.Type.Lanes == 1 {
			p.vals[n] = x
			return
		}
		parts := p.partsOf(x, a.Type)
		u := a.Type.Lanes / len(parts)
		p.vals[n] = val{v: p.extract(parts[int(n.Imm)/u], int(n.Imm)%u)}
	case thread.Lop3:
		text := "lop3.b32 $0, $1, $2, $3, " + hex8(n.Imm) + ";"
		p.vals[n] = val{v: p.pure(text, types.I32, p.arg(n.Args[0]), p.arg(n.Args[1]), p.arg(n.Args[2]))}
	case thread.Prmt:
		p.vals[n] = val{v: p.intrinsic("llvm.nvvm.prmt", types.I32, p.arg(n.Args[0]), p.arg(n.Args[1]), p.arg(n.Args[2]))}
	case thread.FP8:
		x := p.pure("cvt.rn.f16x2."+n.Kind+"x2 $0, $1;", types.I32, p.arg(n.Args[0]))
		p.vals[n] = p.fromWhole(x, n.Type)
	case thread.ToFP8: // the pair's other half is 0
		text := "{ .reg .b16 c; cvt.rn.satfinite." + n.Kind + "x2.f32 c, $2, $1; cvt.u32.u16 $0, c; }"
		p.vals[n] = val{v: p.pure(text, types.I32, p.arg(n.Args[0]), llx.FloatConst(llx.Float, 0))}
	case thread.Equal:
		p.vals[n] = val{v: p.pure("set.eq.u32."+n.Kind+"x2 $0, $1, $2;", types.I32, p.arg(n.Args[0]), p.arg(n.Args[1]))}
	case thread.Get:
		p.vals[n] = p.get(n.Var, p.index(n.Var, n.Args[0], n.Type.Lanes), n.Type.Lanes)
	case thread.Set:
		x := n.Args[1]
		p.set(n.Var, p.index(n.Var, n.Args[0], x.Type.Lanes), p.value(x), x.Type.Lanes)
	case thread.PtrAdd:
		p.ptrAdd(n)
	case thread.Load:
		p.vals[n] = p.load(n)
	case thread.Store:
		p.store(n)
	case thread.AtomicOr, thread.AtomicAnd:
		p.atomic(n)
	case thread.Shfl:
		p.shuffle(n)
	case thread.AnyLane:
		p.vals[n] = val{v: p.intrinsic("llvm.nvvm.vote.any.sync", types.I1, llx.I32(-1), p.arg(n.Args[0]))}
	case thread.MaxLane:
		p.vals[n] = val{v: p.intrinsic("llvm.nvvm.redux.sync.max", types.I32, p.arg(n.Args[0]), llx.I32(-1))}
	case thread.WarpBarrier:
		a := llx.Asm{Text: "bar.warp.sync 0xffffffff;", Memory: true, Convergent: true}
		a.Emit(p.m, p.cur.ll)
	case thread.Barrier:
		p.barrier()
	case thread.CpAsync:
		p.copyAsync(n)
	case thread.CpCommit:
		p.effect("cp.async.commit_group;")
	case thread.CpWait:
		p.waitGroups(n.Imm)
	case thread.Ldmatrix:
		p.ldmatrix(n)
	case thread.Stmatrix:
		p.stmatrix(n)
	case thread.Mma:
		p.mma(n)
	case thread.ClusterRank:
		p.vals[n] = val{v: p.pure("mov.u32 $0, %cluster_ctarank;", types.I32)}
	case thread.ClusterBarrier:
		a := llx.Asm{Text: "barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;", Memory: true, Convergent: true}
		a.Emit(p.m, p.cur.ll)
	case thread.LoadCluster:
		p.vals[n] = val{v: p.loadCluster(n)}
	case thread.FenceAsync:
		p.effect("fence.proxy.async.shared::cta;")
	case thread.LaunchDependents: // inline PTX: LLVM's intrinsics say that they touch no memory, and loads would pass by
		p.effect("griddepcontrol.launch_dependents;")
		p.ahead = true
	case thread.WaitGrid:
		p.effect("griddepcontrol.wait;")
		p.ahead = false
	case thread.Wgmma:
		p.wgmma(n)
	case thread.For:
		p.loop(n)
	case thread.If:
		p.branch(n)
	default:
		p.fail("has no form for a GPU")
	}
}

// loop prints a For: unrolled when it runs over local indices, or when it runs once at most.
func (p *printer) loop(n *thread.Node) {
	from, to, step := p.value(n.Args[0]), p.value(n.Args[1]), p.value(n.Args[2])
	i := n.Args[3]
	if step.konst && step.k <= 0 {
		p.fail("a step of %d: expected a positive one", step.k)
	}
	known := from.konst && to.konst && step.konst
	if n.Loop || known && from.k+step.k >= to.k {
		if !known {
			p.fail("a loop over local indices needs constant bounds")
		}
		for k := from.k; k < to.k; k += step.k {
			p.vals[i] = konst(k)
			p.block(n.Body)
		}
		return
	}
	// Rotated: one test before the loop, one at the end of the body.
	pre := p.cur
	end, by := p.arg(n.Args[1]), p.arg(n.Args[2])
	start := p.arg(n.Args[0])
	header := p.newBlock(pre)
	header.header = true
	header.changed = map[*thread.Var]bool{}
	changes(n.Body, header.changed)
	var enter value.Value
	if !known {
		enter = p.emit(llx.ICmp(enum.IPredSLT, start, end))
	}
	counter := header.phi(types.I32)
	llx.AddIncoming(counter, start, pre.ll)
	p.enter(header)
	p.vals[i] = val{v: counter}
	p.block(n.Body)
	p.node = n
	latch := p.cur
	next := p.emit(ir.NewAdd(counter, by))
	llx.AddIncoming(counter, next, latch.ll)
	again := p.emit(llx.ICmp(enum.IPredSLT, next, end))
	p.closeLoop(header, latch)
	exit := p.newBlock(latch)
	if known {
		pre.ll.NewBr(header.ll)
	} else {
		exit.preds = []*block{pre, latch}
		pre.ll.NewCondBr(enter, header.ll, exit.ll)
	}
	back := latch.ll.NewCondBr(again, header.ll, exit.ll)
	back.Metadata = append(back.Metadata, p.m.LoopHint("llvm.loop.unroll.disable"))
	p.enter(exit)
}

// branch prints an If.
func (p *printer) branch(n *thread.Node) {
	c := p.value(n.Args[0])
	if c.konst {
		if b := n.Body; c.k != 0 {
			p.block(b)
		} else if n.Else != nil {
			p.block(n.Else)
		}
		return
	}
	from := p.cur
	yes := p.newBlock(from)
	p.enter(yes)
	p.block(n.Body)
	yesEnd, noEnd := p.cur, from
	no := (*block)(nil)
	if n.Else != nil {
		no = p.newBlock(from)
		p.enter(no)
		p.block(n.Else)
		noEnd = p.cur
	}
	p.node = n
	join := p.newBlock(yesEnd, noEnd)
	yesEnd.ll.NewBr(join.ll)
	if no != nil {
		noEnd.ll.NewBr(join.ll)
		from.ll.NewCondBr(c.v, yes.ll, no.ll)
	} else {
		from.ll.NewCondBr(c.v, yes.ll, join.ll)
	}
	p.enter(join)
}

func hex8(n int64) string {
	const digits = "0123456789abcdef"
	return "0x" + string(digits[n>>4&15]) + string(digits[n&15])
}
