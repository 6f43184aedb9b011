package main

// userCommands are the verbs of working with kernels by hand: the session, the documents, what is kept.
type userCommands struct {
	Repl replCmd `cmd:"" help:"Try kernels, layouts and values line by line; also a script on standard input."`
}
