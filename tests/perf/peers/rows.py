"""Row-wise kernels of torch, eager and compiled, timed as `perf -rows` times ours: bf16, replays of a CUDA graph that rotates
through enough copies of the arguments to exceed four times the L2 cache, median of 20. Run on the same machine:

    python3 tests/perf/peers/rows.py [--mode default|max-autotune-no-cudagraphs] [--match REGEXP]
"""
import argparse
import re
import statistics

import torch
import torch.nn.functional as F

SHAPES = [(8192, 8192), (32768, 4096), (4096, 65536)]
FP8_MAX = 448.0


def add_rms_norm(x, r, g):
    h = x + r
    return h, F.rms_norm(h, (h.shape[-1],), g, 1e-5)


def quantise(v):
    s = v.abs().amax(-1, keepdim=True).float() / FP8_MAX
    return (v.float() / s).to(torch.float8_e4m3fn), s


def add_norm_quant(x, r, g):
    h, n = add_rms_norm(x, r, g)
    return h, *quantise(n)


# name -> (function, matrices, vectors): the arguments besides the first matrix
OPS = {
    "copy": (lambda x: x.clone(), 1, 0),
    "softmax": (lambda x: F.softmax(x, -1), 1, 0),
    "RMSNorm": (lambda x, g: F.rms_norm(x, (x.shape[-1],), g, 1e-5), 1, 1),
    "LayerNorm": (lambda x, g, b: F.layer_norm(x, (x.shape[-1],), g, b, 1e-5), 1, 2),
    "AddRMSNorm": (add_rms_norm, 2, 1),
    "quantise rows f8e4m3fn": (quantise, 1, 0),
    "AddNormQuant f8e4m3fn": (add_norm_quant, 2, 1),
    "gelu": (F.gelu, 1, 0),
    "gelu tanh": (lambda x: F.gelu(x, approximate="tanh"), 1, 0),
    "silu": (F.silu, 1, 0),
    "SwiGLU": (lambda g, u: F.silu(g) * u, 2, 0),
    "row sums": (lambda x: x.sum(-1, dtype=torch.float32), 1, 0),
    "column sums": (lambda x: x.sum(0, dtype=torch.float32), 1, 0),
}


def size(out):
    return sum(t.numel() * t.element_size() for t in (out if isinstance(out, tuple) else (out,)))


def measure(f, sets, samples=20):
    """The median time of one call in microseconds; the graph calls f once for each set of arguments."""
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        for _ in range(3):
            f(*sets[0])
    side.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        kept = [f(*s) for s in sets]  # results of their own, so that none is overwritten in the cache
    graph.replay()
    times = []
    for _ in range(samples):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        graph.replay()
        end.record()
        end.synchronize()
        times.append(1e3 * start.elapsed_time(end) / len(sets))
    del kept, graph
    return statistics.median(times)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--mode", default="max-autotune-no-cudagraphs")
    p.add_argument("--match", default="")
    a = p.parse_args()
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, torch.compile mode {a.mode}\n")
    print("| op | rows×columns | MB | eager µs | TB/s | compiled µs | TB/s |")
    print("|---|---|---|---|---|---|---|")
    cold = 4 * torch.cuda.get_device_properties(0).L2_cache_size
    for m, n in SHAPES:
        for name, (f, matrices, vectors) in OPS.items():
            if not re.search(a.match, name):
                continue
            make = lambda: [torch.randn(m, n, device="cuda", dtype=torch.bfloat16) for _ in range(matrices)] + [
                torch.randn(n, device="cuda", dtype=torch.bfloat16) for _ in range(vectors)]
            sets = [make()]
            moved = size(tuple(sets[0])) + size(f(*sets[0]))
            while moved * len(sets) < cold or len(sets) < 4:
                sets.append(make())
            torch._dynamo.reset()
            eager = measure(f, sets)
            compiled = measure(torch.compile(f, mode=a.mode, dynamic=False), sets)
            print(f"| {name} | {m}×{n} | {moved / 1e6:.1f} | {eager:.1f} | {moved / eager / 1e6:.2f} | {compiled:.1f} | {moved / compiled / 1e6:.2f} |", flush=True)
            del sets
            torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
