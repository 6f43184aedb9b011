package c

import "fmt"

// helper is a function or type that C lacks.
type helper struct {
	needs []string
	text  string
	make  func() string // instead of text, where that takes time
}

// helpers by name; helperOrder is the order in which those in use are printed, each after what it needs.
var (
	helpers     = map[string]helper{}
	helperOrder []string
)

func add(name, text string, needs ...string) {
	if _, ok := helpers[name]; ok {
		panic("c: helper " + name + " is defined twice")
	}
	for _, n := range needs {
		if _, ok := helpers[n]; !ok {
			panic("c: helper " + name + " needs " + n + ", which is not defined before it")
		}
	}
	helpers[name] = helper{needs: needs, text: text}
	helperOrder = append(helperOrder, name)
}

func init() {
	addBits()
	addHalves()
	addMinMax()
	addWords()
	addMath()
	addMemory()
}

// addBits adds reinterpretations.
func addBits() {
	add("fma", `
// fma(x, y, z) where it is one instruction, else two roundings.
#ifdef __FP_FAST_FMAF
#define MAD(x, y, z) __builtin_fmaf(x, y, z)
#else
#define MAD(x, y, z) ((x) * (y) + (z))
#endif
`)
	for _, t := range [][4]string{{"f32", "float", "i32", "int32_t"}, {"f64", "double", "i64", "int64_t"}} {
		for range 2 {
			add(t[0]+"_as_"+t[2], fmt.Sprintf(`
static inline %s %s_as_%s(%s x)
{
	%s r;
	__builtin_memcpy(&r, &x, sizeof r);
	return r;
}
`, t[3], t[0], t[2], t[1], t[3]))
			t[0], t[1], t[2], t[3] = t[2], t[3], t[0], t[1]
		}
	}
}

// addHalves adds the formats of 16 bits. f16 is _Float16 where the compiler vectorises its conversions: GCC does not on x86 before
// 14, and integer arithmetic on the bits, sixteen at a time, is far faster there than one conversion instruction for each.
func addHalves() {
	add("f64_odd", `
// x in float, rounded to odd: what lies between two floats becomes the odd one. Rounding that again is rounding x once.
static inline float f64_odd(double x)
{
	const float r = (float)x;
	const int32_t i = f32_as_i32(r);
	const double d = (double)r;
	const int32_t away = (d > x) == (x > 0) ? -1 : 1;
	const bool between = (d != x) & (x == x) & !(i & 1);
	return i32_as_f32(between ? i + away : i);
}
`, "f32_as_i32", "i32_as_f32")
	add("i64_odd", `
// x in double, rounded to odd.
static inline double i64_odd(int64_t x)
{
	const int64_t sticky = (x & 2047) != 0 ? 2048 : 0;
	const bool exact = x >= -(1ll << 53) && x <= (1ll << 53);
	return (double)(exact ? x : (x & ~2047ll) | sticky);
}
`)
	add("u64_odd", `
static inline double u64_odd(int64_t x)
{
	const uint64_t u = (uint64_t)x, sticky = (u & 2047) != 0 ? 2048 : 0;
	return (double)(u <= 1ull << 53 ? u : (u & ~2047ull) | sticky);
}
`)
	add("fma_odd", `
// x*y + z of floats of 16 bits, rounded to odd: the product is exact in double, the error of the sum is exact too.
static inline double fma_odd(float x, float y, float z)
{
	const double p = (double)x * (double)y, c = (double)z, s = p + c;
	const double t = s - p, e = (p - (s - t)) + (c - t);
	const int64_t i = f64_as_i64(s);
	const int64_t to = (e > 0) == (s > 0) ? 1 : -1;
	const bool between = (e != 0) & (e == e) & !(i & 1);
	return i64_as_f64(between ? i + to : i);
}
`, "f64_as_i64", "i64_as_f64")
	add("bf16", "typedef uint16_t bf16; // the upper half of a float")
	add("bf16_float", `
static inline float bf16_float(bf16 x)
{
	return i32_as_f32((int32_t)((uint32_t)x << 16));
}
`, "bf16", "i32_as_f32")
	add("bf16_of", `
static inline bf16 bf16_of(float x)
{
	const uint32_t u = (uint32_t)f32_as_i32(x);
	const uint32_t r = (u + 0x7fff + (u >> 16 & 1)) >> 16;
	return (bf16)((u & 0x7fffffff) > 0x7f800000 ? u >> 16 | 64 : r);
}
`, "bf16", "f32_as_i32")
	add("bf16_of_double", `
static inline bf16 bf16_of_double(double x)
{
	return bf16_of(f64_odd(x));
}
`, "bf16_of", "f64_odd")
	add("f16", `
#if defined(__FLT16_MANT_DIG__) && (defined(__clang__) || __GNUC__ >= 14 || !defined(__x86_64__)) && !defined(GIRIH_SOFT_F16) || defined(GIRIH_HARD_F16)
__extension__ typedef _Float16 f16;
#define HARD_F16
#else
typedef uint16_t f16; // its bits: this compiler has no fast _Float16
#endif
`)
	add("f16_float", `
static inline float f16_float(f16 x)
{
#ifdef HARD_F16
	return (float)x;
#else
	const uint32_t mag = x & 0x7fff, sign = (uint32_t)(x & 0x8000) << 16;
	const float normal = i32_as_f32((int32_t)(mag << 13)) * 0x1p112f; // moves the exponent, subnormals included
	const int32_t bits = mag >= 0x7c00 ? (int32_t)(mag << 13 | 0x7f800000) : f32_as_i32(normal);
	return i32_as_f32((int32_t)((uint32_t)bits | sign));
#endif
}
`, "f16", "f32_as_i32", "i32_as_f32")
	add("f16_of", `
static inline f16 f16_of(float x)
{
#ifdef HARD_F16
	return (f16)x;
#else
	const uint32_t u = (uint32_t)f32_as_i32(x), mag = u & 0x7fffffff;
	const uint32_t normal = ((mag + 0xfff + (mag >> 13 & 1)) >> 13) - (112 << 10);
	// Below 2^-14 the last place is 2^-24, which is that of 0.5 in float.
	const uint32_t tiny = (uint32_t)f32_as_i32(i32_as_f32((int32_t)mag) + 0.5f) - 0x3f000000;
	uint32_t r = mag < 0x38800000 ? tiny : normal;
	r = r > 0x7c00 || mag >= 0x47800000 ? 0x7c00 : r;
	r = mag > 0x7f800000 ? 0x7e00 : r;
	return (f16)(r | (u >> 16 & 0x8000));
#endif
}
`, "f16", "f32_as_i32", "i32_as_f32")
	add("f16_of_double", `
static inline f16 f16_of_double(double x)
{
	return f16_of(f64_odd(x));
}
`, "f16_of", "f64_odd")
	for _, t := range [][2]string{{"f16_as_i16", "int16_t"}, {"f16_as_bf16", "bf16"}} {
		need := []string{"f16", "bf16"}
		add(t[0], fmt.Sprintf(`
static inline %[2]s %[1]s(f16 x)
{
	%[2]s r;
	__builtin_memcpy(&r, &x, sizeof r);
	return r;
}
`, t[0], t[1]), need...)
	}
	for _, t := range [][2]string{{"i16_as_f16", "int16_t"}, {"bf16_as_f16", "bf16"}} {
		add(t[0], fmt.Sprintf(`
static inline f16 %[1]s(%[2]s x)
{
	f16 r;
	__builtin_memcpy(&r, &x, sizeof r);
	return r;
}
`, t[0], t[1]), "f16", "bf16")
	}
}

