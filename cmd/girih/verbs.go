package main

// userCommands are the verbs of working with kernels by hand: the session, the documents, what is kept.
type userCommands struct {
	Repl       replCmd       `cmd:"" help:"Try kernels, layouts and values line by line; also a script on standard input."`
	Doc        docCmd        `cmd:"" help:"Documentation of kernels, functions and diagnostics."`
	Pack       packCmd       `cmd:"" help:"Bring a matrix into the storage order that a kernel wants, or back."`
	Cache      cacheCmd      `cmd:"" help:"Show or remove the compiled kernels that are kept."`
	Completion completionCmd `cmd:"" help:"Print a script that completes this command line in a shell."`
}
