package ptx

import (
	"fmt"
	"strings"
)

// Target is what the printer knows of one GPU generation.
type Target struct {
	CPU    string // LLVM's and ptxas's name
	PTX    string // LLVM's feature for the PTX version to write
	Shared int    // bytes of shared memory that one block may use (CUDA C++ Programming Guide, "Technical Specifications per Compute Capability")
	BF16   bool   // has conversions from integers and doubles to bf16, and bf16 add and mul (PTX ISA: sm_90)
}

const kib = 1 << 10

// Targets lists the GPUs that can be compiled for, oldest first. The PTX version is the least that has every instruction used
// here and the target itself, so that older drivers take the text too.
var Targets = []Target{
	{"sm_80", "+ptx78", 163 * kib, false},
	{"sm_86", "+ptx78", 99 * kib, false},
	{"sm_87", "+ptx78", 163 * kib, false},
	{"sm_89", "+ptx78", 99 * kib, false},
	{"sm_90", "+ptx80", 227 * kib, true},
	{"sm_90a", "+ptx80", 227 * kib, true},
	{"sm_100", "+ptx86", 227 * kib, true},
	{"sm_100a", "+ptx86", 227 * kib, true},
	{"sm_120", "+ptx87", 99 * kib, true},
	{"sm_120a", "+ptx87", 99 * kib, true},
}

// TargetOf finds a target by its name; the error lists the names.
func TargetOf(cpu string) (Target, error) {
	var names []string
	for _, t := range Targets {
		if t.CPU == cpu {
			return t, nil
		}
		names = append(names, t.CPU)
	}
	return Target{}, fmt.Errorf("no GPU target is called %q: expected one of %s", cpu, strings.Join(names, ", "))
}
