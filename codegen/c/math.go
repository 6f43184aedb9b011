package c

import (
	"fmt"
	"math/big"
	"strings"
)

// addMath adds functions of float, without branches, so that loops over them vectorise, and with subnormals, infinities
// and NaN right. Polynomials are minimax in the error named at each, found by weighted least squares with Lawson's weights or
// by the Remez exchange, in 100 bits and more, rounded coefficient by coefficient from the lowest, the others fitted again after
// each. Those of log2, sin, cos, tanh and erf are the ones that the GPU runs (codegen/ptx, formula.go).
func addMath() {
	add("f32_exp2", `
// 2^x = 2^n * 2^f with f in [-1/2, 1/2]; 2^f = 1 + f*q(f) with a relative error of 2^-28.3. The two factors of 2^n let the
// last product round a subnormal result once.
static inline float f32_exp2(float x)
{
	float c = x < -151.0f ? -151.0f : x;
	c = c > 129.0f ? 129.0f : c;
	const float t = c + 0x1.8p23f, f = c - (t - 0x1.8p23f);
	const uint32_t n = (uint32_t)f32_as_i32(t) - 0x4b400000u, h = (uint32_t)((int32_t)n >> 1);
	float q = MAD(0.00015329264f, f, 0.001339097f);
	q = MAD(q, f, 0.0096184993f);
	q = MAD(q, f, 0.055503596f);
	q = MAD(q, f, 0.24022648f);
	q = MAD(q, f, 0.6931472f);
	q = MAD(q, f, 1.0f);
	return q * i32_as_f32((int32_t)((h + 127) << 23)) * i32_as_f32((int32_t)((n - h + 127) << 23));
}
`, "fma", "f32_as_i32", "i32_as_f32")
	add("f32_exp", `
// e^x = 2^n * e^r, r = x - n*ln2 in two steps of which the first is exact, so that no fma is needed; e^r = 1 + r + r^2*q(r) with a
// relative error of 2^-28.2. 2^n in two factors as in f32_exp2.
static inline float f32_exp(float x)
{
	float c = x < -105.0f ? -105.0f : x;
	c = c > 90.0f ? 90.0f : c;
	const float t = MAD(c, 1.44269502f, 0x1.8p23f), k = t - 0x1.8p23f;
	const float r = MAD(k, 2.12194440e-4f, c - k * 0.693359375f);
	const uint32_t n = (uint32_t)f32_as_i32(t) - 0x4b400000u, h = (uint32_t)((int32_t)n >> 1);
	float q = MAD(0.00138196116f, r, 0.00836869422f);
	q = MAD(q, r, 0.041668281f);
	q = MAD(q, r, 0.166665211f);
	q = MAD(q, r, 0.49999994f);
	q = MAD(r * r, q, r) + 1.0f;
	return q * i32_as_f32((int32_t)((h + 127) << 23)) * i32_as_f32((int32_t)((n - h + 127) << 23));
}
`, "fma", "f32_as_i32", "i32_as_f32")
	add("f32_log2", `
// x = 2^e * (1+m) with 1+m in [2/3, 4/3); log2(x) = e + m*q(m), q with a relative error of 2^-25. Near 1 nothing cancels.
static inline float f32_log2(float x)
{
	const bool tiny = x < 0x1p-126f; // subnormal, 0 or less
	const uint32_t b = (uint32_t)f32_as_i32(tiny ? x * 0x1p23f : x);
	const int32_t e = (int32_t)(b - 0x3f2aaaab) >> 23;
	const float m = i32_as_f32((int32_t)(b - ((uint32_t)e << 23))) - 1.0f;
	float q = MAD(-0.187834635f, m, 0.203239098f);
	q = MAD(q, m, -0.175262004f);
	q = MAD(q, m, 0.201698586f);
	q = MAD(q, m, -0.240699843f);
	q = MAD(q, m, 0.288718313f);
	q = MAD(q, m, -0.360668778f);
	q = MAD(q, m, 0.480895817f);
	q = MAD(q, m, -0.72134757f);
	q = MAD(q, m, 1.44269502f);
	float r = MAD(m, q, (float)(e - (tiny ? 23 : 0)));
	r = x < __builtin_inff() ? r : x + __builtin_inff(); // infinity and NaN
	r = x == 0.0f ? -__builtin_inff() : r;
	return x < 0.0f ? __builtin_nanf("") : r;
}
`, "fma", "f32_as_i32", "i32_as_f32")
	helpers["turns"] = helper{make: turns}
	helperOrder = append(helperOrder, "turns")
	add("f32_turn", `
// sin(x + k*pi/2). x = s * 2^e, and 2^e * 2/pi modulo 4 is h + l with h of 29 bits: s*h is exact in double, its fraction too, and
// s*l adds what h lacks, so that even next to a multiple of pi/2 the argument r of the polynomials has a float's precision.
// sin r = r + r^3*p(r^2) with an error of 2^-32.5 relative to r, cos r = 1 - r^2/2 + r^4*q(r^2) with 2^-32.9.
static inline float f32_turn(float x, int32_t k)
{
	const int32_t b = (int32_t)((uint32_t)f32_as_i32(x) >> 23 & 255) - 150;
	const int32_t e = b < 0 ? 0 : b > 104 ? 104 : b;
	const double s = (double)x * (double)i32_as_f32((127 - e) << 23);
	const double a = s * turns[e][0], w = s * turns[e][1];
	const double t = a + 0x1.8p52, f = (a - (t - 0x1.8p52)) + w;
	const double u = f + 0x1.8p52;
	const float r = (float)((f - (u - 0x1.8p52)) * 1.5707963267948966);
	const int32_t j = (int32_t)((uint32_t)f64_as_i64(t) + (uint32_t)f64_as_i64(u) + (uint32_t)k);
	const float z = r * r;
	float p = MAD(2.82472024e-06f, z, -0.000198524838f);
	p = MAD(p, z, 0.00833337847f);
	p = MAD(p, z, -0.166666672f);
	p = MAD(r * z, p, r);
	float q = MAD(2.44286439e-05f, z, -0.00138872908f);
	q = MAD(q, z, 0.0416666456f);
	q = MAD(z * z, q, MAD(z, -0.5f, 1.0f));
	const float y = j & 1 ? q : p;
	return j & 2 ? -y : y;
}
`, "fma", "turns", "f32_as_i32", "i32_as_f32", "f64_as_i64")
	add("f32_sin", `
static inline float f32_sin(float x)
{
	return x == 0.0f ? x : f32_turn(x, 0); // -0 stays
}
`, "f32_turn")
	add("f32_cos", `
static inline float f32_cos(float x)
{
	return f32_turn(x, 1);
}
`, "f32_turn")
	add("f32_sign", `
// y, which is not negative, with the sign of x.
static inline float f32_sign(float y, float x)
{
	return i32_as_f32(f32_as_i32(y) | (f32_as_i32(x) & INT32_MIN));
}
`, "f32_as_i32", "i32_as_f32")
	add("f32_tanh", `
// x + x^3*p(x^2) below 0.6, with an error of 2^-28.5 relative to x; else 1 - 2/(e^2x + 1), where the errors of the subtracted
// term shrink.
static inline float f32_tanh(float x)
{
	const float a = __builtin_fabsf(x), s = x * x;
	float p = MAD(-0.00589699857f, s, 0.0207980517f);
	p = MAD(p, s, -0.0537846349f);
	p = MAD(p, s, 0.133319363f);
	p = MAD(p, s, -0.333332986f);
	const float small = MAD(a * s, p, a);
	const float big = 1.0f - 2.0f / (f32_exp2(a * 2.88539008f) + 1.0f);
	return f32_sign(a < 0.6f ? small : big, x);
}
`, "f32_exp2", "f32_sign")
	add("f32_erfc", `
// 2^r(|x|), from 2 for a negative x; r is the minimax polynomial of log2(erfc) on [0, 4.6] weighted by erfc or 2^-16, whatever is
// more, to 2^-28.5.
static inline float f32_erfc(float x)
{
	const float a = __builtin_fabsf(x);
	float p = MAD(-1.09674102e-06f, a, 2.24808809e-05f);
	p = MAD(p, a, -0.000196618945f);
	p = MAD(p, a, 0.000939970836f);
	p = MAD(p, a, -0.0023837008f);
	p = MAD(p, a, 0.000158155162f);
	p = MAD(p, a, 0.0276979897f);
	p = MAD(p, a, -0.148303539f);
	p = MAD(p, a, -0.918443084f);
	p = MAD(p, a, -1.62790728f);
	const float e = f32_exp2(p * a);
	return x < 0.0f ? 2.0f - e : e;
}
`, "fma", "f32_exp2")
	add("f32_erf", `
// x + x*p(x^2) below 0.9, with a relative error of 2^-30.1; else 1 - 2^r(|x|), where 2^r is erfc with an absolute error of 2^-33.6.
static inline float f32_erf(float x)
{
	const float a = __builtin_fabsf(x), s = x * x, t = a > 4.0f ? 4.0f : a;
	float p = MAD(7.94310035e-05f, s, -0.000803975272f);
	p = MAD(p, s, 0.00519175315f);
	p = MAD(p, s, -0.02685556f);
	p = MAD(p, s, 0.112836242f);
	p = MAD(p, s, -0.376126289f);
	p = MAD(p, s, 0.128379166f);
	const float small = MAD(x, p, x);
	float r = MAD(-3.01708606e-05f, t, 0.000623721862f);
	r = MAD(r, t, -0.00600251183f);
	r = MAD(r, t, 0.0361996256f);
	r = MAD(r, t, -0.156152666f);
	r = MAD(r, t, -0.913783669f);
	r = MAD(r, t, -1.62951708f);
	r = MAD(r, t, 0.000246052252f);
	return a < 0.9f ? small : f32_sign(1.0f - f32_exp2(r), x);
}
`, "f32_exp2", "f32_sign")
}

