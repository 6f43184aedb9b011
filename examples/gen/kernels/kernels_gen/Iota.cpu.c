// Kernel Iota as C11, made by girih. Compile for running with
// cc -O3 -march=native -std=c11 -fPIC -shared -ffp-contract=off -fno-math-errno -fno-trapping-math FILE.c -lm
//
// int32_t Iota(void **args, const int64_t grid[6], void *scratch)
// runs the blocks grid[3] <= n < grid[4] of a grid of grid[0] x grid[1] x grid[2], and then, where grid[5] is the address of
// an int64_t, as many again from there on, again and again until none is left. scratch has Iota_scratch bytes
// aligned to 64. args[i] points to the value of parameter i:
//   0 start: f32
//   1 y: address of a result
//   2 N: i64
#include <stdbool.h>
#include <stdint.h>

typedef float __attribute__((may_alias)) mem_f32;
const int64_t Iota_scratch = 0;

// One block of the kernel: the one at (b0, b1, b2) of the grid.
static __attribute__((noinline)) int32_t Iota_block(const float p0_start, char *restrict p1_y, const int64_t p2_N, const int32_t b0, const int32_t b1, const int32_t b2)
{
	const int32_t t0 = (int32_t)p2_N;
	const int32_t t1 = (int32_t)((uint32_t)b0 * (uint32_t)128);
	char *const t2 = p1_y + ((int64_t)t1 * 4ll);
	if ((int64_t)t1 >= 0 && 127ll + t1 < (int64_t)t0) { // nothing to clip
		for (int32_t i3 = 0; i3 < 128; i3++) {
			*(mem_f32 *)(t2 + ((int64_t)i3 * 4ll)) = (float)i3 + p0_start;
		}
	} else {
		for (int32_t i4 = 0; i4 < 128; i4++) {
			if ((uint32_t)(int32_t)((uint32_t)t1 + (uint32_t)i4) < (uint32_t)t0)
				*(mem_f32 *)(t2 + ((int64_t)i4 * 4ll)) = (float)i4 + p0_start;
		}
	}
	return 0;
}

int32_t Iota(void **args, const int64_t grid[6], void *scratch)
{
	(void)args, (void)scratch;
	int64_t *const next = (int64_t *)(intptr_t)grid[5];
	const int64_t total = grid[0] * grid[1] * grid[2], step = grid[4] - grid[3];
	for (int64_t first = grid[3], end = grid[4]; first < end;) {
		int64_t x = first % grid[0], y = first / grid[0] % grid[1], z = first / grid[0] / grid[1];
		for (int64_t n = first; n < end; n++) {
			const int32_t error = Iota_block(*(const float *)args[0], *(char **)args[1], *(const int64_t *)args[2], x, y, z);
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
