// Command perf times the kernels of the repository on a GPU with cold caches and prints a Markdown table: time, bytes that
// must move, bandwidth, and its share of the read bandwidth measured in the same run.
//
//	perf [-compile sm_90a] [-match REGEXP] [-samples 20] [-rows] [-growth] [-table FILE] [-candidates N] [-words WORDS]
//	perf -widen [-compile sm_90a] [-match REGEXP] [-samples 20] [-tilings]
//	perf -model FILE
//
// With -rows it times the row-wise kernels only, beside a copy of the same bytes; with -growth, Linear over K, N, M and bits
// (tests/plots draws it); with -table, the rows of a table such as it prints itself, with the tune values that they name; with
// -candidates, N tilings of each row that the cost model expects much of, instead of its pick (what its constants are fitted to);
// with -words "after(x); persistent", each row once more with after(x) in its grid line (so that a launch of the graph may start before the one ahead of it
// ends), and once more with persistent;
// with -widen, kernels that only widen a packed matrix and sum it, one for every type of 1 to 8 bits. With -compile it only compiles,
// into the cache that GIRIH_CACHE names, for a machine that has a GPU but no LLVM.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/cache"
	"github.com/girih-lang/girih/runtime/cuda"
	"github.com/girih-lang/girih/runtime/tensor"
)

type row struct {
	file, kernel string
	defines      map[string]string
	dims         map[string]int64
	flops        float64
	words        string // of its grid line, beside those of the file
}

func (r row) name() string {
	var s []string
	for _, k := range []string{"W", "A", "T", "Q", "G", "BM", "BN", "BK", "stages", "splits", "warps", "blocks", "persist"} {
		if v, ok := r.defines[k]; ok {
			s = append(s, k+"="+v)
		}
	}
	return strings.Join(strings.Fields(r.kernel+" "+r.words+" "+strings.Join(s, " ")), " ")
}

func (r row) shape() string {
	var s []string
	for _, k := range []string{"M", "N", "K"} {
		if v, ok := r.dims[k]; ok {
			s = append(s, fmt.Sprintf("%s=%d", k, v))
		}
	}
	return strings.Join(s, " ")
}

// rows lists what is timed; the first one is the read bandwidth.
func rows() []row {
	rs := []row{{"reduce", "SumRows", map[string]string{"T": "f32"}, map[string]int64{"M": 32768, "N": 16384}, 0, ""}}
	linear := func(w string, m, n, k int64) {
		rs = append(rs, row{"linear", "Linear", map[string]string{"W": w}, map[string]int64{"M": m, "N": n, "K": k}, 0, ""})
	}
	for _, s := range [][2]int64{{57344, 8192}, {8192, 8192}, {8192, 28672}, {10240, 8192}, {5120, 5120}, {55296, 5120}, {28672, 3584}, {3584, 4096}} {
		for _, m := range []int64{1, 4, 16, 64} {
			linear("u4", m, s[0], s[1])
		}
		linear("i4", 1, s[0], s[1])
		linear("f4e2m1", 1, s[0], s[1])
	}
	for _, w := range []string{"u1", "u2", "u3", "f3e1m1", "u5", "f5e2m2", "u6", "i6", "f6e3m2", "u7", "u8", "f8e4m3fn"} {
		linear(w, 1, 57344, 8192)
		linear(w, 1, 8192, 8192)
	}
	for _, k := range [][2]string{{"linear_mx", "LinearMX"}, {"linear_mx", "LinearNV"}, {"linear_zero", "LinearZero"}} {
		for _, m := range []int64{1, 16} {
			for _, s := range [][2]int64{{57344, 8192}, {8192, 8192}} {
				rs = append(rs, row{k[0], k[1], map[string]string{}, map[string]int64{"M": m, "N": s[0], "K": s[1]}, 0, ""})
			}
		}
	}
	for _, t := range []string{"f16", "bf16"} {
		rs = append(rs, row{"matmul", "Matmul", map[string]string{"T": t, "BM": "128", "BN": "128", "BK": "32", "stages": "4"}, map[string]int64{"M": 4096, "N": 4096, "K": 4096}, 2 * 4096 * 4096 * 4096, ""})
		rs = append(rs, row{"matmul", "MatmulNT", map[string]string{"T": t, "BM": "128", "BN": "128", "BK": "32", "stages": "4"}, map[string]int64{"M": 4096, "N": 4096, "K": 4096}, 2 * 4096 * 4096 * 4096, ""})
	}
	for _, r := range rowwise() {
		if r.kernel != "Copy" {
			rs = append(rs, r)
		}
	}
	rs = append(rs, row{"add", "Add", map[string]string{"T": "f32"}, map[string]int64{"N": 1 << 27}, 0, ""})
	return rs
}

