// Package lower turns a checked kernel of the syntax tree into tile IR, and is itself the checker: names, types, shapes
// and ranges are resolved on the specialised kernel, where every type parameter, constant and static dimension has its
// value, so that a message can name both sides of a disagreement with their actual types and extents.
//
// The model. An expression denotes an operand: a constant (untyped, as in Go, or typed), a tile with what is known of
// its axes, a range, a tensor parameter, a type, a function. Lowering an expression emits operations and gives the
// operand; a mistake gives a diagnostic and the bad operand, which silences what follows from it.
//
// Clipping. A range runs over an extent in steps of a static width, so its last tile may reach beyond the extent. The
// axis of a tile remembers the limits of the ranges that made it; an element beyond a limit is dead. Dead elements are
// computed like any other, and never matter: stores drop them, reductions replace them by the neutral element, dot
// replaces them by 0, and an assignment to a variable of an outer region leaves that variable's element alone. No mask is
// emitted where the facts on dimensions prove that there are no dead elements, or that they hold the neutral element.
//
// The boundary. This package knows no files, no layouts' meaning, no targets: it reads lang/syntax and writes ir.
package lower
