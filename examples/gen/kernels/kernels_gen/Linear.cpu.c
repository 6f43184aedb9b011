// Kernel Linear as C11, made by girih. Compile for running with
// cc -O3 -march=native -std=c11 -fPIC -shared -ffp-contract=off -fno-math-errno -fno-trapping-math FILE.c -lm
//
// int32_t Linear(void **args, const int64_t grid[6], void *scratch)
// runs the blocks grid[3] <= n < grid[4] of a grid of grid[0] x grid[1] x grid[2], and then, where grid[5] is the address of
// an int64_t, as many again from there on, again and again until none is left. scratch has Linear_scratch bytes
// aligned to 64. args[i] points to the value of parameter i:
//   0 x: address of an input
//   1 w: address of an input
//   2 s: address of an input
//   3 y: address of a result
//   4 M: i64
//   5 K: i64
//   6 N: i64
#include <stdbool.h>
#include <stdint.h>

static inline int32_t f32_as_i32(float x)
{
	int32_t r;
	__builtin_memcpy(&r, &x, sizeof r);
	return r;
}

static inline float i32_as_f32(int32_t x)
{
	float r;
	__builtin_memcpy(&r, &x, sizeof r);
	return r;
}

#if defined(__FLT16_MANT_DIG__) && (defined(__clang__) || __GNUC__ >= 14 || !defined(__x86_64__)) && !defined(GIRIH_SOFT_F16) || defined(GIRIH_HARD_F16)
__extension__ typedef _Float16 f16;
#define HARD_F16
#else
typedef uint16_t f16; // its bits: this compiler has no fast _Float16
#endif

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

typedef f16 __attribute__((may_alias)) mem_f16;
#define ALWAYS static inline __attribute__((always_inline))
#pragma GCC diagnostic ignored "-Wpsabi"

