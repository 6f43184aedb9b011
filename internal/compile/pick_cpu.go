package compile

import (
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/passes"
)

func init() { CPUTiles = cpuTiles }

// cpuTiles chooses tune values for the CPU: it lowers candidates and counts cycles of one core by rules of thumb. Values
// that decide the storage order of packed parameters are chosen for a few rows, whatever the extents that these parameters
// do not have: a matrix is packed once for calls of any number of rows.
func cpuTiles(pkg *lang.Package, kernel string, o lang.Options, dims map[string]int64) (map[string]int64, error) {
	s := &cpuSearch{pkg: pkg, kernel: kernel, o: o, values: map[string][]int64{}, seen: map[string]float64{}}
	first := o
	first.Tune = func(name string, values []int64) {
		if _, given := o.Defines[name]; !given && len(values) > 0 {
			s.names = append(s.names, name)
			s.values[name] = values
		}
	}
	k, err := lang.Lower(pkg, kernel, first)
	if err != nil {
		return nil, err
	}
	best := map[string]int64{}
	for _, n := range s.names {
		best[n] = s.values[n][0]
	}
	free := maps.Clone(dims)
	packed := false
	for _, d := range k.Dims {
		mine := true
		for _, p := range k.Params {
			if p.Packed {
				packed = true
				mine = mine && !slices.ContainsFunc(p.Value.Type.Dims, func(e ir.Expr) bool { return e.Op == ir.EDim && e.Name == d.Name })
			}
		}
		if mine && d.Static < 0 {
			free[d.Name] = 4
		}
	}
	names := s.names
	if packed {
		best = s.descend(best, s.names, free)
		names = nil
		for _, n := range s.names {
			if !s.orders(best, n) {
				names = append(names, n)
			}
		}
	}
	return s.descend(best, names, dims), nil
}

type cpuSearch struct {
	pkg    *lang.Package
	kernel string
	o      lang.Options
	names  []string
	values map[string][]int64
	seen   map[string]float64
}

// descend changes one value at a time as long as that helps.
func (s *cpuSearch) descend(v map[string]int64, names []string, dims map[string]int64) map[string]int64 {
	best, cost := v, s.cost(v, dims)
	for range 4 {
		better := false
		for _, n := range names {
			for _, x := range s.values[n] {
				w := maps.Clone(best)
				w[n] = x
				if c := s.cost(w, dims); c < cost*0.999 {
					best, cost, better = w, c, true
				}
			}
		}
		if !better {
			break
		}
	}
	return best
}

// tiled is the kernel after the passes, or nil.
func (s *cpuSearch) tiled(v map[string]int64) *ir.Kernel {
	o := s.o
	o.Defines = maps.Clone(o.Defines)
	if o.Defines == nil {
		o.Defines = map[string]string{}
	}
	for n, x := range v {
		o.Defines[n] = strconv.FormatInt(x, 10)
	}
	k, err := lang.Lower(s.pkg, s.kernel, o)
	if err != nil || passes.Run(k, &passes.Context{Target: passes.CPU}) != nil {
		return nil
	}
	return k
}

// orders reports a value on which a storage order depends.
func (s *cpuSearch) orders(v map[string]int64, name string) bool {
	tiles := func(x int64) (t [][2]int) {
		w := maps.Clone(v)
		w[name] = x
		if k := s.tiled(w); k != nil {
			for _, p := range k.Params {
				if p.Pack != nil {
					t = append(t, p.Pack.Tile)
				}
			}
		}
		return t
	}
	for _, x := range s.values[name] {
		if !slices.Equal(tiles(x), tiles(v[name])) {
			return true
		}
	}
	return false
}

func (s *cpuSearch) cost(v map[string]int64, dims map[string]int64) float64 {
	key := ""
	for _, n := range s.names {
		key += strconv.FormatInt(v[n], 10) + ","
	}
	for _, n := range slices.Sorted(maps.Keys(dims)) {
		key += n + strconv.FormatInt(dims[n], 10)
	}
	c, ok := s.seen[key]
	if !ok {
		c = s.count(v, dims)
		s.seen[key] = c
	}
	return c
}

// cpuWorkers is for how many threads blocks should be left: the same everywhere, so that a storage order is too.
const cpuWorkers = 4

func (s *cpuSearch) count(v, dims map[string]int64) float64 {
	k := s.tiled(v)
	if k == nil {
		return math.Inf(1)
	}
	grid, err := k.GridSize(dims)
	if err != nil {
		return math.Inf(1)
	}
	blocks := float64(grid[0] * grid[1] * grid[2])
	m := &measure{k: k, dims: dims, w: &work{grid: grid}, owner: map[*ir.Value]*ir.Op{}}
	c := &cpuCount{k: k, m: m}
	c.block(k.Body, 1)
	const start = 500 // of a block
	uneven := math.Ceil(blocks/cpuWorkers) * cpuWorkers / max(blocks, 1)
	return (c.cycles + start) * blocks * uneven
}

