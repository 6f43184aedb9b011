package conform

import (
	"context"
	"math/rand"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/codegen/ptx/llvm"
	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/internal/need"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/cpu"
	"github.com/girih-lang/girih/runtime/tensor"
)

const goalsText = `package goals

kernel Widen[W type](w packed W[K, N]) (a f16[K, N], b bf16[K, N], c f32[K, N], d i8[K, N], e i32[K, N], f f8e4m3fn[K, N], g u16[K, N]) {
	grid k in K by 32, n in N by 64
	v := w[k, n]
	a[k, n] = f16(v)
	b[k, n] = bf16(v)
	c[k, n] = f32(v)
	d[k, n] = i8(v)
	e[k, n] = i32(v)
	f[k, n] = f8e4m3fn(v)
	g[k, n] = u16(v)
}

kernel One[W, T type](w packed W[K, N]) (y T[K, N]) {
	grid k in K by 32, n in N by 64
	y[k, n] = T(w[k, n])
}
`

// Packed matrices become numbers of every kind: several at once, where one storage order serves all, and each alone.
func TestPackedGoals(t *testing.T) {
	for i, w := range narrowTypes() {
		t.Run(w.String(), func(t *testing.T) {
			t.Parallel()
			if !some(i, 4) && w != dtype.U(3) && w != dtype.I(4) && w != dtype.F8E4M3FN {
				t.Skip("set GIRIH_LONG to run it")
			}
			args := map[string]runtime.Arg{"w": runtime.Tensor(ramp(w, 45, 72, 1))}
			d := dims{"K": 45, "N": 72}
			executors(t, goalsText, "Widen", map[string]string{"W": w.String()}, args, d, false)
			for _, to := range []string{"f32", "i8", "i32", "f8e4m3fn", "f6e3m2"} {
				executors(t, goalsText, "One", map[string]string{"W": w.String(), "T": to}, args, d, false)
			}
		})
	}
}

const bytesText = `package bytes

kernel Dot[X, W type](x X[M, K], w packed W[K, N]) (y i32[M, N]) {
	grid m in M by 16, n in N by 64 warps(4)
	acc := zeros[i32](16, 64)
	for k in K by 128 pipeline(3) {
		acc += dot(x[m, k], X(w[k, n]))
	}
	y[m, n] = acc
}

kernel Both[X, W type](x X[M, K], w packed W[K, N]) (y i32[M, N], z X[K, N]) {
	grid n in N by 32 warps(2)
	for k in K by 64 {
		v := X(w[k, n])
		z[k, n] = v
		for m in M by 16 {
			y[m, n] = dot(x[m, k], v)
		}
	}
}
`

// Packed integers of every width under integer matrix instructions: bytes that go to them in words, whole tiles and ragged ones,
// and bytes that are stored as well.
func TestPackedBytes(t *testing.T) {
	_, noCC := cpu.Find()
	for i, w := range narrowTypes() {
		if !w.IsInt() {
			continue
		}
		t.Run(w.String(), func(t *testing.T) {
			t.Parallel()
			if !some(i, 3) && w != dtype.U(3) && w != dtype.I(4) && w != dtype.I(7) {
				t.Skip("set GIRIH_LONG to run it")
			}
			rnd := rand.New(rand.NewSource(int64(i)))
			for j, x := range []dtype.Type{dtype.I8, dtype.U8} {
				for _, s := range [][3]int{{16, 256, 64}, {5, 300, 72}, {33, 129, 130}} {
					d := dims{"M": int64(s[0]), "K": int64(s[1]), "N": int64(s[2])}
					xs := tensor.New(x, s[0], s[1])
					for i := range xs.Len() {
						xs.SetCode(i, uint64(rnd.Intn(256)))
					}
					args := map[string]runtime.Arg{"x": runtime.Tensor(xs), "w": runtime.Tensor(ramp(w, s[1], s[2], 1))}
					defines := map[string]string{"X": x.String(), "W": w.String()}
					executors(t, bytesText, "Dot", defines, args, d, noCC == nil && (i+j)%3 == 0)
				}
				args := map[string]runtime.Arg{"x": runtime.Tensor(ramp(x, 21, 64, 1)), "w": runtime.Tensor(ramp(w, 64, 40, 1))}
				executors(t, bytesText, "Both", map[string]string{"X": x.String(), "W": w.String()}, args, dims{"M": 21, "K": 64, "N": 40}, false)
			}
		})
	}
}

// Nothing comes between a widening to bytes and the matrix instruction: a unit takes what ir/widen says, and u8 nothing.
func TestPackedBytesStayWords(t *testing.T) {
	_, err := llvm.Find()
	need.Tool(t, "llvm", err)
	pkg, err := lang.LoadSource("bytes.girih", bytesText)
	require.NoError(t, err)
	for w, want := range map[string]int{"u8": 0, "u4": 16, "i4": 32} { // 64 weights of a thread, four to a unit
		k, err := lang.Lower(pkg, "Dot", lang.Options{Defines: map[string]string{"X": "i8", "W": w}, AnyTune: true})
		require.NoError(t, err)
		c, err := compile.GPU(context.Background(), k, "sm_90a", compile.Options{})
		require.NoError(t, err)
		require.Len(t, regexp.MustCompile(`(lop3|prmt)\.b32`).FindAll(c.PTX, -1), want, w)
		require.NotRegexp(t, `bfi\.b32|bfe\.s32`, string(c.PTX), w)
	}
}
