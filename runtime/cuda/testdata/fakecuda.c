// A stand-in for libcuda.so.1 on a machine without a GPU: it keeps the rules that a caller can break (a context per
// thread, freed memory, captures) and runs the kernels of kernels.ptx by name on the host. One device, one module kind.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>

typedef int R;
enum { OK, INVALID = 1, OOM = 2, INVALID_DEVICE = 101, NO_CONTEXT = 201, BAD_PTX = 218, BAD_HANDLE = 400, NOT_FOUND = 500,
       ILLEGAL = 700, CAPTURE = 900 };
#define API __attribute__((visibility("default")))
#define CTX if (current != &context) return NO_CONTEXT

static int context;
static __thread void *current;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static R sticky; // the error of a kernel, reported by the next synchronisation

typedef struct Block { struct Block *next; char *p; size_t n; int host; } Block;
static Block *blocks;
static Block *find(uint64_t at) {
	Block *found = NULL;
	pthread_mutex_lock(&lock);
	for (Block *b = blocks; b && !found; b = b->next)
		if (at >= (uint64_t)b->p && at < (uint64_t)b->p + b->n) found = b;
	pthread_mutex_unlock(&lock);
	return found;
}
static R take(uint64_t *out, size_t n, int host) {
	if (n > (1ul << 34)) return OOM;
	Block *b = malloc(sizeof *b);
	b->p = aligned_alloc(256, (n + 255) / 256 * 256), b->n = n, b->host = host;
	memset(b->p, 0xcd, n);
	pthread_mutex_lock(&lock);
	b->next = blocks, blocks = b;
	pthread_mutex_unlock(&lock);
	*out = (uint64_t)b->p;
	return OK;
}
static R drop(uint64_t p) {
	R r = INVALID;
	pthread_mutex_lock(&lock);
	for (Block **b = &blocks; *b; b = &(*b)->next)
		if ((uint64_t)(*b)->p == p) { Block *g = *b; *b = g->next; free(g->p); free(g); r = OK; break; }
	pthread_mutex_unlock(&lock);
	return r;
}
static int inside(uint64_t p, size_t n) { Block *b = find(p); return b && p + n <= (uint64_t)b->p + b->n; }

API R cuInit(unsigned f) { return f; }
API R cuDriverGetVersion(int *v) { *v = 13000; return OK; }
API R cuGetErrorName(R r, const char **s) { *s = "CUDA_FAKE"; return OK; }
API R cuGetErrorString(R r, const char **s) {
	*s = r == OOM ? "out of memory" : r == NO_CONTEXT ? "invalid device context" : r == BAD_PTX ? "a PTX JIT compilation failed"
		: r == NOT_FOUND ? "named symbol not found" : r == ILLEGAL ? "an illegal memory access was encountered" : "invalid argument";
	return OK;
}
API R cuDeviceGetCount(int *n) { *n = 1; return OK; }
API R cuDeviceGet(int *d, int i) { *d = i; return i ? INVALID_DEVICE : OK; }
API R cuDeviceGetName(char *s, int n, int d) { snprintf(s, n, "Fake GPU"); return OK; }
API R cuDeviceGetAttribute(int *v, int a, int d) {
	switch (a) {
	case 1: *v = 1024; break;
	case 8: *v = 49152; break;
	case 97: *v = 232448; break;
	case 16: *v = 4; break;
	case 38: *v = 1 << 20; break;
	case 75: *v = 9; break;
	case 10: *v = 32; break;
	case 120: *v = 1; break;
	default: *v = 0;
	}
	return OK;
}
API R cuDeviceTotalMem_v2(size_t *n, int d) { *n = 1ul << 34; return OK; }
API R cuDevicePrimaryCtxRetain(void **c, int d) { *c = &context; return OK; }
API R cuDevicePrimaryCtxRelease_v2(int d) { return OK; }
API R cuCtxSetCurrent(void *c) { current = c; return OK; }
API R cuCtxSynchronize(void) { CTX; return sticky; }
API R cuMemGetInfo_v2(size_t *f, size_t *t) { CTX; *f = *t = 1ul << 34; return OK; }
API R cuMemAlloc_v2(uint64_t *p, size_t n) { CTX; return n ? take(p, n, 0) : INVALID; }
API R cuMemFree_v2(uint64_t p) { CTX; return drop(p); }
API R cuMemHostAlloc(uint64_t *p, size_t n, unsigned f) { CTX; return take(p, n, 1); }
API R cuMemFreeHost(uint64_t p) { CTX; return drop(p); }
API R cuPointerGetAttribute(void *v, int a, uint64_t p) {
	CTX;
	Block *b = find(p);
	if (!b) return INVALID;
	if (a == 2) *(int *)v = b->host ? 1 : 2;
	if (a == 9) *(int *)v = 0;
	if (a == 11) *(uint64_t *)v = (uint64_t)b->p;
	if (a == 12) *(uint64_t *)v = b->n;
	return OK;
}
API R cuMemcpyHtoD_v2(uint64_t d, void *s, size_t n) { CTX; if (!inside(d, n)) return INVALID; memcpy((void *)d, s, n); return OK; }
API R cuMemcpyDtoH_v2(void *d, uint64_t s, size_t n) { CTX; if (sticky) return sticky; if (!inside(s, n)) return INVALID; memcpy(d, (void *)s, n); return OK; }
API R cuMemcpyHtoDAsync_v2(uint64_t d, void *s, size_t n, void *st) { return cuMemcpyHtoD_v2(d, s, n); }
API R cuMemcpyDtoHAsync_v2(void *d, uint64_t s, size_t n, void *st) { return cuMemcpyDtoH_v2(d, s, n); }
API R cuMemcpyDtoDAsync_v2(uint64_t d, uint64_t s, size_t n, void *st) { CTX; memmove((void *)d, (void *)s, n); return OK; }
API R cuMemsetD8_v2(uint64_t d, unsigned char v, size_t n) { CTX; if (!inside(d, n)) return INVALID; memset((void *)d, v, n); return OK; }
API R cuMemsetD8Async(uint64_t d, unsigned char v, size_t n, void *st) { return cuMemsetD8_v2(d, v, n); }

