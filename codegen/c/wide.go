package c

import (
	"fmt"
	"strings"

	"github.com/girih-lang/girih/codegen/thread"
)

// Wide vectors are vectors of GCC and Clang. A lane of an integer is unsigned, so that arithmetic wraps; what has a sign
// casts. Where the machine has narrower registers, compilers take a vector apart.

// wideNames are the kinds that wide vectors have: name, C type, C type of signed lanes.
var wideNames = map[thread.Elem][3]string{
	thread.F32: {"f32", "float", "int32_t"}, thread.F64: {"f64", "double", "int64_t"},
	thread.I32: {"u32", "uint32_t", "int32_t"}, thread.I64: {"u64", "uint64_t", "int64_t"},
}

func init() {
	add("always", "#define ALWAYS static inline __attribute__((always_inline))\n#pragma GCC diagnostic ignored \"-Wpsabi\"\n")
	for _, e := range []thread.Elem{thread.I32, thread.I64, thread.F32, thread.F64} {
		n := thread.WideLanes(e)
		x := wideNames[e]
		name := fmt.Sprintf("%sx%d", x[0], n)
		list := strings.TrimSuffix(strings.Repeat("x, ", n), ", ")
		text := fmt.Sprintf(`
typedef %[2]s %[1]s __attribute__((vector_size(64)));
typedef %[2]s mem_%[1]s __attribute__((vector_size(64), aligned(1), may_alias));
ALWAYS %[1]s %[1]s_splat(%[2]s x)
{
	return (%[1]s){%[4]s};
}
`, name, x[1], x[2], list)
		if e.IsInt() {
			text += fmt.Sprintf("typedef %s s%d_wide __attribute__((vector_size(64)));\n", x[2], 8*e.Size())
		}
		add(name, text, "always")
	}
	for _, e := range [][3]string{{"f32x16", "ps", "short"}, {"f64x8", "pd", "char"}} {
		add(e[0]+"_fma", fmt.Sprintf(`
// x*y + z, rounded once where the machine can.
ALWAYS %[1]s %[1]s_fma(%[1]s x, %[1]s y, %[1]s z)
{
#if defined(__clang__)
#pragma clang fp contract(fast)
	return x * y + z;
#elif defined(__AVX512F__)
	return (%[1]s)__builtin_ia32_vfmadd%[2]s512_mask(x, y, z, (%[3]s)-1, 4);
#elif defined(__FMA__)
	typedef __typeof__(x[0]) half __attribute__((vector_size(32)));
	union { %[1]s v; half h[2]; } a = {x}, b = {y}, c = {z};
	c.h[0] = __builtin_ia32_vfmadd%[2]s256(a.h[0], b.h[0], c.h[0]);
	c.h[1] = __builtin_ia32_vfmadd%[2]s256(a.h[1], b.h[1], c.h[1]);
	return c.v;
#elif defined(__aarch64__)
	for (int i = 0; i < (int)(sizeof x / sizeof x[0]); i++)
		z[i] = sizeof x[0] == 4 ? __builtin_fmaf(x[i], y[i], z[i]) : __builtin_fma(x[i], y[i], z[i]);
	return z;
#else
	return x * y + z;
#endif
}
`, e[0], e[1], e[2]), e[0])
	}
	add("f32_either", `
#if defined(__AVX2__) && !defined(__AVX512F__)
typedef float f32_half __attribute__((vector_size(32)));
typedef float mem_f32_half __attribute__((vector_size(32), aligned(1), may_alias));
typedef int32_t s32_half __attribute__((vector_size(32)));
// Entries of the first or the last eight of 16, by the low three bits of each lane and the sign of top.
ALWAYS f32_half f32_either(const float *t, s32_half i, s32_half top)
{
	const f32_half a = __builtin_ia32_permvarsf256(*(const mem_f32_half *)t, i), b = __builtin_ia32_permvarsf256(*(const mem_f32_half *)(t + 8), i);
	return __builtin_ia32_blendvps256(a, b, (f32_half)top);
}
#endif
`, "always")
	add("f32x16_lookup16", `
// Entries of a table of 16 by the low four bits of each lane.
ALWAYS f32x16 f32x16_lookup16(const float *t, u32x16 i)
{
#if defined(__AVX512F__) && defined(__clang__)
	return (f32x16)__builtin_ia32_permvarsf512(*(const mem_f32x16 *)t, (s32_wide)i);
#elif defined(__AVX512F__)
	return __builtin_shuffle(*(const mem_f32x16 *)t, (s32_wide)i);
#elif defined(__AVX2__)
	union { u32x16 v; s32_half h[2]; } k = {i}, top = {i << 28};
	union { f32x16 v; f32_half h[2]; } r;
	for (int j = 0; j < 2; j++)
		r.h[j] = f32_either(t, k.h[j], top.h[j]);
	return r.v;
#else
	f32x16 r;
	for (int j = 0; j < 16; j++)
		r[j] = t[i[j] & 15];
	return r;
#endif
}
`, "f32x16", "u32x16", "f32_either")
	add("f32x16_lookup32", `
// Entries of a table of 32 by the low five bits of each lane.
ALWAYS f32x16 f32x16_lookup32(const float *t, u32x16 i)
{
#if defined(__AVX512F__) && defined(__clang__)
	return (f32x16)__builtin_ia32_vpermi2varps512(*(const mem_f32x16 *)t, (s32_wide)i, *(const mem_f32x16 *)(t + 16));
#elif defined(__AVX512F__)
	return __builtin_shuffle(*(const mem_f32x16 *)t, *(const mem_f32x16 *)(t + 16), (s32_wide)i);
#elif defined(__AVX2__)
	union { u32x16 v; s32_half h[2]; } k = {i}, top = {i << 28}, next = {i << 27};
	union { f32x16 v; f32_half h[2]; } r;
	for (int j = 0; j < 2; j++)
		r.h[j] = __builtin_ia32_blendvps256(f32_either(t, k.h[j], top.h[j]), f32_either(t + 16, k.h[j], top.h[j]), (f32_half)next.h[j]);
	return r.v;
#else
	f32x16 r;
	for (int j = 0; j < 16; j++)
		r[j] = t[i[j] & 31];
	return r;
#endif
}
`, "f32x16", "u32x16", "f32_either")
}

