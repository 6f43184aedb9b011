package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/tensor"
	"github.com/girih-lang/girih/stdlib"
)

// print is the report as a table. Columns that no row fills are left out.
func (b *bencher) print(title string, list []measured, several bool) {
	b.a.printf("%s\n\n", title)
	head := []string{"executor", "time", "moved", "GB/s", "ceiling", "share"}
	align := "lrrrrr"
	if several {
		head, align = append([]string{"shape"}, head...), "l"+align
	}
	flops := slices.ContainsFunc(list, func(m measured) bool { return m.FLOPs > 0 })
	if flops {
		head, align = append(head, "GFLOP/s"), align+"r"
	}
	width := 0
	for _, m := range list {
		width = max(width, len(m.Beside))
	}
	for range width {
		head, align = append(head, "beside", "time", "ratio"), align+"lrr"
	}
	rows := [][]string{head}
	for _, m := range list {
		ceiling, share := "-", "-"
		if m.Ceiling > 0 {
			ceiling, share = fmt.Sprintf("%.3g", m.Ceiling), fmt.Sprintf("%.0f %%", 100*m.Share)
		}
		line := []string{m.Executor, duration(time.Duration(m.Time * 1e3)), size(m.Bytes), fmt.Sprintf("%.3g", m.Rate), ceiling, share}
		if several {
			line = append([]string{extents(m.Shape)}, line...)
		}
		if flops {
			line = append(line, fmt.Sprintf("%.4g", m.FLOPs))
		}
		for i := range width {
			if i >= len(m.Beside) {
				line = append(line, "", "", "")
				continue
			}
			x := m.Beside[i]
			name := x.Name
			if x.Where != "" {
				name += " (stored)"
			}
			line = append(line, name, duration(time.Duration(x.Time*1e3)), fmt.Sprintf("%.2f×", x.Ratio))
		}
		rows = append(rows, line)
	}
	b.a.table(rows, align)
	said := map[string]bool{}
	for _, m := range list {
		text := m.Executor + ": " + m.tiles
		if several {
			text = extents(m.Shape) + " on " + text
		}
		if m.tiles != "" && !said[text] {
			said[text] = true
			b.a.printf("%s\n", text)
		}
	}
}

func extents(shape map[string]int64) string {
	var s []string
	for _, name := range slices.Sorted(maps.Keys(shape)) {
		s = append(s, fmt.Sprintf("%s=%d", name, shape[name]))
	}
	return strings.Join(s, " ")
}

// readCUDA is the bandwidth in GB/s of a kernel that does little but read.
func readCUDA(a *app) (float64, error) {
	text, _ := stdlib.Source("reduce")
	pkg, err := lang.LoadSource("reduce.girih", text)
	if err != nil {
		return 0, err
	}
	src := &kernelSource{pkg: pkg, defines: map[string]string{"T": "f32"}, dims: map[string]int64{"M": 32768, "N": 16384},
		given: map[string]bool{}}
	if src.decl, err = pkg.Kernel("SumRows"); err != nil {
		return 0, err
	}
	k, err := src.lower()
	if err != nil {
		return 0, err
	}
	j := &job{src: src, k: k, named: map[string]runtime.Arg{}, dims: src.dims}
	for _, p := range k.Params {
		if p.Out {
			continue
		}
		shape, err := j.shape(p, "")
		if err != nil {
			return 0, err
		}
		j.named[p.Name] = runtime.Tensor(tensor.New(p.Value.Type.Elem, shape...))
	}
	compile.Specialise(k, src.dims)
	o, err := a.openCUDA(k)
	if err != nil {
		return 0, err
	}
	args, err := j.arguments(k)
	if err != nil {
		return 0, errors.Join(err, o.close())
	}
	took, bytes, err := timed(a, o, args, 20)
	return float64(bytes) / float64(max(took.Nanoseconds(), 1)), errors.Join(err, o.close())
}
