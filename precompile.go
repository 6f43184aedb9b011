package girih

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/runtime/cache"
)

// Precompile compiles the kernel for a GPU generation ("sm_90a") that need not be in this machine, and keeps the code in the
// user's cache ($GIRIH_CACHE), where Call and Prepare find it: copied to a machine with such a GPU, a program needs no LLVM there.
// It must be the same program, since the build is part of what code is kept by. extents are Dim options: of static dimensions,
// and of those that the code may rely on as Call does; tune values that are not set are picked for the usual chip of the generation.
//
// Errors: ErrArgument for a target that does not exist or other options than Dim, ErrShape where a static dimension is missing,
// ErrNoLLVM, a *SourceError for what the target cannot do, and those of a cache that is off or cannot be written.
func (k *Kernel) Precompile(ctx context.Context, target string, extents ...Option) error {
	t, err := compile.Target(target)
	if err != nil || !t.GPU {
		return errorf(ErrArgument, "kernel %s: no GPU generation is called %q: a name such as sm_90a is expected", k.decl.Name, target)
	}
	var o options
	for _, f := range extents {
		f(&o)
	}
	if o.err != nil || o.defines != nil || o.generic {
		return errors.Join(o.err, errorf(ErrArgument, "Precompile takes Dim options only: set others when the kernel is made"))
	}
	v, err := k.variant(o.dims)
	if err != nil {
		return err
	}
	var trouble error
	kept := cache.Open(cache.Options{Warn: func(msg string) { trouble = errors.New(msg) }})
	if kept.Dir() == "" {
		return errors.Join(trouble, fmt.Errorf("kernel %s: the cache is off: nothing can be kept", k.decl.Name))
	}
	spec := v.ir
	if !k.opts.generic {
		dims := maps.Clone(v.dims)
		maps.Copy(dims, o.dims)
		if len(k.open()) > 0 {
			p := compile.Picker{Machine: compile.MachineOf(target), Cache: kept}
			c, err := p.Pick(k.pkg, k.decl.Name, lang.Options{Defines: k.opts.defines, Dims: v.dims}, dims)
			if err != nil {
				return published(k.pkg, v.ir, err)
			}
			tn, err := v.lower(c, c.String())
			if err != nil {
				return err
			}
			spec = tn.ir
		}
		spec = spec.Clone()
		if err := spec.Multiples(dims); err != nil {
			return errorf(ErrShape, "kernel %s: %w", k.decl.Name, err)
		}
		compile.Specialise(spec, dims)
	}
	if _, err := compile.GPU(ctx, spec, target, compile.Options{Cache: kept}); err != nil {
		return published(k.pkg, v.ir, err)
	}
	if trouble != nil {
		return fmt.Errorf("kernel %s: the code is not kept: %w", k.decl.Name, trouble)
	}
	return nil
}
