#!/usr/bin/env bash
# Installs what the tests use and this machine lacks: LLVM 22 and a C compiler through apt, ptxas and nvdisasm through pip into
# .tools/ (nothing of the system is touched by those). Where neither apt nor pip exists it says so and goes on: the tests
# then skip, or fail where GIRIH_REQUIRE names the missing tool.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { echo "deps: $*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

llvm=22
packages=()
have "llc-$llvm" || [ -x "/usr/lib/llvm-$llvm/bin/llc" ] || [ -n "${GIRIH_LLVM_DIR:-}" ] || packages+=("llvm-$llvm")
have cc || have gcc || have clang || packages+=(gcc libc6-dev)

ptxas=.tools/nvidia/cu13/bin/ptxas
nvdisasm=.tools/nvidia/cu13/bin/nvdisasm
want_pip=no
if [ "$(uname -s)" = Linux ] && [ -z "${GIRIH_PTXAS:-}" ]; then
	[ -x "$ptxas" ] && [ -x "$nvdisasm" ] || want_pip=yes
fi
if [ "$want_pip" = yes ] && ! python3 -m pip --version >/dev/null 2>&1; then
	packages+=(python3-pip)
fi

if [ ${#packages[@]} -gt 0 ]; then
	if have apt-get; then
		sudo=()
		[ "$(id -u)" = 0 ] || sudo=(sudo)
		say "installing ${packages[*]}"
		log=$(mktemp)
		export DEBIAN_FRONTEND=noninteractive
		# A stale list of packages is the usual reason for a failure, so update once and only when needed.
		if ! "${sudo[@]}" apt-get install -y -q --no-install-recommends "${packages[@]}" >"$log" 2>&1; then
			"${sudo[@]}" apt-get update -q >"$log" 2>&1 &&
				"${sudo[@]}" apt-get install -y -q --no-install-recommends "${packages[@]}" >>"$log" 2>&1 ||
				{ tail -5 "$log" >&2; say "apt-get could not install ${packages[*]}"; }
		fi
		rm -f "$log"
	else
		say "missing, and no apt-get to install them: ${packages[*]}"
	fi
fi

# NVIDIA's wheels carry the tools under nvidia/cu13/bin; only those are unpacked. ptxas before 13.1 is reported to miscompile some
# Hopper kernels.
unpack() { # requirement, file in the wheel
	local tmp
	tmp=$(mktemp -d)
	if python3 -m pip download -q --no-deps --disable-pip-version-check -d "$tmp" "$1" >"$tmp/log" 2>&1; then
		python3 - "$tmp" "$2" <<-'PY'
			import glob, os, sys, zipfile
			tmp, name = sys.argv[1:]
			with zipfile.ZipFile(glob.glob(tmp + "/*.whl")[0]) as z:
			    part = ".tools/" + name + ".part"
			    os.makedirs(os.path.dirname(part), exist_ok=True)
			    with open(part, "wb") as f:
			        f.write(z.read(name))
			    os.chmod(part, 0o755)
			    os.replace(part, ".tools/" + name)
		PY
		say "unpacked .tools/$2"
	else
		tail -2 "$tmp/log" >&2
		say "pip could not download $1"
	fi
	rm -rf "$tmp"
}
if [ "$want_pip" = yes ]; then
	if python3 -m pip --version >/dev/null 2>&1; then
		[ -x "$ptxas" ] || unpack 'nvidia-cuda-nvcc>=13.1' nvidia/cu13/bin/ptxas
		[ -x "$nvdisasm" ] || unpack 'nvidia-cuda-nvdisasm>=13.1' nvidia/cu13/bin/nvdisasm
	else
		say "no ptxas, and no python3 with pip to fetch it: PTX will not be assembled"
	fi
fi
