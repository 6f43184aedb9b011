"""Median time in ms of OpenBLAS' sgemm, as numpy has it, for the square matrices of the given size."""
import sys
import time

import numpy as np

n = int(sys.argv[1])
a, b = (np.random.default_rng(i).standard_normal((n, n), dtype=np.float32) for i in (1, 2))
c = np.empty((n, n), np.float32)
took = []
for _ in range(63):
    start = time.perf_counter()
    np.matmul(a, b, out=c)
    took.append(time.perf_counter() - start)
print(f"{np.median(took[3:]) * 1e3:.3f}")
