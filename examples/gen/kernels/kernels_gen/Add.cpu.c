// Kernel Add as C11, made by girih. Compile for running with
// cc -O3 -march=native -std=c11 -fPIC -shared -ffp-contract=off -fno-math-errno -fno-trapping-math FILE.c -lm
//
// int32_t Add(void **args, const int64_t grid[6], void *scratch)
// runs the blocks grid[3] <= n < grid[4] of a grid of grid[0] x grid[1] x grid[2], and then, where grid[5] is the address of
// an int64_t, as many again from there on, again and again until none is left. scratch has Add_scratch bytes
// aligned to 64. args[i] points to the value of parameter i:
//   0 a: address of an input
//   1 b: address of an input
//   2 c: address of a result
//   3 N: i64
#include <stdbool.h>
#include <stdint.h>

typedef float __attribute__((may_alias)) mem_f32;
const int64_t Add_scratch = 0;

// One block of the kernel: the one at (b0, b1, b2) of the grid.
static __attribute__((noinline)) int32_t Add_block(char *restrict p0_a, char *restrict p1_b, char *restrict p2_c, const int64_t p3_N, const int32_t b0, const int32_t b1, const int32_t b2)
{
	const int32_t t0 = (int32_t)p3_N;
	const int32_t t1 = (int32_t)((uint32_t)b0 * (uint32_t)256);
	char *const t2 = p0_a + ((int64_t)t1 * 4ll);
	char *const t3 = p1_b + ((int64_t)t1 * 4ll);
	char *const t4 = p2_c + ((int64_t)t1 * 4ll);
	if ((int64_t)t1 >= 0 && 255ll + t1 < (int64_t)t0) { // nothing to clip
		for (int32_t i5 = 0; i5 < 256; i5++) {
			*(mem_f32 *)(t4 + ((int64_t)i5 * 4ll)) = (*(const mem_f32 *)(t2 + ((int64_t)i5 * 4ll))) + (*(const mem_f32 *)(t3 + ((int64_t)i5 * 4ll)));
		}
	} else {
		for (int32_t i6 = 0; i6 < 256; i6++) {
			const float t7 = ((uint32_t)(int32_t)((uint32_t)t1 + (uint32_t)i6) < (uint32_t)t0) ? *(const mem_f32 *)(t2 + ((int64_t)i6 * 4ll)) : 0.0f;
			const float t8 = ((uint32_t)(int32_t)((uint32_t)t1 + (uint32_t)i6) < (uint32_t)t0) ? *(const mem_f32 *)(t3 + ((int64_t)i6 * 4ll)) : 0.0f;
			if ((uint32_t)(int32_t)((uint32_t)t1 + (uint32_t)i6) < (uint32_t)t0)
				*(mem_f32 *)(t4 + ((int64_t)i6 * 4ll)) = t7 + t8;
		}
	}
	return 0;
}

int32_t Add(void **args, const int64_t grid[6], void *scratch)
{
	(void)args, (void)scratch;
	int64_t *const next = (int64_t *)(intptr_t)grid[5];
	const int64_t total = grid[0] * grid[1] * grid[2], step = grid[4] - grid[3];
	for (int64_t first = grid[3], end = grid[4]; first < end;) {
		int64_t x = first % grid[0], y = first / grid[0] % grid[1], z = first / grid[0] / grid[1];
		for (int64_t n = first; n < end; n++) {
			const int32_t error = Add_block(*(char **)args[0], *(char **)args[1], *(char **)args[2], *(const int64_t *)args[3], x, y, z);
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
