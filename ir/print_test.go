package ir

import (
	"flag"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write generated files")

const linearText = `kernel @Linear(%0 x: tensor f16[M, K], %1 w: packed tensor u4[K, N], %2 s: tensor f16[K/128, N], %3 eps: f32) -> (%4 y: tensor f16[M, N] loc(3:9)) dims(M, K div 128, N = 1536) grid(ceil(M, 16), ceil(N, 64)) warps 4 source "linear.girih" {
  %5 m = program_id {axis = 0} : i32
  %6 = program_id {axis = 1} : i32
  %7 zero = const {value = 0} : i32
  %8 step = const {value = 64} : i32
  %9 = dim {expr = "K"} : i32
  %10 acc = const {value = -0} : f32[16, 64]
  %11 acc = for %7, %9, %8, %10 {pipeline = 3} : f32[16, 64] loc(120:300) {
    |%12 k: i32, %13 acc: f32[16, 64]|
    %14 = load %0, %5, %12 {dims = [0, 1]} : f16[16, 64]
    %15 = load %1, %12, %6 {dims = [0, 1]} : u4[64, 64]
    %16 = cast %15 : f16[64, 64]
    %17 = dot %14, %16, %13 : f32[16, 64]
    yield %17
  }
  %18 = cmp %5, %6 {pred = "lt"} : bool
  %19, %20 "a b" = if %18 : f32[16, 64], i32 {
    yield %11, %5
  } {
    yield %10, %6
  }
  %21 = cast %19 : f16[16, 64]
  store %21, %4, %5, %20 {dims = [0, 1]}
  barrier
  %22 = const {value = inf} : f32
}
`

func TestRoundTrip(t *testing.T) {
	k, err := Parse(linearText)
	require.NoError(t, err)
	require.NoError(t, k.Verify())
	assert.Equal(t, linearText, k.String())
	assert.Equal(t, linearText, k.Clone().String())
	again, err := Parse(k.String())
	require.NoError(t, err)
	assert.Equal(t, k, again)
	assert.True(t, math.Signbit(k.Body.Ops[5].Attr("value").(float64)))
	assert.Equal(t, `%14 = load %0, %5, %12 {dims = [0, 1]} : f16[16, 64]`, k.Body.Ops[6].Regions[0].Ops[0].String())
}

// Numbers, comments and white space of the text are free.
func TestParseFree(t *testing.T) {
	k, err := Parse("kernel @\"a b\"()\ngrid(1){ // c\n%7=const{value=1e-3}:f32 barrier commit %1 x=neg %7:f32[]}")
	require.NoError(t, err)
	assert.Equal(t, "kernel @\"a b\"() grid(1) {\n  %0 = const {value = 0.001} : f32\n  barrier\n  commit\n  %1 x = neg %0 : f32\n}\n", k.String())
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"": `1:1: expected "kernel", found the end`,
		"kernel @k() grid(1) {\n  %0 = neg %1 : f32\n}":                                           `2:12: %1 is not defined before this`,
		"kernel @k() grid(1) {\n  frob\n}":                                                        `2:3: there is no operation "frob"`,
		"kernel @k(%0 a: f33) grid(1) {}":                                                         `1:17: `,
		"kernel @k(%0 a: f32[0]) grid(1) {}":                                                      `1:21: 0 is not an integer from 1 to 2147483647`,
		"kernel @k() grid(1) {%0 = const {value = 99999999999999999999} : i32}":                   `1:42: 99999999999999999999 does not fit 64 bits`,
		"kernel @k() grid(1) {%0 = const {value = 1, value = 1} : i32}":                           `1:45: attribute value is given twice`,
		"kernel @k(%0 a: f32, %0 b: f32) grid(1) {}":                                              `1:22: %0 is defined twice`,
		"kernel @k() grid(" + strings.Repeat("(", 400) + "1":                                      `parentheses are nested more than 300 deep`,
		"kernel @k() grid(1" + strings.Repeat("+A", 400) + ") {}":                                 `nested more than 100 deep`,
		"kernel @k() grid(1) {%0 = const {value = true} : bool " + strings.Repeat("if %0 {", 400): `regions are nested`,
		"kernel @k() grid(\"x) {}":                                                                `1:18: expected an extent, found "\""`,
	} {
		_, err := Parse(text)
		require.ErrorContains(t, err, want)
		require.IsType(t, &ParseError{}, err)
	}
}

func TestParseExpr(t *testing.T) {
	for text, want := range map[string]int64{
		"K": 100, "K/3": 33, "ceil(K, 16)": 7, "K - 7 - 3": 90, "K%7": 2, "K % (7)": 2, "2*(K + 1)*3": 606, "-5 + K*-1": -105, "ceil + 1": 3,
	} {
		e, err := ParseExpr(text)
		require.NoError(t, err, text)
		n, err := e.Eval(map[string]int64{"K": 100, "ceil": 2})
		require.NoError(t, err, text)
		assert.Equal(t, want, n, text)
		again, err := ParseExpr(e.String())
		require.NoError(t, err, e.String())
		assert.Equal(t, e, again)
	}
	_, err := ParseExpr("K +")
	assert.EqualError(t, err, "1:4: expected an extent, found the end")
}