// turns prints 2^e * 2/π modulo 4 for e of 0 to 104, as the sum of a number of at most 29 bits and a double.
func turns() string {
	const bits = 256
	twoOverPi, _ := new(big.Int).SetString("a2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561", 16) // times 2^256
	var b strings.Builder
	b.WriteString("// 2^e * 2/pi modulo 4, in two parts.\nstatic const double turns[105][2] = {\n")
	four := new(big.Int).Lsh(big.NewInt(1), bits+2)
	for e := range uint(105) {
		c := new(big.Int).Lsh(twoOverPi, e)
		c.Mod(c, four)
		cut := uint(bits - 27) // bits below 2^-27
		if e == 0 {
			cut = bits - 29 // 2/π itself serves all arguments below 2^24, small ones too: 29 significant bits
		}
		h := new(big.Int).Rsh(c, cut)
		h.Lsh(h, cut)
		l := new(big.Int).Sub(c, h)
		hi, _ := new(big.Float).SetMantExp(new(big.Float).SetInt(h), -bits).Float64()
		lo, _ := new(big.Float).SetMantExp(new(big.Float).SetInt(l), -bits).Float64()
		end := " "
		if e%3 == 2 {
			end = "\n"
		}
		if e%3 == 0 {
			b.WriteString("\t")
		}
		fmt.Fprintf(&b, "{%x, %x},%s", hi, lo, end)
	}
	b.WriteString("};\n")
	return b.String()
}
