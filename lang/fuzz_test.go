package lang

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/ir"
)

// FuzzLower: no text makes loading, checking or lowering panic or hang; what comes out is valid and round-trips.
func FuzzLower(f *testing.F) {
	for _, glob := range []string{"../stdlib/*.girih", "../examples/*/*.girih", "../tests/fail/*.girih"} {
		files, _ := filepath.Glob(glob)
		for _, name := range files {
			text, err := os.ReadFile(name)
			require.NoError(f, err)
			f.Add(string(text))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := LoadSource("fuzz.girih", text)
		if err != nil {
			return
		}
		_ = Check(p)
		for _, k := range p.Kernels() {
			out, err := Lower(p, k.Name, Options{Dims: map[string]int64{"N": 64}})
			if err != nil {
				continue
			}
			require.NoError(t, out.Verify())
			back, err := ir.Parse(out.String())
			require.NoError(t, err)
			require.Equal(t, out.String(), back.String())
		}
	})
}

// Programs that would take exponential time or space are refused, or are done soon.
func TestHostile(t *testing.T) {
	calls := "func f0(v) { return v + 1 }\n"
	for i := 1; i < 40; i++ {
		n, m := itoa(i), itoa(i-1)
		calls += "func f" + n + "(v) { return f" + m + "(v) + f" + m + "(v) }\n"
	}
	consts := "const c0 = 1 << 500\n"
	for i := 1; i < 40; i++ {
		consts += "const c" + itoa(i) + " = c" + itoa(i-1) + " * 3.5 / c" + itoa(i-1) + " * 1e300\n"
	}
	loops := strings.Repeat("for i in 0..2 {\nt = t + 1\n", 8) + strings.Repeat("}\n", 8)
	kernel := func(body string) string {
		return "kernel A(x f32[N]) (y f32[N]) {\ngrid n in N by 64\nt := x[n]\n" + body + "\ny[n] = t\n}\n"
	}
	for name, text := range map[string]string{
		"calls":     calls + kernel("t = f39(t)"),
		"constants": consts + kernel("t = t * c39"),
		"loops":     kernel(loops),
		"many":      kernel(strings.Repeat("t = t + 1\n", 20000)),
		"deep":      kernel("t = " + strings.Repeat("-(", 90) + "t" + strings.Repeat(")", 90)),
	} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			p, err := LoadSource("hostile.girih", text)
			if err == nil {
				_, _ = Lower(p, "A", Options{})
			}
		}()
		select {
		case <-done:
		case <-time.After(time.Minute): // a hang, not a measurement
			t.Fatalf("%s hangs", name)
		}
	}
}
