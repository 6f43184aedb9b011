// Package girih compiles tile kernels and runs them: in a virtual machine, on the CPU through C, on NVIDIA GPUs through
// LLVM and PTX. It is pure Go: no cgo, no Python and no CUDA toolkit are needed to build or to test with it.
//
// # The model
//
// A [Package] is Girih source; a [Kernel] is one kernel of it with its parameters set ([Set], [Dim]). A kernel belongs to
// no device: it is compiled for one when it first meets its tensors, once for each device and each set of facts about the
// extents (what powers of two divide them), and the code is kept on disk. A [Device] is opened by name; a [Tensor] lives
// on one device. [Kernel.Call] is the short way: it allocates the results and waits for them. [Kernel.Prepare] binds
// arguments once and gives a [Launcher], whose Launch queues the kernel on a [Stream] and allocates nothing.
//
//	dev, err := girih.Open("vm") // or "cpu", "cuda:0"
//	k, err := girih.Compile(source, "Add")
//	a, err := girih.FromSlice(dev, []float32{1, 2, 3})
//	c, err := k.Call(ctx, a, a)
//
// # Errors
//
// Mistakes in source text are a [*SourceError], with positions. Everything else can be told apart with [errors.Is] and the
// Err… variables; messages name the kernel, the argument, the dimension and both values. No mistake of a caller panics.
//
// # Concurrency
//
// Everything may be used by several goroutines at a time. Of several that need one piece of code, one compiles it. As
// everywhere, what one goroutine writes to a tensor another must not use meanwhile.
//
// # Lifetimes
//
// [Device.Close] and [Tensor.Free] give memory back at once; a tensor that is dropped without Free is freed by the garbage
// collector. What is freed or closed gives [ErrFreed] or [ErrClosed] from then on, also in launchers and graphs that were
// prepared before.
package girih
