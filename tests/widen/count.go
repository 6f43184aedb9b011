package main

import (
	"bufio"
	"bytes"
	"regexp"
	"strings"
)

// What is no arithmetic: memory, control, and moves between registers, which are free or go with any sequence.
var (
	ptxMoves  = []string{"ld", "st", "mov", "ret", "bra", "cvta"}
	sassMoves = []string{"LD", "ST", "MOV", "UMOV", "S2", "CS2R", "EXIT", "BRA", "NOP", "ULD", "R2UR", "RET", "BAR", "IMAD.MOV", "LDC", "HFMA2.MMA.BF16_V2.CONST", "UIADD", "BSSY", "WARPSYNC"}
)

// A line of PTX or of nvdisasm's output that is an instruction, perhaps with a predicate: its name is the second group.
var instruction = regexp.MustCompile(`^\s*(?:/\*[0-9a-f]+\*/)?\s*(@!?%?U?P\w+\s+)?([A-Za-z][\w.:]*)\s.*;`)

func arithmetic(text []byte, moves []string) (n int) {
	s := bufio.NewScanner(bytes.NewReader(text))
	s.Buffer(nil, 1<<20)
lines:
	for s.Scan() {
		m := instruction.FindStringSubmatch(s.Text())
		if m == nil {
			continue
		}
		name := m[2]
		for _, p := range moves {
			if name == p || strings.HasPrefix(name, p) && (p == strings.ToUpper(p) || strings.HasPrefix(name, p+".")) {
				continue lines
			}
		}
		n++
	}
	return n
}