func main() {
	var o options
	flag.StringVar(&o.target, "compile", "", "compile only, for this target")
	flag.StringVar(&o.list, "table", "", "time the rows of a table instead: | Linear W=u4 BM=8 | M=1 N=8192 K=8192 |")
	widen := flag.Bool("widen", false, "time kernels that widen packed elements and sum them; -match is of the type")
	tilings := flag.Bool("tilings", false, "with -widen, time many tilings of each")
	flag.StringVar(&o.match, "match", "", "time only rows whose name and shape match")
	flag.BoolVar(&o.rows, "rows", false, "time the row-wise kernels only")
	flag.BoolVar(&o.growth, "growth", false, "time Linear over K, N, M and bits instead")
	file := flag.String("model", "", "hold the cost model against a table that perf printed, and time nothing")
	flag.StringVar(&o.words, "words", "", "time each row with these words in its grid line too; several variants with semicolons in between")
	flag.IntVar(&o.candidates, "candidates", 0, "time so many tilings of each row instead of the pick")
	flag.IntVar(&o.samples, "samples", 20, "measurements of which the median is shown")
	flag.Parse()
	if *file != "" {
		if err := model(*file, cmp.Or(o.target, "sm_90a")); err != nil {
			fmt.Fprintln(os.Stderr, "perf:", err)
			os.Exit(1)
		}
		return
	}
	var err error
	if *widen {
		err = widening(o.target, o.match, o.samples, *tilings)
	} else {
		err = perf(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "perf:", err)
		os.Exit(1)
	}
}

// options are those of the flags that choose what is timed.
type options struct {
	target, match, list, words string
	samples, candidates        int
	rows, growth               bool
}

func perf(o options) error {
	re, err := regexp.Compile(o.match)
	if err != nil {
		return err
	}
	store := cache.Open(cache.Options{})
	var dev *cuda.Device
	target := o.target
	if target == "" {
		if dev, err = cuda.Open(0); err != nil {
			return err
		}
		defer dev.Close()
		target = dev.Target()
		fmt.Printf("%s, %s\n\n", dev, time.Now().Format("2006-01-02"))
	}
	var out table = &readTable{}
	all, always := rows(), "SumRows T=f32" // the ceiling is measured whatever is asked for
	switch {
	case o.list != "":
		given, err := readRows(o.list)
		if err != nil {
			return err
		}
		all = append(all[:1], given...)
	case o.growth:
		all = growth()
	case o.rows:
		out, all, always = &rowTable{}, rowwise(), "Copy"
	}
	if dev != nil {
		out.header()
	}
	for _, r := range all {
		ceiling := strings.HasPrefix(r.name(), always)
		if !ceiling && !re.MatchString(r.name()+" "+r.shape()) {
			continue
		}
		tilings := []row{r}
		if o.candidates > 0 && !ceiling {
			if tilings, err = r.candidates(target, o.candidates); err != nil {
				return err
			}
		}
		if o.words != "" && !ceiling {
			tilings = withWords(tilings, o.words)
		}
		for _, r := range tilings {
			c, err := r.compile(target, store)
			if err != nil && o.list == "" && o.candidates == 0 {
				return err
			}
			if err == nil && dev == nil {
				continue
			}
			var m result
			if err == nil {
				m, err = r.time(dev, c, o.samples)
			}
			if err != nil {
				fmt.Printf("| %s | %s | %v |\n", r.name(), r.shape(), err)
				continue
			}
			out.line(r, m)
		}
	}
	return nil
}

// candidates are tilings of a row: the cost model's pick, what it expects most of, and for the other half others that it expects to
// take less than twice as long, spread evenly.
func (r row) candidates(target string, limit int) ([]row, error) {
	pkg, o, err := r.source()
	if err != nil {
		return nil, err
	}
	list, err := compile.Picker{Machine: compile.MachineOf(target)}.Candidates(pkg, r.kernel, o, r.dims, 1<<16)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.name(), err)
	}
	var rs []row
	near := 1
	for near < len(list) && list[near].Time < 2*list[1].Time {
		near++
	}
	for i := range min(limit, near) {
		if j := i - limit/2; j > 0 {
			i = limit/2 + j*(near-limit/2)/(limit-limit/2)
		}
		c, t := list[i], r
		t.defines = c.Defines(r.defines)
		rs = append(rs, t)
	}
	return rs, nil
}

