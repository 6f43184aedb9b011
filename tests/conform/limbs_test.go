package conform

import (
	"context"
	"fmt"
	"math"
	"math/big"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/cuda"
	"github.com/girih-lang/girih/runtime/tensor"
	"github.com/girih-lang/girih/runtime/threadvm"
)

// limbCase is one row whose dots run in digits.
func limbCase(w string) Case {
	return Case{"linear", "Linear", defs{"W": w, "BM": "1", "BN": "32", "splits": "2", "warps": "2"}, dims{"M": 1, "K": 256, "N": 32}, nil}
}

// limbRuns calls f with a function that runs a case, in the simulator and on a GPU.
func limbRuns(t *testing.T, f func(t *testing.T, run func(t *testing.T, c Case, set func(p *Prepared)) map[string]*tensor.Tensor)) {
	for _, where := range []string{"simulated", "cuda"} {
		t.Run(where, func(t *testing.T) {
			f(t, func(t *testing.T, c Case, set func(p *Prepared)) map[string]*tensor.Tensor {
				p, err := c.Prepare(context.Background())
				require.NoError(t, err)
				set(p)
				prog, k := limbProgram(t, p, where == "cuda")
				got, err := Results(context.Background(), prog, k, p.Args, c.Dims)
				require.NoError(t, err)
				return got
			})
		})
	}
}

func limbProgram(t *testing.T, p *Prepared, real bool) (runtime.Program, *ir.Kernel) {
	if real {
		code, err := compile.GPU(context.Background(), p.Kernel, "sm_90a", compile.Options{Cache: store(), Verify: true})
		require.NoError(t, err)
		prog, err := cuda.NewProgram(gpu(t), cuda.Code{Kernel: code.Kernel, PTX: code.PTX, Threads: code.Threads, Shared: code.Shared})
		require.NoError(t, err)
		return prog, code.Kernel
	}
	target, err := compile.Target("sm_90a")
	require.NoError(t, err)
	code, err := compile.Thread(p.Kernel, target, compile.Options{})
	require.NoError(t, err)
	prog, err := threadvm.New(code.Thread, code.Kernel)
	require.NoError(t, err)
	return prog, code.Kernel
}

// Digits lose nothing: of rows of any finite f16, large and subnormal ones side by side, each dot is the exact sum but for the
// rounding of f32 sums.
func TestLimbsAreExact(t *testing.T) {
	limbRuns(t, func(t *testing.T, run func(t *testing.T, c Case, set func(p *Prepared)) map[string]*tensor.Tensor) {
		rnd := rand.New(rand.NewSource(5))
		for _, w := range []string{"u1", "i1", "u2", "i3", "u4", "i4", "u7", "u8", "i8", "f3e2m0", "f4e1m2", "f4e2m1"} {
			for _, kind := range []string{"any", "even", "hidden"} {
				t.Run(w+" "+kind, func(t *testing.T) {
					c := limbCase(w)
					var args map[string]runtime.Arg
					out := run(t, c, func(p *Prepared) {
						args = p.Args
						x, q, s := p.Args["x"].Tensor, p.Args["w"].Tensor, p.Args["s"].Tensor
						for i := range x.Len() {
							code := uint64(rnd.Intn(1 << 16))
							for code&0x7c00 == 0x7c00 {
								code = uint64(rnd.Intn(1 << 16))
							}
							if kind == "even" { // of one size, and no sum overflows
								code = code&0x83ff | 0x3000
							}
							if kind == "hidden" { // large ones meet zeros: the others must show
								code = code & 0x8003
								if i%8 == 3 {
									code = 0x7bff
									for n := range 32 {
										q.SetCode(i*32+n, 0)
									}
								}
							}
							x.SetCode(i, code)
						}
						scale := 1.0
						if kind == "any" {
							scale = 0x1p-14
						}
						for i := range s.Len() {
							s.SetCode(i, s.DType.FromFloat(scale, s.DType.Mode()))
						}
					})
					x, q, s := args["x"].Tensor.Floats(), args["w"].Tensor.Floats(), args["s"].Tensor.Floats()
					for n := range 32 {
						sum, all := new(big.Float).SetPrec(200), 0.0
						for k := range 256 {
							v := new(big.Float).SetPrec(200).SetFloat64(x[k] * q[k*32+n])
							sum.Add(sum, v.Mul(v, big.NewFloat(s[0])))
							all += math.Abs(x[k] * q[k*32+n] * s[0])
						}
						want, _ := sum.Float64()
						y := out["y"]
						got := y.Floats()[n]
						require.LessOrEqual(t, math.Abs(got-y.DType.Round(want)), 0x1p-20*all+math.Abs(want)*0x1p-10, "column %d", n)
					}
				})
			}
		}
	})
}

