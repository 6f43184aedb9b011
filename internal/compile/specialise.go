package compile

import "github.com/girih-lang/girih/ir"

// maxSpecialise bounds the divisors that Specialise adds: more helps no access, and each is another kernel to compile.
const maxSpecialise = 64

// Specialise adds to the facts of a kernel what its actual dimensions are divisible by, up to a power of two of 64. A
// kernel compiled for the shapes at hand then uses wide accesses where rows happen to be aligned; a launch checks the
// facts like declared ones.
func Specialise(k *ir.Kernel, dims map[string]int64) {
	for i := range k.Dims {
		d := &k.Dims[i]
		n, ok := dims[d.Name]
		if !ok || d.Static >= 0 || n <= 0 {
			continue
		}
		p := int64(1)
		for p < maxSpecialise && n%(2*p) == 0 {
			p *= 2
		}
		d.Div = lcm(max(d.Div, 1), p)
	}
}

func lcm(a, b int64) int64 {
	x, y := a, b
	for y != 0 {
		x, y = y, x%y
	}
	return a / x * b
}
