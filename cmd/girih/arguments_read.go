package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/girih-lang/girih/ir"
)

// argument is a value from outside; packed says that its bytes are those of the memory rule.
type argument struct {
	value
	packed bool
	from   string
}

// readInputs reads what --in names.
func readInputs(list []string) (map[string]argument, error) {
	given, err := pairs("--in", list)
	if err != nil {
		return nil, err
	}
	args := map[string]argument{}
	for name, text := range given {
		name, packed := strings.CutSuffix(name, ":packed")
		if _, twice := args[name]; twice {
			return nil, usagef("--in: %s is given twice", name)
		}
		a := argument{packed: packed, from: text}
		if _, err := os.Stat(text); err != nil && !packed {
			if n, err := strconv.ParseInt(text, 0, 64); err == nil {
				a.num, a.whole = float64(n), true
			} else if a.num, err = strconv.ParseFloat(text, 64); err == nil {
				a.whole = false
			} else {
				a.from = ""
			}
			if a.from != "" {
				args[name] = a
				continue
			}
			a.from = text
		}
		path, entry, _ := strings.Cut(text, "#")
		if a.tensor, err = loadTensor(path, entry); err != nil {
			return nil, runtimef("--in %s: %w", name, err)
		}
		args[name] = a
	}
	return args, nil
}

// fits refuses arguments that this machine's memory cannot hold before they are made. Extents that are not known yet are
// reported later, where they are missed.
func (j *job) fits() error {
	free, known := memory()
	total := 0.0
	for _, p := range j.k.Params {
		if p.Value.Type.Kind != ir.Tensor {
			continue
		}
		shape, err := j.shape(p, "")
		if err != nil {
			continue
		}
		bits := float64(p.Value.Type.Elem.Bits())
		if p.Out {
			bits = bits*2 + 64 // two executors' results at a time, and the oracle's
		}
		for _, n := range shape {
			bits *= float64(n)
		}
		total += bits / 8
	}
	if known && total > free {
		return runtimef("the arguments of %s take %.3g GB, this machine has %.3g GB of memory left", j.k.Name, total/1e9, free/1e9).
			with("choose smaller extents with --shape")
	}
	return nil
}

// memory is what the system can still give, in bytes, where it says so.
func memory() (float64, bool) {
	data, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 64e9, true // a bound at least
	}
	for line := range strings.Lines(string(data)) {
		var kb float64
		if n, _ := fmt.Sscanf(line, "MemAvailable: %f kB", &kb); n == 1 {
			return kb * 1024, true
		}
	}
	return 0, false
}
