package c_test

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	goruntime "runtime"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/codegen/c"
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/internal/need"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime/cache"
	"github.com/girih-lang/girih/runtime/cpu"
)

// strict are the warnings that generated code must not give. Local arrays start undefined, so that is none.
var strict = []string{"-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wno-unused", "-Wno-unused-parameter", "-Wno-maybe-uninitialized", "-Wno-uninitialized", "-Wno-unknown-warning-option"}

var bg = context.Background()

// compilers are the ones that exist here.
func compilers(t testing.TB) map[string]*cpu.Compiler {
	found := map[string]*cpu.Compiler{}
	for _, name := range []string{"gcc", "clang"} {
		for _, suffix := range []string{"", "-22"} {
			if path, err := exec.LookPath(name + suffix); err == nil {
				found[name] = &cpu.Compiler{Path: path}
			}
		}
	}
	if len(found) == 0 {
		if cc, err := cpu.Find(); err == nil {
			found["cc"] = cc
		}
	}
	if len(found) == 0 {
		require.False(t, need.Required("cc"), "no C compiler")
		t.Skip("no C compiler")
	}
	return found
}

// load compiles a function strictly. Tests do not use the user's cache.
func load(t testing.TB, f *thread.Func, cc *cpu.Compiler, flags ...string) *cpu.Library {
	text, err := c.Print(f, c.Options{})
	require.NoError(t, err)
	if dir := os.Getenv("GIRIH_KEEP"); dir != "" {
		require.NoError(t, os.WriteFile(dir+"/"+f.Name+".c", text, 0o600))
	}
	o := cpu.Options{Compiler: cc, Cache: cache.Open(cache.Options{Dir: "off"}), Flags: append(strict, flags...), Threads: 2}
	for _, x := range flags {
		o.Portable = o.Portable || x == "-DPORTABLE"
	}
	l, err := cpu.Load(bg, c.Symbol(f.Name), text, o)
	require.NoError(t, err, "%s", text)
	t.Cleanup(func() { l.Close() })
	return l
}

// call runs a library on pointers to values.
func call(t testing.TB, l *cpu.Library, grid [3]int64, args ...any) {
	var ptrs []unsafe.Pointer
	var pin pinner
	defer pin.Unpin()
	for _, a := range args {
		var v *uint64
		switch a := a.(type) {
		case []byte:
			pin.Pin(&a[0])
			v = new(uint64)
			*v = uint64(uintptr(unsafe.Pointer(&a[0])))
		case int:
			v = new(uint64)
			*v = uint64(a)
		case uint64:
			v = &a
		default:
			t.Fatalf("argument %T", a)
		}
		pin.Pin(v)
		ptrs = append(ptrs, unsafe.Pointer(v))
	}
	pin.Pin(&ptrs[0])
	require.NoError(t, l.Run(bg, ptrs, grid))
}

// put and at are elements of memory by number.
func put(b []byte, size, i int, v uint64) {
	var w [8]byte
	binary.LittleEndian.PutUint64(w[:], v)
	copy(b[i*size:(i+1)*size], w[:])
}

func at(b []byte, size, i int) uint64 {
	var w [8]byte
	copy(w[:], b[i*size:(i+1)*size])
	return binary.LittleEndian.Uint64(w[:])
}

func typeOf(e thread.Elem) dtype.Type {
	return map[thread.Elem]dtype.Type{thread.Bool: dtype.Bool, thread.I8: dtype.I8, thread.I16: dtype.I16, thread.I32: dtype.I32, thread.I64: dtype.I64,
		thread.F16: dtype.F16, thread.BF16: dtype.BF16, thread.F32: dtype.F32, thread.F64: dtype.F64}[e]
}

// pool is n values of a kind: its special values, then random ones, many of them near each other and near 1.
func pool(e thread.Elem, n int, seed uint64) []uint64 {
	r := rand.New(rand.NewPCG(seed, 7))
	d := typeOf(e)
	var s []uint64
	if e == thread.Bool {
		s = []uint64{0, 1}
	} else if e.IsInt() {
		for _, x := range []int64{0, 1, -1, 2, -2, 3, 7, d.MaxInt(), d.MinInt(), d.MaxInt() - 1, d.MinInt() + 1} {
			s = append(s, uint64(x))
		}
		for len(s) < n {
			s = append(s, uint64(int64(r.Uint64())>>(uint(r.IntN(64)))))
		}
	} else {
		for _, x := range []float64{0, math.Copysign(0, -1), 1, -1, math.Inf(1), math.Inf(-1), math.NaN(), d.MaxFloat(), -d.MaxFloat(), d.MinFloat(), 0.5, 1.5, 2.5, -0.5, -2.5, 1e30, 3e-39} {
			s = append(s, d.FromFloat(x, d.Mode()))
		}
		s = append(s, 1, 2, 3) // subnormal
		for len(s) < n {
			switch r.IntN(3) {
			case 0:
				s = append(s, r.Uint64())
			case 1:
				s = append(s, d.FromFloat(r.NormFloat64(), d.Mode()))
			default:
				s = append(s, d.FromFloat(float64(r.IntN(64)-32)/4, d.Mode()))
			}
		}
	}
	for len(s) < n {
		s = append(s, s[r.IntN(len(s))])
	}
	if seed > 0 { // other operands: in another order, so that all pairs of special values meet
		r.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
	}
	mask := ^uint64(0) >> uint(64-8*e.Size())
	for i := range s {
		s[i] &= mask
	}
	return s[:n]
}

type pinner = goruntime.Pinner
