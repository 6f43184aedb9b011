package ptx

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/girih-lang/girih/codegen/thread"
)

func TestAdd(t *testing.T) {
	for _, cpu := range []string{"sm_80", "sm_90a"} {
		text, r := assemble(t, add("add"), cpu)
		assert.Equal(t, 4, instructions(text, "ld.global.nc.v4.b32"))
		assert.Equal(t, 4, instructions(text, "ld.global.nc.L1::no_allocate.L2::256B.v4.b32"))
		assert.Equal(t, 4, instructions(text, "st.global.v4.b32"))
		assert.Equal(t, 16, instructions(text, "add.rn.f32"))
		assert.Zero(t, instructions(text, "bra"))
		t.Log(cpu, r.Registers)
	}
}

func TestMatmul(t *testing.T) {
	for _, e := range []thread.Elem{thread.F16, thread.BF16} {
		text, r := assemble(t, matmul("matmul_"+e.String(), e), "sm_80")
		assert.Equal(t, 16, instructions(text, "mma.sync"))
		assert.Equal(t, 8, instructions(text, "ldmatrix"))
		t.Log(e, r.Registers)
	}
}
