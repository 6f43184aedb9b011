package main

import (
	"math"
	goruntime "runtime"
	"time"
	"unsafe"

	"github.com/girih-lang/girih/runtime/cpu"
)

// readText adds up memory in vectors: block b of the grid takes MiB number b. It has the calling convention of kernels.
const readText = `#include <stdint.h>

typedef uint64_t v __attribute__((vector_size(64), may_alias));
const int64_t Read_scratch = 0;

int32_t Read(void **args, const int64_t grid[6], void *scratch)
{
	(void)scratch;
	v s[4] = {{0}};
	for (int64_t b = grid[3]; b < grid[4]; b++) {
		const v *p = (const v *)(*(char **)args[0] + (b << 20));
		for (int64_t i = 0; i < 1 << 14; i += 4)
			for (int64_t j = 0; j < 4; j++)
				s[j] += p[i + j];
	}
	s[0] += s[1] + s[2] + s[3];
	__asm__ volatile("" : : "m"(s));
	return 0;
}
`

// readCPU is the bandwidth in GB/s at which all processors together read 256 MiB: the best of ten passes of a loop in C. It is 0
// where that cannot be compiled.
func readCPU(a *app) float64 {
	lib, err := cpu.Load(a.ctx, "Read", []byte(readText), cpu.Options{Cache: a.cache()})
	if err != nil {
		return 0
	}
	defer func() { _ = lib.Close() }()
	const blocks = 256
	data := make([]byte, blocks<<20+64)
	for i := 0; i < len(data); i += 512 {
		data[i] = byte(i)
	}
	var pin goruntime.Pinner
	defer pin.Unpin()
	first := int(-uintptr(unsafe.Pointer(&data[0])) & 63)
	pin.Pin(&data[0])
	value := unsafe.Pointer(&data[first])
	pin.Pin(&value)
	args := []unsafe.Pointer{unsafe.Pointer(&value)}
	pin.Pin(&args[0])
	best := time.Duration(math.MaxInt64)
	for range 10 {
		start := time.Now()
		if lib.Run(a.ctx, args, [3]int64{blocks, 1, 1}) != nil {
			return 0
		}
		best = min(best, time.Since(start))
	}
	return float64(blocks<<20) / float64(best.Nanoseconds())
}
