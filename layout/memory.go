package layout

// gridAxis renames the local axis of a Local layout: memory walks a shape the way a single thread does.
func asMemory(a Layout) Layout {
	l := a.lin().clone()
	b := len(l.in[0].rad)
	if b != 0 {
		panic("layout: asMemory of a layout with threads")
	}
	l.in = []axis{{name: OffsetAxis, rad: l.in[1].rad}}
	return wrap(l)
}

// RowMajor is the memory layout in which the last dimension is contiguous.
func RowMajor(shape ...int) Layout { return asMemory(Local(shape...)) }

// ColumnMajor is the memory layout in which dim 0 is contiguous.
func ColumnMajor(shape ...int) Layout { return asMemory(ColumnLocal(shape...)) }
