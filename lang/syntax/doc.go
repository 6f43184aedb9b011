// Package syntax turns Girih text into an abstract syntax tree and back into canonical text.
//
// The way of a file: a scanner (scan.go: participle's simple lexer, then a filter that ends statements at newlines and
// checks every literal) makes tokens; a participle grammar (grammar.go, predictive: one token of lookahead, never any
// backtracking, so parsing is linear and an error is reported where it happens) reads one top-level declaration at a time
// into concrete nodes; convert.go turns these into the tree of ast.go, resolving operator precedence; errors.go words
// what the grammar could not match. After an error parsing goes on at the next declaration.
//
// The boundary: this package knows the form of programs, not their meaning. It knows no types, no builtin functions and
// no scopes; that `x[m, k]` is a tile and `zeros[f32](…)` a call with type arguments is the form of the text, nothing
// more. docs/spec.md is the normative grammar.
//
// No input makes it panic or hang: brackets nest at most MaxNesting deep, operators chain at most MaxChain long, and a
// file has at most MaxSource bytes.
package syntax
