// Package lang is the front of the compiler: it loads a package of Girih source, checks it and lowers a kernel of it to
// tile IR.
//
// The model: Load reads the files of one package, parses them (lang/syntax) and collects their declarations. Lower
// specialises one kernel — every type parameter, integer parameter, tune value and static dimension has its value — and
// checks and lowers it in one walk (lang/lower). Check does the same with defaults, for its diagnostics. Errors are a
// diag.List, with places.
//
// The boundary: nothing here knows layouts' meaning, passes, targets or the command line.
package lang
