package ptx

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/codegen/thread"
)

// kit builds small functions: operands come from x, results go to y, each in its own 64 bytes.
type kit struct {
	*thread.Builder
	x, y, n  *thread.Node
	in, outs int
}

func newKit(name string) *kit {
	f, b := thread.NewFunc(name, 64)
	f.Shared = 4096
	f.Params = []thread.Param{{Name: "x", Elem: thread.Ptr}, {Name: "y", Elem: thread.Ptr, Out: true}, {Name: "n", Elem: thread.I32}}
	k := &kit{Builder: b}
	tid := b.Emit(&thread.Node{Op: thread.Tid, Type: i32})
	arg := func(i int64, e thread.Elem) *thread.Node {
		return b.Emit(&thread.Node{Op: thread.Arg, Type: thread.Scalar(e), Imm: i})
	}
	off := b.Bin(thread.Mul, tid, b.I32(1<<16))
	k.x, k.y, k.n = b.PtrAdd(arg(0, thread.Ptr), off), b.PtrAdd(arg(1, thread.Ptr), off), arg(2, thread.I32)
	return k
}

var i32 = thread.Scalar(thread.I32)

func vecOf(e thread.Elem, n int) thread.Type { return thread.Type{Elem: e, Lanes: n} }

func (k *kit) operand(t thread.Type) *thread.Node {
	k.in++
	return k.Load(t, k.PtrAdd(k.x, k.I32(64*(k.in-1))), nil, min(16, t.Elem.Size()*t.Lanes))
}

func (k *kit) result(n *thread.Node) {
	k.outs++
	bytes := n.Type.Elem.Size() * n.Type.Lanes
	k.Store(k.PtrAdd(k.y, k.I32(64*(k.outs-1))), n, nil, min(16, bytes&-bytes))
}

func (k *kit) shared(at int64) *thread.Node {
	return k.Emit(&thread.Node{Op: thread.SharedAt, Type: thread.Scalar(thread.SharedPtr), Imm: at})
}

func (k *kit) pred() *thread.Node { return k.Cmp("gt", k.n, k.I32(7), false) }

var (
	ints    = []thread.Elem{thread.I8, thread.I16, thread.I32, thread.I64}
	bits    = append([]thread.Elem{thread.Bool}, ints...)
	floats  = []thread.Elem{thread.F16, thread.BF16, thread.F32, thread.F64}
	numbers = append(append([]thread.Elem{}, ints...), floats...)
	all     = append([]thread.Elem{thread.Bool}, numbers...)
)

// elementwise builds an operation of some operands for scalars and vectors of kinds.
func elementwise(op thread.Op, operands int, kinds []thread.Elem) func(k *kit) {
	return func(k *kit) {
		for _, e := range kinds {
			for _, lanes := range []int{1, 4} {
				for _, uns := range []bool{false, true} {
					if uns && !e.IsInt() {
						continue
					}
					args := make([]*thread.Node, operands)
					for i := range args {
						args[i] = k.operand(vecOf(e, lanes))
					}
					k.result(k.Emit(&thread.Node{Op: op, Type: args[0].Type, Args: args, Uns: uns}))
				}
			}
		}
	}
}