// addMinMax adds minima, maxima and absolute values. Of floats they are IEEE 754-2019's minimumNumber and maximumNumber, in
// comparisons and selections only. Equal operands differ at most in the sign of zero: or-ing their bits gives -0 to
// the minimum, and-ing them +0 to the maximum.
func addMinMax() {
	for _, t := range [][4]string{{"f32", "float", "i32", "int32_t"}, {"f64", "double", "i64", "int64_t"}} {
		for _, f := range [][3]string{{"min", "<", "|"}, {"max", ">", "&"}} {
			add(t[0]+"_"+f[0], fmt.Sprintf(`
static inline %[2]s %[1]s_%[5]s(%[2]s x, %[2]s y)
{
	const %[2]s r = x %[6]s y ? x : y;
	const %[2]s z = %[3]s_as_%[1]s(%[1]s_as_%[3]s(x) %[7]s %[1]s_as_%[3]s(y));
	return y != y ? x : x == y ? z : r;
}
`, t[0], t[1], t[2], t[3], f[0], f[1], f[2]), t[0]+"_as_"+t[2], t[2]+"_as_"+t[0])
		}
	}
	for _, bits := range []string{"8", "16", "32", "64"} {
		for _, f := range [][2]string{{"min", "<"}, {"max", ">"}} {
			for _, sign := range []string{"i", "u"} {
				cast := ""
				if sign == "u" {
					cast = "(uint" + bits + "_t)"
				}
				add(sign+bits+"_"+f[0], fmt.Sprintf(`
static inline int%[1]s_t %[2]s%[1]s_%[3]s(int%[1]s_t x, int%[1]s_t y)
{
	return %[5]sx %[4]s %[5]sy ? x : y;
}
`, bits, sign, f[0], f[1], cast))
			}
		}
		add("i"+bits+"_abs", fmt.Sprintf(`
static inline int%[1]s_t i%[1]s_abs(int%[1]s_t x)
{
	return x < 0 ? (int%[1]s_t)(0 - (uint%[1]s_t)x) : x;
}
`, bits))
	}
}

func addWords() {
	add("i64_clz", `
static inline int64_t i64_clz(int64_t x)
{
	return x ? __builtin_clzll((uint64_t)x) : 64;
}
`)
	add("prmt", `
// Four bytes of the eight of a (0 to 3) and b (4 to 7), selected by the four low nibbles of s; bit 3 of a nibble repeats
// the byte's top bit.
static inline uint32_t prmt_byte(uint64_t v, int32_t s)
{
	const uint32_t x = (uint32_t)(v >> 8 * (s & 7) & 255);
	return s & 8 ? (x >> 7) * 255 : x;
}
static inline int32_t prmt(int32_t a, int32_t b, int32_t s)
{
	const uint64_t v = (uint64_t)(uint32_t)b << 32 | (uint32_t)a;
	return (int32_t)(prmt_byte(v, s) | prmt_byte(v, s >> 4) << 8 | prmt_byte(v, s >> 8) << 16 | prmt_byte(v, s >> 12) << 24);
}
`)
}

// addMemory adds the types through which memory is accessed.
func addMemory() {
	for _, t := range [][2]string{{"i8", "int8_t"}, {"i16", "int16_t"}, {"i32", "int32_t"}, {"i64", "int64_t"}, {"f16", "f16"}, {"bf16", "bf16"}, {"f32", "float"}, {"f64", "double"}} {
		var need []string
		if t[0] == t[1] {
			need = []string{t[0]}
		}
		add("mem_"+t[0], fmt.Sprintf("typedef %s __attribute__((may_alias)) mem_%s;", t[1], t[0]), need...)
		add("mem_"+t[0]+"_1", fmt.Sprintf("typedef %s __attribute__((may_alias, aligned(1))) mem_%s_1;", t[1], t[0]), need...)
	}
}