// compile lowers a row with what the cost model picks and compiles it.
func (r *row) compile(target string, store *cache.Cache) (*compile.Code, error) {
	k, err := r.lower(target)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.name(), err)
	}
	c, err := compile.GPU(context.Background(), k, target, compile.Options{Cache: store})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.name(), err)
	}
	return c, nil
}

// picked notes the tiling that the cost model chose, for the table.
func (r *row) picked(c compile.Choice) { r.defines = c.Defines(r.defines) }

// source loads the kernel's file; options say what is bound in it.
func (r row) source() (*lang.Package, lang.Options, error) {
	text := source(r.file)
	if r.words != "" {
		text = insert(text, r.kernel, r.words)
	}
	pkg, err := lang.LoadSource(r.file+".girih", text)
	if err != nil {
		return nil, lang.Options{}, err
	}
	kd, err := pkg.Kernel(r.kernel)
	if err != nil {
		return nil, lang.Options{}, err
	}
	static := map[string]int64{}
	for _, d := range kd.Static {
		static[d] = r.dims[d]
	}
	return pkg, lang.Options{Defines: r.defines, Dims: static, AnyTune: true}, nil
}

func (r *row) lower(target string) (*ir.Kernel, error) {
	pkg, o, err := r.source()
	if err != nil {
		return nil, err
	}
	choice, err := compile.Pick(pkg, r.kernel, o, r.dims, compile.MachineOf(target))
	if err != nil {
		return nil, err
	}
	o.Defines = choice.Defines(r.defines)
	k, err := lang.Lower(pkg, r.kernel, o)
	if err == nil {
		r.picked(choice)
		compile.Specialise(k, r.dims)
	}
	return k, err
}

func (r row) time(dev *cuda.Device, c *compile.Code, samples int) (m result, err error) {
	named := map[string]runtime.Arg{}
	for i, p := range c.Kernel.Params {
		if p.Out {
			continue
		}
		if p.Value.Type.Kind == ir.Tile {
			named[p.Name] = runtime.Float(1e-5)
			continue
		}
		shape, err := p.Shape(r.dims)
		if err != nil {
			return m, err
		}
		t, err := random(p, uint64(i), shape)
		if err != nil {
			return m, err
		}
		named[p.Name] = runtime.Tensor(t)
	}
	args, err := runtime.Arguments(c.Kernel, named, r.dims)
	if err != nil {
		return m, err
	}
	prog, err := cuda.NewProgram(dev, cuda.Code{Kernel: c.Kernel, PTX: c.PTX, Threads: c.Threads, Shared: c.Shared})
	if err != nil {
		return m, err
	}
	defer prog.Close()
	took, bytes, err := prog.Time(context.Background(), args, samples)
	if err != nil {
		return m, err
	}
	m = result{us: float64(took.Nanoseconds()) / 1e3, mb: float64(bytes) / 1e6, rate: float64(bytes) / took.Seconds() / 1e12, registers: prog.Function.Registers}
	return m, nil
}

// table is how results are shown.
type table interface {
	header()
	line(r row, m result)
}

// readTable shows the share of the read bandwidth, which the first row measures.
type readTable struct{ ceiling float64 }

func (t *readTable) header() {
	fmt.Println("| kernel | shape | µs | MB | TB/s | share of read | TFLOP/s | regs |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
}

func (t *readTable) line(r row, m result) {
	if t.ceiling == 0 {
		t.ceiling = m.rate
	}
	flops := ""
	if r.flops > 0 {
		flops = fmt.Sprintf("%.0f", r.flops/m.us/1e6)
	}
	fmt.Printf("| %s | %s | %.1f | %.1f | %.2f | %.0f %% | %s | %d |\n", r.name(), r.shape(), m.us, m.mb, m.rate, 100*m.rate/t.ceiling, flops, m.registers)
}

// random is data of ordinary size: normal floats, any integer codes. Large tensors repeat a block of it.
func random(p *ir.Param, seed uint64, shape []int) (*tensor.Tensor, error) {
	t, err := tensor.Make(p.Value.Type.Elem, shape...)
	if err != nil {
		return nil, err
	}
	n := min(t.Len(), 1<<20)
	var b *tensor.Tensor
	if e := p.Value.Type.Elem; e.IsInt() {
		b, err = tensor.Random(e, seed, n)
	} else {
		b, err = tensor.Normal(e, seed, 1, n)
	}
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(t.Data); i += len(b.Data) {
		copy(t.Data[i:], b.Data)
	}
	return t, nil
}
