package conform

import (
	"context"
	_ "embed"
	"maps"

	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/vm"
)

// stored are the second halves of kernels that go on with a result as they store it, rounded.
//
//go:embed stored.girih
var stored string

// exactFromStored replaces the fp64 results of a kernel that goes on with its result h by those of its second half on the h of the
// VM: that rounding is what the kernel is for, and no error. h itself is held against its fp64 value.
func (p *Prepared) exactFromStored(ctx context.Context) error {
	if p.Case.Kernel != "AddNormQuant" && p.Case.Kernel != "AddRMSNorm" {
		return nil
	}
	second := p.Case
	second.File = "stored"
	k, err := second.Lower()
	if err != nil {
		return err
	}
	args := maps.Clone(p.Args)
	args["h"] = runtime.Tensor(p.VM["h"])
	delete(args, "x")
	delete(args, "r")
	exact, err := run(ctx, k, args, second.Dims, vm.Options{Exact: true})
	maps.Copy(p.Exact, exact)
	return err
}
