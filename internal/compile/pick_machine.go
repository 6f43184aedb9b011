package compile

import (
	"strings"
)

// Machine is what the cost model knows of a chip. Bandwidths are what a kernel that does little else reaches, not what is
// printed on the box.
type Machine struct {
	Target      string // "cpu", "sm_90a"
	Name        string // of the chip the figures are for
	SMs         int
	Clock       float64 // GHz under load
	DRAM        float64 // bytes per ns (GB/s) read from memory
	L2Size      int     // bytes
	SharedSM    int     // bytes of shared memory of an SM
	SharedBlock int     // bytes that one block may have
	Registers   int     // 32-bit registers of an SM
	Warps       int     // that an SM holds
	Blocks      int     // that an SM holds
}

const kib, mib = 1 << 10, 1 << 20

// machines are the chips that the model has figures for; the first one of a generation stands for it when all that is
// known is a target. H200: read bandwidth and clock as measured (docs/performance-log.md); the others from their data
// sheets, with the same share of the printed bandwidth. Limits: CUDA C++ Programming Guide, "Technical Specifications per
// Compute Capability".
var machines = []Machine{
	{"sm_80", "A100", 108, 1.41, 1800, 40 * mib, 164 * kib, 163 * kib, 65536, 64, 32},
	{"sm_86", "RTX 3090", 82, 1.70, 860, 6 * mib, 100 * kib, 99 * kib, 65536, 48, 16},
	{"sm_87", "Orin", 16, 1.30, 180, 4 * mib, 164 * kib, 163 * kib, 65536, 48, 16},
	{"sm_89", "RTX 4090", 128, 2.50, 930, 72 * mib, 100 * kib, 99 * kib, 65536, 48, 24},
	{"sm_89", "L40S", 142, 2.20, 800, 96 * mib, 100 * kib, 99 * kib, 65536, 48, 24},
	{"sm_90a", "H200", 132, 1.85, 4530, 60 * mib, 228 * kib, 227 * kib, 65536, 64, 32},
	{"sm_90a", "H100", 132, 1.85, 3100, 50 * mib, 228 * kib, 227 * kib, 65536, 64, 32},
	{"sm_100a", "B200", 148, 1.85, 7300, 126 * mib, 228 * kib, 227 * kib, 65536, 64, 32},
	{"sm_120a", "RTX 5090", 170, 2.40, 1650, 96 * mib, 100 * kib, 99 * kib, 65536, 48, 24},
}

// MachineOf is the machine that a target name stands for: "cpu", or the most usual chip of a GPU generation.
func MachineOf(target string) Machine {
	if target == "cpu" || target == "vm" {
		return Machine{Target: target, Name: target}
	}
	plain := func(s string) string { return strings.TrimRight(s, "af") }
	best := machines[len(machines)-1]
	for _, m := range machines {
		if plain(m.Target) == plain(target) {
			best = m
			break
		}
	}
	best.Target = target
	return best
}

// Chip is the machine of a device, by its name ("NVIDIA H200") and what its driver says of it; 0 where it says nothing.
// An unknown chip gets the figures of its generation, scaled by its size.
func Chip(target, name string, sms, l2, memoryClockKHz, memoryBusBits int) Machine {
	m := MachineOf(target)
	if m.SMs == 0 {
		return m
	}
	for _, c := range machines {
		if strings.Contains(name, c.Name) {
			m = c
			m.Target = target
		}
	}
	known := strings.Contains(name, m.Name)
	m.Name = name
	if sms > 0 && sms != m.SMs {
		if !known {
			m.DRAM *= float64(sms) / float64(m.SMs)
		}
		m.SMs = sms
	}
	if l2 > 0 {
		m.L2Size = l2
	}
	if peak := 2 * float64(memoryClockKHz) / 1e6 * float64(memoryBusBits) / 8; !known && peak > 0 {
		m.DRAM = 0.93 * peak
	}
	return m
}