// cpuCount counts the cycles of a block.
type cpuCount struct {
	k      *ir.Kernel
	m      *measure
	cycles float64
}

func (c *cpuCount) block(b *ir.Block, times float64) {
	for _, o := range b.Ops {
		switch {
		case o.Code == ir.OpFor:
			from, ok1 := c.m.eval(o.Args[0])
			to, ok2 := c.m.eval(o.Args[1])
			step, ok3 := c.m.eval(o.Args[2])
			trips := 8.0
			if ok1 && ok2 && ok3 && step > 0 {
				trips = max(0, math.Ceil(float64(to-from)/float64(step)))
			}
			c.m.owner[o.Regions[0].Args[0]] = o
			c.block(o.Regions[0], times*trips)
			continue
		case len(o.Regions) > 0:
			for _, r := range o.Regions {
				c.block(r, times)
			}
			continue
		}
		c.cycles += times * c.op(o)
	}
}

func (c *cpuCount) op(o *ir.Op) float64 {
	n := 1.0
	size := func(v *ir.Value) float64 {
		n := 1.0
		for _, x := range v.Type.Shape {
			n *= float64(x)
		}
		return n
	}
	if len(o.Results) == 1 && o.Result().Type.Kind == ir.Tile {
		n = size(o.Result())
	}
	switch o.Code {
	case ir.OpDot:
		return c.dot(o)
	case ir.OpLoad, ir.OpGather:
		e := o.Args[0].Type.Elem
		p := c.k.ParamOf(o.Args[0])
		switch {
		case p != nil && p.Pack != nil:
			return 0 // counted where it is widened
		case e.Bits()%8 != 0:
			return 4 * n
		}
		rows := n / float64(max(1, last(o.Result().Type.Shape)))
		return n/8 + 4*rows
	case ir.OpStore:
		return size(o.Args[0])/4 + 8
	case ir.OpConst, ir.OpBroadcast, ir.OpReshape, ir.OpTranspose, ir.OpIota, ir.OpDim, ir.OpProgramID, ir.OpYield:
		return 1
	case ir.OpCast:
		if under(o.Result()) != nil && c.packed(o.Result()) {
			return 0
		}
		return n / 4
	case ir.OpExp, ir.OpLog, ir.OpDiv, ir.OpTanh, ir.OpErf:
		return n
	}
	return n / 8
}

func last(s []int) int {
	if len(s) == 0 {
		return 1
	}
	return s[len(s)-1]
}

// under is the value below casts.
func under(v *ir.Value) *ir.Op {
	for v.Def != nil && v.Def.Code == ir.OpCast {
		v = v.Def.Args[0]
	}
	return v.Def
}

// packed reports a packed tile, below casts, that goes into a dot only.
func (c *cpuCount) packed(v *ir.Value) bool {
	o := under(v)
	if o == nil || o.Code != ir.OpLoad {
		return false
	}
	p := c.k.ParamOf(o.Args[0])
	return p != nil && p.Pack != nil
}

// dot counts after codegen's dotCPU: two multiply-adds of a vector each cycle where enough sums are in flight.
func (c *cpuCount) dot(o *ir.Op) float64 {
	t := o.Result().Type
	parts := 1.0
	if t.Rank() == 3 {
		parts, t = float64(t.Shape[0]), t.WithShape(t.Shape[1:]...)
	}
	m, n, k := float64(t.Shape[0]), float64(t.Shape[1]), float64(o.Args[0].Type.Shape[1])
	lanes := float64(thread.WideLanes(thread.F32))
	if t.Shape[1]%int(lanes) != 0 {
		return m * n * k / 2
	}
	vectors := min(n/lanes, max(2, 8/m))
	chains := min(m, 12) * vectors
	sum := m * n * k / lanes / 2 * max(1, 8/chains)
	sum += parts * m * n / lanes * 2 // the sum comes from memory and goes back
	if c.packed(o.Args[1]) {
		sum += k * n / lanes * 1.5
		if m > 16 {
			sum += k * n / lanes
		}
		if m <= 16 && m > 12 {
			sum += k * n / lanes * 1.5 // twice
		}
	} else {
		sum += k * n / lanes * 3
	}
	if bytes := 4 * (k*n + m*k + m*n); bytes > 1<<20 {
		sum *= 1.3 // beyond the second cache
	}
	return sum + 200
}