// A link state remembers where the logs go, for as long as it lives.
typedef struct { uintptr_t *values; char *cubin; size_t n; } Link;
API R cuLinkCreate_v2(unsigned n, int *keys, uintptr_t *values, Link **out) {
	CTX;
	*out = calloc(1, sizeof(Link)), (*out)->values = values;
	return n == 5 && keys[0] == 3 && keys[2] == 5 ? OK : INVALID;
}
API R cuLinkAddData_v2(Link *l, int type, char *data, size_t n, char *name, unsigned no, void *k, void *v) {
	CTX;
	if (type != 1 || data[n - 1] != 0) return INVALID;
	if (!strstr(data, ".version")) {
		snprintf((char *)l->values[2], l->values[3], "ptxas %s, line 1; error   : Missing .version directive", name);
		return BAD_PTX;
	}
	l->cubin = malloc(n + 4), l->n = n + 4;
	memcpy(l->cubin, "\x7f" "ELF", 4), memcpy(l->cubin + 4, data, n);
	return OK;
}
API R cuLinkComplete(Link *l, void **p, size_t *n) {
	CTX;
	snprintf((char *)l->values[0], l->values[1], "ptxas info    : Used 12 registers\n");
	*p = l->cubin, *n = l->n;
	return OK;
}
API R cuLinkDestroy(Link *l) { CTX; l->values[1] = 18; free(l->cubin); free(l); return OK; }

static int optedIn;
enum { VADD = 1, SCALARS, SHARED, BLOB, ANY }; // ANY does nothing
static const char *names[] = {"", "vadd(", "scalars(", "shared(", "blob("};
API R cuModuleLoadDataEx(char **m, char *image, unsigned n, void *k, void *v) { CTX; optedIn = 0, *m = strdup(image + 4); return OK; }
API R cuModuleUnload(char *m) { CTX; free(m); return OK; }
API R cuModuleGetFunction(uintptr_t *f, char *m, const char *name) {
	CTX;
	char want[128];
	snprintf(want, sizeof want, ".entry %s(", name);
	if (!strstr(m, want)) return NOT_FOUND;
	for (int i = 1; i <= BLOB; i++)
		if (!strncmp(want + 7, names[i], strlen(names[i]))) { *f = i; return OK; }
	if (getenv("FAKECUDA_ANY")) { *f = ANY; return OK; } // for programs whose kernels are not these
	return NOT_FOUND;
}
API R cuFuncGetAttribute(int *v, int a, uintptr_t f) { CTX; *v = a == 0 ? 1024 : a == 4 ? 12 : a == 5 ? 80 : a == 6 ? 90 : 0; return OK; }
API R cuFuncSetAttribute(uintptr_t f, int a, int v) { CTX; if (a == 8) optedIn = v; return OK; }

typedef struct { uintptr_t f; unsigned grid[3], block[3]; uint64_t a[7]; uint64_t blob[16]; } Launch;
typedef struct { int capturing, n; Launch l[1024]; } Stream;
typedef struct { int n; Launch l[1024]; } Graph;