// wideType names the C type of a wide vector.
func (p *printer) wideType(t thread.Type) string {
	x, ok := wideNames[t.Elem]
	if !ok || !t.IsWide() {
		p.fail("a vector of type %s", t)
	}
	return p.use(fmt.Sprintf("%sx%d", x[0], t.Lanes))
}

// register is the C variable of an element of wide registers.
func (p *printer) register(v *thread.Var, i *thread.Node) string {
	n, ok := thread.IsConst(i)
	if !ok || n < 0 || n >= int64(v.Len) || n%int64(v.Lanes) != 0 {
		p.fail("an index of the registers %s is no multiple of %d below %d", v, v.Lanes, v.Len)
	}
	return fmt.Sprintf("%s_%d", p.local(v), n/int64(v.Lanes))
}

// declareRegisters declares the wide vectors that stay in registers.
func (p *printer) declareRegisters(v *thread.Var) {
	var names []string
	for i := range v.Len / v.Lanes {
		names = append(names, fmt.Sprintf("%s_%d", p.local(v), i))
	}
	p.line("\t%s %s;", p.wideType(thread.Type{Elem: v.Elem, Lanes: v.Lanes}), strings.Join(names, ", "))
}

// atWide is the place of a wide vector in memory or in an array.
func (p *printer) atWide(t thread.Type, address string) string {
	return fmt.Sprintf("*(mem_%s *)%s", p.wideType(t), address)
}

// defineWide evaluates a wide vector into a name.
func (p *printer) defineWide(n *thread.Node, v *val) {
	mask := n.Type.Elem == thread.Bool
	var ct string
	if mask {
		p.wideType(n.Args[0].Type) // declares it
		p.use("u32x16")
		p.use("u64x8")
		ct = map[int]string{4: "s32_wide", 8: "s64_wide"}[n.Args[0].Type.Elem.Size()]
	} else {
		ct = p.wideType(n.Type)
	}
	a := make([]string, len(n.Args))
	for i, x := range n.Args {
		a[i] = p.get(x).lanes[0]
		if x.Type.Lanes == 1 {
			a[i] = p.atom(x)
		}
	}
	t := p.fresh()
	p.line("const %s %s = %s;", ct, t, p.wide(n, ct, a))
	v.lanes = []string{t}
}