// Zeros are subtracted from the weights, exactly: of every type of zero, for whole parts and for groups of them, beside factors.
func TestLimbsWithZeros(t *testing.T) {
	limbRuns(t, func(t *testing.T, run func(t *testing.T, c Case, set func(p *Prepared)) map[string]*tensor.Tensor) {
		rnd := rand.New(rand.NewSource(7))
		for _, types := range [][2]string{{"u1", "u1"}, {"u2", "u8"}, {"u3", "u3"}, {"u4", "u4"}, {"i4", "i4"}, {"u5", "u8"}, {"u8", "u8"}, {"i8", "i8"}, {"f3e1m1", "i4"}, {"f4e2m1", "f4e2m1"}} {
			for i, g := range []int{32, 64, 128, 256} {
				a := []string{"f16", "bf16"}[i%2]
				t.Run(fmt.Sprint(types, " ", a, " ", g), func(t *testing.T) {
					c := Case{"linear_zero", "LinearZero", defs{"W": types[0], "Z": types[1], "A": a, "G": fmt.Sprint(g), "BM": "1", "BN": "32", "splits": "2", "warps": "2"}, dims{"M": 1, "K": 512, "N": 32}, nil}
					var args map[string]runtime.Arg
					out := run(t, c, func(p *Prepared) {
						args = p.Args
						x, s := p.Args["x"].Tensor, p.Args["s"].Tensor
						for i := range x.Len() {
							x.SetCode(i, x.DType.FromFloat(rnd.NormFloat64(), x.DType.Mode()))
						}
						for i := range s.Len() {
							s.SetCode(i, s.DType.FromFloat(0x1p-6, s.DType.Mode()))
						}
					})
					x, q, z := args["x"].Tensor.Floats(), args["w"].Tensor.Floats(), args["z"].Tensor.Floats()
					for n := range 32 {
						want, all := 0.0, 0.0
						for k := range 512 {
							w, z := q[k*32+n], z[k/g*32+n]
							want += x[k] * (w - z) * 0x1p-6
							all += math.Abs(x[k]) * max(math.Abs(w), math.Abs(z)) * 0x1p-6
						}
						y := out["y"]
						ulp := map[string]float64{"f16": 0x1p-11, "bf16": 0x1p-8}[a]
						require.LessOrEqual(t, math.Abs(y.Floats()[n]-want), 0x1p-20*all+math.Abs(want)*ulp*1.01, "column %d", n)
					}
				})
			}
		}
	})
}

// What is not finite makes the sums NaN, in every column and whatever it meets.
func TestLimbsOfWhatIsNotFinite(t *testing.T) {
	limbRuns(t, func(t *testing.T, run func(t *testing.T, c Case, set func(p *Prepared)) map[string]*tensor.Tensor) {
		for i, v := range []float64{math.Inf(1), math.Inf(-1), math.NaN()} {
			for _, w := range []string{"u1", "u4", "i5", "f4e2m1"} {
				t.Run(fmt.Sprint(v, " ", w), func(t *testing.T) {
					out := run(t, limbCase(w), func(p *Prepared) {
						x := p.Args["x"].Tensor
						x.SetCode(37*i+129, x.DType.FromFloat(v, x.DType.Mode()))
					})
					require.True(t, allNaN(out["y"]))
				})
			}
		}
	})
}

const longText = `package long

kernel Long[W type, A type = f16](x A[M, K], w packed W[K, N], s A[K/128, N]) (y f32[M, N]) {
	grid m in M by 1, n in N by 32 warps(2)
	acc := zeros[f32](1, 32)
	for k in K by 128 pipeline(3) split(2) { acc += dot(x[m, k], A(w[k, n]) * s[k/128, n]) }
	y[m, n] = acc
}
`

