package ir

import (
	"fmt"
	"slices"
)

// Awaits reports that an operation, or one inside of it, must stand behind wait_grid: it touches a result, or a tensor that a
// kernel launched before may write.
func (k *Kernel) Awaits(o *Op) bool {
	return !(&Block{Ops: []*Op{o}}).Walk(func(o *Op) bool {
		return !slices.ContainsFunc(o.Args, func(v *Value) bool {
			p := k.ParamOf(v)
			return p != nil && v.Type.Kind == Tensor && (p.Out || slices.Contains(k.After, p.Name))
		})
	})
}

// verifyAfter checks what After lists, and the place of the operations that go with it.
func (k *Kernel) verifyAfter() error {
	for i, name := range k.After {
		if p := k.Param(name); p == nil || p.Out || p.Value.Type.Kind != Tensor {
			return fmt.Errorf("kernel %s runs after %s, which is no input tensor", k.Name, name)
		}
		if slices.Contains(k.After[:i], name) {
			return fmt.Errorf("kernel %s runs after %s twice", k.Name, name)
		}
	}
	seen := map[Code]*Op{}
	var err error
	k.Body.Walk(func(o *Op) bool {
		if o.Code != OpLaunchDependents && o.Code != OpWaitGrid {
			return true
		}
		at := slices.Index(k.Body.Ops, o)
		switch {
		case at < 0:
			err = &VerifyError{o, "stands inside of a region, where not every thread may come by just once"}
		case seen[o.Code] != nil:
			err = &VerifyError{o, "stands there twice"}
		case o.Code == OpWaitGrid:
			if early := slices.IndexFunc(k.Body.Ops[:at], k.Awaits); early >= 0 {
				err = &VerifyError{k.Body.Ops[early], "touches what a kernel launched before may use, ahead of wait_grid"}
			}
		}
		seen[o.Code] = o
		return err == nil
	})
	return err
}
