#!/bin/bash
# Matmul f32 with the cost model's own tiling beside OpenBLAS (numpy's, from PyPI), on all processors, wall clock. The two take turns,
# since the machine's memory is shared with others: each round is the median of 60 runs, and the table has the rounds' minimum, median and maximum.
#
#	tests/perf/cpu/both.sh [ROUNDS [SIZE [GIRIH...]]]
#
# More than one girih command compares versions of it.
set -euo pipefail
rounds=${1:-10} size=${2:-1024}
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../../.."
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
if [ $# -gt 2 ]; then
	girihs=("${@:3}")
else
	CGO_ENABLED=0 go build -o "$t/girih" ./cmd/girih
	girihs=("$t/girih")
fi
python3 -m venv "$t/venv"
"$t/venv/bin/pip" install -q numpy
export OPENBLAS_NUM_THREADS=${OPENBLAS_NUM_THREADS:-$(nproc)}
for _ in $(seq "$rounds"); do
	for g in "${girihs[@]}"; do
		for kernel in Matmul MatmulNT; do
			us=$("$g" bench stdlib/matmul.girih $kernel --no-input --on cpu -D T=f32 --shape M="$size",K="$size",N="$size" --samples=60 --format json |
				sed -n 's/.*"time_us": \([0-9.]*\).*/\1/p')
			echo "$(basename "$g") $kernel $(bc -l <<<"$us / 1000")"
		done
	done
	echo "OpenBLAS sgemm $("$t/venv/bin/python" "$here/sgemm.py" "$size")"
done >"$t/times"
sort -k1,2 -k3n "$t/times" | awk '
	function out() { if (n) printf "%-20s %7.2f %7.2f %7.2f ms\n", name, x[1], (x[int((n + 1) / 2)] + x[int(n / 2) + 1]) / 2, x[n] }
	{ if ($1 " " $2 != name) { out(); n = 0; name = $1 " " $2 } x[++n] = $3 }
	END { out() }'
