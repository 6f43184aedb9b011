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
		return &Error{Code: "G0501", Span: last.Span, Text: sprintf("the tiles in flight take %d bytes of shared memory, a block on %s has %d", at, c.Target.Name, c.Target.MaxShared),
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
	return t.Size() * (t.Elem.Bits() + 7) / 8
}
