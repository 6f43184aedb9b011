package c

import (
	"fmt"
	"strings"

	"github.com/girih-lang/girih/codegen/thread"
)

type printer struct {
	f   *thread.Func
	o   Options
	sym string

	b      strings.Builder // statements of the block function
	indent string
	node   *thread.Node // the node being printed

	uses    map[*thread.Node]int
	home    map[*thread.Node]*thread.Block // where the node is listed
	user    map[*thread.Node]*thread.Block // where its only user is listed
	loops   map[*thread.Node]*thread.Node  // LoopVar to its For
	ranges  map[*thread.Node]interval
	vals    map[*thread.Node]*val
	taken   map[*thread.Node]bool // comparisons that hold in the version of a loop being printed
	pending []*thread.Node        // inlined values whose user is still to come, in order
	block   *thread.Block
	scope   []*thread.Node // values defined in open blocks
	names   int

	arrays  map[*thread.Var]string
	scratch []*thread.Var // those in scratch memory
	helpers map[string]bool
}

// ctypes are the C types of values; arrays and memory hold the same.
var ctypes = map[thread.Elem]string{thread.Bool: "bool", thread.I8: "int8_t", thread.I16: "int16_t", thread.I32: "int32_t", thread.I64: "int64_t",
	thread.F16: "f16", thread.BF16: "bf16", thread.F32: "float", thread.F64: "double", thread.Ptr: "char *", thread.SharedPtr: "int32_t"}

// ctype names the C type of a kind and makes sure that it is declared.
func (p *printer) ctype(e thread.Elem) string {
	s, ok := ctypes[e]
	if !ok {
		p.fail("a value of kind %s", e)
	}
	if e == thread.F16 || e == thread.BF16 {
		p.use(s)
	}
	return s
}

// use notes that a helper and what it needs must be printed.
func (p *printer) use(name string) string {
	if !p.helpers[name] {
		h, ok := helpers[name]
		if !ok {
			p.fail("internal error: no helper %s", name)
		}
		p.helpers[name] = true
		for _, d := range h.needs {
			p.use(d)
		}
	}
	return name
}

// call is a call of a helper.
func (p *printer) call(name string, args ...string) string {
	return p.use(name) + "(" + strings.Join(args, ", ") + ")"
}

func (p *printer) line(format string, args ...any) {
	p.b.WriteString(p.indent)
	fmt.Fprintf(&p.b, format, args...)
	p.b.WriteByte('\n')
}

// unit prints everything: the block function first, since what it uses decides what stands before it.
func (p *printer) unit() []byte {
	p.helpers = map[string]bool{}
	p.vals = map[*thread.Node]*val{}
	p.taken = map[*thread.Node]bool{}
	p.ranges = map[*thread.Node]interval{}
	p.place()
	p.survey()
	p.indent = "\t"
	p.body(p.f.Body)
	body := p.b.String()
	for _, v := range p.f.Vars {
		if v.Lanes > 1 {
			p.wideType(thread.Type{Elem: v.Elem, Lanes: v.Lanes})
		}
	}

	p.node = nil
	p.b.Reset()
	p.indent = ""
	p.head()
	params, args := p.params(), p.args()
	for _, h := range helperOrder {
		if !p.helpers[h] {
			continue
		}
		text := helpers[h].text
		if f := helpers[h].make; f != nil {
			text = f()
		}
		p.b.WriteString(strings.TrimLeft(text, "\n") + "\n")
	}
	if len(p.scratch) > 0 || p.f.Shared > 0 {
		p.line("struct %s_memory {", p.sym)
		for _, v := range p.scratch {
			p.line("\t_Alignas(64) %s %s[%d];", p.ctype(v.Elem), p.local(v), v.Len)
		}
		if p.f.Shared > 0 {
			p.line("\t_Alignas(64) char shared[%d];", p.f.Shared)
		}
		p.line("};")
		p.line("const int64_t %s_scratch = sizeof(struct %s_memory);\n", p.sym, p.sym)
	} else {
		p.line("const int64_t %s_scratch = 0;\n", p.sym)
	}
	p.line("// One block of the kernel: the one at (b0, b1, b2) of the grid.")
	p.line("static __attribute__((noinline)) int32_t %s_block(%s)", p.sym, params)
	p.line("{")
	for _, v := range p.f.Vars {
		if v.Lanes > 1 {
			p.declareRegisters(v)
		} else if !strings.Contains(p.arrays[v], "->") {
			p.line("\t_Alignas(64) %s %s[%d];", p.ctype(v.Elem), p.arrays[v], v.Len)
		}
	}
	p.b.WriteString(body)
	p.line("\treturn 0;\n}\n")
	p.entry(args)
	return []byte(p.b.String())
}