// cases has a function for every operation of thread IR.
var cases = map[thread.Op]func(k *kit){
	thread.Const: func(k *kit) {
		for _, e := range all {
			if e.IsFloat() {
				k.result(k.Float(e, 0.1))
			} else {
				k.result(k.Int(e, 1))
			}
			k.result(k.Emit(&thread.Node{Op: thread.Const, Type: vecOf(e, 4), Imm: 1, F: 0.1}))
		}
	},
	thread.Arg: func(k *kit) {
		for i, e := range append(all, thread.Ptr) {
			k.Func.Params = append(k.Func.Params, thread.Param{Name: fmt.Sprint("p", i), Elem: e})
			a := k.Emit(&thread.Node{Op: thread.Arg, Type: thread.Scalar(e), Imm: int64(3 + i)})
			if e == thread.Ptr {
				a = k.Bitcast(a, thread.Scalar(thread.I64))
			}
			k.result(a)
		}
	},
	thread.Tid: func(k *kit) { k.result(k.Emit(&thread.Node{Op: thread.Tid, Type: i32})) },
	thread.BlockID: func(k *kit) {
		for i := range 3 {
			k.result(k.Emit(&thread.Node{Op: thread.BlockID, Type: i32, Imm: int64(i)}))
		}
	},
	thread.LoopVar:  func(k *kit) { k.For(k.I32(0), k.n, k.I32(3), func(i *thread.Node) { k.result(i) }) },
	thread.SharedAt: func(k *kit) { k.result(k.Bitcast(k.shared(64), i32)) },
	thread.Add:      elementwise(thread.Add, 2, numbers),
	thread.Sub:      elementwise(thread.Sub, 2, numbers),
	thread.Mul:      elementwise(thread.Mul, 2, numbers),
	thread.Div: func(k *kit) {
		elementwise(thread.Div, 2, []thread.Elem{thread.I32, thread.F16, thread.BF16, thread.F32})(k)
		k.result(k.Bin(thread.Div, k.operand(thread.Scalar(thread.I64)), k.operand(thread.Scalar(thread.I64))))
		k.result(k.Bin(thread.Div, k.operand(thread.Scalar(thread.F64)), k.operand(thread.Scalar(thread.F64))))
	},
	thread.Rem:  elementwise(thread.Rem, 2, []thread.Elem{thread.I8, thread.I32}),
	thread.Min:  elementwise(thread.Min, 2, numbers),
	thread.Max:  elementwise(thread.Max, 2, numbers),
	thread.And:  elementwise(thread.And, 2, bits),
	thread.Or:   elementwise(thread.Or, 2, bits),
	thread.Xor:  elementwise(thread.Xor, 2, bits),
	thread.Neg:  elementwise(thread.Neg, 1, numbers),
	thread.Not:  elementwise(thread.Not, 1, bits),
	thread.Abs:  elementwise(thread.Abs, 1, numbers),
	thread.Popc: elementwise(thread.Popc, 1, []thread.Elem{thread.I8, thread.I16, thread.I32, thread.I64}),
	thread.Clz:  elementwise(thread.Clz, 1, []thread.Elem{thread.I8, thread.I16, thread.I32, thread.I64}),
	thread.Fma:  elementwise(thread.Fma, 3, floats),
	thread.Sqrt: elementwise(thread.Sqrt, 1, floats),
	thread.Shl:  shifts(thread.Shl),
	thread.Shr:  shifts(thread.Shr),
	thread.Rsqrt: func(k *kit) {
		elementwise(thread.Rsqrt, 1, []thread.Elem{thread.F32})(k)
		k.result(k.Un(thread.Rsqrt, k.operand(thread.Scalar(thread.F64))))
	},
	thread.Exp:   elementwise(thread.Exp, 1, []thread.Elem{thread.F32}),
	thread.Exp2:  elementwise(thread.Exp2, 1, []thread.Elem{thread.F32}),
	thread.Log2:  elementwise(thread.Log2, 1, []thread.Elem{thread.F32}),
	thread.Sin:   elementwise(thread.Sin, 1, []thread.Elem{thread.F32}),
	thread.Cos:   elementwise(thread.Cos, 1, []thread.Elem{thread.F32}),
	thread.Tanh:  elementwise(thread.Tanh, 1, []thread.Elem{thread.F32}),
	thread.Erf:   elementwise(thread.Erf, 1, []thread.Elem{thread.F32}),
	thread.Erfc:  elementwise(thread.Erfc, 1, []thread.Elem{thread.F32}),
	thread.Floor: elementwise(thread.Floor, 1, floats),
	thread.Ceil:  elementwise(thread.Ceil, 1, floats),
	thread.Round: elementwise(thread.Round, 1, floats),
	thread.Cmp: func(k *kit) {
		for _, e := range all {
			for _, pred := range []string{"eq", "ne", "lt", "le", "gt", "ge"} {
				for _, lanes := range []int{1, 4} {
					k.result(k.Cmp(pred, k.operand(vecOf(e, lanes)), k.operand(vecOf(e, lanes)), pred == "le" && e.IsInt()))
				}
			}
		}
	},
	thread.Select: func(k *kit) {
		for _, e := range all {
			for _, lanes := range []int{1, 4} {
				x, y := k.operand(vecOf(e, lanes)), k.operand(vecOf(e, lanes))
				k.result(k.Select(k.pred(), x, y))
				k.result(k.Select(k.Cmp("lt", x, y, false), x, y))
			}
		}
	},
	thread.Conv: func(k *kit) {
		for _, from := range all {
			for _, to := range all {
				for _, lanes := range []int{1, 4} {
					x := k.operand(vecOf(from, lanes))
					k.result(k.Conv(x, to, false))
					if from.IsInt() || to.IsInt() {
						k.result(k.Conv(x, to, true))
					}
				}
			}
		}
	},
	thread.Bitcast: func(k *kit) {
		for _, w := range [][]thread.Type{
			{vecOf(thread.I8, 4), vecOf(thread.F16, 2), vecOf(thread.BF16, 2), vecOf(thread.I32, 1), vecOf(thread.F32, 1), vecOf(thread.I16, 2)},
			{vecOf(thread.I8, 8), vecOf(thread.F16, 4), vecOf(thread.I32, 2), vecOf(thread.F32, 2), vecOf(thread.I64, 1), vecOf(thread.F64, 1)},
			{vecOf(thread.F16, 1), vecOf(thread.BF16, 1), vecOf(thread.I16, 1), vecOf(thread.I8, 2)},
			{vecOf(thread.I8, 16), vecOf(thread.I32, 4), vecOf(thread.F64, 2), vecOf(thread.BF16, 8)},
		} {
			for _, from := range w {
				for _, to := range w {
					k.result(k.Bitcast(k.operand(from), to))
				}
			}
		}
	},
	thread.Vec: func(k *kit) {
		for _, e := range all {
			for _, lanes := range []int{2, 3, 8} {
				s := make([]*thread.Node, lanes)
				for i := range s {
					s[i] = k.operand(thread.Scalar(e))
				}
				k.result(k.Vec(s...))
			}
		}
	},
	thread.Extract: func(k *kit) {
		for _, e := range all {
			v := k.operand(vecOf(e, 4))
			for i := range 4 {
				k.result(k.Extract(v, i))
			}
		}
	},
	thread.Lop3: func(k *kit) {
		k.result(k.Emit(&thread.Node{Op: thread.Lop3, Type: i32, Args: []*thread.Node{k.operand(i32), k.I32(15), k.n}, Imm: 0xea}))
	},
	thread.Prmt: func(k *kit) {
		k.result(k.Emit(&thread.Node{Op: thread.Prmt, Type: i32, Args: []*thread.Node{k.operand(i32), k.n, k.I32(0x5410)}}))
		k.result(k.Emit(&thread.Node{Op: thread.Prmt, Type: i32, Args: []*thread.Node{k.operand(i32), k.I32(0x64646464), k.n}}))
	},
	thread.Equal: func(k *kit) {
		for _, kind := range []string{"f16", "bf16"} {
			k.result(k.Emit(&thread.Node{Op: thread.Equal, Type: i32, Args: []*thread.Node{k.operand(i32), k.operand(i32)}, Kind: kind}))
		}
	},
	thread.FP8: func(k *kit) {
		for _, kind := range []string{"e4m3", "e5m2"} {
			k.result(k.Emit(&thread.Node{Op: thread.FP8, Type: vecOf(thread.F16, 2), Args: []*thread.Node{k.operand(thread.Scalar(thread.I16))}, Kind: kind}))
		}
	},
	thread.ToFP8: func(k *kit) {
		for _, kind := range []string{"e4m3", "e5m2"} {
			k.result(k.Emit(&thread.Node{Op: thread.ToFP8, Type: i32, Args: []*thread.Node{k.operand(thread.Scalar(thread.F32))}, Kind: kind}))
		}
	},
	thread.Get: arrays,
	thread.Set: arrays,
	thread.PtrAdd: func(k *kit) {
		k.result(k.Load(i32, k.PtrAdd(k.PtrAdd(k.x, k.Conv(k.n, thread.I64, true)), k.I32(-4)), nil, 4))
		k.Store(k.PtrAdd(k.PtrAdd(k.shared(16), k.n), k.Int(thread.I64, 4)), k.n, nil, 4)
		k.Effect(thread.Barrier, 0)
		k.result(k.Load(i32, k.PtrAdd(k.PtrAdd(k.shared(32), k.n), k.Conv(k.n, thread.I64, false)), nil, 4))
	},
	thread.Load: func(k *kit) { access(k, false) },
	thread.Store: func(k *kit) {
		access(k, true)
	},
	thread.AtomicOr:  atomics(thread.AtomicOr),
	thread.AtomicAnd: atomics(thread.AtomicAnd),
	thread.Shfl: func(k *kit) {
		for _, t := range []thread.Type{i32, vecOf(thread.F32, 1), vecOf(thread.F16, 2), vecOf(thread.BF16, 2), vecOf(thread.I8, 4)} {
			k.result(k.Emit(&thread.Node{Op: thread.Shfl, Type: t, Args: []*thread.Node{k.operand(t)}, Imm: 16}))
			k.result(k.Emit(&thread.Node{Op: thread.Shfl, Type: t, Args: []*thread.Node{k.operand(t), k.Bin(thread.And, k.n, k.I32(31))}}))
		}
	},
	thread.AnyLane: func(k *kit) {
		some := k.Emit(&thread.Node{Op: thread.AnyLane, Type: thread.Scalar(thread.Bool), Args: []*thread.Node{k.Cmp("lt", k.n, k.I32(3), false)}})
		k.result(k.Conv(some, thread.I32, true))
	},
	thread.MaxLane: func(k *kit) {
		k.result(k.Emit(&thread.Node{Op: thread.MaxLane, Type: i32, Args: []*thread.Node{k.n}}))
	},
	thread.WarpBarrier: func(k *kit) { k.Effect(thread.WarpBarrier, 0) },
	thread.Barrier:     func(k *kit) { k.Effect(thread.Barrier, 0) },
	thread.CpAsync:     copies,
	thread.CpCommit:    copies,
	thread.CpWait:      copies,
	thread.Ldmatrix: func(k *kit) {
		for _, e := range []thread.Elem{thread.F16, thread.BF16, thread.I32, thread.I8, thread.I16} {
			for _, kind := range []string{"", "trans"} {
				for _, count := range []int{1, 2, 4} {
					lanes := 4 / e.Size()
					v := k.NewVar("m", e, count*lanes)
					args := []*thread.Node{k.PtrAdd(k.shared(0), k.Bin(thread.Mul, k.n, k.I32(16)))}
					for i := range count {
						args = append(args, k.I32(i*lanes))
					}
					n := k.Effect(thread.Ldmatrix, int64(count), args...)
					n.Kind, n.Var = kind, v
					k.result(k.Get(v, k.I32(0), count*lanes))
				}
			}
		}
	},
	thread.Stmatrix: func(k *kit) {
		for _, e := range []thread.Elem{thread.F16, thread.BF16, thread.I32} {
			for _, count := range []int{1, 2, 4} {
				lanes := 4 / e.Size()
				v := k.NewVar("m", e, count*lanes)
				args := []*thread.Node{k.PtrAdd(k.shared(0), k.Bin(thread.Mul, k.n, k.I32(16)))}
				for i := range count {
					k.Set(v, k.I32(i*lanes), k.operand(vecOf(e, lanes)))
					args = append(args, k.I32(i*lanes))
				}
				k.Effect(thread.Stmatrix, int64(count), args...).Var = v
			}
		}
	},
	thread.Mma: func(k *kit) {
		for _, kind := range []string{"f16", "bf16", "s8", "u8s8", "u8"} {
			form := thread.MmaForms[kind]
			in := form.In
			if in == thread.I8 {
				in = thread.I32
			}
			a, b, c := k.NewVar("a", in, form.A), k.NewVar("b", in, form.B), k.NewVar("c", form.Acc, form.C)
			for _, v := range []*thread.Var{a, b, c} {
				k.Set(v, k.I32(0), k.operand(vecOf(v.Elem, v.Len)))
			}
			k.For(k.I32(0), k.n, k.I32(1), func(*thread.Node) {
				n := k.Effect(thread.Mma, 0, k.I32(0), k.I32(0), k.I32(0))
				n.Kind, n.Vars = kind, []*thread.Var{a, b, c}
			})
			k.result(k.Get(c, k.I32(0), form.C))
		}
	},
	thread.FenceAsync:       func(k *kit) { k.Effect(thread.FenceAsync, 0) },
	thread.LaunchDependents: func(k *kit) { k.Effect(thread.LaunchDependents, 0) },
	thread.WaitGrid:         func(k *kit) { k.Effect(thread.WaitGrid, 0) },
	thread.Wgmma: func(k *kit) {
		for _, kind := range []string{"f16", "bf16"} {
			for _, cols := range []int{8, 64} {
				a, c := k.NewVar("a", thread.MmaForms[kind].In, 2*4*8), k.NewVar("c", thread.F32, 2*cols/2)
				k.Set(a, k.I32(0), k.operand(vecOf(a.Elem, a.Len)))
				k.Set(c, k.I32(0), k.operand(vecOf(c.Elem, c.Len)))
				k.For(k.I32(0), k.n, k.I32(1), func(*thread.Node) {
					args := []*thread.Node{k.I32(0), k.I32(0)}
					for s := range 4 {
						args = append(args, k.shared(int64(32*s)))
					}
					n := k.Effect(thread.Wgmma, int64(cols), args...)
					n.Kind, n.Vars, n.Rows = kind, []*thread.Var{a, c}, 2
				})
				k.result(k.Get(c, k.I32(0), c.Len))
			}
		}
	},
	thread.Blocks: func(k *kit) {
		for axis := range 3 {
			k.result(k.Emit(&thread.Node{Op: thread.Blocks, Type: thread.Scalar(thread.I32), Imm: int64(axis)}))
		}
	},
	thread.ClusterRank: func(k *kit) {
		k.Func.Cluster = 3
		k.result(k.Emit(&thread.Node{Op: thread.ClusterRank, Type: thread.Scalar(thread.I32)}))
	},
	thread.ClusterBarrier: func(k *kit) {
		k.Func.Cluster = 2
		k.Effect(thread.ClusterBarrier, 0)
	},
	thread.LoadCluster: func(k *kit) {
		k.Func.Cluster = 2
		k.result(k.Emit(&thread.Node{Op: thread.LoadCluster, Type: thread.Scalar(thread.F32), Args: []*thread.Node{k.shared(64), k.I32(1)}}))
	},
	thread.For: arrays,
	thread.If:  arrays,
}

