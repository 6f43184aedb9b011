// Package cpu runs kernels on the processor: it has the C compiler make a shared object of a kernel's C text, loads it and
// spreads the blocks of the grid over the processors.
//
// The model. A [Compiler] is found once per process. A [Library] is one compiled kernel, kept in the cache on disk under
// everything it depends on, so that a second process does not start the compiler. A [Program] is a kernel with its
// library and implements runtime.Program. A run builds the vector of arguments that the C function wants, and goroutines
// take ranges of blocks off a common counter until none is left; blocks are independent, so the order does not matter.
//
// The boundary. It knows C compilers, the dynamic linker and the calling convention; the text comes from package c, and
// what a kernel means is none of its business. C code is not checked while it runs: that its accesses stay inside the
// tensors is the lowering's promise.
package cpu
