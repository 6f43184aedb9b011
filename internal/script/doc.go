// Package script runs statements that stand outside of any kernel, on whole tensors: the bodies of test blocks, examples in
// documentation, and what is typed into the REPL.
//
// The model. A Session holds values by name: tensors, constants of the language, types, layouts. An expression is split in
// two. What only a host can do — calling a kernel on an executor, random numbers, files, comparing, oracle blocks — is
// done here, and its values get names; what is left is arithmetic, which becomes a kernel of one block and runs in the VM
// (lang.Evaluate). So scripts have all of the language's operators, functions and rules, and no second definition of
// them. An oracle block is such a kernel run exactly: in float64, without rounding between.
//
// The boundary: it knows executors by the programs that they make, and nothing of terminals or reports.
package script