func shifts(op thread.Op) func(k *kit) {
	return func(k *kit) {
		for _, e := range ints {
			for _, uns := range []bool{false, true} {
				x := k.operand(thread.Scalar(e))
				n := k.Emit(&thread.Node{Op: thread.And, Type: x.Type, Args: []*thread.Node{k.operand(x.Type), k.Int(e, 7)}})
				k.result(k.Emit(&thread.Node{Op: op, Type: x.Type, Args: []*thread.Node{x, n}, Uns: uns}))
			}
		}
	}
}

// arrays reads and writes local arrays in and around loops and branches.
func arrays(k *kit) {
	for _, e := range all {
		v, w := k.NewVar("v", e, 8), k.NewVar("w", e, 5)
		k.Set(v, k.I32(0), k.operand(vecOf(e, 8)))
		k.Local(5, func(i *thread.Node) { k.Set(w, i, k.Get(v, i, 1)) })
		k.For(k.I32(0), k.n, k.I32(1), func(i *thread.Node) {
			k.Local(3, func(j *thread.Node) {
				k.Set(v, j, k.Get(v, k.Bin(thread.Add, j, k.I32(5)), 1)) // odd places of packed registers
			})
			k.If(k.Cmp("gt", i, k.I32(3), false), func() {
				k.Set(w, k.I32(1), k.Get(v, k.I32(2), 2))
			}, func() {
				k.For(i, k.n, k.I32(2), func(*thread.Node) { k.Set(v, k.I32(7), k.Get(w, k.I32(4), 1)) })
			})
			k.If(k.pred(), func() { k.Set(v, k.I32(4), k.Get(w, k.I32(0), 4)) }, nil)
		})
		k.result(k.Get(v, k.I32(0), 8))
		k.result(k.Get(w, k.I32(0), 4))
	}
}

