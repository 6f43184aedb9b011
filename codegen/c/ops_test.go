package c_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/codegen/c"
	"github.com/girih-lang/girih/codegen/thread"
)

// elementwise has the checks of every operation on values.
func elementwise() map[thread.Op][]check {
	m := wordChecks()
	for _, op := range []thread.Op{thread.Add, thread.Sub, thread.Mul, thread.Min, thread.Max} {
		m[op] = append(intChecks(op, 2), floatChecks(op, 2, 0, floats)...)
	}
	m[thread.Div] = append(intChecks(thread.Div, 2), floatChecks(thread.Div, 2, 0, floats)...)
	for _, op := range []thread.Op{thread.Rem, thread.And, thread.Or, thread.Xor, thread.Shl, thread.Shr} {
		m[op] = intChecks(op, 2)
	}
	for _, op := range []thread.Op{thread.Not, thread.Popc, thread.Clz} {
		m[op] = intChecks(op, 1)
	}
	for _, op := range []thread.Op{thread.Neg, thread.Abs} {
		m[op] = append(intChecks(op, 1), floatChecks(op, 1, 0, floats)...)
	}
	for _, op := range []thread.Op{thread.Sqrt, thread.Floor, thread.Ceil, thread.Round} {
		m[op] = floatChecks(op, 1, 0, floats)
	}
	wide := []thread.Elem{thread.F32, thread.F64}
	m[thread.Rsqrt] = floatChecks(thread.Rsqrt, 1, 2, wide)
	for _, op := range []thread.Op{thread.Exp, thread.Exp2, thread.Log2, thread.Sin, thread.Cos, thread.Tanh, thread.Erf} {
		m[op] = floatChecks(op, 1, 3, wide)
	}
	m[thread.Erfc] = floatChecks(thread.Erfc, 1, 3, []thread.Elem{thread.F64}) // F32: the polynomial of codegen/ptx, and Gelu in tests/conform
	m[thread.Fma] = fmaChecks()
	m[thread.Cmp] = compareChecks()
	m[thread.Select] = selectChecks()
	m[thread.Conv] = convertChecks()
	m[thread.Bitcast] = bitcastChecks()
	return m
}

// TestValues compiles every operation on values and compares with Go.
func TestValues(t *testing.T) {
	m := elementwise()
	for _, op := range thread.Ops() {
		if checks := m[op]; checks != nil {
			t.Run(op.String(), func(t *testing.T) {
				t.Parallel()
				run(t, "Check_"+op.String(), checks)
			})
		}
	}
}

// gpuOnly are operations that no lowering emits for a CPU.
var gpuOnly = []thread.Op{thread.Blocks, thread.FP8, thread.ToFP8, thread.Equal, thread.Shfl, thread.AnyLane, thread.MaxLane, thread.WarpBarrier, thread.Ldmatrix, thread.Stmatrix, thread.ClusterRank, thread.ClusterBarrier, thread.LoadCluster, thread.FenceAsync, thread.LaunchDependents, thread.WaitGrid, thread.Wgmma, thread.Mma}

// elsewhere are operations that memory_test.go and wide_test.go run.
var elsewhere = []thread.Op{thread.Const, thread.Arg, thread.Tid, thread.BlockID, thread.LoopVar, thread.SharedAt, thread.Vec, thread.Extract, thread.Get, thread.Set, thread.PtrAdd,
	thread.Load, thread.Store, thread.AtomicOr, thread.AtomicAnd, thread.Barrier, thread.CpAsync, thread.CpCommit, thread.CpWait, thread.For, thread.If, thread.Splat, thread.Lookup, thread.Prefetch}

func TestComplete(t *testing.T) {
	seen := map[thread.Op]bool{}
	for op := range elementwise() {
		seen[op] = true
	}
	for _, s := range [][]thread.Op{gpuOnly, elsewhere} {
		for _, op := range s {
			seen[op] = true
		}
	}
	for _, op := range thread.Ops() {
		assert.True(t, seen[op], "no test of %s", op)
	}
}

func TestRefused(t *testing.T) {
	for _, op := range gpuOnly {
		f, b := thread.NewFunc("K", 1)
		v := b.NewVar("v", thread.I32, 8)
		n := &thread.Node{Op: op, Args: []*thread.Node{b.I32(0), b.I32(0), b.I32(0)}, Vars: []*thread.Var{v, v, v}, Var: v}
		if op == thread.Shfl {
			n.Type = thread.Scalar(thread.I32)
			n.Args = n.Args[:1]
		}
		b.Emit(n)
		if op == thread.Shfl {
			b.Set(v, b.I32(0), n)
		}
		_, err := c.Print(f, c.Options{})
		require.EqualError(t, err, "kernel K for the CPU: "+op.String()+": exists on a GPU only")
	}
	f, _ := thread.NewFunc("K", 32)
	_, err := c.Print(f, c.Options{})
	require.EqualError(t, err, "kernel K for the CPU: a block of 32 threads: expected 1")
}
