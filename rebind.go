package girih

import (
	"fmt"
	"slices"

	"github.com/girih-lang/girih/ir"
)

// Set replaces an argument, named as in the source, for later launches: a scalar by another value, a tensor by one of the same
// type and shape on the same device (a packed one by one of the same order). It compiles nothing. Launches
// that are queued keep what they had.
func (l *Launcher) Set(name string, value any) error {
	i := slices.IndexFunc(l.ir.Params, func(p *ir.Param) bool { return p.Name == name })
	if i < 0 {
		return errorf(ErrArgument, "kernel %s has no parameter %q", l.src.signature(), name)
	}
	q := l.ir.Params[i]
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return errorf(ErrClosed, "the launcher of kernel %s is closed", l.ir.Name)
	}
	c := &call{v: &variant{k: l.src, ir: l.ir}, dev: l.dev, args: slices.Clone(l.args)}
	old := c.args[i]
	c.args[i] = operand{}
	s, err := c.operand(i, q, value)
	if err != nil {
		return fmt.Errorf("kernel %s: argument %q: %w", l.ir.Name, name, err)
	}
	if old.t != nil {
		shape := old.t.shape
		if old.pack != nil {
			shape = old.pack.shape
		}
		if !slices.Equal(shape, s.Shape) {
			return errorf(ErrShape, "kernel %s: argument %q: the shape is %v, expected %v, for which the launcher is prepared", l.ir.Name, name, s.Shape, shape)
		}
		if (old.pack != nil) != (c.args[i].pack != nil) || old.pack != nil && old.pack.order != c.args[i].pack.order {
			return errorf(ErrLayout, "kernel %s: argument %q: another storage order than the launcher is prepared for", l.ir.Name, name)
		}
		if err := c.shared(); err != nil {
			return err
		}
	}
	l.args[i] = c.args[i]
	bits := uint64(0)
	if t := l.args[i].t; t != nil {
		bits = uint64(t.address())
		l.mems[slices.Index(l.mems, old.t.mem)] = t.mem
	} else {
		bits = l.args[i].num.bits(q.Value.Type.Elem)
	}
	switch l.dev.kind {
	case onVM:
		l.hostArgs[i] = hostArg(q, l.args[i])
	case onCPU:
		l.pinned.values[i] = bits
	default:
		l.params.SetBits(i, bits)
	}
	return nil
}
