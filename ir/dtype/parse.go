package dtype

import (
	"fmt"
	"strconv"
	"strings"
)

var byName = func() map[string]Type {
	m := make(map[string]Type, len(table))
	for _, t := range All() {
		m[t.String()] = t
	}
	return m
}()

// Parse reads the name of a type: "bool", "i1"…"i64", "u1"…"u64", "f16", "bf16", "tf32", "f32", "f64", "fNeXmY" with
// N = 1+X+Y in 3…8, "f8e4m3fn", "f8e4m3fnuz", "f8e5m2fnuz", "f8e8m0". Names are lower case and exact; the error of a
// name that is none says what is wrong with it and what there is.
func Parse(name string) (Type, error) {
	if t, ok := byName[name]; ok {
		return t, nil
	}
	return Invalid, fmt.Errorf("no type %s: %s", quote(name), whyNot(name))
}

// quote keeps an error line short whatever the input.
func quote(s string) string {
	if len(s) > 40 {
		s = s[:40] + "…"
	}
	return strconv.Quote(s)
}

const exist = "there are bool, i1…i64, u1…u64, f16, bf16, tf32, f32, f64, fNeXmY of 3…8 bits (such as f6e3m2), f8e4m3fn, f8e4m3fnuz, f8e5m2fnuz, f8e8m0"

func whyNot(name string) string {
	lower := strings.ToLower(strings.TrimSpace(name))
	if _, ok := byName[lower]; ok && lower != name {
		return fmt.Sprintf("did you mean %q? Names of types are lower case, without blanks", lower)
	}
	if alias, ok := aliases[lower]; ok {
		return fmt.Sprintf("did you mean %q?", alias)
	}
	if len(lower) > 1 && (lower[0] == 'i' || lower[0] == 'u') {
		if _, rest, ok := number(lower[1:]); ok && rest == "" {
			return fmt.Sprintf("an integer has 1 to 64 bits, written without leading zeros: %[1]c1…%[1]c64", lower[0])
		}
	}
	if n, e, m, suffix, ok := fields(lower); ok {
		return whyNotFloat(n, e, m, suffix)
	}
	return exist
}

// whyNotFloat explains an fNeXmY, with digits where they belong, that does not exist.
func whyNotFloat(n, e, m int, suffix string) string {
	switch {
	case suffix != "" && F(e, m) != Invalid && F(e, m).Bits() == n:
		return fmt.Sprintf("f%de%dm%d has no variant %s; variants are f8e4m3fn, f8e4m3fnuz and f8e5m2fnuz", n, e, m, quote(suffix))
	case n < 3 || n > 8:
		hint := ""
		if b := 1 + e + m; b >= 3 && b <= 8 && e >= 1 {
			hint = fmt.Sprintf(" (did you mean %s?)", F(e, m))
		}
		return fmt.Sprintf("a small float fNeXmY has N from 3 to 8 bits, not %d%s; wider floats are f16, bf16, tf32, f32, f64", n, hint)
	case e < 1:
		return "a float has at least one exponent bit; without one it is an integer"
	case 1+e+m != n:
		hint := ""
		if b := 1 + e + m; b >= 3 && b <= 8 {
			hint = fmt.Sprintf("; did you mean %s?", F(e, m))
		}
		return fmt.Sprintf("fNeXmY has one sign bit, X exponent and Y fraction bits, so N = 1+X+Y: 1+%d+%d is %d, not %d%s", e, m, 1+e+m, n, hint)
	}
	return exist
}

// fields splits "fNeXmYsuffix".
func fields(s string) (n, e, m int, suffix string, ok bool) {
	for _, part := range []struct {
		letter byte
		dst    *int
	}{{'f', &n}, {'e', &e}, {'m', &m}} {
		if s == "" || s[0] != part.letter {
			return n, e, m, s, false
		}
		*part.dst, s, ok = number(s[1:])
		if !ok {
			return n, e, m, s, false
		}
	}
	return n, e, m, s, true
}

// number reads leading digits; what is too large to matter becomes 9999.
func number(s string) (v int, rest string, ok bool) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	v, err := strconv.Atoi(s[:i])
	if err != nil || v > 9999 {
		v = 9999
	}
	return v, s[i:], i > 0
}

var aliases = map[string]string{
	"int": "i32", "uint": "u32", "byte": "u8", "half": "f16", "float": "f32", "double": "f64", "boolean": "bool",
	"int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64", "int4": "i4", "uint4": "u4",
	"uint8": "u8", "uint16": "u16", "uint32": "u32", "uint64": "u64",
	"fp16": "f16", "fp32": "f32", "fp64": "f64", "float16": "f16", "float32": "f32", "float64": "f64",
	"bfloat16": "bf16", "tfloat32": "tf32", "b16": "bf16", "f4": "f4e2m1", "fp4": "f4e2m1",
	"f8": "f8e4m3fn", "fp8": "f8e4m3fn", "f8e4m3b8": "f8e4m3fnuz", "e4m3": "f8e4m3fn", "e5m2": "f8e5m2", "e8m0": "f8e8m0", "ue8m0": "f8e8m0",
	"e3m2": "f6e3m2", "e2m3": "f6e2m3", "e2m1": "f4e2m1", "f8e5m2fn": "f8e5m2",
}
