package compile

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/runtime/cache"
)

// Choice is a value for every tune declaration of a kernel, and where it comes from.
type Choice struct {
	Names   []string         // in source order
	Values  map[string]int64 // by name
	From    string           // "given", "declared" (the first candidates), "model", "tuned"
	Time    time.Duration    // of a launch: the model's estimate, or what tuning measured; 0 when unknown
	Note    string           // something the user should know, such as a tuned entry that does not apply here
	Tried   int              // choices that the model looked at
	Counted int              // of these, those whose work had to be counted
	Of      int              // choices that the declarations span
}

// Defines are the defines that a kernel is lowered with: base with the choice added.
func (c Choice) Defines(base map[string]string) map[string]string {
	d := maps.Clone(base)
	if d == nil {
		d = map[string]string{}
	}
	for name, v := range c.Values {
		d[name] = strconv.FormatInt(v, 10)
	}
	return d
}

// String is the values in source order: "BM=8 BN=64".
func (c Choice) String() string {
	var s []string
	for _, n := range c.Names {
		s = append(s, fmt.Sprintf("%s=%d", n, c.Values[n]))
	}
	return strings.Join(s, " ")
}

// CPUTiles chooses tune values for the CPU target; it is nil where there is no such model, and then the first candidates
// stand, with the parts of split(…) taken as 1. Values that o.Defines gives must be kept.
var CPUTiles func(pkg *lang.Package, kernel string, o lang.Options, dims map[string]int64) (map[string]int64, error)

// Picker chooses tune values. The zero value picks by the model for no particular machine: the first candidates.
type Picker struct {
	Machine Machine
	Cache   *cache.Cache // remembers what the model picked; may be nil
	Tuned   *Tuned       // measured winners, which come before the model; may be nil
}

// Pick chooses values for the tune declarations of a kernel that o.Defines leaves open, for the extents dims at hand: the
// winner of an earlier `girih tune` on this chip if there is one, else what the cost model expects to be fastest. It
// measures nothing, and takes a few milliseconds, or a lookup in the cache when extents of the same class were picked for
// before. Extents may be missing from dims: the first candidates stand then.
//
// The error is that of lowering the kernel with its first candidates; a machine on which no candidate fits gives them too,
// and the compiler says what is wrong.
func (p Picker) Pick(pkg *lang.Package, kernel string, o lang.Options, dims map[string]int64) (Choice, error) {
	s, err := newSearch(pkg, kernel, o)
	if err != nil {
		return Choice{}, err
	}
	first := s.choice(s.first(), "declared")
	if len(s.open) == 0 {
		first.From = "given"
		return first, nil
	}
	whole := map[string]int64{}
	for _, d := range s.base.Dims {
		n, ok := dims[d.Name]
		if d.Static >= 0 {
			n, ok = d.Static, true
		}
		if !ok {
			return first, nil
		}
		whole[d.Name] = n
	}
	var note string
	if p.Tuned != nil {
		c, ok, why := p.Tuned.find(s, whole)
		if ok {
			return c, nil
		}
		note = why
	}
	c := first
	switch {
	case p.Machine.Target == "cpu" && CPUTiles != nil:
		v, err := CPUTiles(pkg, kernel, o, whole)
		if err != nil {
			return first, err
		}
		for name, n := range v {
			if s.isOpen(name) {
				c.Values[name] = n
			}
		}
		c.From = "model"
	case p.Machine.Target == "cpu":
		s.unsplit(c.Values)
	case p.Machine.SMs > 0:
		c = p.model(s, whole)
	}
	c.Note = note
	return c, nil
}

// Expect is what the model says of given tune values: o.Defines must set all of them.
func Expect(pkg *lang.Package, kernel string, o lang.Options, dims map[string]int64, m Machine) (Estimate, error) {
	s, err := newSearch(pkg, kernel, o)
	if err != nil {
		return Estimate{}, err
	}
	return s.costs(&defaultModel, m, dims, s.first()), nil
}

// Pick is Picker.Pick by the model alone, without a cache.
func Pick(pkg *lang.Package, kernel string, o lang.Options, dims map[string]int64, m Machine) (Choice, error) {
	return Picker{Machine: m}.Pick(pkg, kernel, o, dims)
}

// model asks the cache, then the model.
func (p Picker) model(s *search, dims map[string]int64) Choice {
	var key cache.Key
	if p.Cache != nil {
		key = cache.NewKey("pick", s.identity(), Class(dims), fmt.Sprintf("%+v", p.Machine))
		if e, ok := p.Cache.Get(key); ok {
			var c Choice
			if json.Unmarshal(e.Files["pick.json"], &c) == nil && s.legal(c.Values) {
				return c
			}
		}
	}
	c := s.best(&defaultModel, p.Machine, dims)
	if p.Cache != nil {
		if data, err := json.Marshal(c); err == nil {
			_, _ = p.Cache.Put(key, map[string][]byte{"pick.json": data}, map[string]string{"kernel": s.kernel, "target": p.Machine.Target, "of": "pick"})
		}
	}
	return c
}

