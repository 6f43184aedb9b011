package main

import (
	"context"
	"errors"
	"time"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/passes"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/cpu"
)

func (a *app) openCPU(k *ir.Kernel) (*opened, error) {
	if _, err := cpu.Find(); errors.Is(err, cpu.ErrNoCompiler) {
		return nil, &missing{"no C compiler", "apt-get install gcc libc6-dev, or name one in GIRIH_CC"}
	} else if err != nil {
		return nil, err
	}
	code, err := compile.Thread(k, passes.CPU, compile.Options{})
	if err != nil {
		return nil, err
	}
	p, err := cpu.NewContext(a.ctx, code.Kernel, code.Thread, cpu.Options{Cache: a.cache()})
	if err != nil {
		return nil, err
	}
	return &opened{name: "cpu", kernel: code.Kernel, program: timedCPU{p}, code: code, close: p.Close}, nil
}

// timedCPU measures with many runs. The least that has to be moved is what one run reports.
type timedCPU struct{ *cpu.Program }

func (p timedCPU) Time(ctx context.Context, args []runtime.Arg, samples int) (time.Duration, int64, error) {
	st, err := p.Run(ctx, args)
	if err != nil {
		return 0, 0, err
	}
	d, err := p.Program.Time(ctx, args, samples)
	return d, st.Bytes, err
}
