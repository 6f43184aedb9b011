// Times the C code of a kernel on one core, in processor time, so that other work on the machine disturbs little:
//
//	core LIBRARY.so SYMBOL GRID_X GRID_Y WORK ARGUMENT...
//
// An argument bN is a tensor of N bytes, any other a dimension or scalar. WORK is bytes or operations: the rate printed is
// WORK over the best of 24 runs, in G/s. Built with -DBLAS and -lopenblas it times sgemm and sgemv instead.
#define _DEFAULT_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void *memory(size_t n)
{
	const size_t huge = 2 << 20, size = (n + huge) / huge * huge;
	uint32_t *p = aligned_alloc(huge, size);
	madvise(p, size, MADV_HUGEPAGE); // as the runtime does for packed weights
	for (size_t i = 0; i < n / 4; i++)
		p[i] = 0x3c003c00u ^ (uint32_t)(rand() & 0x03ff03ff);
	return p;
}

#ifdef BLAS
#include <cblas.h>

int main(void)
{
	const int n = 1024, m = 4096;
	float *a = memory(4 * n * n), *b = memory(4 * n * n), *c = memory(4 * n * n);
	float *w = memory(4l * m * m), *x = memory(4 * m), *y = memory(4 * m);
	double mm = 1e9, mv = 1e9;
	for (int i = 0; i < 24; i++) {
		double t = now();
		cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, a, n, b, n, 0, c, n);
		t = now() - t;
		mm = t < mm ? t : mm;
		t = now();
		cblas_sgemv(CblasRowMajor, CblasNoTrans, m, m, 1, w, m, x, 1, 0, y, 1);
		t = now() - t;
		mv = t < mv ? t : mv;
	}
	printf("sgemm %d: %.3f ms, %.1f GFLOP/s\nsgemv %d: %.3f ms, %.1f GB/s\n", n, mm * 1e3, 2e-9 * n * n * n / mm, m, mv * 1e3, 4e-9 * m * m / mv);
}
#else
#include <dlfcn.h>

int main(int argc, char **argv)
{
	void *lib = argc > 5 ? dlopen(argv[1], RTLD_NOW) : 0;
	if (!lib) {
		fprintf(stderr, "core: %s\n", argc > 5 ? dlerror() : "too few arguments");
		return 2;
	}
	char name[256];
	snprintf(name, sizeof name, "%s_scratch", argv[2]);
	int32_t (*run)(void **, const int64_t *, void *) = (int32_t (*)(void **, const int64_t *, void *))dlsym(lib, argv[2]);
	const int64_t *scratch = dlsym(lib, name);
	int64_t grid[6] = {atoll(argv[3]), atoll(argv[4]), 1, 0, atoll(argv[3]) * atoll(argv[4]), 0}, values[32];
	void *args[32];
	for (int i = 0; i < argc - 6 && i < 32; i++) {
		const char *s = argv[i + 6];
		values[i] = *s == 'b' ? (int64_t)memory(strtoull(s + 1, 0, 10)) : atoll(s);
		args[i] = &values[i];
	}
	void *m = memory((size_t)*scratch + 64);
	double best = 1e9;
	for (int i = 0; i < 24; i++) {
		double t = now();
		run(args, grid, m);
		t = now() - t;
		best = t < best ? t : best;
	}
	printf("%.3f ms, %.1f G/s\n", best * 1e3, atof(argv[5]) / best * 1e-9);
}
#endif
