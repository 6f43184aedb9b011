package num

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/girih-lang/girih/ir/dtype"
)

// Description is what Describe found; it is also the JSON form.
type Description struct {
	Type   string `json:"type"`
	Input  string `json:"input"`
	Bits   uint64 `json:"bits"`
	Hex    string `json:"hex"`
	Binary string `json:"binary"`
	Fields *Field `json:"fields,omitempty"` // floats
	Class  string `json:"class"`
	Value  string `json:"value"`           // exact, as in Row
	Error  string `json:"error,omitempty"` // value − input, exact; absent for a bit pattern and where there is none
	ULP    string `json:"ulp,omitempty"`   // of a finite float
	Below  *Row   `json:"below,omitempty"` // neighbours, absent where there is none
	Above  *Row   `json:"above,omitempty"`
	Note   string `json:"note,omitempty"` // what was done with an input that does not fit
}

// Field is the fields of a float code, in binary.
type Field struct {
	Sign     string `json:"sign"`
	Exponent string `json:"exponent"`
	Fraction string `json:"fraction"`
}

// Describe explains input in t. Input is a bit pattern (0x… or 0b…) or a number: decimal, hexadecimal with a binary
// exponent (0x1.8p3), inf, -inf or nan. A number is rounded once, from its exact value, as a cast does: floats to
// nearest even with the type's overflow rule, integers truncated and clamped.
func Describe(t dtype.Type, input string) (*Description, error) {
	in := strings.ToLower(strings.ReplaceAll(strings.TrimSpace(input), "_", ""))
	if len(in) > maxInput {
		return nil, usagef("the value has %d characters; at most %d are read", len(in), maxInput)
	}
	d := &Description{Type: t.String(), Input: strings.TrimSpace(input)}
	var exact *big.Rat
	var err error
	if isPattern(in) {
		d.Bits, err = pattern(t, in)
	} else {
		d.Bits, exact, d.Note, err = number(t, in)
	}
	if err != nil {
		return nil, err
	}
	d.Hex, d.Binary = hex(t, d.Bits), binary(t.Bits(), d.Bits)
	if t.IsFloat() {
		d.Fields = fields(t, d.Bits)
	}
	d.Class, d.Value = class(t, d.Bits), t.Text(d.Bits)
	got := value(t, d.Bits)
	if t.IsFloat() && got != nil {
		d.ULP = dtype.ExactText(t.ULP(d.Bits))
	}
	if exact != nil && got != nil {
		d.Error = exactRat(new(big.Rat).Sub(got, exact))
	}
	d.Below, d.Above = neighbour(t, d.Bits, false), neighbour(t, d.Bits, true)
	return d, nil
}

const (
	maxInput = 2000
	maxExp   = 5000 // decimal; keeps an exact value small, and is beyond every type
)

func isPattern(s string) bool {
	return strings.HasPrefix(s, "0b") || strings.HasPrefix(s, "0x") && !strings.ContainsAny(s, ".p")
}

func pattern(t dtype.Type, s string) (uint64, error) {
	digits := strings.TrimLeft(s[2:], "0")
	v, err := strconv.ParseUint(s, 0, 64)
	switch {
	case err != nil && (len(s) == 2 || strings.Trim(digits, "0123456789abcdef") != "" || s[1] == 'b' && strings.Trim(digits, "01") != ""):
		return 0, usagef("%q is no bit pattern: 0x and hexadecimal digits, or 0b and binary ones", clip(s))
	case err != nil || t.Bits() < 64 && v>>t.Bits() != 0:
		return 0, usagef("%s does not fit the %d bits of %v: the largest pattern is 0x%x", clip(s), t.Bits(), t, ^uint64(0)>>(64-t.Bits()))
	}
	return v, nil
}

// number rounds s into t. exact is nil when s is not finite.
func number(t dtype.Type, s string) (code uint64, exact *big.Rat, note string, err error) {
	m := t.Mode()
	if !t.IsFloat() {
		m.Round = dtype.TowardZero
	}
	switch strings.TrimPrefix(s, "+") {
	case "nan", "-nan":
		code = t.FromFloat(math.NaN(), m)
		if t.IsFloat() && !t.HasNaN() {
			note = fmt.Sprintf("%v has no NaN: it becomes the largest value", t)
		} else if t.IsInt() {
			note = "NaN becomes 0"
		}
		return code, nil, note, nil
	case "inf", "infinity":
		code = t.FromFloat(math.Inf(1), m)
		return code, nil, overflowNote(t, code), nil
	case "-inf", "-infinity":
		code = t.FromFloat(math.Inf(-1), m)
		return code, nil, overflowNote(t, code), nil
	}
	exact, err = parseRat(s)
	if err != nil {
		return 0, nil, "", err
	}
	if exact.Sign() == 0 {
		zero := 0.0
		if s[0] == '-' {
			zero = math.Copysign(0, -1)
		}
		code = t.FromFloat(zero, m)
	} else {
		code = t.FromRat(exact, m)
	}
	got := value(t, code)
	switch {
	case got == nil:
		note = overflowNote(t, code)
	case t.IsBool():
		if exact.Sign() != 0 && exact.Cmp(big.NewRat(1, 1)) != 0 {
			note = "anything but 0 is true"
		}
	case outside(t, exact):
		note = overflowNote(t, code)
	case t.IsInt() && !exact.IsInt():
		note = "a cast to an integer drops the fraction"
	case exact.Sign() < 0 && !t.IsSigned():
		note = fmt.Sprintf("%v has no negative values", t)
	case exact.Sign() != 0 && got.Sign() == 0:
		note = "underflows to zero"
	}
	return code, exact, note, nil
}

