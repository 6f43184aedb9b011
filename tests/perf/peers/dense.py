"""The dense f16 product of torch (cuBLAS) at the shapes of the low-bit linear layers, with weights [K, N] and [N, K], timed as `perf` times ours: replays of a CUDA
graph that rotates through enough copies of the arguments to exceed four times the L2 cache, median of 20. Run on the same machine:

    python3 tests/perf/peers/dense.py [--m 1,4,16,64]
"""
import argparse

import torch

from rows import measure

SHAPES = [(57344, 8192), (8192, 8192), (8192, 28672), (10240, 8192), (5120, 5120), (55296, 5120), (28672, 3584), (3584, 4096)]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--m", default="64")
    rows = [int(m) for m in p.parse_args().m.split(",")]
    cache = torch.cuda.get_device_properties(0).L2_cache_size
    print(f"{torch.cuda.get_device_name(0)}, torch {torch.__version__}\n")
    print("| N×K | M | cuBLAS f16 [K, N] µs | [N, K] µs |\n|---|---|---|---|")
    for n, k in SHAPES:
        copies = max(2, 4 * cache // (2 * n * k) + 1)
        weights = [torch.randn(k, n, device="cuda", dtype=torch.float16) for _ in range(copies)]
        for m in rows:
            x = [torch.randn(m, k, device="cuda", dtype=torch.float16) for _ in weights]
            plain = measure(torch.matmul, list(zip(x, weights)))
            turned = measure(torch.nn.functional.linear, list(zip(x, [w.view(n, k) for w in weights])))
            print(f"| {n}×{k} | {m} | {plain:.1f} | {turned:.1f} |", flush=True)
        del weights


if __name__ == "__main__":
    main()
