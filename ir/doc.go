// Package ir is tile IR: the instruction set of the Girih virtual machine.
//
// A [Kernel] describes the work of one block. Its body is a list of operations in static single assignment form; loops
// and conditionals are operations that own regions, so control flow is always structured. A value is a tile: an element
// type and a static shape, rank 0 being a scalar that is the same in the whole block. Tiles are immutable. Tensors in
// memory are values too (kernel parameters and shared buffers); only load, store and copy operations touch them.
//
// Every operation is a row of the table in ops.go: name, operands, result rule, effects, attributes, documentation and
// an example. The printer, the parser, the verifier, docs/isa.md and the completeness tests of all executors are driven
// by that table. To add an operation, add a row and one function per executor; a test names what is missing.
//
// The text form round-trips: Parse(k.String()) gives the same kernel.
//
// What a kernel means never depends on layouts, targets or passes: this package knows nothing of threads, PTX or C.
// A layout on a value says where a target keeps the elements; the VM ignores it.
package ir
