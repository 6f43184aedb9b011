// Package cuda runs compiled kernels on NVIDIA GPUs through the driver API, without cgo and without the CUDA toolkit.
//
// The model. libcuda is opened at run time (Open says what to install where there is none; nothing here panics for the
// lack of it). A Device owns the primary context of one GPU; from it come memory (Ptr), modules of PTX or cubin,
// functions, streams, events and graphs. A launch takes its arguments as Params, built once and pinned, so that it
// allocates nothing and reflects on nothing.
//
// Threads. A CUDA context is current per OS thread, while a goroutine moves between threads. Every public call here locks
// its goroutine to the thread for the length of the call and makes the device's context current on it. That costs two
// cheap calls, needs no goroutine per device and lets any goroutine use any device at any time; a thread given back to
// the Go scheduler keeps the context, which nobody else relies on. Methods of one Device, Stream or Function may be
// called from several goroutines; one Params or one Graph by one goroutine at a time.
//
// The calling convention of kernels: one 64-bit device pointer per tensor, scalars in their own type, dimensions as i64.
//
// The boundary. This package knows bytes, pointers and launches. It knows nothing of tensors, layouts, kernels' meaning
// or how PTX is made. Lifetimes are by hand, as in the driver: what is opened or allocated is closed or freed by its owner.
package cuda
