// Package threadvm executes thread IR: every thread of every block, one operation after the other, on the host.
//
// It is the per-thread level of the virtual machine. What runtime/vm says about tiles this package says about what the
// lowering made of them, so that layouts, conversions, fragments and addresses for GPUs are tested where there is none.
//
// The model. A value is its bits, one 64-bit word for each lane and thread; values that are the same in the whole block
// are computed once. The threads of a block run in lockstep: each operation is done by all threads before the next, and a
// conditional masks threads out. Lockstep would hide missing synchronisation, so shared memory remembers, for each piece
// of bytes and between two barriers, who wrote it and who read it: two threads that touch the same piece without a
// barrier between them, one of them writing, are an error. So are addresses outside their tensor or the block's shared
// memory, accesses that are not aligned as they claim, reads of shared memory that nothing has written, any access to
// bytes that an asynchronous copy has in flight, two threads of the grid that write the same byte of a result, barriers
// and warp-wide operations that not all threads reach, and a division by zero or a shift beyond the width, which the
// lowering promises to avoid.
//
// Floats are rounded as the operations of package thread say. A matrix instruction sums in float64 and rounds once; the
// machines sum in an order and with a truncation of their own.
//
// The boundary: it knows thread IR, the calling convention and host tensors; nothing of layouts, tiles or source text.
package threadvm
