package num

import (
	"fmt"
	"io"
	"math/big"
	"strings"

	"github.com/girih-lang/girih/ir/dtype"
)

// hex is a code with all its digits.
func hex(t dtype.Type, c uint64) string { return fmt.Sprintf("0x%0*x", (t.Bits()+3)/4, c) }

func binary(bits int, c uint64) string { return fmt.Sprintf("%0*b", bits, c) }

// fields splits a float code. The unused low bits of tf32 belong to no field.
func fields(t dtype.Type, c uint64) *Field {
	s := binary(t.Bits(), c)
	f := &Field{}
	if t.HasSign() {
		f.Sign, s = s[:1], s[1:]
	}
	f.Exponent, f.Fraction = s[:t.ExpBits()], s[t.ExpBits():t.ExpBits()+t.ManBits()]
	return f
}

// spaced is the binary form with blanks between fields.
func spaced(t dtype.Type, c uint64) string {
	if !t.IsFloat() {
		return binary(t.Bits(), c)
	}
	f := fields(t, c)
	return strings.TrimSpace(f.Sign + " " + f.Exponent + " " + f.Fraction)
}

func class(t dtype.Type, c uint64) string {
	if !t.IsFloat() {
		return "integer"
	}
	v := t.Float(c)
	switch {
	case v != v:
		return "nan"
	case v-v != 0:
		return "infinite"
	case v == 0:
		return "zero"
	case v < t.MinNormal() && v > -t.MinNormal():
		return "subnormal"
	}
	return "normal"
}

// value is the exact value of a code, nil if it is not finite.
func value(t dtype.Type, c uint64) *big.Rat {
	if !t.IsFloat() {
		r, _ := new(big.Rat).SetString(t.Text(c))
		return r
	}
	return new(big.Rat).SetFloat64(t.Float(c))
}

func neighbour(t dtype.Type, c uint64, up bool) *Row {
	n, ok := t.Next(c, up)
	if !ok {
		return nil
	}
	return &Row{n, t.Text(n)}
}

// exactRat is the decimal form of a rational whose denominator has no prime factor but 2 and 5, as all differences of
// decimals and binary fractions are.
func exactRat(r *big.Rat) string {
	places, _ := r.FloatPrec()
	return r.FloatString(places)
}

// short is a decimal string fit for a terminal: as it is, or abridged with its length.
func short(s string) string {
	if len(s) <= 60 {
		return s
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return s
	}
	f := new(big.Float).SetPrec(128).SetRat(r)
	return fmt.Sprintf("%s (rounded here from %d characters; all of them with --format json)", f.Text('g', 20), len(s))
}

// write is the text form.
func (d *Description) write(w io.Writer) error {
	var b strings.Builder
	line := func(name, s string) {
		if s != "" {
			fmt.Fprintf(&b, "  %-7s %s\n", name, s)
		}
	}
	fmt.Fprintf(&b, "%s  %s\n", d.Type, clip(d.Input))
	line("bits", d.Hex+"  0b"+d.Binary)
	if f := d.Fields; f != nil {
		s := fmt.Sprintf("exponent %s", f.Exponent)
		if f.Sign != "" {
			s = fmt.Sprintf("sign %s  %s", f.Sign, s)
		}
		if f.Fraction != "" {
			s += "  fraction " + f.Fraction
		}
		line("fields", s+"  ("+d.Class+")")
	}
	line("value", short(d.Value))
	if d.Error != "" {
		line("error", short(d.Error)+d.relative())
	}
	line("ulp", short(d.ULP))
	for _, n := range []struct {
		name string
		row  *Row
	}{{"below", d.Below}, {"above", d.Above}} {
		if n.row != nil {
			line(n.name, fmt.Sprintf("%s  (0x%0*x)", short(n.row.Value), len(d.Hex)-2, n.row.Bits))
		}
	}
	line("note", d.Note)
	_, err := io.WriteString(w, b.String())
	return err
}

// relative is the error in ulp, where there is one.
func (d *Description) relative() string {
	e, ok := new(big.Rat).SetString(d.Error)
	u, ok2 := new(big.Rat).SetString(d.ULP)
	if !ok || !ok2 || e.Sign() == 0 || u.Sign() == 0 {
		return ""
	}
	f, _ := e.Quo(e, u).Float64()
	return fmt.Sprintf("  (%.4g ulp)", f)
}