// operands gives the types of %0, %1, … in the examples whose operands do not have the type of the result.
var operands = map[Code][]string{
	OpCast:        {"f32[16, 64]"},
	OpBitcast:     {"f32[64]"},
	OpPopcount:    {"u5[16, 64]"},
	OpClz:         {"i64[16, 64]"},
	OpCmp:         {"f32[64]", "f32[64]"},
	OpSelect:      {"bool[64]", "f32[64]", "f32[64]"},
	OpFma:         {"f32[64]", "f32[64]", "f32[64]"},
	OpBroadcast:   {"f32[16, 1]"},
	OpReshape:     {"f32[64]"},
	OpTranspose:   {"f32[16, 64]"},
	OpDot:         {"f16[16, 32]", "f16[32, 64]", "f32[16, 64]"},
	OpReduce:      {"f32[16, 64]"},
	OpLoad:        {"tensor f16[M, N]", "i32", "i32"},
	OpGather:      {"tensor f16[M, N]", "i32", "i32", "", "i32[16, 64]"},
	OpStore:       {"tensor f16[M, N]", "i32", "i32", "i32", "f16[16, 64]"},
	OpFor:         {"i32", "i32", "i32", "f32[16, 64]"},
	OpIf:          {"bool", "f32", "f32"},
	OpYield:       {"", "", "", "", "", "i32"},
	OpConvert:     {"f16[16, 64]"},
	OpClusterSum:  {"f32[16, 64]"},
	OpLoadShared:  {"shared f16[3, 16, 64]", "i32"},
	OpStoreShared: {"shared f16[3, 16, 64]", "i32", "", "f16[16, 64]"},
	OpCopyAsync:   {"shared f16[3, 16, 64]", "i32", "tensor f16[M, N]", "i32", "i32"},
}

// Every operation's example is read and accepted.
func TestExamples(t *testing.T) {
	for _, c := range Codes() {
		info := c.Info()
		assert.NotEmpty(t, info.Doc, c)
		types, ok := operands[c]
		if info.Class == ClassUnary || info.Class == ClassBinary {
			same := exampleElem(info.Elems) + "[16, 64]"
			types, ok = []string{same, same}[:len(info.Args)], true
		}
		if !ok && len(info.Args) > 0 {
			t.Errorf("%s: the test does not know the operands of the example", c)
			continue
		}
		var params []string
		for i, ty := range types {
			if ty != "" {
				params = append(params, "%"+string(rune('0'+i))+" p"+string(rune('0'+i))+": "+ty)
			}
		}
		example := info.Example
		if c == OpYield {
			example = "%8 = const {value = true} : bool\n%9 = if %8 : i32 {\n yield %5 } { " + example + "\n}"
			example = strings.Replace(example, "true", "1", 1)
		}
		k, err := Parse("kernel @Example(" + strings.Join(params, ", ") + ") dims(M, N) grid(1) {\n" + example + "\n}")
		if assert.NoError(t, err, info.Example) {
			assert.NoError(t, k.Verify(), info.Example)
		}
	}
}

func TestISAIsFresh(t *testing.T) {
	const path = "../docs/isa.md"
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(ISA()), 0o666))
	}
	have, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.True(t, string(have) == ISA(), "docs/isa.md is stale: run go test ./ir -run ISA -update")
}

// The reader never panics, and what it prints it reads as the same.
func FuzzParse(f *testing.F) {
	f.Add(linearText)
	f.Add("kernel @k(%0 a: shared i7[3, 4], %1 \"b c\": f6e3m2[2] @ local(2)) dims(A = 3 div 4) grid(ceil(A, 2)%3 - -1) {|%3 k: i32| %4 = iota {axis = 0} : i32[3] loc(1:2) %5 = convert %1 : f6e3m2[2] @ local(2)\nbarrier}")
	f.Add("kernel @k() grid(1) {%0 = const {value = 1} : f16[16, 8] @ local(2,1).spatial(8,4).local(1,2) loc(1:2)\n%1 = neg %0 : f16[16, 8] @ basis{lane: [(0,1), (0,2)], reg: [(1,0)]} // c\n}")
	for _, c := range Codes() {
		f.Add("kernel @k() grid(1) {" + c.Info().Example + "}")
	}
	f.Fuzz(func(t *testing.T, text string) {
		k, err := Parse(text)
		if err != nil {
			return
		}
		_ = k.Verify()
		printed := k.String()
		again, err := Parse(printed)
		require.NoError(t, err, printed)
		require.Equal(t, printed, again.String())
	})
}
