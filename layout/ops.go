package layout

// postfix are the operations that an expression applies to the layout on their left.
var postfix = map[string]func(a Layout, args []int) (Layout, error){}
