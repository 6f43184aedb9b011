package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"regexp"
	goruntime "runtime"
	"strings"

	"github.com/girih-lang/girih/codegen"
	cprint "github.com/girih-lang/girih/codegen/c"
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime/cpu"
)

// isas are instruction sets, as options of the C compiler.
var isas = []string{"-march=icelake-server -mprefer-vector-width=512", "-march=haswell"}

// compiler is the C compiler, nil where there is none for amd64.
type compiler struct{ cc *cpu.Compiler }

func findCC() *compiler {
	cc, err := cpu.Find()
	if err != nil || goruntime.GOARCH != "amd64" {
		return nil
	}
	return &compiler{cc}
}

// count is the vector instructions for each element, as text.
func (c *compiler) count(t dtype.Type, isa string) (string, error) {
	if c == nil {
		return "-", nil
	}
	f, n := lanesFunction(t)
	text, err := cprint.Print(f, cprint.Options{})
	if err != nil {
		return "", err
	}
	args := append(append(append([]string{}, c.cc.Args...), cpu.Flags(true)...), strings.Fields(isa)...)
	cmd := exec.Command(c.cc.Path, append(args, "-S", "-o", "-", "-x", "c", "-")...)
	cmd.Stdin = bytes.NewReader(text)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	asm, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, complaint.Bytes())
	}
	return fmt.Sprintf("%.2f", float64(vectors(asm))/float64(n)), nil
}

// lanesFunction reads the words of 16 columns for 32 rows and writes the rows as f32; n is the number of elements.
func lanesFunction(t dtype.Type) (f *thread.Func, n int) {
	f, b := thread.NewFunc("widen", 1)
	f.Params = []thread.Param{{Name: "x", Elem: thread.Ptr}, {Name: "y", Elem: thread.Ptr, Out: true}}
	arg := func(i int64) *thread.Node {
		return b.Emit(&thread.Node{Op: thread.Arg, Type: thread.Scalar(thread.Ptr), Imm: i})
	}
	x, y := arg(0), arg(1)
	v := b.NewVar("rows", thread.F32, 16*32)
	for read := 0; n < v.Len; {
		var ws []*thread.Node
		for i := range t.Bits() { // at most one period
			ws = append(ws, b.Load(thread.Wide(thread.I32), b.PtrAdd(x, b.I32(64*(read+i))), nil, 4))
		}
		rows := codegen.WidenLanes(b, t, ws)
		for _, r := range rows {
			b.Set(v, b.I32(n), r)
			n += 16
		}
		read += len(rows) * t.Bits() / 32
	}
	b.Local(v.Len, func(i *thread.Node) {
		b.Store(b.PtrAdd(y, b.Bin(thread.Mul, i, b.I32(4))), b.Get(v, i, 1), nil, 4)
	})
	return f, n
}

// A line of assembly that is an instruction on vectors.
var vectorLine = regexp.MustCompile(`^\s+(v\w+)\s`)

// Loads, stores, moves and constants, which go with any sequence.
var vectorMoves = []string{"vmov", "vbroadcast", "vpbroadcast", "vzero", "vinsert", "vextract", "vpxor", "vxorps", "vpcmpeq", "vpternlogd\t$0xFF", "vpternlogd\t$255"}

func vectors(asm []byte) (n int) {
lines:
	for _, line := range strings.Split(string(asm), "\n") {
		if !vectorLine.MatchString(line) {
			continue
		}
		for _, m := range vectorMoves {
			if strings.HasPrefix(strings.TrimSpace(line), m) {
				continue lines
			}
		}
		n++
	}
	return n
}