// access loads and stores every width at every alignment, with and without predicates, in both memories.
func access(k *kit, store bool) {
	p := k.pred()
	for i, e := range all {
		k.If(k.Cmp("ne", k.n, k.I32(i), false), func() { accesses(k, e, p, store) }, nil) // blocks, for the sake of registers
	}
}

func accesses(k *kit, e thread.Elem, p *thread.Node, store bool) {
	{
		for _, lanes := range []int{1, 2, 4, 8, 16, 3} {
			for align := e.Size(); align <= min(16, lanes*e.Size()); align *= 2 {
				if lanes == 3 && align > e.Size() {
					continue
				}
				t := vecOf(e, lanes)
				switch {
				case store:
					x := k.Load(t, k.x, nil, align)
					k.Store(k.y, x, p, align)
					k.Store(k.PtrAdd(k.shared(64), k.Bin(thread.Mul, k.n, k.I32(16))), x, p, align)
				default:
					k.result(k.Load(t, k.x, p, align))
					n := k.Load(t, k.PtrAdd(k.x, k.I32(128)), p, align)
					n.Kind = "stream"
					k.result(n)
					n = k.Load(t, k.PtrAdd(k.x, k.I32(64)), nil, align)
					n.Kind = "stream"
					k.result(n)
					k.result(k.Load(t, k.PtrAdd(k.y, k.I32(-64)), p, align))
					k.result(k.Load(t, k.PtrAdd(k.shared(64), k.Bin(thread.Mul, k.n, k.I32(16))), p, align))
					k.result(k.Load(t, k.shared(128), nil, align))
				}
			}
		}
	}
}

