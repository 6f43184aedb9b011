#!/bin/bash
# The table of docs/performance.md, section CPU: each kernel on one core, beside OpenBLAS (libopenblas-dev).
set -euo pipefail
cd "$(dirname "$0")/../../.."
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
CGO_ENABLED=0 go build -o "$t/girih" ./cmd/girih
cc -O2 -o "$t/core" tests/perf/cpu/core.c -ldl
kernel() { # FILE KERNEL SHAPE DEFINES...
	local file=$1 name=$2 shape=$3
	shift 3
	"$t/girih" build "$file" "$name" "${@/#/-D}" --shape "$shape" --target cpu --emit c -o "$t/k.c"
	cc -O3 -march=native -mprefer-vector-width=512 -std=c11 -fPIC -shared -ffp-contract=off -fno-math-errno -fno-trapping-math "$t/k.c" -o "$t/k.so" -lm
}
if cc -O2 -DBLAS -o "$t/blas" tests/perf/cpu/core.c -lopenblas 2>/dev/null; then
	OPENBLAS_NUM_THREADS=1 "$t/blas"
fi
for type in f32 f16 bf16; do
	size=4
	[ $type = f32 ] || size=2
	for name in Matmul MatmulNT; do
		kernel stdlib/matmul.girih $name M=1024,N=1024,K=1024 T=$type BM=128 BN=256 BK=64
		echo -n "$name $type 1024, FLOP/s: "
		"$t/core" "$t/k.so" $name 4 8 2147483648 b$((size << 20)) b$((size << 20)) b$((size << 20)) 1024 1024 1024
	done
done
linear() { # TYPE BITS M N
	kernel examples/linear Linear M=$3,K=4096,N=$4 W=$1 BM=$3 BN=128 BK=128
	echo -n "Linear $1 M=$3 $4x4096, B/s of weights: "
	"$t/core" "$t/k.so" Linear $(($4 / 128)) 1 $((4096 * $4 * $2 / 8)) b$((2 * $3 * 4096)) b$((4096 * $4 * $2 / 8)) b$((2 * 32 * $4)) b$((2 * $3 * $4)) $3 4096 $4
}
for n in 4096 11008; do
	for w in "u4 4" "u8 8"; do linear $w 1 $n; done
done
for w in "u1 1" "u2 2" "u3 3" "u5 5" "u6 6" "u7 7" "i4 4" "i8 8" "f4e2m1 4" "f6e3m2 6" "f8e4m3fn 8" "f8e5m2 8"; do linear $w 1 4096; done
for m in 2 4 8 16; do linear u4 4 $m 4096; done
for type in f32 bf16; do
	size=4
	[ $type = f32 ] || size=2
	kernel stdlib/softmax.girih Softmax M=256,N=4096 T=$type
	echo -n "Softmax $type 256x4096, B/s: "
	"$t/core" "$t/k.so" Softmax 256 1 $((2 * size << 20)) b$((size << 20)) b$((size << 20)) 256
done