// outside says that x is beyond the finite values of t.
func outside(t dtype.Type, x *big.Rat) bool {
	if t.IsInt() {
		x = new(big.Rat).SetInt(new(big.Int).Quo(x.Num(), x.Denom())) // −0.5 is 0 in u4, and fits
		return x.Cmp(value(t, uint64(t.MaxInt()))) > 0 || x.Cmp(value(t, uint64(t.MinInt()))) < 0
	}
	hi, lo := new(big.Rat).SetFloat64(t.MaxFloat()), new(big.Rat).SetFloat64(t.MinFloat())
	return x.Cmp(hi) > 0 || x.Cmp(lo) < 0
}

func overflowNote(t dtype.Type, code uint64) string {
	switch {
	case t.IsBool():
		return "anything but 0 is true"
	case t.IsInt():
		return fmt.Sprintf("out of range: a cast from a float saturates to %s (integer arithmetic wraps)", t.Text(code))
	}
	switch c := class(t, code); {
	case c == "infinite" || c == "nan" && t.HasSign():
		return "too large: overflows to " + t.Text(code)
	case c == "nan":
		return fmt.Sprintf("%v has no negative values: NaN", t)
	case t == dtype.F8E8M0 && code == 0:
		return "f8e8m0 has no zero: the smallest value"
	}
	return fmt.Sprintf("out of range: saturates to %s", t.Text(code))
}

// parseRat reads a number exactly. big.Rat would take a fraction, a huge exponent, or a base prefix; those are refused first.
func parseRat(s string) (*big.Rat, error) {
	bad := usagef("%q is no number: expected a decimal (0.3, -1e-5), a hexadecimal with a binary exponent (0x1.8p3), a bit pattern (0x2f, 0b101), inf or nan", clip(s))
	mant, exp, hexa := s, "", strings.Contains(s, "0x")
	if i := strings.LastIndexByte(s, 'p'); hexa && i >= 0 {
		mant, exp = s[:i], s[i+1:]
	} else if i := strings.LastIndexByte(s, 'e'); !hexa && i >= 0 {
		mant, exp = s[:i], s[i+1:]
	}
	unsigned := strings.TrimLeft(mant, "+-")
	if hexa {
		unsigned = strings.TrimPrefix(unsigned, "0x")
	}
	digits := "0123456789."
	if hexa {
		digits += "abcdef"
	}
	if hexa && exp == "" && !strings.Contains(s, ".") { // -0x10: a pattern has no sign, a value would be a trap
		return nil, bad
	}
	if len(mant)-len(strings.TrimLeft(mant, "+-")) > 1 || strings.Trim(unsigned, digits) != "" || strings.Trim(unsigned, ".") == "" ||
		strings.Count(unsigned, ".") > 1 || len(mant) < len(s) && exp == "" || strings.Trim(strings.TrimLeft(exp, "+-"), "0123456789") != "" {
		return nil, bad
	}
	if exp != "" {
		e, err := strconv.Atoi(exp)
		switch {
		case err != nil && strings.Trim(strings.TrimLeft(exp, "+-"), "0123456789") == "" && len(exp) > 4, e > maxExp, e < -maxExp:
			return nil, usagef("the exponent of %s is beyond ±%d, and so beyond every type", clip(s), maxExp)
		case err != nil:
			return nil, bad
		}
	}
	r, ok := new(big.Rat).SetString(strings.TrimPrefix(decimalPoint(s), "+"))
	if !ok {
		return nil, bad
	}
	return r, nil
}

// decimalPoint drops leading zeros, which big.Rat would read as an octal prefix.
func decimalPoint(s string) string {
	sign := ""
	if s[0] == '-' || s[0] == '+' {
		sign, s = s[:1], s[1:]
	}
	if strings.HasPrefix(s, "0x") {
		return sign + s
	}
	s = strings.TrimLeft(s, "0")
	if s == "" || s[0] < '0' || s[0] > '9' {
		s = "0" + s
	}
	return sign + s
}
