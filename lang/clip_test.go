package lang

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/tensor"
	"github.com/girih-lang/girih/runtime/vm"
)

// clipCase is a kernel whose dead elements would show if a mask were missing, and what it means as plain loops. Inputs
// are x f32[M, N], v f32[N] and s f32[ceil(N, 8)]; B is the width of ranges.
type clipCase struct {
	name, body, result string
	want               func(d clipData) []float64
}

type clipData struct {
	m, n, b int
	x, v, s []float64
}

func (d clipData) at(i, j int) float64 {
	if i < 0 || j < 0 || i >= d.m || j >= d.n {
		return 0
	}
	return d.x[i*d.n+j]
}

func (d clipData) rows(f func(i int) float64) []float64 {
	out := make([]float64, d.m)
	for i := range out {
		out[i] = f(i)
	}
	return out
}

func sumOf(n int, f func(j int) float64) float64 {
	s := 0.0
	for j := range n {
		s += f(j)
	}
	return s
}

func maxOf(n int, f func(j int) float64) float64 {
	s := math.Inf(-1)
	for j := range n {
		s = max(s, f(j))
	}
	return s
}

var clipCases = []clipCase{
	{"reduce in the loop", "grid m in M by B\nt := zeros[f32](B)\nfor n in N by B { t += sum(exp(x[m, n]), axis: 1) }\ny[m] = t", "M",
		func(d clipData) []float64 {
			return d.rows(func(i int) float64 { return sumOf(d.n, func(j int) float64 { return math.Exp(d.at(i, j)) }) })
		}},
	{"reduce after the loop", "grid m in M by B\nt := zeros[f32](B, B)\nfor n in N by B { t += exp(x[m, n]) }\ny[m] = sum(t, axis: 1)", "M",
		func(d clipData) []float64 {
			return d.rows(func(i int) float64 { return sumOf(d.n, func(j int) float64 { return math.Exp(d.at(i, j)) }) })
		}},
	{"maximum carried by element", "grid m in M by B\nt := full[f32](-inf, B, B)\nfor n in N by B { t = max(t, x[m, n]) }\ny[m] = max(t, axis: 1)", "M",
		func(d clipData) []float64 {
			return d.rows(func(i int) float64 { return maxOf(d.n, func(j int) float64 { return d.at(i, j) }) })
		}},
	{"maximum of moved values", "grid m in M\nt := f32(-inf)\nfor n in N by B { t = max(t, max(x[m, n] - v[n])) }\ny[m] = t", "M",
		func(d clipData) []float64 {
			return d.rows(func(i int) float64 { return maxOf(d.n, func(j int) float64 { return d.at(i, j) - d.v[j] }) })
		}},
	{"minimum", "grid m in M\nt := f32(inf)\nfor n in N by B { t = min(t, min(x[m, n] + 100)) }\ny[m] = t", "M",
		func(d clipData) []float64 {
			return d.rows(func(i int) float64 { return -maxOf(d.n, func(j int) float64 { return -d.at(i, j) - 100 }) })
		}},
	{"dot of values that are not zero outside", "grid m in M by B\nt := zeros[f32](B, 1)\nfor n in N by B { t += dot(exp(x[m, n]), expand(exp(v[n]), 1)) }\ny[m] = sum(t, axis: 1)", "M",
		func(d clipData) []float64 {
			return d.rows(func(i int) float64 {
				return sumOf(d.n, func(j int) float64 { return math.Exp(d.at(i, j)) * math.Exp(d.v[j]) })
			})
		}},
	{"dot with one infinite side", "grid m in M by B\nt := zeros[f32](B, 1)\nfor n in N by B { t += dot(x[m, n], expand(1 / v[n], 1)) }\ny[m] = sum(t, axis: 1)", "M",
		func(d clipData) []float64 {
			return d.rows(func(i int) float64 { return sumOf(d.n, func(j int) float64 { return d.at(i, j) / d.v[j] }) })
		}},
	{"groups whose last one is short", "grid m in M by B\nt := zeros[f32](B, 1)\nfor n in N by B { t += dot(x[m, n] + 1, expand(s[n/8], 1)) }\ny[m] = sum(t, axis: 1)", "M",
		func(d clipData) []float64 {
			return d.rows(func(i int) float64 { return sumOf(d.n, func(j int) float64 { return (d.at(i, j) + 1) * d.s[j/8] }) })
		}},
	{"mean", "grid m in M\nt := f32(0)\nfor n in N by B { t += mean(exp(x[m, n])) }\ny[m] = t", "M",
		func(d clipData) []float64 {
			return d.rows(func(i int) float64 {
				t := 0.0
				for n := 0; n < d.n; n += d.b {
					live := min(d.b, d.n-n)
					t += sumOf(live, func(j int) float64 { return math.Exp(d.at(i, n+j)) }) / float64(live)
				}
				return t
			})
		}},
	{"mean of two axes", "grid _ in 1\nt := f32(0)\nfor m in M by B, n in N by B { t += mean(exp(x[m, n])) }\ny[0] = t", "1",
		func(d clipData) []float64 {
			t := 0.0
			for m := 0; m < d.m; m += d.b {
				for n := 0; n < d.n; n += d.b {
					r, c := min(d.b, d.m-m), min(d.b, d.n-n)
					t += sumOf(r, func(i int) float64 { return sumOf(c, func(j int) float64 { return math.Exp(d.at(m+i, n+j)) }) }) / float64(r*c)
				}
			}
			return []float64{t}
		}},
	{"all rows in one block", "grid _ in 1\nt := zeros[f32](B)\nfor m in M by B, n in N by B { t += sum(exp(x[m, n]), axis: 0) }\ny[0] = sum(t)", "1",
		func(d clipData) []float64 {
			return []float64{sumOf(d.m, func(i int) float64 { return sumOf(d.n, func(j int) float64 { return math.Exp(d.at(i, j)) }) })}
		}},
	{"count and logic", "grid m in M\nc, e, f := 0, false, true\nfor n in N by B {\n\tc += sum(i32(x[m, n] < 5))\n\te = e || any(x[m, n] == 0)\n\tf = f && all(x[m, n] < 0)\n}\ny[m] = f32(c) + where(e, 1000.0, 0.0) + where(f, 2000.0, 0.0)", "M",
		func(d clipData) []float64 {
			return d.rows(func(i int) float64 {
				c, all := 0.0, 2000.0
				for j := range d.n {
					if d.at(i, j) < 5 {
						c++
					}
					if d.at(i, j) == 0 {
						return math.NaN() // inputs are never 0
					}
					if d.at(i, j) >= 0 {
						all = 0
					}
				}
				return c + all
			})
		}},
	{"positions", "grid m in M\nt := f32(0)\nfor n in N by B { t += sum(f32(n + 1)) }\ny[m] = t", "M",
		func(d clipData) []float64 {
			return d.rows(func(int) float64 { return float64(d.n) * float64(d.n+1) / 2 })
		}},
	{"neighbour above, both inside", "grid m in M\nt := f32(0)\nfor n in N by B { t += sum(exp(x[m, n + 1]) * exp(x[m, n])) }\ny[m] = t", "M",
		func(d clipData) []float64 {
			return d.rows(func(i int) float64 {
				return sumOf(d.n-1, func(j int) float64 { return math.Exp(d.at(i, j+1) + d.at(i, j)) })
			})
		}},
	{"neighbour below, both inside", "grid m in M\nt := f32(0)\nfor n in N by B { t += sum(exp(x[m, n - 1]) * exp(x[m, n])) }\ny[m] = t", "M",
		func(d clipData) []float64 {
			return d.rows(func(i int) float64 {
				return sumOf(d.n-1, func(j int) float64 { return math.Exp(d.at(i, j+1) + d.at(i, j)) })
			})
		}},
	{"neighbours summed", "grid m in M\nt := f32(0)\nfor n in N by B { t += sum(x[m, n + 1]) + 2*sum(x[m, n - 1]) }\ny[m] = t", "M",
		func(d clipData) []float64 {
			return d.rows(func(i int) float64 {
				return sumOf(d.n-1, func(j int) float64 { return d.at(i, j+1) + 2*d.at(i, j) })
			})
		}},
	{"neighbours accumulated", "grid m in M\nt := zeros[f32](B)\nfor n in N by B {\n\tt += x[m, n + 1]\n\tt += 2 * x[m, n - 1]\n}\ny[m] = sum(t)", "M",
		func(d clipData) []float64 {
			return d.rows(func(i int) float64 {
				return sumOf(d.n-1, func(j int) float64 { return d.at(i, j+1) + 2*d.at(i, j) })
			})
		}},
	{"neighbours and groups", "grid m in M\nt := f32(0)\nfor n in N by B { t += sum(s[(n + 8)/8]) }\ny[m] = t", "M",
		func(d clipData) []float64 {
			return d.rows(func(i int) float64 {
				return sumOf(d.n, func(j int) float64 {
					if k := (j + 8) / 8; k < len(d.s) && (d.n%8 != 0 || j+8 < d.n) {
						return d.s[k]
					}
					return 0
				})
			})
		}},
	{"stencil stored", "grid n in N by B\ny[n] = v[n - 1] + v[n] + v[n + 1]", "N",
		func(d clipData) []float64 {
			out := make([]float64, d.n)
			for j := range out {
				for _, k := range []int{j - 1, j, j + 1} {
					if k >= 0 && k < d.n {
						out[j] += d.v[k]
					}
				}
			}
			return out
		}},
	{"last write wins", "grid m in M\nt := zeros[f32](B)\nfor n in N by B { t = exp(x[m, n]) }\ny[m] = sum(t)", "M",
		func(d clipData) []float64 {
			return d.rows(func(i int) float64 {
				t := make([]float64, d.b)
				for j := range d.n {
					t[j%d.b] = math.Exp(d.at(i, j))
				}
				return sumOf(d.b, func(k int) float64 { return t[k] })
			})
		}},
	{"assignment under a condition", "grid m in M\nt := zeros[f32](B)\nfor n, i in N by B {\n\tif i % 2 == 0 { t += exp(x[m, n]) } else { t -= 1 }\n}\ny[m] = sum(t)", "M",
		func(d clipData) []float64 {
			return d.rows(func(i int) float64 {
				t := 0.0
				for n := 0; n < d.n; n += d.b {
					if n/d.b%2 == 0 {
						t += sumOf(min(d.b, d.n-n), func(j int) float64 { return math.Exp(d.at(i, n+j)) })
					} else {
						t -= float64(d.b)
					}
				}
				return t
			})
		}},
	{"start after zero", "grid m in M\nt := f32(0)\nfor n in 8..N by B { t += sum(exp(x[m, n])) }\ny[m] = t", "M",
		func(d clipData) []float64 {
			return d.rows(func(i int) float64 {
				return sumOf(max(d.n-8, 0), func(j int) float64 { return math.Exp(d.at(i, j+8)) })
			})
		}},
	{"tiles by number", "grid m in M\nt := f32(0)\nfor i in 0..ceil(N, B) { t += sum(exp(x[m, i by B])) }\ny[m] = t", "M",
		func(d clipData) []float64 {
			return d.rows(func(i int) float64 { return sumOf(d.n, func(j int) float64 { return math.Exp(d.at(i, j)) }) })
		}},
	{"transposed", "grid m in M by B\nt := zeros[f32](B)\nfor n in N by B { t += sum(exp(x[m, n].T), axis: 0) }\ny[m] = t", "M",
		func(d clipData) []float64 {
			return d.rows(func(i int) float64 { return sumOf(d.n, func(j int) float64 { return math.Exp(d.at(i, j)) }) })
		}},
	{"two ranges on one axis", "grid m in M\nt := f32(0)\nfor n in N by B, k in N by B { t += sum(exp(x[m, n] + v[k])) }\ny[m] = t", "M",
		func(d clipData) []float64 {
			return d.rows(func(i int) float64 {
				t := 0.0
				for n := 0; n < d.n; n += d.b {
					for k := 0; k < d.n; k += d.b {
						t += sumOf(min(d.b, d.n-n, d.n-k), func(j int) float64 { return math.Exp(d.at(i, n+j) + d.v[k+j]) })
					}
				}
				return t
			})
		}},
	{"one position repeated", "grid m in M\nt := f32(-inf)\nfor n in N by 1, k in N by B { t = max(t, max(x[m, k] - x[m, n + 1])) }\ny[m] = max(t, -1000.0)", "M",
		func(d clipData) []float64 {
			return d.rows(func(i int) float64 {
				return max(-1000, maxOf(d.n-1, func(j int) float64 { return maxOf(d.n, func(k int) float64 { return d.at(i, k) - d.at(i, j+1) }) }))
			})
		}},
	{"gathered, what is clipped of the index reads nothing", "grid m in M\nt := f32(0)\nfor n in N by B { t += sum(exp(x[m, n * 1])) }\ny[m] = t", "M",
		func(d clipData) []float64 {
			return d.rows(func(i int) float64 { return sumOf(d.n, func(j int) float64 { return math.Exp(d.at(i, j)) }) })
		}},
	{"gathered by data", "grid m in M by B\nt := zeros[f32](B)\nfor n in N by B { t += sum(exp(x[m, i32(abs(v[n]) + 1) % N]), axis: 1) }\ny[m] = t", "M",
		func(d clipData) []float64 {
			return d.rows(func(i int) float64 {
				return sumOf(d.n, func(j int) float64 { return math.Exp(d.at(i, (int(math.Abs(d.v[j]))+1)%d.n)) })
			})
		}},
	{"functions are inlined with their limits", "grid m in M\nt := f32(0)\nfor n in N by B { t += sum(silu(x[m, n]) + relu(x[m, n]) + sigmoid(x[m, n])) }\ny[m] = t", "M",
		func(d clipData) []float64 {
			return d.rows(func(i int) float64 {
				return sumOf(d.n, func(j int) float64 { v := d.at(i, j); return (v+1)/(1+math.Exp(-v)) + max(v, 0) })
			})
		}},
}

