// Command widen counts what widening costs: for every type of 1 to 8 bits and the goals f16, bf16 and (integers) i8 it compiles a
// function that reads packed words and writes wider numbers, and counts the instructions of the arithmetic units, in the PTX and,
// where ptxas and nvdisasm are installed, in the machine code, less those of a function that only copies words. For the CPU
// it compiles what widens to f32 with the C compiler, for AVX-512 and for AVX2, and counts vector instructions. Beside them
// stand the sequences of Tilus. It prints the table of docs/types.md, and with -write puts it there.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/girih-lang/girih/codegen"
	"github.com/girih-lang/girih/codegen/ptx"
	"github.com/girih-lang/girih/codegen/ptx/llvm"
	"github.com/girih-lang/girih/codegen/ptx/ptxas"
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/ir/widen"
)

// elements a thread: the length after which every width fills its words.
const elements = 64

func main() {
	target := flag.String("target", "sm_90a", "GPU generation")
	write := flag.String("write", "", "a file whose table to replace, such as docs/types.md")
	flag.Parse()
	log.SetFlags(0)
	text, err := table(*target)
	if err != nil {
		log.Fatal(err)
	}
	if *write == "" {
		fmt.Print(text)
		return
	}
	old, err := os.ReadFile(*write)
	if err != nil {
		log.Fatal(err)
	}
	const begin, end = "<!-- widening: generated, run `go run ./tests/widen -write docs/types.md` -->\n", "<!-- end widening -->\n"
	head, rest, ok1 := bytes.Cut(old, []byte(begin))
	_, tail, ok2 := bytes.Cut(rest, []byte(end))
	if !ok1 || !ok2 {
		log.Fatalf("%s has no table between %q and %q", *write, begin, end)
	}
	if err := os.WriteFile(*write, bytes.Join([][]byte{head, []byte(begin), []byte(text), []byte(end), tail}, nil), 0o644); err != nil {
		log.Fatal(err)
	}
}

// count is the number of arithmetic instructions of a function.
type count struct{ ptx, sass int }

type counter struct {
	target ptx.Target
	driver llvm.Driver
	as     *ptxas.Assembler
	copies *count // of the function that copies
}

