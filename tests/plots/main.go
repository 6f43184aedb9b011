// Command plots draws how the time of Linear grows: against K, N, M and the bits of a weight, as SVG.
//
//	cd tests/plots
//	go run . -o ../../docs/plots ../../docs/performance.md
//
// It reads the tables that `perf` and `perf -growth` print (tests/perf), from any Markdown file; several files are read as one.
// A line needs three shapes that differ in one extent only, or five types at one shape. The dashed lines are the time to read what the kernel moves:
// a launch and the bytes at the bandwidth that -read names.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	dir := flag.String("o", ".", "directory of the pictures")
	format := flag.String("format", "svg", "svg or png")
	rate := flag.Float64("read", 4.5, "read bandwidth in TB/s, for the dashed lines")
	launch := flag.Float64("launch", 2.5, "µs of an empty launch, for the dashed lines")
	flag.Parse()
	if err := run(*dir, *format, floor{*launch, *rate}, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "plots:", err)
		os.Exit(1)
	}
}

func run(dir, format string, least floor, files []string) error {
	if len(files) == 0 {
		return fmt.Errorf("no table given: expected Markdown files that tests/perf printed")
	}
	var all []io.Reader
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		all = append(all, f, strings.NewReader("\n"))
	}
	points, err := read(io.MultiReader(all...))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, c := range charts(points) {
		if len(c.series) == 0 {
			fmt.Fprintf(os.Stderr, "plots: nothing to draw against %s: too few shapes differ in it alone\n", c.x)
			continue
		}
		name := filepath.Join(dir, "linear_"+strings.ToLower(c.x)+"."+format)
		if err := c.save(name, least); err != nil {
			return err
		}
		fmt.Println(name)
	}
	return nil
}

// chart is one picture: lines of time against one quantity.
type chart struct {
	x      string // M, N, K, bits
	series []series
}

type series struct {
	name   string
	points []point
	at     func(point) float64
}

// charts sorts the points of Linear into lines.
func charts(points []point) []chart {
	points = slices.DeleteFunc(slices.Clone(points), func(p point) bool { return p.kernel != "Linear" })
	var out []chart
	for _, x := range []string{"M", "N", "K"} {
		out = append(out, chart{x, lines(points, func(p point) string { return p.typ + ", " + p.shape(x) }, func(p point) float64 { return float64(p.dims[x]) }, 3)})
	}
	family := func(p point) string { return strings.TrimRight(strings.SplitN(p.typ, "e", 2)[0], "0123456789") }
	return append(out, chart{"bits", lines(points, func(p point) string { return family(p) + ", " + p.shape("") }, func(p point) float64 { return float64(bits(p.typ)) }, 5)})
}

// lines groups points by name; of several at one place the fastest stays, and lines of fewer places than least are left out.
func lines(points []point, name func(point) string, at func(point) float64, least int) []series {
	groups := map[string]map[float64]point{}
	for _, p := range points {
		g := groups[name(p)]
		if g == nil {
			g = map[float64]point{}
			groups[name(p)] = g
		}
		if q, ok := g[at(p)]; !ok || p.us < q.us {
			g[at(p)] = p
		}
	}
	var out []series
	for _, n := range slices.Sorted(maps.Keys(groups)) {
		if g := groups[n]; len(g) >= least {
			ps := slices.SortedFunc(maps.Values(g), func(a, b point) int { return cmp.Compare(at(a), at(b)) })
			out = append(out, series{n, ps, at})
		}
	}
	slices.SortStableFunc(out, func(a, b series) int { return cmp.Compare(b.points[len(b.points)-1].us, a.points[len(a.points)-1].us) })
	return out
}
