package passes

import "github.com/girih-lang/girih/ir"

// sharedPass gives every buffer its offset. Buffers of loops that follow each other do not live at the same time, but
// first kernels have one loop; each buffer has its own place.
func sharedPass(k *ir.Kernel, c *Context) error {
	at := 0
	var last *ir.Op
	k.Body.Walk(func(o *ir.Op) bool {
		if o.Code == ir.OpAllocShared {
			at = (at + 1023) &^ 1023 // swizzles start at their period
			o.Set("offset", at)
			at += BufferBytes(k, o)
			last = o
		}
		return true
	})
	if last != nil && at > c.Target.MaxShared {
		return &Error{Code: "G0503", Span: last.Span, Text: sprintf("the tiles in flight take %d bytes of shared memory, a block on %s has %d", at, c.Target.Name, c.Target.MaxShared),
			Help: "use smaller tiles or fewer stages"}
	}
	return nil
}

// BufferBytes is the size of a shared buffer.
func BufferBytes(k *ir.Kernel, o *ir.Op) int {
	t := o.Result().Type
	if p := k.Param(o.Str("pack")); p != nil && p.Pack != nil {
		return t.Shape[0] * p.Pack.Threads * p.Pack.Words * 4
	}
	if o.Flag("private") {
		return t.Shape[0] * privateSlot(k, o)
	}
	_, slot := Pitches(t.Shape[1:], container(t.Elem.Bits()), o.Int("swizzle"))
	return t.Shape[0] * slot
}

// container is the number of bytes of an element in shared memory.
func container(bits int) int {
	n := 1
	for 8*n < bits {
		n *= 2
	}
	return n
}

// Pitches is the distance in bytes between neighbours along each axis of a tile in shared memory, and the size of the
// tile: row-major; rows without a swizzle are kept aligned and off each other's banks.
func Pitches(shape []int, size, swizzle int) (pitch []int, slot int) {
	pitch = make([]int, len(shape))
	slot = size
	for i := len(shape) - 1; i >= 0; i-- {
		pitch[i] = slot
		slot *= shape[i]
		if i == len(shape)-1 && swizzle == 0 && len(shape) > 1 {
			slot = (slot+15)&^15 + 16
		}
	}
	return pitch, slot
}

// privateSlot is the size of one slot of a buffer in which every thread keeps its own elements.
func privateSlot(k *ir.Kernel, o *ir.Op) int {
	return Reader(k, o.Result()).Layout.Locals() * 32 * k.Warps * o.Result().Type.Elem.Bits() / 8
}

// Reader is the tile that is read from a buffer.
func Reader(k *ir.Kernel, buf *ir.Value) *ir.Value {
	var v *ir.Value
	k.Body.Walk(func(o *ir.Op) bool {
		if o.Code == ir.OpLoadShared && o.Args[0] == buf {
			v = o.Result()
		}
		return v == nil
	})
	return v
}
