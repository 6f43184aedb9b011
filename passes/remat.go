package passes

import "github.com/girih-lang/girih/ir"

// rematPass gives every user its own copy of tiles that cost nothing to make (constants, coordinates, repeated scalars),
// placed just before the user. Otherwise one constant would tie the layouts of all its users together.
func rematPass(k *ir.Kernel, _ *Context) error {
	rewrite(k.Body, func(b *ir.Builder, o *ir.Op) bool {
		for i, a := range o.Args {
			if free(a) {
				o.Args[i] = rebuild(b, a)
			}
		}
		return true
	})
	return dcePass(k, nil)
}

// free reports a tile that can be made anywhere from scalars.
func free(v *ir.Value) bool {
	if v.Type.Kind != ir.Tile || v.Type.IsScalar() || v.Def == nil || v.Layout != nil {
		return false
	}
	switch v.Def.Code {
	case ir.OpConst, ir.OpIota:
		return true
	case ir.OpBroadcast:
		return v.Def.Args[0].Type.IsScalar()
	}
	return false
}

func rebuild(b *ir.Builder, v *ir.Value) *ir.Value {
	o := ir.CloneOp(v.Def, map[*ir.Value]*ir.Value{})
	o.Span = v.Def.Span
	b.Block.Ops = append(b.Block.Ops, o)
	return o.Result()
}