// Class names the class of extents that share a pick: small ones up to the next power of two, large ones to four
// significant bits, with the power of two up to 64 that divides them, which decides how wide accesses are.
func Class(dims map[string]int64) string {
	var s []string
	for _, name := range slices.Sorted(maps.Keys(dims)) {
		n := dims[name]
		s = append(s, fmt.Sprintf("%s=%d/%d", name, classOf(n), 1<<bits.TrailingZeros64(uint64(max(n, 1))|maxSpecialise)))
	}
	return strings.Join(s, " ")
}

func classOf(n int64) int64 {
	if n <= 0 {
		return n
	}
	step := int64(1)
	if b := bits.Len64(uint64(n - 1)); n <= 64 {
		return 1 << b
	} else if b > 5 {
		step = 1 << (b - 5)
	}
	return (n + step - 1) / step * step
}

// search is the space of tune values of one kernel.
type search struct {
	pkg    *lang.Package
	kernel string
	o      lang.Options
	base   *ir.Kernel // with the first candidates
	names  []string   // of all tune values
	open   []string   // those to choose
	values map[string][]int64
	free   string // the open value that only sets stages, or ""
	seen   map[string]Estimate

	mu    sync.Mutex
	works map[string]*counting
}

func newSearch(pkg *lang.Package, kernel string, o lang.Options) (*search, error) {
	s := &search{pkg: pkg, kernel: kernel, o: o, values: map[string][]int64{}, seen: map[string]Estimate{}, works: map[string]*counting{}}
	o.Tune = func(name string, values []int64) {
		s.names = append(s.names, name)
		s.values[name] = values
		if text, ok := o.Defines[name]; ok {
			if n, err := strconv.ParseInt(text, 0, 64); err == nil {
				s.values[name] = []int64{n}
			}
			return
		}
		s.open = append(s.open, name)
	}
	var err error
	s.base, err = lang.Lower(pkg, kernel, o)
	return s, err
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
	return Choice{Names: s.names, Values: maps.Clone(v), From: from, Of: of}
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
	w, err := workOf(k, dims)
	if err != nil {
		return nil
	}
	return w
}

// exhaustive is the largest number of choices that are all looked at; larger spaces are searched one value at a time.
const exhaustive = 24

// enough is the number of counted choices after which no second start is tried.
const enough = 30

// near is how much worse, per step away from the author's first candidate, a choice is taken to be: what the model cannot
// tell apart stays as it was declared.
const near = 0.01

// best searches the space.
func (s *search) best(c *model, m Machine, dims map[string]int64) Choice {
	large := map[string]int64{} // what stands for the class of these extents
	for name, n := range dims {
		large[name] = n
		if n > 64 {
			large[name] = classOf(n)
		}
	}
	s.findFree()
	score := func(v map[string]int64) float64 {
		t := s.costs(c, m, large, v).Time
		for _, name := range s.open {
			t *= 1 + near*float64(slices.Index(s.values[name], v[name]))
		}
		return t
	}
	space := s.choice(s.first(), "model").Of
	var win map[string]int64
	if space <= exhaustive {
		win = s.all(score)
	} else {
		ahead := func(v map[string]int64, name string) { s.ahead(m, large, v, name) }
		win = s.descend(s.first(), score, ahead)
		if len(s.works) < enough {
			if other := s.descend(s.middle(), score, ahead); score(other) < score(win) {
				win = other
			}
		}
	}
	r := s.choice(win, "model")
	r.Tried, r.Counted = len(s.seen), len(s.works)
	t := s.costs(c, m, large, win).Time
	if math.IsInf(t, 1) {
		r = s.choice(s.first(), "declared")
		r.Note = fmt.Sprintf("no choice of tune values fits %s", m.Target)
		return r
	}
	r.Time = time.Duration(t)
	return r
}

func (s *search) middle() map[string]int64 {
	v := map[string]int64{}
	for _, n := range s.names {
		v[n] = s.values[n][len(s.values[n])/2]
	}
	return v
}

// all looks at every choice.
func (s *search) all(score func(map[string]int64) float64) map[string]int64 {
	win, best := s.first(), math.Inf(1)
	s.each(exhaustive, func(v map[string]int64) {
		if t := score(v); t < best {
			win, best = maps.Clone(v), t
		}
	})
	return win
}

// ahead counts the work of all choices that differ in one value, on all processors.
func (s *search) ahead(m Machine, dims, v map[string]int64, name string) {
	if name == s.free {
		return
	}
	var wg sync.WaitGroup
	for _, n := range s.values[name] {
		w := maps.Clone(v)
		w[name] = n
		wg.Go(func() { s.work(m, dims, w) })
	}
	wg.Wait()
}

// descend improves one value at a time until none helps.
func (s *search) descend(v map[string]int64, score func(map[string]int64) float64, ahead func(map[string]int64, string)) map[string]int64 {
	best := score(v)
	for range 4 {
		before := best
		for _, name := range s.open {
			ahead(v, name)
			was := v[name]
			for _, n := range s.values[name] {
				v[name] = n
				if t := score(v); t < best {
					best, was = t, n
				}
			}
			v[name] = was
		}
		if best == before && !math.IsInf(best, 1) {
			break
		}
	}
	return v
}
