package main

import "github.com/girih-lang/girih/ir"

func (a *app) openCPU(*ir.Kernel) (*opened, error) {
	return nil, &missing{"the C executor is not in this build", "girih doctor says what exists"}
}
