package compile

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/lang/syntax"
)

// search is the space of tune values of one kernel.
type search struct {
	pkg    *lang.Package
	kernel string
	o      lang.Options
	base   *ir.Kernel // with the first candidates
	names  []string   // of all tune values
	open   []string   // those to choose
	values map[string][]int64
	stated map[string][]int64 // candidates as they are declared, of values that are given too
	tiles  map[string]string  // the dimension that a value divides into the tiles of the grid
	lead   map[string]int64   // what is preferred
	free   string             // the open value that only sets stages, or ""
	seen   map[string]Estimate

	mu    sync.Mutex
	works map[string]*counting
}

func newSearch(pkg *lang.Package, kernel string, o lang.Options) (*search, error) {
	s := &search{pkg: pkg, kernel: kernel, o: o, values: map[string][]int64{}, stated: map[string][]int64{}, lead: map[string]int64{}, seen: map[string]Estimate{}, works: map[string]*counting{}}
	o.Tune = func(name string, values []int64) {
		s.names = append(s.names, name)
		s.values[name], s.stated[name] = values, values
		if text, ok := o.Defines[name]; ok {
			if n, err := strconv.ParseInt(text, 0, 64); err == nil {
				s.values[name] = []int64{n}
			}
			return
		}
		s.open = append(s.open, name)
	}
	var err error
	if s.base, err = lang.Lower(pkg, kernel, o); err != nil {
		return nil, err
	}
	decl, err := pkg.Kernel(kernel)
	if err != nil {
		return nil, err
	}
	s.tiles = tiled(decl.Decl)
	s.prefer(nil)
	return s, nil
}

// tiled is the dimensions that tune values divide: of `grid m in M by BM`, BM divides M.
func tiled(d *syntax.KernelDecl) map[string]string {
	tiles := map[string]string{}
	syntax.Walk(d, func(n syntax.Node) bool {
		g, ok := n.(*syntax.GridStmt)
		if !ok {
			return true
		}
		for _, r := range g.Ranges {
			dim, ok1 := r.Hi.(*syntax.Ident)
			by, ok2 := r.By.(*syntax.Ident)
			if ok1 && ok2 {
				tiles[by.Name] = dim.Name
			}
		}
		return false
	})
	return tiles
}

// prefer says which value of each is taken where the model sees no difference: the author's first candidate, but of a dimension of
// extent 1 a tile of 1, if that is a candidate.
func (s *search) prefer(dims map[string]int64) {
	for name, values := range s.stated {
		lead := values[0]
		if dims[s.tiles[name]] == 1 && slices.Contains(values, 1) {
			lead = 1
		}
		s.lead[name] = lead
	}
}

func (s *search) isOpen(name string) bool { return slices.Contains(s.open, name) }

func (s *search) first() map[string]int64 {
	v := map[string]int64{}
	for _, n := range s.names {
		v[n] = s.values[n][0]
	}
	return v
}

func (s *search) choice(v map[string]int64, from string) Choice {
	of := 1
	for _, n := range s.names {
		of = min(of*len(s.values[n]), 1<<30)
	}
	return Choice{Names: s.names, Values: maps.Clone(v), From: from, Of: of, NoSplit: s.o.NoSplit}
}

// legal says whether values are among the candidates.
func (s *search) legal(v map[string]int64) bool {
	for _, n := range s.names {
		x, ok := v[n]
		if !ok || !slices.Contains(s.values[n], x) {
			return false
		}
	}
	return len(v) == len(s.names)
}

// identity is the text that a pick depends on, besides the machine and the extents.
func (s *search) identity() string {
	var b strings.Builder
	for _, src := range s.pkg.Sources {
		fmt.Fprintf(&b, "%d %s\n", len(src.Text), src.Text)
	}
	fmt.Fprintf(&b, "%s", s.base.Name)
	for _, k := range slices.Sorted(maps.Keys(s.o.Defines)) {
		fmt.Fprintf(&b, " %s=%s", k, s.o.Defines[k])
	}
	return b.String()
}

