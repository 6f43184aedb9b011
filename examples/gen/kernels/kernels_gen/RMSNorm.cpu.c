// Kernel RMSNorm as C11, made by girih. Compile for running with
// cc -O3 -march=native -std=c11 -fPIC -shared -ffp-contract=off -fno-math-errno -fno-trapping-math FILE.c -lm
//
// int32_t RMSNorm(void **args, const int64_t grid[6], void *scratch)
// runs the blocks grid[3] <= n < grid[4] of a grid of grid[0] x grid[1] x grid[2], and then, where grid[5] is the address of
// an int64_t, as many again from there on, again and again until none is left. scratch has RMSNorm_scratch bytes
// aligned to 64. args[i] points to the value of parameter i:
//   0 x: address of an input
//   1 g: address of an input
//   2 eps: f32
//   3 y: address of a result
//   4 M: i64
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

typedef float f32x16 __attribute__((vector_size(64)));
typedef float mem_f32x16 __attribute__((vector_size(64), aligned(1), may_alias));
ALWAYS f32x16 f32x16_splat(float x)
{
	return (f32x16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
}

const int64_t RMSNorm_scratch = 0;

// One block of the kernel: the one at (b0, b1, b2) of the grid.
static __attribute__((noinline)) int32_t RMSNorm_block(char *restrict p0_x, char *restrict p1_g, const float p2_eps, char *restrict p3_y, const int64_t p4_M, const int32_t b0, const int32_t b1, const int32_t b2)
{
	_Alignas(64) float v_t0[256];
	_Alignas(64) float v_sum1[1];
	f32x16 v_sum2_0, v_sum2_1, v_sum2_2, v_sum2_3;
	_Alignas(64) float v_part3[16];
	_Alignas(64) float v_chunk4[64];
	char *const t0 = p0_x + (((int64_t)b0 * 256ll) * 2ll);
	for (int32_t i1 = 0; i1 < 256; i1++) {
		v_t0[i1] = f16_float(*(const mem_f16 *)(t0 + ((int64_t)i1 * 2ll)));
	}
	const f32x16 t2 = f32x16_splat((-0.0f));
	v_sum2_0 = t2;
	const f32x16 t3 = f32x16_splat((-0.0f));
	v_sum2_1 = t3;
	const f32x16 t4 = f32x16_splat((-0.0f));
	v_sum2_2 = t4;
	const f32x16 t5 = f32x16_splat((-0.0f));
	v_sum2_3 = t5;
	for (int32_t i6 = 0; i6 < 4; i6++) {
		const int32_t t7 = i6 * 64;
		for (int32_t i8 = 0; i8 < 64; i8++) {
			const int32_t t9 = t7 + i8;
			v_chunk4[i8] = v_t0[t9] * v_t0[t9];
		}
		const f32x16 t10 = v_sum2_0;
		const f32x16 t11 = *(mem_f32x16 *)(v_chunk4 + 0);
		const f32x16 t12 = t10 + t11;
		v_sum2_0 = t12;
		const f32x16 t13 = v_sum2_1;
		const f32x16 t14 = *(mem_f32x16 *)(v_chunk4 + 16);
		const f32x16 t15 = t13 + t14;
		v_sum2_1 = t15;
		const f32x16 t16 = v_sum2_2;
		const f32x16 t17 = *(mem_f32x16 *)(v_chunk4 + 32);
		const f32x16 t18 = t16 + t17;
		v_sum2_2 = t18;
		const f32x16 t19 = v_sum2_3;
		const f32x16 t20 = *(mem_f32x16 *)(v_chunk4 + 48);
		const f32x16 t21 = t19 + t20;
		v_sum2_3 = t21;
	}
	const f32x16 t22 = v_sum2_0;
	const f32x16 t23 = v_sum2_1;
	const f32x16 t24 = t22 + t23;
	const f32x16 t25 = v_sum2_2;
	const f32x16 t26 = t24 + t25;
	const f32x16 t27 = v_sum2_3;
	const f32x16 t28 = t26 + t27;
	*(mem_f32x16 *)(v_part3 + 0) = t28;
	v_sum1[0] = -0.0f;
	for (int32_t i29 = 0; i29 < 16; i29++) {
		v_sum1[0] = v_sum1[0] + v_part3[i29];
	}
	const float t30 = 1.0f / __builtin_sqrtf((v_sum1[0] / 256.0f) + p2_eps);
	char *const t31 = p3_y + (((int64_t)b0 * 256ll) * 2ll);
	for (int32_t i32 = 0; i32 < 256; i32++) {
		*(mem_f16 *)(t31 + ((int64_t)i32 * 2ll)) = f16_of((v_t0[i32] * t30) * f16_float(*(const mem_f16 *)(p1_g + ((int64_t)i32 * 2ll))));
	}
	return 0;
}

int32_t RMSNorm(void **args, const int64_t grid[6], void *scratch)
{
	(void)args, (void)scratch;
	int64_t *const next = (int64_t *)(intptr_t)grid[5];
	const int64_t total = grid[0] * grid[1] * grid[2], step = grid[4] - grid[3];
	for (int64_t first = grid[3], end = grid[4]; first < end;) {
		int64_t x = first % grid[0], y = first / grid[0] % grid[1], z = first / grid[0] / grid[1];
		for (int64_t n = first; n < end; n++) {
			const int32_t error = RMSNorm_block(*(char **)args[0], *(char **)args[1], *(const float *)args[2], *(char **)args[3], *(const int64_t *)args[4], x, y, z);
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
