package passes

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
)

var update = flag.Bool("update", false, "rewrite the goldens")

var hopper = Target{Name: "sm_90a", GPU: true, Warps: 4, MaxShared: 227 << 10}

// Each archive testdata/PASS.txtar has the kernel before the pass and after it, and the remarks. A pass runs alone, after the
// passes that the archive's comment names.
func TestGoldens(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		pass, _, _ := strings.Cut(name, "_")
		seen[pass] = true
		t.Run(name, func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			require.NoError(t, err)
			k, err := ir.Parse(string(a.Files[0].Data))
			require.NoError(t, err)
			require.NoError(t, k.Verify())
			c := &Context{Target: hopper}
			if pass == "lanes" {
				c.Target = CPU
			}
			for _, before := range strings.Fields(comment(a.Comment)) {
				require.NoError(t, Table[index(before)].Run(k, c))
			}
			c.Remarks = nil
			require.NoError(t, Table[index(pass)].Run(k, c))
			require.NoError(t, k.Verify())
			k.Renumber()
			var remarks strings.Builder
			for _, r := range c.Remarks {
				remarks.WriteString(r.Text + "\n")
			}
			got := []txtar.File{{Name: "after", Data: []byte(k.String())}, {Name: "remarks", Data: []byte(remarks.String())}}
			if *update {
				a.Files = append(a.Files[:1], got...)
				require.NoError(t, os.WriteFile(file, txtar.Format(a), 0o644))
				return
			}
			require.Len(t, a.Files, 3, "run with -update")
			for i, f := range got {
				require.Equal(t, string(a.Files[i+1].Data), string(f.Data), f.Name)
			}
		})
	}
	for _, p := range Table {
		if !seen[p.Name] {
			t.Errorf("pass %s has no golden testdata/%s.txtar", p.Name, p.Name)
		}
	}
}

// Every pass says what it does, and the order has a reason for each of its constraints (init checks the order itself).
func TestTable(t *testing.T) {
	for _, p := range Table {
		require.NotEmpty(t, p.Doc, p.Name)
	}
	for _, o := range Order {
		require.NotEmpty(t, o.Why)
	}
}

// Compiling twice gives the same kernel: no pass depends on the order of a map.
func TestDeterminism(t *testing.T) {
	a, err := txtar.ParseFile("testdata/layout.txtar")
	require.NoError(t, err)
	var first string
	for range 5 {
		k, err := ir.Parse(string(a.Files[0].Data))
		require.NoError(t, err)
		require.NoError(t, Run(k, &Context{Target: hopper}))
		k.Renumber()
		if first == "" {
			first = k.String()
		}
		require.Equal(t, first, k.String())
	}
}

// Facts prove what they should, and nothing more.
func TestFacts(t *testing.T) {
	k, err := ir.Parse(`kernel @F(%0 x: tensor f16[M, K]) -> (%1 y: tensor f16[M, K]) dims(M, K div 64) grid(ceil(M, 16)) {
  %2 = program_id {axis = 0} : i32
  %3 = const {value = 16} : i32
  %4 = mul %2, %3 : i32
  %5 = const {value = 0} : i32
  %6 = const {value = 32} : i32
  %7 = dim {expr = "K"} : i32
  for %5, %7, %6 {
    |%8: i32|
    %9 = load %0, %4, %8 {dims = [0, 1]} : f16[16, 32]
    store %9, %1, %4, %8 {dims = [0, 1]}
    yield
  }
}`)
	require.NoError(t, err)
	f := NewFacts(k)
	var load *ir.Op
	k.Body.Walk(func(o *ir.Op) bool {
		if o.Code == ir.OpLoad {
			load = o
		}
		return true
	})
	acc := AccessOf(load)
	require.EqualValues(t, 16, f.Div(acc.Offsets[0]))
	require.EqualValues(t, 32, f.Div(acc.Offsets[1]))
	require.Equal(t, []Clip{ClipElem, ClipNone}, f.Clips(acc), "rows may end inside a tile, columns may not: 32 divides K and the loop ends at K")
	require.Equal(t, 8, f.Vector(acc, 16), "16 bytes of f16: rows start at multiples of 64 elements")
}

// A divisor of a sum or a product is one, whatever the operands: 0, odd numbers, numbers beyond what is counted.
func TestDivisors(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.OneOf(rapid.Int64Range(0, 500), rapid.SampledFrom([]int64{0, 1 << 20, 3 << 20, 1 << 29, 3 << 28, 1<<29 + 1}))
		a, b := number.Draw(t, "a"), number.Draw(t, "b")
		div := func(n int64) int64 {
			if n == 0 {
				return maxDiv
			}
			return n
		}
		divides := func(d, n int64) bool { return d == maxDiv && n == 0 || d != maxDiv && n%d == 0 }
		require.True(t, divides(gcd(div(a), div(b)), a+b), "%d + %d", a, b)
		require.True(t, divides(product(div(a), div(b)), a*b), "%d · %d", a, b)
		if a*b < maxDiv {
			require.Equal(t, div(a*b), product(div(a), div(b)))
		}
	})
}

// comment is the list of passes in "after PASS PASS…" or nothing for "alone".
func comment(c []byte) string {
	line, _, _ := strings.Cut(string(c), "\n")
	rest, ok := strings.CutPrefix(line, "after")
	if !ok {
		return ""
	}
	return rest
}

// Casts to a type that holds every number of another one change nothing; NaN counts as a number there.
func TestExactly(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     bool
	}{{"f8e8m0", "bf16", true}, {"f8e8m0", "f32", true}, {"f8e8m0", "f16", false}, {"f8e4m3fn", "f16", true}, {"f8e4m3fn", "f8e4m3", false}, {"f8e5m2", "f8e4m3fn", false}, {"f16", "f32", false}, {"u4", "f16", false}} {
		from, _ := dtype.Parse(c.from)
		to, _ := dtype.Parse(c.to)
		require.Equal(t, c.want, exactly(from, to), "%s to %s", c.from, c.to)
	}
}
