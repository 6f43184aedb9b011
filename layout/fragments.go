package layout

// fragments are the surface names of the fixed layouts of hardware instructions.
var fragments = map[string]func(args []int) (Layout, error){}
