package metamorphic

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/passes"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/tensor"
	"github.com/girih-lang/girih/runtime/threadvm"
	"github.com/girih-lang/girih/runtime/vm"
	"github.com/girih-lang/girih/tests/conform"
)

// Layouts are found for tiles of any extents on any number of warps: transpositions, reshapes, reductions and broadcasts of
// tiles that nothing divides give what the VM gives.
func TestAnyShape(t *testing.T) {
	target, err := compile.Target("sm_90a")
	require.NoError(t, err)
	for i := range 300 {
		r := rand.New(rand.NewPCG(uint64(i), 11))
		k, what := chain(r)
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Log(what)
			require.NoError(t, k.Verify())
			shape, err := k.Params[0].Shape(nil)
			require.NoError(t, err)
			x, err := tensor.Random(dtype.I32, uint64(i), shape...)
			require.NoError(t, err)
			args := map[string]runtime.Arg{"x": runtime.Tensor(x)}
			result := func(p runtime.Program, k *ir.Kernel) []byte {
				a, err := runtime.Arguments(k, args, nil)
				require.NoError(t, err)
				_, err = p.Run(context.Background(), a)
				require.NoError(t, err)
				return a[1].Tensor.Data
			}
			oracle, err := vm.New(k, vm.Options{})
			require.NoError(t, err)
			want := result(oracle, oracle.Kernel())
			code, err := compile.Thread(k.Clone(), target, compile.Options{Verify: true})
			if e := (*passes.Error)(nil); errors.As(err, &e) && refusals[e.Code] {
				t.Skip(err)
			}
			require.NoError(t, err)
			prog, err := threadvm.New(code.Thread, code.Kernel)
			require.NoError(t, err)
			require.Equal(t, want, result(prog, code.Kernel))
		})
	}
}

// chain is a kernel that loads a tile of odd extents, takes it through a few operations that move it, and stores it.
func chain(r *rand.Rand) (*ir.Kernel, string) {
	extents := []int{1, 2, 3, 4, 5, 7, 8, 12, 20, 33, 48, 96}
	shape := []int{extents[r.IntN(len(extents))]}
	for n := shape[0]; len(shape) < 3 && r.IntN(4) > 0; {
		e := extents[r.IntN(len(extents))]
		if n *= e; n > 4096 {
			break
		}
		shape = append(shape, e)
	}
	x := &ir.Value{Type: ir.TensorOf(dtype.I32, exprs(shape)...)}
	k := &ir.Kernel{Name: "Chain", Grid: []ir.Expr{ir.Int(1)}, Warps: 1 << r.IntN(4), Body: &ir.Block{}}
	b := &ir.Builder{Block: k.Body}
	v := b.Load(x, zeros(b, len(shape)), axes(len(shape)), shape...)
	what := fmt.Sprintf("warps %d, %v", k.Warps, shape)
	for range 1 + r.IntN(5) {
		s := v.Type.Shape
		switch r.IntN(4) {
		case 0:
			perm := r.Perm(len(s))
			out := make([]int, len(s))
			for i, p := range perm {
				out[i] = s[p]
			}
			v = b.Op(ir.OpTranspose, []*ir.Value{v}, v.Type.WithShape(out...)).Set("perm", perm).Result()
			what += fmt.Sprintf(", transpose %v", perm)
		case 1:
			s := regroup(r, s)
			v = b.Reshape(v, s...)
			what += fmt.Sprintf(", reshape %v", s)
		case 2:
			axis := r.IntN(len(s))
			one := append([]int(nil), s...)
			one[axis] = 1
			sum := b.Reduce("sum", axis, v)
			v = b.Binary(ir.OpSub, v, b.Broadcast(b.Reshape(sum, one...), s...))
			what += fmt.Sprintf(", less the sum along %d", axis)
		default:
			v = b.Binary(ir.OpMul, v, v)
			what += ", squared"
		}
		if r.IntN(4) == 0 && v.Type.Size() >= 32*k.Warps {
			l := conform.Twist(r, Layout(r, v.Type.Shape, 32*k.Warps))
			v.Layout = &l
			what += fmt.Sprintf(" @ %s", l)
		}
	}
	y := &ir.Value{Type: ir.TensorOf(dtype.I32, exprs(v.Type.Shape)...)}
	b.Store(v, y, zeros(b, v.Type.Rank()), axes(v.Type.Rank()))
	k.Params = []*ir.Param{{Name: "x", Value: x}, {Name: "y", Value: y, Out: true}}
	k.Renumber()
	return k, what
}

// regroup deals the prime factors of a shape out anew, over one to three axes.
func regroup(r *rand.Rand, shape []int) []int {
	var primes []int
	for _, n := range shape {
		for p := 2; n > 1; p++ {
			for ; n%p == 0; n /= p {
				primes = append(primes, p)
			}
		}
	}
	out := make([]int, 1+r.IntN(3))
	for i := range out {
		out[i] = 1
	}
	for _, p := range primes {
		out[r.IntN(len(out))] *= p
	}
	return out
}

func exprs(shape []int) (es []ir.Expr) {
	for _, n := range shape {
		es = append(es, ir.Int(int64(n)))
	}
	return es
}

func zeros(b *ir.Builder, n int) (vs []*ir.Value) {
	for range n {
		vs = append(vs, b.Index(0))
	}
	return vs
}

func axes(n int) (as []int) {
	for i := range n {
		as = append(as, i)
	}
	return as
}