func table(target string) (string, error) {
	t, err := ptx.TargetOf(target)
	if err != nil {
		return "", err
	}
	d, err := llvm.Find()
	if err != nil {
		return "", err
	}
	c := &counter{target: t, driver: d}
	if as, err := ptxas.Find(); err == nil {
		if _, err := ptxas.FindDisassembler(); err == nil {
			c.as = as
		}
	}
	var out strings.Builder
	out.WriteString("| type | f16: with offset or factor left | PTX | SASS | f16: exact | PTX | SASS | Tilus | bf16: left | PTX | SASS | bf16: exact | PTX | SASS | Tilus | i8: exact | PTX | SASS | f32, AVX-512 | f32, AVX2 |\n")
	out.WriteString("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	cc := findCC()
	for _, from := range dtype.All() {
		if from.Bits() > 8 || from.IsBool() || from.IsFloat() && !from.HasSign() {
			continue
		}
		fmt.Fprintf(&out, "| `%s` |", from)
		for _, to := range []dtype.Type{dtype.F16, dtype.BF16} {
			g := widen.Goal{To: to, FP8: strings.HasPrefix(target, "sm_9") || strings.HasPrefix(target, "sm_1")}
			for _, deferred := range []bool{true, false} {
				if err := c.cells(&out, from, g, deferred); err != nil {
					return "", err
				}
			}
			fmt.Fprintf(&out, " %s |", peer(from, to))
		}
		if !from.IsInt() {
			out.WriteString(" - | - | - |")
		} else if err := c.cells(&out, from, widen.Goal{To: dtype.I8}, false); err != nil {
			return "", err
		}
		for _, isa := range isas {
			n, err := cc.count(from, isa)
			if err != nil {
				return "", fmt.Errorf("%s for %s: %w", from, isa, err)
			}
			fmt.Fprintf(&out, " %s |", n)
		}
		out.WriteString("\n")
	}
	return out.String(), nil
}

// cells writes what a widening costs as derived, in the PTX and in the machine code.
func (c *counter) cells(out *strings.Builder, from dtype.Type, g widen.Goal, deferred bool) error {
	prog, ok := widen.Derive(widen.Place(from, g, elements), from, g, deferred)
	if !ok {
		return fmt.Errorf("no program for %s to %s", from, g)
	}
	n, err := c.count(from, g, deferred)
	if err != nil {
		return fmt.Errorf("%s to %s: %w", from, g, err)
	}
	fmt.Fprintf(out, " %.2f | %.2f | ", float64(prog.Ops())/elements, float64(n.ptx)/elements)
	if c.as != nil {
		fmt.Fprintf(out, "%.2f |", float64(n.sass)/elements)
	} else {
		out.WriteString("- |")
	}
	return nil
}

// count compiles the function and the one that copies, for the difference.
func (c *counter) count(from dtype.Type, g widen.Goal, deferred bool) (count, error) {
	all, err := c.compile(function(from, g, deferred))
	if err != nil {
		return count{}, err
	}
	if c.copies == nil {
		none, err := c.compile(function(dtype.Invalid, g, false))
		if err != nil {
			return count{}, err
		}
		c.copies = &none
	}
	return count{all.ptx - c.copies.ptx, all.sass - c.copies.sass}, nil
}

// function reads the words of one thread and writes its elements; without a type it copies as many words.
func function(from dtype.Type, g widen.Goal, deferred bool) *thread.Func {
	f, b := thread.NewFunc("widen", 32)
	f.Params = []thread.Param{{Name: "x", Elem: thread.Ptr}, {Name: "y", Elem: thread.Ptr, Out: true}}
	i32 := thread.Scalar(thread.I32)
	tid := b.Emit(&thread.Node{Op: thread.Tid, Type: i32})
	off := b.Bin(thread.Mul, tid, b.I32(16))
	arg := func(i int64) *thread.Node {
		return b.PtrAdd(b.Emit(&thread.Node{Op: thread.Arg, Type: thread.Scalar(thread.Ptr), Imm: i}), off)
	}
	x, y := arg(0), arg(1)
	bits := 16
	if from.IsValid() {
		bits = from.Bits()
	}
	v := b.NewVar("w", thread.I32, widen.Words(bits, elements))
	for i := range v.Len {
		b.Set(v, b.I32(i), b.Load(i32, b.PtrAdd(x, b.I32(512*(i/4)+i%4*4)), nil, 4))
	}
	four := thread.Type{Elem: thread.I32, Lanes: 4}
	if !from.IsValid() {
		for i := 0; i < v.Len; i += 4 {
			b.Store(b.PtrAdd(y, b.I32(512*(i/4))), b.Get(v, b.I32(i), 4), nil, 16)
		}
		return f
	}
	plan := widen.Place(from, g, elements)
	w := codegen.Widen(b, v, plan, from, g, deferred)
	lanes := 16 / w.V.Elem.Size()
	for i := 0; i < w.V.Len; i += lanes {
		b.Store(b.PtrAdd(y, b.I32(512*(i/lanes))), b.Bitcast(b.Get(w.V, b.I32(i), lanes), four), nil, 16)
	}
	return f
}

func (c *counter) compile(f *thread.Func) (n count, err error) {
	ctx := context.Background()
	mod, err := ptx.Module(f, c.target)
	if err != nil {
		return n, err
	}
	r, err := c.driver.Compile(ctx, mod, llvm.Options{CPU: c.target.CPU, Features: c.target.PTX})
	if err != nil {
		return n, err
	}
	n.ptx = arithmetic(r.Text, ptxMoves)
	if c.as == nil {
		return n, nil
	}
	cubin, rep, err := c.as.Assemble(ctx, r.Text, c.target.CPU)
	if err != nil {
		return n, err
	}
	if rep.SpillStores+rep.Stack > 0 {
		return n, fmt.Errorf("local memory: %+v", rep.Usage)
	}
	sass, err := ptxas.Disassemble(ctx, cubin)
	n.sass = arithmetic(sass, sassMoves)
	return n, err
}
