package llvm_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/codegen/ptx/llvm"
	"github.com/girih-lang/girih/codegen/ptx/ptxas"
)

// BenchmarkPasses compares pipelines: time to compile, and the code: lines of PTX, registers, instructions of SASS. Its figures are
// the reasons in passes.go.
//
//	go test ./codegen/ptx/llvm -run '^$' -bench Passes -benchtime 20x
func BenchmarkPasses(b *testing.B) {
	d := get(b, llvm.InProcess)
	as, _ := ptxas.Find()
	kernels := map[string][]byte{"gemm8": gemm(8).Text(), "gemm16": gemm(16).Text(), "softmax16": softmax(16).Text(), "softmax64": softmax(64).Text()}
	for _, k := range []string{"gemm8", "gemm16", "softmax16", "softmax64"} {
		for _, p := range pipelines {
			b.Run(k+"/"+p.name, func(b *testing.B) {
				o := sm90a
				o.Passes = p.passes
				var r llvm.Result
				var err error
				for b.Loop() {
					r, err = d.Compile(b.Context(), kernels[k], o)
					require.NoError(b, err)
				}
				b.ReportMetric(float64(r.Timings.Passes.Microseconds())/1e3, "passes-ms")
				b.ReportMetric(float64(r.Timings.Codegen.Microseconds())/1e3, "codegen-ms")
				b.ReportMetric(float64(bytes.Count(r.Text, []byte(";\n"))), "ptx")
				if as == nil {
					return
				}
				cubin, rep, err := as.Assemble(b.Context(), r.Text, o.CPU)
				require.NoError(b, err)
				b.ReportMetric(float64(rep.Registers), "regs")
				if sass, err := ptxas.Disassemble(b.Context(), cubin); err == nil {
					b.ReportMetric(float64(bytes.Count(sass, []byte("        /*"))-bytes.Count(sass, []byte("NOP"))), "sass")
				}
			})
		}
	}
}

// pipelines are those that passes.go speaks of.
var pipelines = []struct{ name, passes string }{
	{"none", llvm.NoPasses},
	{"nolicm", "function(sroa,early-cse<memssa>,instcombine,simplifycfg)"},
	{"noinstcombine", "function(sroa,early-cse<memssa>,loop-mssa(licm),simplifycfg)"},
	{"default", llvm.DefaultPasses},
	{"more", "function(sroa,early-cse<memssa>,simplifycfg,instcombine,loop-mssa(licm),gvn,simplifycfg,instcombine,adce)"},
	{"O1", "default<O1>"},
	{"O3", llvm.O3},
}
