#!/bin/sh
# Puts into dist/embed what a machine with an NVIDIA GPU and its driver needs to run this example, and nothing else: no Go, no
# LLVM, no network. Run it on a machine with Go and LLVM 22, of the same system and processor architecture.
#
#   sh examples/embed/dist.sh [TARGET]      TARGET: the GPU's generation, sm_90a (H100, H200) by default
#   dist/embed/run.sh                       there, wherever the directory was copied to
set -eu
cd "$(dirname "$0")/../.."
target=${1-sm_90a}
out=$PWD/dist/embed
rm -rf "$out"
mkdir -p "$out"
export CGO_ENABLED=0 GIRIH_CACHE="$out/cache"
go build -trimpath -ldflags=-s -o "$out/embed" ./examples/embed
go test -c -trimpath -o "$out/embed.test" ./examples/embed
(cd examples/embed && EMBED_TARGET=$target "$out/embed.test" -test.run '^TestPrecompile$')
cp -r examples/embed/testdata "$out"
if [ -d examples/embed/model ]; then
	cp -r examples/embed/model "$out"
	for w in f16 f32 i4 u4 f6e3m2; do "$out/embed" -compile "$target" -model "$out/model" -W $w; done
else
	echo "dist.sh: no examples/embed/model (fetch.sh fetches it): only the small random model will run" >&2
fi
cat >"$out/run.sh" <<'END'
#!/bin/sh
# Tests the embeddings on the GPU against their references, then times them.
set -eu
cd "$(dirname "$0")"
export GIRIH_CACHE="$PWD/cache" GIRIH_LLVM=off GIRIH_REQUIRE=cuda
./embed.test -test.v -test.run 'TestTiny/.*/.*/cuda'
[ -d model ] || exit 0
./embed.test -test.v -test.run 'TestMiniLM/cuda'
one="Girih tiles lay out strapwork, five shapes of equal sides whose patterns meet at every edge and go on for ever."
for w in f16 f32 i4 u4 f6e3m2; do ./embed -on cuda -model model -W $w -runs 200 "$one" | tail -1; done
i=0; while [ $i -lt 32 ]; do echo "$one"; i=$((i+1)); done >sentences
for w in f16 i4; do ./embed -on cuda -model model -W $w -runs 100 <sentences | tail -1; done
END
chmod +x "$out/run.sh"
du -sh "$out"