// Whatever the extent and the width, no dead element is ever seen.
func TestClipping(t *testing.T) {
	for _, c := range clipCases {
		t.Run(c.name, func(t *testing.T) {
			rapid.Check(t, func(r *rapid.T) {
				d := clipData{m: rapid.IntRange(1, 9).Draw(r, "M"), n: rapid.IntRange(1, 70).Draw(r, "N"), b: 1 << rapid.IntRange(0, 5).Draw(r, "log B")}
				facts := ""
				if g := rapid.SampledFrom([]int{0, 8, d.b}).Draw(r, "divisor"); g > 0 {
					d.n = (d.n + g - 1) / g * g
					facts = " % " + itoa(g) + " == 0"
				}
				value := rapid.Custom(func(r *rapid.T) float64 { return float64(rapid.IntRange(-64, 63).Draw(r, "x"))/16 + 1./32 })
				d.x = rapid.SliceOfN(value, d.m*d.n, d.m*d.n).Draw(r, "x")
				d.v = rapid.SliceOfN(value, d.n, d.n).Draw(r, "v")
				d.s = rapid.SliceOfN(value, (d.n+7)/8, (d.n+7)/8).Draw(r, "s")
				runClip(r, c, d, facts)
			})
		})
	}
}

func runClip(t require.TestingT, c clipCase, d clipData, facts string) {
	text := "kernel A(x f32[M, N" + facts + "], v f32[N], s f32[ceil(N, 8)]) (y f32[" + c.result + "]) {\ntune B in [1]\n" + c.body + "\n}\n"
	p, err := LoadSource("clip.girih", text)
	require.NoError(t, err)
	k, err := Lower(p, "A", Options{Defines: map[string]string{"B": itoa(d.b)}, AnyTune: true})
	require.NoError(t, err)
	prog, err := vm.New(k, vm.Options{Exact: true})
	require.NoError(t, err)
	f32 := func(v []float64, shape ...int) runtime.Arg {
		return runtime.Tensor(tensor.FromFloats(dtype.F32, shape, v))
	}
	args, err := runtime.Arguments(prog.Kernel(), map[string]runtime.Arg{"x": f32(d.x, d.m, d.n), "v": f32(d.v, d.n), "s": f32(d.s, len(d.s))}, nil)
	require.NoError(t, err)
	_, err = prog.Run(context.Background(), args)
	require.NoError(t, err)
	want, got := c.want(d), args[3].Tensor.Floats()
	require.Len(t, got, len(want))
	for i := range want {
		require.InEpsilon(t, want[i]+1e6, got[i]+1e6, 1e-12, "element %d: %v, want %v\n%s\nM=%d N=%d B=%d\n%s", i, got[i], want[i], text, d.m, d.n, d.b, k)
	}
}