func atomics(op thread.Op) func(k *kit) {
	return func(k *kit) {
		k.Effect(op, 0, k.y, k.n)
		k.Effect(op, 0, k.PtrAdd(k.y, k.I32(4)), k.I32(12), k.pred())
	}
}

func copies(k *kit) {
	dst := k.PtrAdd(k.shared(16), k.Bin(thread.Mul, k.n, k.I32(16)))
	for _, n := range []int{4, 8, 16} {
		k.Effect(thread.CpAsync, int64(n), dst, k.x, k.I32(n))
		k.Effect(thread.CpAsync, int64(n), k.PtrAdd(dst, k.I32(64)), k.PtrAdd(k.x, k.I32(-16)), k.Select(k.pred(), k.I32(n), k.I32(0)))
	}
	k.Effect(thread.CpCommit, 0)
	k.Effect(thread.CpWait, 1)
	k.Effect(thread.CpWait, 0)
}

// TestEveryOp compiles a function for every operation, for the oldest target and for Hopper, and assembles it.
func TestEveryOp(t *testing.T) {
	for _, op := range thread.Ops() {
		if op.CPUOnly() {
			continue
		}
		t.Run(op.String(), func(t *testing.T) {
			build := cases[op]
			require.NotNil(t, build, "%s has no case here", op)
			targets := []string{"sm_80", "sm_90a"}
			switch op {
			case thread.FP8, thread.ToFP8, thread.Equal, thread.Stmatrix, thread.FenceAsync, thread.ClusterRank, thread.ClusterBarrier, thread.LoadCluster, thread.LaunchDependents, thread.WaitGrid:
				targets[0] = "sm_90"
			case thread.Wgmma:
				targets = targets[1:]
			}
			for _, cpu := range targets {
				k := newKit("k_" + op.String())
				build(k)
				text, _ := assemble(t, k.Func, cpu)
				assert.Zero(t, instructions(text, "call"), "a call")
			}
		})
	}
}
