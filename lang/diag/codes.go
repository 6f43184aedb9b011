package diag

import "slices"

// A Code is one row of the table of everything that can be wrong. The number is stable for ever: it is never reused and
// never renumbered, so that it can be searched for. The first two digits are the stage:
//
//	G00 lexing and parsing     G01 names and declarations     G02 types and shapes
//	G03 dimensions, ranges and launch facts     G04 layouts and schedule words     G05 targets and resources
//
// Stages add rows in their own file (codes_*.go), in order of number.
type Code struct {
	Code    string // "G0103"
	Doc     string // one line
	Example string // a short text of Girih that has it; empty where it needs more than a text
}

// Codes is the whole table, in order of code.
func Codes() []Code {
	return slices.Concat(syntaxCodes, nameCodes, typeCodes, rangeCodes, layoutCodes, targetCodes)
}

// Lookup is the row of a code.
func Lookup(code string) (Code, bool) {
	all := Codes()
	i, ok := slices.BinarySearchFunc(all, code, func(c Code, s string) int {
		switch {
		case c.Code < s:
			return -1
		case c.Code > s:
			return 1
		}
		return 0
	})
	if !ok {
		return Code{}, false
	}
	return all[i], true
}