// lower is the kernel with given tune values; nil if it cannot be built.
func (s *search) lower(v map[string]int64) *ir.Kernel {
	o := s.o
	o.Defines = Choice{Values: v}.Defines(s.o.Defines)
	k, err := lang.Lower(s.pkg, s.kernel, o)
	if err != nil {
		return nil
	}
	return k
}

// unsplit sets values that only say into how many parts sums are split to 1, where that is a candidate: on a CPU parts are
// not computed side by side.
func (s *search) unsplit(v map[string]int64) {
	for _, name := range s.open {
		if !slices.Contains(s.values[name], 1) || v[name] == 1 {
			continue
		}
		w := maps.Clone(v)
		w[name] = 1
		a, b := s.lower(v), s.lower(w)
		if a != nil && b != nil && splits(a) > 1 && splits(b) <= 1 {
			v[name] = 1
		}
	}
}

// splits is the largest number of parts that a sum of a kernel is split in.
func splits(k *ir.Kernel) int {
	n := 0
	k.Body.Walk(func(o *ir.Op) bool {
		n = max(n, o.Int("split"))
		return true
	})
	return n
}

// stagesOnly reports a tune value that does nothing but set the number of stages of loops: the work need not be counted
// again for each of its values.
func (s *search) stagesOnly(name string) bool {
	v := s.first()
	if len(s.values[name]) < 2 {
		return false
	}
	w := maps.Clone(v)
	w[name] = s.values[name][1]
	a, b := s.lower(v), s.lower(w)
	if a == nil || b == nil {
		return false
	}
	n := stages(a, v[name])
	return n > 0 && n == stages(b, w[name]) && a.String() == b.String()
}

// findFree finds a tune value of stagesOnly.
func (s *search) findFree() {
	for _, name := range slices.Backward(s.open) {
		if s.stagesOnly(name) {
			s.free = name
			return
		}
	}
}

// stages takes the stages out of loops that have n of them, and counts these.
func stages(k *ir.Kernel, n int64) int {
	found := 0
	k.Body.Walk(func(o *ir.Op) bool {
		if o.Code == ir.OpFor && int64(o.Int("pipeline")) == n {
			o.Set("pipeline", 1)
			found++
		}
		return true
	})
	return found
}

// costs evaluates one choice and remembers it. Where s.free is a tune value of stagesOnly, the work is counted once for all
// of its values.
func (s *search) costs(c *model, m Machine, dims, v map[string]int64) Estimate {
	key := Choice{Names: s.names, Values: v}.String()
	if e, ok := s.seen[key]; ok {
		return e
	}
	e := Estimate{Time: math.Inf(1), Why: "it does not compile"}
	if counted := s.work(m, dims, v); counted != nil {
		w := *counted
		if s.free != "" {
			w.loops = slices.Clone(w.loops)
			for i := range w.loops {
				if l := &w.loops[i]; int64(l.stages) == s.values[s.free][0] {
					l.stages = int(v[s.free])
				}
			}
		}
		e = c.estimate(&w, m)
	}
	s.seen[key] = e
	return e
}

// counting is the work of a choice, being counted or done.
type counting struct {
	once sync.Once
	w    *work
}

// work counts the work of a choice, once; several goroutines may ask.
func (s *search) work(m Machine, dims, v map[string]int64) *work {
	if s.free != "" {
		v = maps.Clone(v)
		v[s.free] = s.values[s.free][0]
	}
	key := Choice{Names: s.names, Values: v}.String()
	s.mu.Lock()
	c := s.works[key]
	if c == nil {
		c = &counting{}
		s.works[key] = c
	}
	s.mu.Unlock()
	c.once.Do(func() { c.w = s.count(m, dims, v) })
	return c.w
}

// count lowers one choice, lays it out, and counts its work; nil where that fails.
func (s *search) count(m Machine, dims, v map[string]int64) *work {
	k := s.lower(v)
	if k == nil {
		return nil
	}
	t, err := Target(m.Target)
	if err != nil {
		return nil
	}
	Specialise(k, dims)
	if layoutsOnly(k, t) != nil {
		return nil
	}
	w, err := workOf(k, dims, t)
	if err != nil {
		return nil
	}
	return w
}