typedef uint32_t u32x16 __attribute__((vector_size(64)));
typedef uint32_t mem_u32x16 __attribute__((vector_size(64), aligned(1), may_alias));
ALWAYS u32x16 u32x16_splat(uint32_t x)
{
	return (u32x16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
}
typedef int32_t s32_wide __attribute__((vector_size(64)));

typedef float f32x16 __attribute__((vector_size(64)));
typedef float mem_f32x16 __attribute__((vector_size(64), aligned(1), may_alias));
ALWAYS f32x16 f32x16_splat(float x)
{
	return (f32x16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
}

// x*y + z, rounded once where the machine can.
ALWAYS f32x16 f32x16_fma(f32x16 x, f32x16 y, f32x16 z)
{
#if defined(__clang__)
#pragma clang fp contract(fast)
	return x * y + z;
#elif defined(__AVX512F__)
	return (f32x16)__builtin_ia32_vfmaddps512_mask(x, y, z, (short)-1, 4);
#elif defined(__FMA__)
	typedef __typeof__(x[0]) half __attribute__((vector_size(32)));
	union { f32x16 v; half h[2]; } a = {x}, b = {y}, c = {z};
	c.h[0] = __builtin_ia32_vfmaddps256(a.h[0], b.h[0], c.h[0]);
	c.h[1] = __builtin_ia32_vfmaddps256(a.h[1], b.h[1], c.h[1]);
	return c.v;
#elif defined(__aarch64__)
	for (int i = 0; i < (int)(sizeof x / sizeof x[0]); i++)
		z[i] = sizeof x[0] == 4 ? __builtin_fmaf(x[i], y[i], z[i]) : __builtin_fma(x[i], y[i], z[i]);
	return z;
#else
	return x * y + z;
#endif
}

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

const int64_t Linear_scratch = 0;

// One block of the kernel: the one at (b0, b1, b2) of the grid.
static __attribute__((noinline)) int32_t Linear_block(char *restrict p0_x, char *restrict p1_w, char *restrict p2_s, char *restrict p3_y, const int64_t p4_M, const int64_t p5_K, const int64_t p6_N, const int32_t b0, const int32_t b1, const int32_t b2)
{
	_Alignas(64) float v_c0[1024];
	_Alignas(64) float v_t1[1024];
	_Alignas(64) float v_acc2[1024];
	f32x16 v_r3_0, v_r3_1, v_r3_2, v_r3_3, v_r3_4, v_r3_5, v_r3_6, v_r3_7, v_r3_8, v_r3_9, v_r3_10, v_r3_11, v_r3_12, v_r3_13, v_r3_14, v_r3_15;
	_Alignas(64) float v_t4[64];
	const int32_t t0 = (int32_t)p4_M;
	const int32_t t1 = (int32_t)p5_K;
	const int32_t t2 = (int32_t)p6_N;
	const int64_t t3 = (int64_t)t1;
	const int32_t t4 = (int32_t)((uint32_t)t2 + (uint32_t)63) / 64;
	const int64_t t5 = (int64_t)t2;
	const int32_t t6 = (int32_t)((uint32_t)b1 * (uint32_t)16);
	const int32_t t7 = (int32_t)((uint32_t)b0 * (uint32_t)64);
	for (int32_t i8 = 0; i8 < 16; i8++) {
		for (int32_t i9 = 0; i9 < 64; i9++) {
			v_c0[i9 + (i8 * 64)] = 0.0f;
		}
	}
	for (int64_t i10 = 0; i10 < t1; i10 += 64) {
		char *const t11 = p0_x + (int64_t)((uint64_t)(int64_t)((uint64_t)((int64_t)t6 * t3) + (uint64_t)(int64_t)(int32_t)i10) * (uint64_t)2ll);
		const int64_t t12 = ((int64_t)(int32_t)((uint32_t)(int32_t)i10 / (uint32_t)64) * (int64_t)t4) + (int64_t)(int32_t)((uint32_t)t7 / (uint32_t)64);
		char *const t13 = p1_w + (int64_t)((uint64_t)t12 * (uint64_t)2048ll);
		const int64_t t14 = (int64_t)t4 * 2048ll;
		char *const t15 = p2_s + ((((int64_t)((int32_t)i10 / 64) * t5) + (int64_t)t7) * 2ll);
		if ((int64_t)t6 >= 0 && 15ll + t6 < (int64_t)t0) { // nothing to clip
			for (int32_t i16 = 0; i16 < 16; i16++) {
				for (int32_t i17 = 0; i17 < 64; i17++) {
					v_t1[i17 + (i16 * 64)] = f16_float(*(const mem_f16 *)(t11 + ((((int64_t)i16 * t3) + (int64_t)i17) * 2ll)));
				}
			}
		} else {
			for (int32_t i18 = 0; i18 < 16; i18++) {
				if ((int64_t)t6 + i18 < (int64_t)t0 && (int64_t)t6 + i18 >= 0) { // nothing to clip
					for (int32_t i19 = 0; i19 < 64; i19++) {
						v_t1[i19 + (i18 * 64)] = f16_float(*(const mem_f16 *)(t11 + ((((int64_t)i18 * t3) + (int64_t)i19) * 2ll)));
					}
				} else {
					for (int32_t i20 = 0; i20 < 64; i20++) {
						const f16 t21 = ((uint32_t)(int32_t)((uint32_t)t6 + (uint32_t)i18) < (uint32_t)t0) ? *(const mem_f16 *)(t11 + ((((int64_t)i18 * t3) + (int64_t)i20) * 2ll)) : f16_of(0.0f);
						v_t1[i20 + (i18 * 64)] = f16_float(t21);
					}
				}
			}
		}
		for (int32_t i22 = 0; i22 < 2; i22++) {
			for (int32_t i23 = 0; i23 < 2; i23++) {
				const int32_t t24 = i23 * 8;
				const f32x16 t25 = f32x16_splat(0.0f);
				v_r3_0 = t25;
				const f32x16 t26 = f32x16_splat(0.0f);
				v_r3_1 = t26;
				const f32x16 t27 = f32x16_splat(0.0f);
				v_r3_2 = t27;
				const f32x16 t28 = f32x16_splat(0.0f);
				v_r3_3 = t28;
				const f32x16 t29 = f32x16_splat(0.0f);
				v_r3_4 = t29;
				const f32x16 t30 = f32x16_splat(0.0f);
				v_r3_5 = t30;
				const f32x16 t31 = f32x16_splat(0.0f);
				v_r3_6 = t31;
				const f32x16 t32 = f32x16_splat(0.0f);
				v_r3_7 = t32;
				const f32x16 t33 = f32x16_splat(0.0f);
				v_r3_8 = t33;
				const f32x16 t34 = f32x16_splat(0.0f);
				v_r3_9 = t34;
				const f32x16 t35 = f32x16_splat(0.0f);
				v_r3_10 = t35;
				const f32x16 t36 = f32x16_splat(0.0f);
				v_r3_11 = t36;
				const f32x16 t37 = f32x16_splat(0.0f);
				v_r3_12 = t37;
				const f32x16 t38 = f32x16_splat(0.0f);
				v_r3_13 = t38;
				const f32x16 t39 = f32x16_splat(0.0f);
				v_r3_14 = t39;
				const f32x16 t40 = f32x16_splat(0.0f);
				v_r3_15 = t40;
				for (int32_t i41 = 0; i41 < 8; i41++) {
					char *const t42 = t13 + ((((i22 * 2) * 8) + i41) * 64);
					const u32x16 t43 = *(mem_u32x16 *)t42;
					char *const t44 = t42 + t14;
					__builtin_prefetch(t44);
					char *const t45 = t13 + (((((i22 * 2) + 1) * 8) + i41) * 64);
					const u32x16 t46 = *(mem_u32x16 *)t45;
					char *const t47 = t45 + t14;
					__builtin_prefetch(t47);
					static const float t49[16] = {0.0f, 1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f, 7.0f, (-8.0f), (-7.0f), (-6.0f), (-5.0f), (-4.0f), (-3.0f), (-2.0f), (-1.0f)};
					const f32x16 t48 = f32x16_lookup16(t49, t43);
					static const float t51[16] = {0.0f, 1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f, 7.0f, (-8.0f), (-7.0f), (-6.0f), (-5.0f), (-4.0f), (-3.0f), (-2.0f), (-1.0f)};
					const f32x16 t50 = f32x16_lookup16(t51, t46);
					const int32_t t52 = i41 * 8;
					const float t53 = v_t1[(t24 * 64) + t52];
					const f32x16 t54 = f32x16_splat(t53);
					const f32x16 t55 = v_r3_0;
					const f32x16 t56 = f32x16_fma(t54, t48, t55);
					v_r3_0 = t56;
					const f32x16 t57 = v_r3_1;
					const f32x16 t58 = f32x16_fma(t54, t50, t57);
					v_r3_1 = t58;
					const float t59 = v_t1[((t24 + 1) * 64) + t52];
					const f32x16 t60 = f32x16_splat(t59);
					const f32x16 t61 = v_r3_2;
					const f32x16 t62 = f32x16_fma(t60, t48, t61);
					v_r3_2 = t62;
					const f32x16 t63 = v_r3_3;
					const f32x16 t64 = f32x16_fma(t60, t50, t63);
					v_r3_3 = t64;
					const float t65 = v_t1[((t24 + 2) * 64) + t52];
					const f32x16 t66 = f32x16_splat(t65);
					const f32x16 t67 = v_r3_4;
					const f32x16 t68 = f32x16_fma(t66, t48, t67);
					v_r3_4 = t68;
					const f32x16 t69 = v_r3_5;
					const f32x16 t70 = f32x16_fma(t66, t50, t69);
					v_r3_5 = t70;
					const float t71 = v_t1[((t24 + 3) * 64) + t52];
					const f32x16 t72 = f32x16_splat(t71);
					const f32x16 t73 = v_r3_6;
					const f32x16 t74 = f32x16_fma(t72, t48, t73);
					v_r3_6 = t74;
					const f32x16 t75 = v_r3_7;
					const f32x16 t76 = f32x16_fma(t72, t50, t75);
					v_r3_7 = t76;
					const float t77 = v_t1[((t24 + 4) * 64) + t52];
					const f32x16 t78 = f32x16_splat(t77);
					const f32x16 t79 = v_r3_8;
					const f32x16 t80 = f32x16_fma(t78, t48, t79);
					v_r3_8 = t80;
					const f32x16 t81 = v_r3_9;
					const f32x16 t82 = f32x16_fma(t78, t50, t81);
					v_r3_9 = t82;
					const float t83 = v_t1[((t24 + 5) * 64) + t52];
					const f32x16 t84 = f32x16_splat(t83);
					const f32x16 t85 = v_r3_10;
					const f32x16 t86 = f32x16_fma(t84, t48, t85);
					v_r3_10 = t86;
					const f32x16 t87 = v_r3_11;
					const f32x16 t88 = f32x16_fma(t84, t50, t87);
					v_r3_11 = t88;
					const float t89 = v_t1[((t24 + 6) * 64) + t52];
					const f32x16 t90 = f32x16_splat(t89);
					const f32x16 t91 = v_r3_12;
					const f32x16 t92 = f32x16_fma(t90, t48, t91);
					v_r3_12 = t92;
					const f32x16 t93 = v_r3_13;
					const f32x16 t94 = f32x16_fma(t90, t50, t93);
					v_r3_13 = t94;
					const float t95 = v_t1[((t24 + 7) * 64) + t52];
					const f32x16 t96 = f32x16_splat(t95);
					const f32x16 t97 = v_r3_14;
					const f32x16 t98 = f32x16_fma(t96, t48, t97);
					v_r3_14 = t98;
					const f32x16 t99 = v_r3_15;
					const f32x16 t100 = f32x16_fma(t96, t50, t99);
					v_r3_15 = t100;
					const u32x16 t101 = u32x16_splat(4);
					const u32x16 t102 = t43 >> t101;
					static const float t104[16] = {0.0f, 1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f, 7.0f, (-8.0f), (-7.0f), (-6.0f), (-5.0f), (-4.0f), (-3.0f), (-2.0f), (-1.0f)};
					const f32x16 t103 = f32x16_lookup16(t104, t102);
					const u32x16 t105 = u32x16_splat(4);
					const u32x16 t106 = t46 >> t105;
					static const float t108[16] = {0.0f, 1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f, 7.0f, (-8.0f), (-7.0f), (-6.0f), (-5.0f), (-4.0f), (-3.0f), (-2.0f), (-1.0f)};
					const f32x16 t107 = f32x16_lookup16(t108, t106);
					const int32_t t109 = (i41 * 8) + 1;
					const float t110 = v_t1[(t24 * 64) + t109];
					const f32x16 t111 = f32x16_splat(t110);
					const f32x16 t112 = v_r3_0;
					const f32x16 t113 = f32x16_fma(t111, t103, t112);
					v_r3_0 = t113;
					const f32x16 t114 = v_r3_1;
					const f32x16 t115 = f32x16_fma(t111, t107, t114);
					v_r3_1 = t115;
					const float t116 = v_t1[((t24 + 1) * 64) + t109];
					const f32x16 t117 = f32x16_splat(t116);
					const f32x16 t118 = v_r3_2;
					const f32x16 t119 = f32x16_fma(t117, t103, t118);
					v_r3_2 = t119;
					const f32x16 t120 = v_r3_3;
					const f32x16 t121 = f32x16_fma(t117, t107, t120);
					v_r3_3 = t121;
					const float t122 = v_t1[((t24 + 2) * 64) + t109];
					const f32x16 t123 = f32x16_splat(t122);
					const f32x16 t124 = v_r3_4;
					const f32x16 t125 = f32x16_fma(t123, t103, t124);
					v_r3_4 = t125;
					const f32x16 t126 = v_r3_5;
					const f32x16 t127 = f32x16_fma(t123, t107, t126);
					v_r3_5 = t127;
					const float t128 = v_t1[((t24 + 3) * 64) + t109];
					const f32x16 t129 = f32x16_splat(t128);
					const f32x16 t130 = v_r3_6;
					const f32x16 t131 = f32x16_fma(t129, t103, t130);
					v_r3_6 = t131;
					const f32x16 t132 = v_r3_7;
					const f32x16 t133 = f32x16_fma(t129, t107, t132);
					v_r3_7 = t133;
					const float t134 = v_t1[((t24 + 4) * 64) + t109];
					const f32x16 t135 = f32x16_splat(t134);
					const f32x16 t136 = v_r3_8;
					const f32x16 t137 = f32x16_fma(t135, t103, t136);
					v_r3_8 = t137;
					const f32x16 t138 = v_r3_9;
					const f32x16 t139 = f32x16_fma(t135, t107, t138);
					v_r3_9 = t139;
					const float t140 = v_t1[((t24 + 5) * 64) + t109];
					const f32x16 t141 = f32x16_splat(t140);
					const f32x16 t142 = v_r3_10;
					const f32x16 t143 = f32x16_fma(t141, t103, t142);
					v_r3_10 = t143;
					const f32x16 t144 = v_r3_11;
					const f32x16 t145 = f32x16_fma(t141, t107, t144);
					v_r3_11 = t145;
					const float t146 = v_t1[((t24 + 6) * 64) + t109];
					const f32x16 t147 = f32x16_splat(t146);
					const f32x16 t148 = v_r3_12;
					const f32x16 t149 = f32x16_fma(t147, t103, t148);
					v_r3_12 = t149;
					const f32x16 t150 = v_r3_13;
					const f32x16 t151 = f32x16_fma(t147, t107, t150);
					v_r3_13 = t151;
					const float t152 = v_t1[((t24 + 7) * 64) + t109];
					const f32x16 t153 = f32x16_splat(t152);
					const f32x16 t154 = v_r3_14;
					const f32x16 t155 = f32x16_fma(t153, t103, t154);
					v_r3_14 = t155;
					const f32x16 t156 = v_r3_15;
					const f32x16 t157 = f32x16_fma(t153, t107, t156);
					v_r3_15 = t157;
					const u32x16 t158 = u32x16_splat(8);
					const u32x16 t159 = t43 >> t158;
					static const float t161[16] = {0.0f, 1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f, 7.0f, (-8.0f), (-7.0f), (-6.0f), (-5.0f), (-4.0f), (-3.0f), (-2.0f), (-1.0f)};
					const f32x16 t160 = f32x16_lookup16(t161, t159);
					const u32x16 t162 = u32x16_splat(8);
					const u32x16 t163 = t46 >> t162;
					static const float t165[16] = {0.0f, 1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f, 7.0f, (-8.0f), (-7.0f), (-6.0f), (-5.0f), (-4.0f), (-3.0f), (-2.0f), (-1.0f)};
					const f32x16 t164 = f32x16_lookup16(t165, t163);
					const int32_t t166 = (i41 * 8) + 2;
					const float t167 = v_t1[(t24 * 64) + t166];
					const f32x16 t168 = f32x16_splat(t167);
					const f32x16 t169 = v_r3_0;
					const f32x16 t170 = f32x16_fma(t168, t160, t169);
					v_r3_0 = t170;
					const f32x16 t171 = v_r3_1;
					const f32x16 t172 = f32x16_fma(t168, t164, t171);
					v_r3_1 = t172;
					const float t173 = v_t1[((t24 + 1) * 64) + t166];
					const f32x16 t174 = f32x16_splat(t173);
					const f32x16 t175 = v_r3_2;
					const f32x16 t176 = f32x16_fma(t174, t160, t175);
					v_r3_2 = t176;
					const f32x16 t177 = v_r3_3;
					const f32x16 t178 = f32x16_fma(t174, t164, t177);
					v_r3_3 = t178;
					const float t179 = v_t1[((t24 + 2) * 64) + t166];
					const f32x16 t180 = f32x16_splat(t179);
					const f32x16 t181 = v_r3_4;
					const f32x16 t182 = f32x16_fma(t180, t160, t181);
					v_r3_4 = t182;
					const f32x16 t183 = v_r3_5;
					const f32x16 t184 = f32x16_fma(t180, t164, t183);
					v_r3_5 = t184;
					const float t185 = v_t1[((t24 + 3) * 64) + t166];
					const f32x16 t186 = f32x16_splat(t185);
					const f32x16 t187 = v_r3_6;
					const f32x16 t188 = f32x16_fma(t186, t160, t187);
					v_r3_6 = t188;
					const f32x16 t189 = v_r3_7;
					const f32x16 t190 = f32x16_fma(t186, t164, t189);
					v_r3_7 = t190;
					const float t191 = v_t1[((t24 + 4) * 64) + t166];
					const f32x16 t192 = f32x16_splat(t191);
					const f32x16 t193 = v_r3_8;
					const f32x16 t194 = f32x16_fma(t192, t160, t193);
					v_r3_8 = t194;
					const f32x16 t195 = v_r3_9;
					const f32x16 t196 = f32x16_fma(t192, t164, t195);
					v_r3_9 = t196;
					const float t197 = v_t1[((t24 + 5) * 64) + t166];
					const f32x16 t198 = f32x16_splat(t197);
					const f32x16 t199 = v_r3_10;
					const f32x16 t200 = f32x16_fma(t198, t160, t199);
					v_r3_10 = t200;
					const f32x16 t201 = v_r3_11;
					const f32x16 t202 = f32x16_fma(t198, t164, t201);
					v_r3_11 = t202;
					const float t203 = v_t1[((t24 + 6) * 64) + t166];
					const f32x16 t204 = f32x16_splat(t203);
					const f32x16 t205 = v_r3_12;
					const f32x16 t206 = f32x16_fma(t204, t160, t205);
					v_r3_12 = t206;
					const f32x16 t207 = v_r3_13;
					const f32x16 t208 = f32x16_fma(t204, t164, t207);
					v_r3_13 = t208;
					const float t209 = v_t1[((t24 + 7) * 64) + t166];
					const f32x16 t210 = f32x16_splat(t209);
					const f32x16 t211 = v_r3_14;
					const f32x16 t212 = f32x16_fma(t210, t160, t211);
					v_r3_14 = t212;
					const f32x16 t213 = v_r3_15;
					const f32x16 t214 = f32x16_fma(t210, t164, t213);
					v_r3_15 = t214;
					const u32x16 t215 = u32x16_splat(12);
					const u32x16 t216 = t43 >> t215;
					static const float t218[16] = {0.0f, 1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f, 7.0f, (-8.0f), (-7.0f), (-6.0f), (-5.0f), (-4.0f), (-3.0f), (-2.0f), (-1.0f)};
					const f32x16 t217 = f32x16_lookup16(t218, t216);
					const u32x16 t219 = u32x16_splat(12);
					const u32x16 t220 = t46 >> t219;
					static const float t222[16] = {0.0f, 1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f, 7.0f, (-8.0f), (-7.0f), (-6.0f), (-5.0f), (-4.0f), (-3.0f), (-2.0f), (-1.0f)};
					const f32x16 t221 = f32x16_lookup16(t222, t220);
					const int32_t t223 = (i41 * 8) + 3;
					const float t224 = v_t1[(t24 * 64) + t223];
					const f32x16 t225 = f32x16_splat(t224);
					const f32x16 t226 = v_r3_0;
					const f32x16 t227 = f32x16_fma(t225, t217, t226);
					v_r3_0 = t227;
					const f32x16 t228 = v_r3_1;
					const f32x16 t229 = f32x16_fma(t225, t221, t228);
					v_r3_1 = t229;
					const float t230 = v_t1[((t24 + 1) * 64) + t223];
					const f32x16 t231 = f32x16_splat(t230);
					const f32x16 t232 = v_r3_2;
					const f32x16 t233 = f32x16_fma(t231, t217, t232);
					v_r3_2 = t233;
					const f32x16 t234 = v_r3_3;
					const f32x16 t235 = f32x16_fma(t231, t221, t234);
					v_r3_3 = t235;
					const float t236 = v_t1[((t24 + 2) * 64) + t223];
					const f32x16 t237 = f32x16_splat(t236);
					const f32x16 t238 = v_r3_4;
					const f32x16 t239 = f32x16_fma(t237, t217, t238);
					v_r3_4 = t239;
					const f32x16 t240 = v_r3_5;
					const f32x16 t241 = f32x16_fma(t237, t221, t240);
					v_r3_5 = t241;
					const float t242 = v_t1[((t24 + 3) * 64) + t223];
					const f32x16 t243 = f32x16_splat(t242);
					const f32x16 t244 = v_r3_6;
					const f32x16 t245 = f32x16_fma(t243, t217, t244);
					v_r3_6 = t245;
					const f32x16 t246 = v_r3_7;
					const f32x16 t247 = f32x16_fma(t243, t221, t246);
					v_r3_7 = t247;
					const float t248 = v_t1[((t24 + 4) * 64) + t223];
					const f32x16 t249 = f32x16_splat(t248);
					const f32x16 t250 = v_r3_8;
					const f32x16 t251 = f32x16_fma(t249, t217, t250);
					v_r3_8 = t251;
					const f32x16 t252 = v_r3_9;
					const f32x16 t253 = f32x16_fma(t249, t221, t252);
					v_r3_9 = t253;
					const float t254 = v_t1[((t24 + 5) * 64) + t223];
					const f32x16 t255 = f32x16_splat(t254);
					const f32x16 t256 = v_r3_10;
					const f32x16 t257 = f32x16_fma(t255, t217, t256);
					v_r3_10 = t257;
					const f32x16 t258 = v_r3_11;
					const f32x16 t259 = f32x16_fma(t255, t221, t258);
					v_r3_11 = t259;
					const float t260 = v_t1[((t24 + 6) * 64) + t223];
					const f32x16 t261 = f32x16_splat(t260);
					const f32x16 t262 = v_r3_12;
					const f32x16 t263 = f32x16_fma(t261, t217, t262);
					v_r3_12 = t263;
					const f32x16 t264 = v_r3_13;
					const f32x16 t265 = f32x16_fma(t261, t221, t264);
					v_r3_13 = t265;
					const float t266 = v_t1[((t24 + 7) * 64) + t223];
					const f32x16 t267 = f32x16_splat(t266);
					const f32x16 t268 = v_r3_14;
					const f32x16 t269 = f32x16_fma(t267, t217, t268);
					v_r3_14 = t269;
					const f32x16 t270 = v_r3_15;
					const f32x16 t271 = f32x16_fma(t267, t221, t270);
					v_r3_15 = t271;
					const u32x16 t272 = u32x16_splat(16);
					const u32x16 t273 = t43 >> t272;
					static const float t275[16] = {0.0f, 1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f, 7.0f, (-8.0f), (-7.0f), (-6.0f), (-5.0f), (-4.0f), (-3.0f), (-2.0f), (-1.0f)};
					const f32x16 t274 = f32x16_lookup16(t275, t273);
					const u32x16 t276 = u32x16_splat(16);
					const u32x16 t277 = t46 >> t276;
					static const float t279[16] = {0.0f, 1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f, 7.0f, (-8.0f), (-7.0f), (-6.0f), (-5.0f), (-4.0f), (-3.0f), (-2.0f), (-1.0f)};
					const f32x16 t278 = f32x16_lookup16(t279, t277);
					const int32_t t280 = (i41 * 8) + 4;
					const float t281 = v_t1[(t24 * 64) + t280];
					const f32x16 t282 = f32x16_splat(t281);
					const f32x16 t283 = v_r3_0;
					const f32x16 t284 = f32x16_fma(t282, t274, t283);
					v_r3_0 = t284;
					const f32x16 t285 = v_r3_1;
					const f32x16 t286 = f32x16_fma(t282, t278, t285);
					v_r3_1 = t286;
					const float t287 = v_t1[((t24 + 1) * 64) + t280];
					const f32x16 t288 = f32x16_splat(t287);
					const f32x16 t289 = v_r3_2;
					const f32x16 t290 = f32x16_fma(t288, t274, t289);
					v_r3_2 = t290;
					const f32x16 t291 = v_r3_3;
					const f32x16 t292 = f32x16_fma(t288, t278, t291);
					v_r3_3 = t292;
					const float t293 = v_t1[((t24 + 2) * 64) + t280];
					const f32x16 t294 = f32x16_splat(t293);
					const f32x16 t295 = v_r3_4;
					const f32x16 t296 = f32x16_fma(t294, t274, t295);
					v_r3_4 = t296;
					const f32x16 t297 = v_r3_5;
					const f32x16 t298 = f32x16_fma(t294, t278, t297);
					v_r3_5 = t298;
					const float t299 = v_t1[((t24 + 3) * 64) + t280];
					const f32x16 t300 = f32x16_splat(t299);
					const f32x16 t301 = v_r3_6;
					const f32x16 t302 = f32x16_fma(t300, t274, t301);
					v_r3_6 = t302;
					const f32x16 t303 = v_r3_7;
					const f32x16 t304 = f32x16_fma(t300, t278, t303);
					v_r3_7 = t304;
					const float t305 = v_t1[((t24 + 4) * 64) + t280];
					const f32x16 t306 = f32x16_splat(t305);
					const f32x16 t307 = v_r3_8;
					const f32x16 t308 = f32x16_fma(t306, t274, t307);
					v_r3_8 = t308;
					const f32x16 t309 = v_r3_9;
					const f32x16 t310 = f32x16_fma(t306, t278, t309);
					v_r3_9 = t310;
					const float t311 = v_t1[((t24 + 5) * 64) + t280];
					const f32x16 t312 = f32x16_splat(t311);
					const f32x16 t313 = v_r3_10;
					const f32x16 t314 = f32x16_fma(t312, t274, t313);
					v_r3_10 = t314;
					const f32x16 t315 = v_r3_11;
					const f32x16 t316 = f32x16_fma(t312, t278, t315);
					v_r3_11 = t316;
					const float t317 = v_t1[((t24 + 6) * 64) + t280];
					const f32x16 t318 = f32x16_splat(t317);
					const f32x16 t319 = v_r3_12;
					const f32x16 t320 = f32x16_fma(t318, t274, t319);
					v_r3_12 = t320;
					const f32x16 t321 = v_r3_13;
					const f32x16 t322 = f32x16_fma(t318, t278, t321);
					v_r3_13 = t322;
					const float t323 = v_t1[((t24 + 7) * 64) + t280];
					const f32x16 t324 = f32x16_splat(t323);
					const f32x16 t325 = v_r3_14;
					const f32x16 t326 = f32x16_fma(t324, t274, t325);
					v_r3_14 = t326;
					const f32x16 t327 = v_r3_15;
					const f32x16 t328 = f32x16_fma(t324, t278, t327);
					v_r3_15 = t328;
					const u32x16 t329 = u32x16_splat(20);
					const u32x16 t330 = t43 >> t329;
					static const float t332[16] = {0.0f, 1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f, 7.0f, (-8.0f), (-7.0f), (-6.0f), (-5.0f), (-4.0f), (-3.0f), (-2.0f), (-1.0f)};
					const f32x16 t331 = f32x16_lookup16(t332, t330);
					const u32x16 t333 = u32x16_splat(20);
					const u32x16 t334 = t46 >> t333;
					static const float t336[16] = {0.0f, 1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f, 7.0f, (-8.0f), (-7.0f), (-6.0f), (-5.0f), (-4.0f), (-3.0f), (-2.0f), (-1.0f)};
					const f32x16 t335 = f32x16_lookup16(t336, t334);
					const int32_t t337 = (i41 * 8) + 5;
					const float t338 = v_t1[(t24 * 64) + t337];
					const f32x16 t339 = f32x16_splat(t338);
					const f32x16 t340 = v_r3_0;
					const f32x16 t341 = f32x16_fma(t339, t331, t340);
					v_r3_0 = t341;
					const f32x16 t342 = v_r3_1;
					const f32x16 t343 = f32x16_fma(t339, t335, t342);
					v_r3_1 = t343;
					const float t344 = v_t1[((t24 + 1) * 64) + t337];
					const f32x16 t345 = f32x16_splat(t344);
					const f32x16 t346 = v_r3_2;
					const f32x16 t347 = f32x16_fma(t345, t331, t346);
					v_r3_2 = t347;
					const f32x16 t348 = v_r3_3;
					const f32x16 t349 = f32x16_fma(t345, t335, t348);
					v_r3_3 = t349;
					const float t350 = v_t1[((t24 + 2) * 64) + t337];
					const f32x16 t351 = f32x16_splat(t350);
					const f32x16 t352 = v_r3_4;
					const f32x16 t353 = f32x16_fma(t351, t331, t352);
					v_r3_4 = t353;
					const f32x16 t354 = v_r3_5;
					const f32x16 t355 = f32x16_fma(t351, t335, t354);
					v_r3_5 = t355;
					const float t356 = v_t1[((t24 + 3) * 64) + t337];
					const f32x16 t357 = f32x16_splat(t356);
					const f32x16 t358 = v_r3_6;
					const f32x16 t359 = f32x16_fma(t357, t331, t358);
					v_r3_6 = t359;
					const f32x16 t360 = v_r3_7;
					const f32x16 t361 = f32x16_fma(t357, t335, t360);
					v_r3_7 = t361;
					const float t362 = v_t1[((t24 + 4) * 64) + t337];
					const f32x16 t363 = f32x16_splat(t362);
					const f32x16 t364 = v_r3_8;
					const f32x16 t365 = f32x16_fma(t363, t331, t364);
					v_r3_8 = t365;
					const f32x16 t366 = v_r3_9;
					const f32x16 t367 = f32x16_fma(t363, t335, t366);
					v_r3_9 = t367;
					const float t368 = v_t1[((t24 + 5) * 64) + t337];
					const f32x16 t369 = f32x16_splat(t368);
					const f32x16 t370 = v_r3_10;
					const f32x16 t371 = f32x16_fma(t369, t331, t370);
					v_r3_10 = t371;
					const f32x16 t372 = v_r3_11;
					const f32x16 t373 = f32x16_fma(t369, t335, t372);
					v_r3_11 = t373;
					const float t374 = v_t1[((t24 + 6) * 64) + t337];
					const f32x16 t375 = f32x16_splat(t374);
					const f32x16 t376 = v_r3_12;
					const f32x16 t377 = f32x16_fma(t375, t331, t376);
					v_r3_12 = t377;
					const f32x16 t378 = v_r3_13;
					const f32x16 t379 = f32x16_fma(t375, t335, t378);
					v_r3_13 = t379;
					const float t380 = v_t1[((t24 + 7) * 64) + t337];
					const f32x16 t381 = f32x16_splat(t380);
					const f32x16 t382 = v_r3_14;
					const f32x16 t383 = f32x16_fma(t381, t331, t382);
					v_r3_14 = t383;
					const f32x16 t384 = v_r3_15;
					const f32x16 t385 = f32x16_fma(t381, t335, t384);
					v_r3_15 = t385;
					const u32x16 t386 = u32x16_splat(24);
					const u32x16 t387 = t43 >> t386;
					static const float t389[16] = {0.0f, 1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f, 7.0f, (-8.0f), (-7.0f), (-6.0f), (-5.0f), (-4.0f), (-3.0f), (-2.0f), (-1.0f)};
					const f32x16 t388 = f32x16_lookup16(t389, t387);
					const u32x16 t390 = u32x16_splat(24);
					const u32x16 t391 = t46 >> t390;
					static const float t393[16] = {0.0f, 1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f, 7.0f, (-8.0f), (-7.0f), (-6.0f), (-5.0f), (-4.0f), (-3.0f), (-2.0f), (-1.0f)};
					const f32x16 t392 = f32x16_lookup16(t393, t391);
					const int32_t t394 = (i41 * 8) + 6;
					const float t395 = v_t1[(t24 * 64) + t394];
					const f32x16 t396 = f32x16_splat(t395);
					const f32x16 t397 = v_r3_0;
					const f32x16 t398 = f32x16_fma(t396, t388, t397);
					v_r3_0 = t398;
					const f32x16 t399 = v_r3_1;
					const f32x16 t400 = f32x16_fma(t396, t392, t399);
					v_r3_1 = t400;
					const float t401 = v_t1[((t24 + 1) * 64) + t394];
					const f32x16 t402 = f32x16_splat(t401);
					const f32x16 t403 = v_r3_2;
					const f32x16 t404 = f32x16_fma(t402, t388, t403);
					v_r3_2 = t404;
					const f32x16 t405 = v_r3_3;
					const f32x16 t406 = f32x16_fma(t402, t392, t405);
					v_r3_3 = t406;
					const float t407 = v_t1[((t24 + 2) * 64) + t394];
					const f32x16 t408 = f32x16_splat(t407);
					const f32x16 t409 = v_r3_4;
					const f32x16 t410 = f32x16_fma(t408, t388, t409);
					v_r3_4 = t410;
					const f32x16 t411 = v_r3_5;
					const f32x16 t412 = f32x16_fma(t408, t392, t411);
					v_r3_5 = t412;
					const float t413 = v_t1[((t24 + 3) * 64) + t394];
					const f32x16 t414 = f32x16_splat(t413);
					const f32x16 t415 = v_r3_6;
					const f32x16 t416 = f32x16_fma(t414, t388, t415);
					v_r3_6 = t416;
					const f32x16 t417 = v_r3_7;
					const f32x16 t418 = f32x16_fma(t414, t392, t417);
					v_r3_7 = t418;
					const float t419 = v_t1[((t24 + 4) * 64) + t394];
					const f32x16 t420 = f32x16_splat(t419);
					const f32x16 t421 = v_r3_8;
					const f32x16 t422 = f32x16_fma(t420, t388, t421);
					v_r3_8 = t422;
					const f32x16 t423 = v_r3_9;
					const f32x16 t424 = f32x16_fma(t420, t392, t423);
					v_r3_9 = t424;
					const float t425 = v_t1[((t24 + 5) * 64) + t394];
					const f32x16 t426 = f32x16_splat(t425);
					const f32x16 t427 = v_r3_10;
					const f32x16 t428 = f32x16_fma(t426, t388, t427);
					v_r3_10 = t428;
					const f32x16 t429 = v_r3_11;
					const f32x16 t430 = f32x16_fma(t426, t392, t429);
					v_r3_11 = t430;
					const float t431 = v_t1[((t24 + 6) * 64) + t394];
					const f32x16 t432 = f32x16_splat(t431);
					const f32x16 t433 = v_r3_12;
					const f32x16 t434 = f32x16_fma(t432, t388, t433);
					v_r3_12 = t434;
					const f32x16 t435 = v_r3_13;
					const f32x16 t436 = f32x16_fma(t432, t392, t435);
					v_r3_13 = t436;
					const float t437 = v_t1[((t24 + 7) * 64) + t394];
					const f32x16 t438 = f32x16_splat(t437);
					const f32x16 t439 = v_r3_14;
					const f32x16 t440 = f32x16_fma(t438, t388, t439);
					v_r3_14 = t440;
					const f32x16 t441 = v_r3_15;
					const f32x16 t442 = f32x16_fma(t438, t392, t441);
					v_r3_15 = t442;
					const u32x16 t443 = u32x16_splat(28);
					const u32x16 t444 = t43 >> t443;
					static const float t446[16] = {0.0f, 1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f, 7.0f, (-8.0f), (-7.0f), (-6.0f), (-5.0f), (-4.0f), (-3.0f), (-2.0f), (-1.0f)};
					const f32x16 t445 = f32x16_lookup16(t446, t444);
					const u32x16 t447 = u32x16_splat(28);
					const u32x16 t448 = t46 >> t447;
					static const float t450[16] = {0.0f, 1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f, 7.0f, (-8.0f), (-7.0f), (-6.0f), (-5.0f), (-4.0f), (-3.0f), (-2.0f), (-1.0f)};
					const f32x16 t449 = f32x16_lookup16(t450, t448);
					const int32_t t451 = (i41 * 8) + 7;
					const float t452 = v_t1[(t24 * 64) + t451];
					const f32x16 t453 = f32x16_splat(t452);
					const f32x16 t454 = v_r3_0;
					const f32x16 t455 = f32x16_fma(t453, t445, t454);
					v_r3_0 = t455;
					const f32x16 t456 = v_r3_1;
					const f32x16 t457 = f32x16_fma(t453, t449, t456);
					v_r3_1 = t457;
					const float t458 = v_t1[((t24 + 1) * 64) + t451];
					const f32x16 t459 = f32x16_splat(t458);
					const f32x16 t460 = v_r3_2;
					const f32x16 t461 = f32x16_fma(t459, t445, t460);
					v_r3_2 = t461;
					const f32x16 t462 = v_r3_3;
					const f32x16 t463 = f32x16_fma(t459, t449, t462);
					v_r3_3 = t463;
					const float t464 = v_t1[((t24 + 2) * 64) + t451];
					const f32x16 t465 = f32x16_splat(t464);
					const f32x16 t466 = v_r3_4;
					const f32x16 t467 = f32x16_fma(t465, t445, t466);
					v_r3_4 = t467;
					const f32x16 t468 = v_r3_5;
					const f32x16 t469 = f32x16_fma(t465, t449, t468);
					v_r3_5 = t469;
					const float t470 = v_t1[((t24 + 3) * 64) + t451];
					const f32x16 t471 = f32x16_splat(t470);
					const f32x16 t472 = v_r3_6;
					const f32x16 t473 = f32x16_fma(t471, t445, t472);
					v_r3_6 = t473;
					const f32x16 t474 = v_r3_7;
					const f32x16 t475 = f32x16_fma(t471, t449, t474);
					v_r3_7 = t475;
					const float t476 = v_t1[((t24 + 4) * 64) + t451];
					const f32x16 t477 = f32x16_splat(t476);
					const f32x16 t478 = v_r3_8;
					const f32x16 t479 = f32x16_fma(t477, t445, t478);
					v_r3_8 = t479;
					const f32x16 t480 = v_r3_9;
					const f32x16 t481 = f32x16_fma(t477, t449, t480);
					v_r3_9 = t481;
					const float t482 = v_t1[((t24 + 5) * 64) + t451];
					const f32x16 t483 = f32x16_splat(t482);
					const f32x16 t484 = v_r3_10;
					const f32x16 t485 = f32x16_fma(t483, t445, t484);
					v_r3_10 = t485;
					const f32x16 t486 = v_r3_11;
					const f32x16 t487 = f32x16_fma(t483, t449, t486);
					v_r3_11 = t487;
					const float t488 = v_t1[((t24 + 6) * 64) + t451];
					const f32x16 t489 = f32x16_splat(t488);
					const f32x16 t490 = v_r3_12;
					const f32x16 t491 = f32x16_fma(t489, t445, t490);
					v_r3_12 = t491;
					const f32x16 t492 = v_r3_13;
					const f32x16 t493 = f32x16_fma(t489, t449, t492);
					v_r3_13 = t493;
					const float t494 = v_t1[((t24 + 7) * 64) + t451];
					const f32x16 t495 = f32x16_splat(t494);
					const f32x16 t496 = v_r3_14;
					const f32x16 t497 = f32x16_fma(t495, t445, t496);
					v_r3_14 = t497;
					const f32x16 t498 = v_r3_15;
					const f32x16 t499 = f32x16_fma(t495, t449, t498);
					v_r3_15 = t499;
				}
				const f32x16 t500 = v_r3_0;
				const int32_t t501 = (t24 * 64) + (i22 * 32);
				*(mem_f32x16 *)(v_acc2 + t501) = t500;
				const f32x16 t502 = v_r3_1;
				const int32_t t503 = ((t24 * 64) + (i22 * 32)) + 16;
				*(mem_f32x16 *)(v_acc2 + t503) = t502;
				const f32x16 t504 = v_r3_2;
				const int32_t t505 = ((t24 + 1) * 64) + (i22 * 32);
				*(mem_f32x16 *)(v_acc2 + t505) = t504;
				const f32x16 t506 = v_r3_3;
				const int32_t t507 = (((t24 + 1) * 64) + (i22 * 32)) + 16;
				*(mem_f32x16 *)(v_acc2 + t507) = t506;
				const f32x16 t508 = v_r3_4;
				const int32_t t509 = ((t24 + 2) * 64) + (i22 * 32);
				*(mem_f32x16 *)(v_acc2 + t509) = t508;
				const f32x16 t510 = v_r3_5;
				const int32_t t511 = (((t24 + 2) * 64) + (i22 * 32)) + 16;
				*(mem_f32x16 *)(v_acc2 + t511) = t510;
				const f32x16 t512 = v_r3_6;
				const int32_t t513 = ((t24 + 3) * 64) + (i22 * 32);
				*(mem_f32x16 *)(v_acc2 + t513) = t512;
				const f32x16 t514 = v_r3_7;
				const int32_t t515 = (((t24 + 3) * 64) + (i22 * 32)) + 16;
				*(mem_f32x16 *)(v_acc2 + t515) = t514;
				const f32x16 t516 = v_r3_8;
				const int32_t t517 = ((t24 + 4) * 64) + (i22 * 32);
				*(mem_f32x16 *)(v_acc2 + t517) = t516;
				const f32x16 t518 = v_r3_9;
				const int32_t t519 = (((t24 + 4) * 64) + (i22 * 32)) + 16;
				*(mem_f32x16 *)(v_acc2 + t519) = t518;
				const f32x16 t520 = v_r3_10;
				const int32_t t521 = ((t24 + 5) * 64) + (i22 * 32);
				*(mem_f32x16 *)(v_acc2 + t521) = t520;
				const f32x16 t522 = v_r3_11;
				const int32_t t523 = (((t24 + 5) * 64) + (i22 * 32)) + 16;
				*(mem_f32x16 *)(v_acc2 + t523) = t522;
				const f32x16 t524 = v_r3_12;
				const int32_t t525 = ((t24 + 6) * 64) + (i22 * 32);
				*(mem_f32x16 *)(v_acc2 + t525) = t524;
				const f32x16 t526 = v_r3_13;
				const int32_t t527 = (((t24 + 6) * 64) + (i22 * 32)) + 16;
				*(mem_f32x16 *)(v_acc2 + t527) = t526;
				const f32x16 t528 = v_r3_14;
				const int32_t t529 = ((t24 + 7) * 64) + (i22 * 32);
				*(mem_f32x16 *)(v_acc2 + t529) = t528;
				const f32x16 t530 = v_r3_15;
				const int32_t t531 = (((t24 + 7) * 64) + (i22 * 32)) + 16;
				*(mem_f32x16 *)(v_acc2 + t531) = t530;
			}
		}
		if ((int64_t)t7 >= 0 && 63ll + t7 < (int64_t)t2) { // nothing to clip
			for (int32_t i532 = 0; i532 < 64; i532++) {
				v_t4[i532] = f16_float(*(const mem_f16 *)(t15 + ((int64_t)i532 * 2ll)));
			}
		} else {
			for (int32_t i533 = 0; i533 < 64; i533++) {
				const f16 t534 = ((uint32_t)(int32_t)((uint32_t)t7 + (uint32_t)i533) < (uint32_t)t2) ? *(const mem_f16 *)(t15 + ((int64_t)i533 * 2ll)) : f16_of(0.0f);
				v_t4[i533] = f16_float(t534);
			}
		}
		for (int32_t i535 = 0; i535 < 16; i535++) {
			for (int32_t i536 = 0; i536 < 64; i536++) {
				v_c0[i536 + (i535 * 64)] = __builtin_fmaf(v_acc2[i536 + (i535 * 64)], v_t4[i536], v_c0[i536 + (i535 * 64)]);
			}
		}
	}
	char *const t537 = p3_y + (int64_t)((uint64_t)(int64_t)((uint64_t)((int64_t)t6 * t5) + (uint64_t)(int64_t)t7) * (uint64_t)2ll);
	if ((int64_t)t6 >= 0 && (int64_t)t7 >= 0 && 15ll + t6 < (int64_t)t0 && 63ll + t7 < (int64_t)t2) { // nothing to clip
		for (int32_t i538 = 0; i538 < 16; i538++) {
			for (int32_t i539 = 0; i539 < 64; i539++) {
				*(mem_f16 *)(t537 + ((((int64_t)i538 * t5) + (int64_t)i539) * 2ll)) = f16_of(v_c0[i539 + (i538 * 64)]);
			}
		}
	} else {
		for (int32_t i540 = 0; i540 < 16; i540++) {
			if ((int64_t)t6 + i540 < (int64_t)t0 && (int64_t)t6 + i540 >= 0 && (int64_t)t7 >= 0 && 63ll + t7 < (int64_t)t2) { // nothing to clip
				for (int32_t i541 = 0; i541 < 64; i541++) {
					*(mem_f16 *)(t537 + ((((int64_t)i540 * t5) + (int64_t)i541) * 2ll)) = f16_of(v_c0[i541 + (i540 * 64)]);
				}
			} else {
				for (int32_t i542 = 0; i542 < 64; i542++) {
					const bool t543 = ((uint32_t)(int32_t)((uint32_t)t6 + (uint32_t)i540) < (uint32_t)t0) & ((uint32_t)(int32_t)((uint32_t)t7 + (uint32_t)i542) < (uint32_t)t2);
					if (t543)
						*(mem_f16 *)(t537 + ((((int64_t)i540 * t5) + (int64_t)i542) * 2ll)) = f16_of(v_c0[i542 + (i540 * 64)]);
				}
			}
		}
	}
	return 0;
}

int32_t Linear(void **args, const int64_t grid[6], void *scratch)
{
	(void)args, (void)scratch;
	int64_t *const next = (int64_t *)(intptr_t)grid[5];
	const int64_t total = grid[0] * grid[1] * grid[2], step = grid[4] - grid[3];
	for (int64_t first = grid[3], end = grid[4]; first < end;) {
		int64_t x = first % grid[0], y = first / grid[0] % grid[1], z = first / grid[0] / grid[1];
		for (int64_t n = first; n < end; n++) {
			const int32_t error = Linear_block(*(char **)args[0], *(char **)args[1], *(char **)args[2], *(char **)args[3], *(const int64_t *)args[4], *(const int64_t *)args[5], *(const int64_t *)args[6], x, y, z);
			if (error)
				return error;
			if (++x == grid[0]) {
				x = 0;
				if (++y == grid[1]) {
					y = 0;
					z++;
				}
			}
		}
		if (!next)
			break;
		first = __atomic_fetch_add(next, step, __ATOMIC_RELAXED);
		end = first + step < total ? first + step : total;
	}
	return 0;
}
