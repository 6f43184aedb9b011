package compile

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/runtime/cache"
)

// Choice is a value for every tune declaration of a kernel, and where it comes from.
type Choice struct {
	Names   []string         // in source order
	Values  map[string]int64 // by name
	From    string           // "given", "declared" (the first candidates), "model", "tuned"
	Time    time.Duration    // of a launch: the model's estimate, or what tuning measured; 0 when unknown
	NoSplit bool             // lower with lang.Options.NoSplit: parts of a sum do not run side by side there
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

// Options are the options that a kernel is lowered with: o with the choice added.
func (c Choice) Options(o lang.Options) lang.Options {
	o.Defines = c.Defines(o.Defines)
	o.NoSplit = o.NoSplit || c.NoSplit
	return o
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

// InOnePart says that a kernel for a target is lowered with lang.Options.NoSplit: on a CPU, where the parts of a sum would run one after
// the other.
func InOnePart(target string) bool { return target == "cpu" }

// Pick chooses values for the tune declarations of a kernel that o.Defines leaves open, for the extents dims at hand: the
// winner of an earlier `girih tune` on this chip if there is one, else what the cost model expects to be fastest. It
// measures nothing, and takes up to a second of two cores, or a lookup in the cache when extents of the same class were picked for
// before. Extents may be missing from dims: the first candidates stand then.
//
// The error is that of lowering the kernel with its first candidates; a machine on which no candidate fits gives them too,
// and the compiler says what is wrong.
func (p Picker) Pick(pkg *lang.Package, kernel string, o lang.Options, dims map[string]int64) (Choice, error) {
	o.NoSplit = o.NoSplit || InOnePart(p.Machine.Target)
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
	s.prefer(dims)
	e := s.costs(&defaultModel, m, dims, s.first())
	e.Score = s.score(e, s.first())
	return e, nil
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
