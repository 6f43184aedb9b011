package thread

// MmaForm is one form of the warp-wide matrix instruction mma.sync (PTX ISA, "Warp-level matrix instructions"): per lane
// A, B and C elements of the fragments and their packing into registers of 32 bits.
type MmaForm struct {
	Name    string // the instruction's text
	M, N, K int
	In, Acc Elem // I8 for 8-bit integers, which are packed four to a word before the instruction
	A, B, C int  // elements for each lane
}

// MmaForms lists the forms the lowering uses, by the Kind of an Mma node. For I8 the a and b arrays hold I32 words of
// four elements each, and A and B count words.
var MmaForms = map[string]MmaForm{
	"f16":  {"mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32", 16, 8, 16, F16, F32, 8, 4, 4},
	"bf16": {"mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", 16, 8, 16, BF16, F32, 8, 4, 4},
	"s8":   {"mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32", 16, 8, 32, I8, I32, 4, 2, 4},
	"u8s8": {"mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32", 16, 8, 32, I8, I32, 4, 2, 4},
	"u8":   {"mma.sync.aligned.m16n8k32.row.col.s32.u8.u8.s32", 16, 8, 32, I8, I32, 4, 2, 4},
}