func (p *printer) wide(n *thread.Node, ct string, a []string) string {
	signed := map[int]string{4: "s32_wide", 8: "s64_wide"}[n.Type.Elem.Size()]
	switch n.Op {
	case thread.Const:
		return fmt.Sprintf("%s_splat(%s)", ct, p.constant(&thread.Node{Op: thread.Const, Type: thread.Scalar(n.Type.Elem), Imm: n.Imm, F: n.F}))
	case thread.Splat:
		return fmt.Sprintf("%s_splat(%s)", ct, a[0])
	case thread.Get:
		if n.Var.Lanes > 1 {
			return p.register(n.Var, n.Args[0])
		}
		return p.atWide(n.Type, fmt.Sprintf("(%s + %s)", p.arrays[n.Var], a[0]))
	case thread.Load:
		if len(n.Args) > 1 {
			p.fail("a wide vector is read under a condition")
		}
		return p.atWide(n.Type, p.pointer(n.Args[0], a[0]))
	case thread.Add, thread.Sub, thread.Mul, thread.And, thread.Or, thread.Xor:
		return fmt.Sprintf("%s %s %s", a[0], operators[n.Op], a[1])
	case thread.Shl:
		return fmt.Sprintf("%s << %s", a[0], a[1])
	case thread.Shr:
		if n.Uns {
			return fmt.Sprintf("%s >> %s", a[0], a[1])
		}
		return fmt.Sprintf("(%s)((%s)%s >> (%s)%s)", ct, signed, a[0], signed, a[1])
	case thread.Fma:
		return p.call(ct+"_fma", a...)
	case thread.Bitcast:
		return fmt.Sprintf("(%s)%s", ct, a[0])
	case thread.Conv:
		if n.Args[0].Type.Elem != thread.I32 || n.Type.Elem != thread.F32 {
			break
		}
		if n.Uns {
			return fmt.Sprintf("__builtin_convertvector(%s, %s)", a[0], ct)
		}
		return fmt.Sprintf("__builtin_convertvector((s32_wide)%s, %s)", a[0], ct)
	case thread.Cmp:
		x, y := a[0], a[1]
		if from := n.Args[0].Type.Elem; from.IsInt() && !n.Uns {
			s := map[int]string{4: "s32_wide", 8: "s64_wide"}[from.Size()]
			x, y = "("+s+")"+x, "("+s+")"+y
		}
		return fmt.Sprintf("(%s)(%s %s %s)", ct, x, predicates[n.Kind], y)
	case thread.Select:
		u := map[int]string{4: "u32x16", 8: "u64x8"}[n.Type.Elem.Size()]
		p.use(u)
		return fmt.Sprintf("(%s)(((%s)%s & (%s)%s) | (~(%s)%s & (%s)%s))", ct, u, a[0], u, a[1], u, a[0], u, a[2])
	case thread.Lookup:
		rows := make([]string, len(n.Table))
		for i, x := range n.Table {
			rows[i] = float(x, 32)
		}
		table := p.fresh()
		p.line("static const float %s[%d] = {%s};", table, len(rows), strings.Join(rows, ", "))
		return p.call(fmt.Sprintf("f32x16_lookup%d", len(rows)), table, a[0])
	}
	p.fail("is not defined for %s", n.Type)
	return ""
}

// setWide writes a wide vector to a register or to an array.
func (p *printer) setWide(n *thread.Node) {
	x := p.get(n.Args[1]).lanes[0]
	if n.Var.Lanes > 1 {
		p.line("%s = %s;", p.register(n.Var, n.Args[0]), x)
		return
	}
	at := p.atom(n.Args[0])
	p.flush(map[*thread.Var]bool{n.Var: true}, false)
	p.line("%s = %s;", p.atWide(n.Args[1].Type, fmt.Sprintf("(%s + %s)", p.arrays[n.Var], at)), x)
}
