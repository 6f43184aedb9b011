package dtype

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the table of formats in docs/types.md")

// TestDocs holds the table of formats in docs/types.md to the facts.
func TestDocs(t *testing.T) {
	const path, end = "../../docs/types.md", "<!-- end -->"
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	doc := string(raw)
	from := strings.Index(doc, "<!-- formats:")
	require.Positive(t, from)
	from += strings.IndexByte(doc[from:], '\n') + 1
	to := from + strings.Index(doc[from:], end)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(doc[:from]+formats()+doc[to:]), 0o644))
		return
	}
	require.Equal(t, formats(), doc[from:to], "run with -update")
}

func formats() string {
	var b strings.Builder
	b.WriteString("| type | bits | exponent | fraction | bias | largest | smallest normal | smallest positive | specials | zeros |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|\n")
	num := func(x float64) string {
		if x > 1e-3 && x < 1e6 {
			return ExactText(x)
		}
		return fmt.Sprintf("%.6g", x)
	}
	for _, ty := range All() {
		if !ty.IsFloat() {
			continue
		}
		specials, zeros := "none", "±0"
		switch {
		case ty.HasInf():
			specials = "±∞, NaN"
		case ty.HasNaN():
			specials = "NaN"
		}
		switch {
		case ty == F8E8M0:
			zeros = "none"
		case !ty.HasNegZero():
			zeros = "0"
		}
		fmt.Fprintf(&b, "| `%v` | %d | %d | %d | %d | %s | %s | %s | %s | %s |\n", ty, ty.Bits(), ty.ExpBits(), ty.ManBits(), ty.Bias(),
			num(ty.MaxFloat()), num(ty.MinNormal()), num(ty.MinPositive()), specials, zeros)
	}
	return b.String()
}