// Long sums keep the accuracy of f32: what is rounded is as large as the sum, whatever its digits are. Numbers near the end of the range
// of bf16 stay finite.
func TestLimbsOfLongRows(t *testing.T) {
	pkg, err := lang.LoadSource("long.girih", longText)
	require.NoError(t, err)
	target, err := compile.Target("sm_90a")
	require.NoError(t, err)
	const depth = 8192
	d := dims{"M": 1, "K": depth, "N": 32}
	for _, w := range []string{"u1", "u4", "i4", "u8", "i3", "f3e1m1", "f4e2m1"} {
		for _, a := range []string{"f16", "bf16"} {
			for _, size := range []float64{1, 16, 0x1p112} {
				if a == "f16" && size > 100 {
					continue
				}
				t.Run(fmt.Sprint(w, " ", a, " ", size), func(t *testing.T) {
					k, err := lang.Lower(pkg, "Long", lang.Options{Defines: map[string]string{"W": w, "A": a}})
					require.NoError(t, err)
					wt, err := dtype.Parse(w)
					require.NoError(t, err)
					at, err := dtype.Parse(a)
					require.NoError(t, err)
					rnd := rand.New(rand.NewSource(9))
					x, q, s := tensor.New(at, 1, depth), tensor.New(wt, depth, 32), tensor.New(at, depth/128, 32)
					for i := range x.Len() {
						x.SetCode(i, at.FromFloat(size*math.Abs(rnd.NormFloat64())/8, at.Mode()))
					}
					for i := range q.Len() {
						q.SetCode(i, uint64(rnd.Intn(1<<wt.Bits())))
					}
					for i := range s.Len() {
						s.SetCode(i, at.FromFloat(0x1p-10, at.Mode()))
					}
					code, err := compile.Thread(k, target, compile.Options{})
					require.NoError(t, err)
					require.Contains(t, code.Thread.String(), "_lane") // cut into digits
					prog, err := threadvm.New(code.Thread, code.Kernel)
					require.NoError(t, err)
					out, err := Results(context.Background(), prog, code.Kernel, map[string]runtime.Arg{"x": runtime.Tensor(x), "w": runtime.Tensor(q), "s": runtime.Tensor(s)}, d)
					require.NoError(t, err)
					xs, qs, ys := x.Floats(), q.Floats(), out["y"].Floats()
					for n := range 32 {
						want, all := 0.0, 0.0
						for k := range depth {
							want += xs[k] * qs[k*32+n] * 0x1p-10
							all += math.Abs(xs[k]*qs[k*32+n]) * 0x1p-10
						}
						require.LessOrEqual(t, math.Abs(ys[n]-want), 0x1p-20*all, "column %d", n)
					}
				})
			}
		}
	}
}

const twoText = `package two

kernel Two[W, V type](x f16[M, K], w packed W[K, N], v packed V[K, N]) (y, z f32[M, N]) {
	grid m in M by 1, n in N by 64 warps(4)
	a, b := zeros[f32](1, 64), zeros[f32](1, 64)
	for k in K by 128 pipeline(2) split(2) {
		a += dot(x[m, k], f16(w[k, n]))
		b += dot(x[m, k], f16(v[k, n]))
	}
	y[m, n] = a
	z[m, n] = b
}
`

// Two sums of one loop, both in parts and in digits.
func TestTwoSumsInParts(t *testing.T) {
	x := tensor.New(dtype.F16, 3, 300)
	for i := range x.Len() {
		x.SetCode(i, dtype.F16.FromFloat(float64(i%7)-3, dtype.F16.Mode()))
	}
	args := map[string]runtime.Arg{"x": runtime.Tensor(x), "w": runtime.Tensor(ramp(dtype.U(4), 300, 70, 1)), "v": runtime.Tensor(ramp(dtype.I(3), 300, 70, 1))}
	executors(t, twoText, "Two", map[string]string{"W": "u4", "V": "i3"}, args, dims{"M": 3, "N": 70, "K": 300}, false)
}

func allNaN(y *tensor.Tensor) bool {
	for _, v := range y.Floats() {
		if !math.IsNaN(v) {
			return false
		}
	}
	return true
}
