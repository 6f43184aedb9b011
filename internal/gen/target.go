package gen

import (
	"context"
	"strings"

	"github.com/girih-lang/girih/codegen/c"
	"github.com/girih-lang/girih/internal/bundle"
	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/passes"
)

// code compiles a kernel for a target.
func (m *Made) code(ctx context.Context, k *made, target string) (*bundle.Code, error) {
	spec := k.ir.Clone()
	if compile.InOnePart(target) {
		o := k.lowered
		o.NoSplit = true
		var err error
		if spec, err = lang.Lower(m.pkg, k.decl.Name, o); err != nil {
			return nil, err
		}
	}
	if err := spec.Multiples(k.extents); err != nil {
		return nil, &Error{err.Error()}
	}
	compile.Specialise(spec, k.extents)
	if target == "cpu" {
		t, err := compile.Thread(spec, passes.CPU, compile.Options{})
		if err != nil {
			return nil, err
		}
		text, err := c.Print(t.Thread, c.Options{})
		if err != nil {
			return nil, err
		}
		code := codeOf(k.decl.Name, t, text)
		m.Files[code.File] = text
		if m.o.Object != nil {
			so, err := m.o.Object(ctx, code.Symbol, text)
			if err != nil {
				return nil, err
			}
			code.System = m.o.System
			code.Object = k.decl.Name + "." + strings.ReplaceAll(m.o.System, "/", "_") + ".so"
			m.Files[code.Object] = so
		}
		return &code, nil
	}
	g, err := compile.GPU(ctx, spec, target, compile.Options{Cache: m.o.Cache})
	if err != nil {
		return nil, err
	}
	code := codeOf(k.decl.Name, g, g.PTX)
	m.Files[code.File] = g.PTX
	return &code, nil
}

// packs are the storage orders that a target has derived; nil for none.
func packs(k *ir.Kernel) map[string]bundle.Pack {
	var m map[string]bundle.Pack
	for _, p := range k.Params {
		if p.Pack != nil {
			if m == nil {
				m = map[string]bundle.Pack{}
			}
			m[p.Name] = bundle.PackOf(p.Pack)
		}
	}
	return m
}
