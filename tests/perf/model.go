package main

import (
	"bufio"
	"cmp"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/lang"
)

// point is one row of a table that perf printed, and what the cost model says of it.
type point struct {
	name, tiles    string
	measured, said float64 // µs
	score          float64 // what the model compares
}

// model reads a table of perf and prints, for each kernel and shape in it, the tiling that measured best beside the
// one that the cost model would pick of those that were measured.
func model(path, target string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	machine := compile.MachineOf(target)
	packages := map[string]*lang.Package{}
	groups := map[string][]point{}
	var order []string
	scan := bufio.NewScanner(f)
	for scan.Scan() {
		c := strings.Split(scan.Text(), "|")
		if len(c) < 5 || !strings.Contains(c[2], "=") {
			continue
		}
		r, us, err := parseRow(c)
		if err != nil || r.file == "" {
			continue
		}
		pkg := packages[r.file]
		if pkg == nil {
			if pkg, err = lang.LoadSource(r.file+".girih", source(r.file)); err != nil {
				return err
			}
			packages[r.file] = pkg
		}
		kd, err := pkg.Kernel(r.kernel)
		if err != nil {
			return err
		}
		static := map[string]int64{}
		for _, d := range kd.Static {
			static[d] = r.dims[d]
		}
		e, err := compile.Expect(pkg, r.kernel, lang.Options{Defines: r.defines, Dims: static, AnyTune: true}, r.dims, machine)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name(), err)
		}
		var tiles []string
		short := row{file: r.file, kernel: r.kernel, defines: map[string]string{}}
		for _, p := range kd.Params {
			v, ok := r.defines[p.Name]
			switch {
			case ok && p.Kind == "tune":
				tiles = append(tiles, p.Name+"="+v)
			case ok:
				short.defines[p.Name] = v
			}
		}
		name := short.name() + " | " + r.shape()
		if groups[name] == nil {
			order = append(order, name)
		}
		groups[name] = append(groups[name], point{r.name(), strings.Join(tiles, " "), us, e.Time / 1e3, e.Score})
	}
	if err := scan.Err(); err != nil {
		return err
	}
	fmt.Printf("Cost model for %s on %s\n\n", machine.Name, path)
	fmt.Println("| kernel | shape | tilings | best | µs | model's pick | µs | over best | expected |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|")
	worst, errs, n := 0.0, 0.0, 0
	for _, name := range order {
		ps := groups[name]
		best := slices.MinFunc(ps, func(a, b point) int { return cmp.Compare(a.measured, b.measured) })
		pick := slices.MinFunc(ps, func(a, b point) int { return cmp.Compare(a.score, b.score) })
		over := pick.measured/best.measured - 1
		worst = max(worst, over)
		for _, p := range ps {
			errs += math.Abs(math.Log(p.said / p.measured))
			n++
		}
		fmt.Printf("| %s | %d | %s | %.1f | %s | %.1f | %.0f %% | %.1f |\n", name, len(ps), best.tiles, best.measured, pick.tiles, pick.measured, 100*over, pick.said)
	}
	if n > 0 {
		fmt.Printf("\nWorst pick: %.0f %% over the best. Mean error of %d expected times: %.0f %%.\n", 100*worst, n, 100*(math.Exp(errs/float64(n))-1))
	}
	return nil
}

// readRows reads the rows of a table, for -rows. Times are ignored.
func readRows(path string) ([]row, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var rs []row
	for _, line := range strings.Split(string(text), "\n") {
		c := strings.Split(line, "|")
		if len(c) < 4 || !strings.Contains(c[2], "=") {
			continue
		}
		r, _, err := parseRow(append(c[:3], "0"))
		if err != nil || r.file == "" {
			return nil, fmt.Errorf("%s: %q is no row of a kernel that perf knows", path, line)
		}
		rs = append(rs, r)
	}
	return rs, nil
}

// parseRow reads the kernel, its defines, the extents and the time of a row.
func parseRow(c []string) (r row, us float64, err error) {
	words := strings.Fields(c[1])
	if len(words) == 0 {
		return r, 0, nil
	}
	r.kernel, r.defines, r.dims = words[0], map[string]string{}, map[string]int64{}
	for _, known := range rows() {
		if known.kernel == r.kernel {
			r.file = known.file
		}
	}
	for _, w := range words[1:] {
		if k, v, ok := strings.Cut(w, "="); ok {
			r.defines[k] = v
		} else {
			r.words = strings.TrimSpace(r.words + " " + w)
		}
	}
	for _, w := range strings.Fields(c[2]) {
		k, v, _ := strings.Cut(w, "=")
		if r.dims[k], err = strconv.ParseInt(v, 10, 64); err != nil {
			return r, 0, err
		}
	}
	us, err = strconv.ParseFloat(strings.TrimSpace(c[3]), 64)
	return r, us, err
}