// place decides where each local array lies.
func (p *printer) place() {
	p.arrays = map[*thread.Var]string{}
	left := p.o.Stack
	if left == 0 {
		left = 32 << 10
	}
	for _, v := range p.f.Vars {
		if v.Len < 1 {
			p.fail("the local array %s has %d elements", v, v.Len)
		}
		if v.Lanes > 1 {
			continue
		}
		size := v.Len * v.Elem.Size()
		if size > largest || size > left {
			p.arrays[v] = "m->" + p.local(v)
			p.scratch = append(p.scratch, v)
			continue
		}
		left -= (size + 63) &^ 63
		p.arrays[v] = p.local(v)
	}
}

func (p *printer) local(v *thread.Var) string { return "v_" + clean(v.String()) }

func (p *printer) param(i int) string { return fmt.Sprintf("p%d_%s", i, clean(p.f.Params[i].Name)) }

// params are the parameters of the block function. An input is never written and a result overlaps nothing, which the
// runtime checks; restrict tells the compiler.
func (p *printer) params() string {
	var s []string
	for i, q := range p.f.Params {
		switch {
		case q.Elem == thread.Ptr:
			s = append(s, "char *restrict "+p.param(i))
		default:
			s = append(s, "const "+p.ctype(q.Elem)+" "+p.param(i))
		}
	}
	if len(p.scratch) > 0 || p.f.Shared > 0 {
		s = append(s, "struct "+p.sym+"_memory *restrict m")
	}
	return strings.Join(append(s, "const int32_t b0", "const int32_t b1", "const int32_t b2"), ", ")
}

func (p *printer) args() string {
	var s []string
	for i, q := range p.f.Params {
		switch q.Elem {
		case thread.Ptr:
			s = append(s, fmt.Sprintf("*(char **)args[%d]", i))
		case thread.Bool:
			s = append(s, fmt.Sprintf("*(const uint8_t *)args[%d] != 0", i))
		default:
			s = append(s, fmt.Sprintf("*(const %s *)args[%d]", p.ctype(q.Elem), i))
		}
	}
	if len(p.scratch) > 0 || p.f.Shared > 0 {
		s = append(s, "scratch")
	}
	return strings.Join(append(s, "x", "y", "z"), ", ")
}

func (p *printer) head() {
	p.line("// Kernel %s as C11, made by girih. Compile for running with", p.f.Name)
	p.line("// cc -O3 -march=native -std=c11 -fPIC -shared -ffp-contract=off -fno-math-errno -fno-trapping-math FILE.c -lm")
	p.line("//")
	p.line("// int32_t %s(void **args, const int64_t grid[6], void *scratch)", p.sym)
	p.line("// runs the blocks grid[3] <= n < grid[4] of a grid of grid[0] x grid[1] x grid[2], and then, where grid[5] is the address of")
	p.line("// an int64_t, as many again from there on, again and again until none is left. scratch has %s_scratch bytes", p.sym)
	p.line("// aligned to 64. args[i] points to the value of parameter i:")
	for i, q := range p.f.Params {
		kind := p.kindOf(q)
		p.line("//   %d %s: %s", i, clean(q.Name), kind)
	}
	for l := range strings.Lines(p.o.Comment) {
		p.line("// %s", strings.TrimRight(l, "\r\n\\"))
	}
	p.line("#include <stdbool.h>\n#include <stdint.h>\n")
}

func (p *printer) kindOf(q thread.Param) string {
	switch {
	case q.Elem == thread.Ptr && q.Out:
		return "address of a result"
	case q.Elem == thread.Ptr:
		return "address of an input"
	}
	return q.Elem.String()
}

// entry prints the exported function.
func (p *printer) entry(args string) {
	p.line("int32_t %s(void **args, const int64_t grid[6], void *scratch)", p.sym)
	p.line("{")
	p.line("\t(void)args, (void)scratch;")
	p.line("\tint64_t *const next = (int64_t *)(intptr_t)grid[5];")
	p.line("\tconst int64_t total = grid[0] * grid[1] * grid[2], step = grid[4] - grid[3];")
	p.line("\tfor (int64_t first = grid[3], end = grid[4]; first < end;) {")
	p.line("\t\tint64_t x = first %% grid[0], y = first / grid[0] %% grid[1], z = first / grid[0] / grid[1];")
	p.line("\t\tfor (int64_t n = first; n < end; n++) {")
	p.line("\t\t\tconst int32_t error = %s_block(%s);", p.sym, args)
	p.line("\t\t\tif (error)\n\t\t\t\treturn error;")
	p.line("\t\t\tif (++x == grid[0]) {")
	p.line("\t\t\t\tx = 0;")
	p.line("\t\t\t\tif (++y == grid[1]) {")
	p.line("\t\t\t\t\ty = 0;")
	p.line("\t\t\t\t\tz++;")
	p.line("\t\t\t\t}")
	p.line("\t\t\t}")
	p.line("\t\t}")
	p.line("\t\tif (!next)\n\t\t\tbreak;")
	p.line("\t\tfirst = __atomic_fetch_add(next, step, __ATOMIC_RELAXED);")
	p.line("\t\tend = first + step < total ? first + step : total;")
	p.line("\t}")
	p.line("\treturn 0;")
	p.line("}")
}