static void execute(Launch *l) {
	switch (l->f) {
	case VADD:
		for (int64_t i = 0; i < (int64_t)l->a[3] && i < (int64_t)l->grid[0] * l->block[0]; i++) {
			if (!inside(l->a[0] + i * 4, 4)) { sticky = ILLEGAL; return; }
			((float *)l->a[2])[i] = ((float *)l->a[0])[i] + ((float *)l->a[1])[i];
		}
		break;
	case SCALARS: {
		double *out = (double *)l->a[0];
		float e;
		memcpy(&e, &l->a[5], 4);
		out[0] = (int8_t)l->a[1], out[1] = (uint16_t)l->a[2], out[2] = (int32_t)l->a[3], out[3] = (int64_t)l->a[4], out[4] = e;
		memcpy(&out[5], &l->a[6], 8);
		break;
	}
	case SHARED:
		for (unsigned i = 0; i < l->grid[0]; i++) ((uint64_t *)l->a[0])[i] = l->a[2];
		break;
	case BLOB:
		((uint64_t *)l->a[0])[0] = l->blob[0], ((uint64_t *)l->a[0])[1] = l->blob[15];
	}
}
API R cuLaunchKernel(uintptr_t f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared,
	Stream *s, void **params, void **extra) {
	CTX;
	if (!gx || !gy || !gz || bx * by * bz == 0 || bx * by * bz > 1024 || extra) return INVALID;
	if (f != ANY && shared > 49152 && (int)shared > optedIn) return INVALID;
	static const int count[] = {0, 4, 7, 3, 1, 0};
	Launch l = {f, {gx, gy, gz}, {bx, by, bz}};
	for (int i = 0; i < count[f]; i++) memcpy(&l.a[i], params[i], 8);
	if (f == BLOB) {
		if ((uintptr_t)params[1] % 64) return INVALID;
		memcpy(l.blob, params[1], 128);
	}
	if (s && s->capturing) s->l[s->n++] = l;
	else execute(&l);
	return OK;
}
// The structures as cuda.h lays them out.
typedef struct { unsigned gx, gy, gz, bx, by, bz, shared; Stream *stream; struct Attr *attrs; unsigned n; } Config;
typedef struct Attr { int id; char pad[4]; union { char pad[64]; struct { unsigned x, y, z; } cluster; int flag; } value; } Attr;
API R cuLaunchKernelEx(Config *c, uintptr_t f, void **params, void **extra) {
	CTX;
	if (sizeof(Config) != 56 || sizeof(Attr) != 72) return INVALID;
	if (c->n == 1 && c->attrs[0].id == 6 && c->attrs[0].value.flag == 1)
		return cuLaunchKernel(f, c->gx, c->gy, c->gz, c->bx, c->by, c->bz, c->shared, c->stream, params, extra);
	if (c->n != 3) return INVALID;
	if (c->attrs[0].id != 4 || c->attrs[0].value.cluster.x != 2 || c->attrs[0].value.cluster.y != 1) return INVALID;
	if (c->attrs[1].id != 6 || c->attrs[1].value.flag != 1 || c->attrs[2].id != 2 || c->attrs[2].value.flag != 1) return INVALID;
	return cuLaunchKernel(f, c->gx, c->gy, c->gz, c->bx, c->by, c->bz, c->shared, c->stream, params, extra);
}
API R cuStreamCreate(Stream **s, unsigned f) { CTX; *s = calloc(1, sizeof(Stream)); return OK; }
API R cuStreamDestroy_v2(Stream *s) { CTX; free(s); return OK; }
API R cuStreamSynchronize(Stream *s) { CTX; return s && s->capturing ? CAPTURE : sticky; }
API R cuStreamWaitEvent(Stream *s, void *e, unsigned f) { CTX; return OK; }
static uint64_t ticks;
API R cuEventCreate(uint64_t **e, unsigned f) { CTX; *e = calloc(1, 8); return OK; }
API R cuEventDestroy_v2(uint64_t *e) { CTX; free(e); return OK; }
API R cuEventRecord(uint64_t *e, void *s) { CTX; *e = __sync_add_and_fetch(&ticks, 1); return OK; }
API R cuEventSynchronize(void *e) { CTX; return OK; }
API R cuEventElapsedTime(float *ms, uint64_t *a, uint64_t *b) { CTX; *ms = (*b - *a) * 0.01f; return OK; }
API R cuStreamBeginCapture_v2(Stream *s, int mode) { CTX; if (mode != 1 || s->capturing) return INVALID; s->capturing = 1, s->n = 0; return OK; }
API R cuStreamEndCapture(Stream *s, Graph **g) {
	CTX;
	if (!s->capturing) return INVALID;
	s->capturing = 0;
	*g = malloc(sizeof(Graph)), (*g)->n = s->n;
	memcpy((*g)->l, s->l, sizeof s->l);
	return OK;
}
API R cuGraphInstantiateWithFlags(Graph **e, Graph *g, unsigned long long f) { CTX; *e = malloc(sizeof(Graph)); **e = *g; return OK; }
API R cuGraphLaunch(Graph *e, void *s) { CTX; for (int i = 0; i < e->n; i++) execute(&e->l[i]); return OK; }
API R cuGraphExecDestroy(Graph *e) { CTX; free(e); return OK; }
API R cuGraphDestroy(Graph *g) { CTX; free(g); return OK; }
