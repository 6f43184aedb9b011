package compile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/runtime/cache"
)

// Tuned finds and keeps the winners of measured tuning for one chip. An entry belongs to the text of the package, the
// kernel with its other parameters, the class of its extents (Class), the executor, the chip and its driver: figures of
// another chip or driver are never used, only mentioned. A directory is shared by processes and machines; each entry is
// a file that is put in place whole.
type Tuned struct {
	Dir      string // as TunedDir gives it; empty keeps and finds nothing
	Executor string // "cuda", "cpu", "vm"
	Chip     string // "NVIDIA H200"
	Driver   string // version of the driver, or of the C compiler
}

// TunedDir is where tuned entries lie: beside the entries of the cache; empty when the cache is off.
func TunedDir(c *cache.Cache) string {
	if dir := c.Dir(); dir != "" {
		return filepath.Join(filepath.Dir(dir), "tuned-v1")
	}
	return ""
}

// Winner is an entry: the choice that measured best, and how it was found.
type Winner struct {
	Kernel   string            `json:"kernel"`
	Defines  map[string]string `json:"defines,omitempty"`
	Executor string            `json:"executor"`
	Chip     string            `json:"chip"`
	Driver   string            `json:"driver"`
	Class    string            `json:"class"` // of the extents
	Shape    map[string]int64  `json:"shape"` // the extents that were measured
	Values   map[string]int64  `json:"values"`
	Time     float64           `json:"time_us"`
	Measured int               `json:"measured"` // candidates that ran and were right
	Failed   int               `json:"failed"`   // candidates that did not
	Made     time.Time         `json:"made"`
}

func (t *Tuned) dir(s *search, dims map[string]int64) string {
	return filepath.Join(t.Dir, hashOf("tuned", s.identity(), Class(dims), t.Executor))
}

// hashOf is a name for some parts. It does not depend on the build of the compiler, as keys of the cache do: what measured
// best stays a good choice when the compiler is built anew.
func hashOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d %s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func (t *Tuned) file() string { return hashOf(t.Chip, t.Driver)[:16] + ".json" }

// Keep stores a winner for a kernel; o are the options of Pick. The error is that of the file system.
func (t *Tuned) Keep(pkg *lang.Package, kernel string, o lang.Options, w Winner) error {
	if t.Dir == "" {
		return errors.New("the cache is off, and tuned entries lie beside it")
	}
	s, err := newSearch(pkg, kernel, o)
	if err != nil {
		return err
	}
	w.Kernel, w.Defines, w.Executor, w.Chip, w.Driver, w.Class = s.base.Name, o.Defines, t.Executor, t.Chip, t.Driver, Class(w.Shape)
	data, err := json.MarshalIndent(w, "", "  ")
	if err != nil {
		return err
	}
	dir := t.dir(s, w.Shape)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "tmp-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, t.file()))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// find looks for a winner. Without one, why says what there is that does not count, or nothing.
func (t *Tuned) find(s *search, dims map[string]int64) (c Choice, ok bool, why string) {
	if t.Dir == "" {
		return c, false, ""
	}
	dir := t.dir(s, dims)
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return c, false, ""
	}
	if err != nil {
		return c, false, fmt.Sprintf("tuned entries cannot be read: %v", err)
	}
	var others []string
	for _, e := range list {
		if !strings.HasSuffix(e.Name(), ".json") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		var w Winner
		mine := e.Name() == t.file()
		switch {
		case err != nil || json.Unmarshal(data, &w) != nil || mine && (w.Chip != t.Chip || w.Driver != t.Driver):
			if mine {
				return c, false, fmt.Sprintf("the tuned entry %s is damaged and is not used; girih tune writes it anew", filepath.Join(dir, e.Name()))
			}
		case mine && !s.legal(w.Values):
			return c, false, "the tuned entry has values that are not among the candidates and is not used"
		case mine:
			c = s.choice(w.Values, "tuned")
			c.Time = time.Duration(w.Time * 1e3)
			return c, true, ""
		case w.Chip == t.Chip:
			others = append(others, fmt.Sprintf("%s with %s", w.Chip, w.Driver))
		default:
			others = append(others, w.Chip)
		}
	}
	if others != nil {
		slices.Sort(others)
		return c, false, fmt.Sprintf("tuned for %s, which is not used for %s with %s", strings.Join(slices.Compact(others), ", "), t.Chip, t.Driver)
	}
	return c, false, ""
}

// Candidates lists the choices that are worth measuring for extents dims: the one that Pick would take first, then those that
// the model expects to be fastest, or without a model those that differ least from the first one. What does not fit the machine
// is left out. Choices that make the
// same kernel are listed once. There are at most limit.
func (p Picker) Candidates(pkg *lang.Package, kernel string, o lang.Options, dims map[string]int64, limit int) ([]Choice, error) {
	o.NoSplit = o.NoSplit || InOnePart(p.Machine.Target)
	s, err := newSearch(pkg, kernel, o)
	if err != nil {
		return nil, err
	}
	p.Tuned = nil
	first, err := p.Pick(pkg, kernel, o, dims)
	if err != nil {
		return nil, err
	}
	var list []Choice
	s.findFree()
	s.each(limitSpace, func(v map[string]int64) {
		c := s.choice(v, "candidate")
		if p.Machine.SMs > 0 {
			e := s.costs(&defaultModel, p.Machine, dims, v)
			if e.Why != "" {
				return
			}
			c.Time = time.Duration(e.Time)
		}
		list = append(list, c)
	})
	differ := func(c Choice) (n int) {
		for name, v := range c.Values {
			if v != first.Values[name] {
				n++
			}
		}
		return n
	}
	slices.SortStableFunc(list, func(a, b Choice) int {
		if a.Time != b.Time {
			return int(a.Time - b.Time)
		}
		return differ(a) - differ(b)
	})
	if i := slices.IndexFunc(list, func(c Choice) bool { return c.String() == first.String() }); i >= 0 {
		list = slices.Delete(list, i, i+1)
	}
	list = slices.Insert(list, 0, first)
	seen := map[string]bool{}
	out := list[:0]
	for _, c := range list {
		if len(out) == limit {
			break
		}
		k := s.lower(c.Values)
		if k == nil {
			continue
		}
		if p.Machine.Target == "cpu" || p.Machine.Target == "vm" { // nothing is started early there
			k.Body.Walk(func(o *ir.Op) bool {
				if o.Code == ir.OpFor && o.Int("pipeline") > 0 {
					o.Set("pipeline", 1)
				}
				return true
			})
		}
		if text := k.String(); !seen[text] {
			seen[text] = true
			out = append(out, c)
		}
	}
	return out, nil
}

// limitSpace bounds the choices that Candidates looks at.
const limitSpace = 4096

// each visits the choices of the space, the first candidates first, at most limit.
func (s *search) each(limit int, f func(map[string]int64)) {
	v := s.first()
	n := 0
	var walk func(i int)
	walk = func(i int) {
		if i == len(s.open) {
			if n < limit {
				f(v)
			}
			n++
			return
		}
		for _, x := range s.values[s.open[i]] {
			if n >= limit {
				return
			}
			v[s.open[i]] = x
			walk(i + 1)
		}
	}
	walk(0)
}
