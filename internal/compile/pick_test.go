package compile

import (
	"bufio"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/girih-lang/girih/examples"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/runtime/cache"
	"github.com/girih-lang/girih/stdlib"
)

// linear is the example with tune values of the tests' own.
func linear(t testing.TB) *lang.Package {
	lines := strings.Split(examples.Linear, "\n")
	i := slices.IndexFunc(lines, func(s string) bool { return strings.HasPrefix(s, "\ttune ") })
	require.Positive(t, i)
	lines[i] = "\ttune BM in [8, 1, 2, 4, 16, 32, 64], BN in [32, 64, 128, 256, 112, 224], BK in [128, 64], stages in 3..6, splits in [8, 4, 2, 1], warps in [8, 4], blocks in [1, 2, 4], persist in [0, 1]"
	p, err := lang.LoadSource("linear.girih", strings.Join(lines, "\n"))
	require.NoError(t, err)
	return p
}

// timed is one measured tiling of Linear.
type timed struct {
	group, name string
	s           *search
	dims        map[string]int64
	us          float64
}

func readTimes(t testing.TB, path string) []timed {
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	pkg := linear(t)
	var out []timed
	for scan := bufio.NewScanner(f); scan.Scan(); {
		c := strings.Split(scan.Text(), "|")
		if len(c) < 5 || !strings.HasPrefix(c[1], " Linear") {
			continue
		}
		defines, dims := map[string]string{}, map[string]int64{}
		for _, w := range strings.Fields(c[1])[1:] {
			k, v, _ := strings.Cut(w, "=")
			defines[k] = v
		}
		for _, w := range strings.Fields(c[2]) {
			k, v, _ := strings.Cut(w, "=")
			dims[k], err = strconv.ParseInt(v, 10, 64)
			require.NoError(t, err)
		}
		s, err := newSearch(pkg, "Linear", lang.Options{Defines: defines, AnyTune: true})
		require.NoError(t, err)
		s.prefer(dims)
		us, err := strconv.ParseFloat(strings.TrimSpace(c[3]), 64)
		require.NoError(t, err)
		out = append(out, timed{defines["W"] + c[2], c[1], s, dims, us})
	}
	require.NotEmpty(t, out)
	return out
}

// judge is how far a model's picks are over the best of each group, at worst and on average, and its mean error.
func judge(c *model, m Machine, list []timed) (over map[string]float64, worst, mean, err float64) {
	best, picked, said := map[string]float64{}, map[string]float64{}, map[string]float64{}
	for _, x := range list {
		e := c.estimate(x.s.work(m, x.dims, x.s.first()), m)
		err += math.Abs(math.Log(e.Time/1e3/x.us)) / float64(len(list))
		if b, ok := best[x.group]; !ok || x.us < b {
			best[x.group] = x.us
		}
		score := x.s.score(e, x.s.first())
		if b, ok := said[x.group]; !ok || score < b {
			said[x.group], picked[x.group] = score, x.us
		}
	}
	over = map[string]float64{}
	for g := range best {
		over[g] = picked[g]/best[g] - 1
		worst, mean = max(worst, over[g]), mean+over[g]/float64(len(best))
	}
	return over, worst, mean, err
}

// missed are the groups of the sweep in which the pick is more than a tenth over the best: what the model still has to learn.
// docs/tuning.md names them too.
var missed = []string{"u4 M=16 N=5120 K=5120 ", "u4 M=4 N=28672 K=3584 ", "u2 M=1 N=8192 K=16384 "}

// The model finds a tiling within a tenth of the best that was measured, for every type and shape of the sweep but those that
// are known to be missed.
func TestModelOnSweep(t *testing.T) {
	list := readTimes(t, "testdata/linear_h200.md")
	m := MachineOf("sm_90a")
	c := defaultModel
	over, worst, mean, err := judge(&c, m, list)
	for g, x := range over {
		x = math.Round(x*1e6) / 1e6 // times have one decimal: 17.6 is a tenth over 16.0
		if slices.Contains(missed, g) {
			assert.Greater(t, x, 0.10, "%s is no longer missed: take it off the list", g)
			continue
		}
		assert.LessOrEqual(t, x, 0.10, g)
	}
	t.Logf("worst pick %.1f %% over the best, mean %.1f %%, mean error of a time %.1f %%", 100*worst, 100*mean, 100*err)
	assert.LessOrEqual(t, mean, 0.03)
	assert.LessOrEqual(t, err, 0.15)
	if *fit > 0 {
		c = fitted(c, m, list, *fit)
		_, worst, mean, err = judge(&c, m, list)
		t.Logf("worst %.1f %%, mean %.1f %%, error %.1f %%: %+v", 100*worst, 100*mean, 100*err, c)
	}
}

// The search finds what looking at every choice finds, or nearly.
func TestSearchIsNearTheBest(t *testing.T) {
	m := MachineOf("sm_90a")
	for _, dims := range []map[string]int64{{"M": 1, "N": 57344, "K": 8192}, {"M": 16, "N": 8192, "K": 8192}, {"M": 100, "N": 3584, "K": 4096}} {
		s, err := newSearch(linear(t), "Linear", lang.Options{})
		require.NoError(t, err)
		got := s.best(&defaultModel, m, dims)
		require.Equal(t, "model", got.From)
		assert.NotEmpty(t, s.free, "stages are told apart from tiles")
		large := maps.Clone(dims)
		for k, n := range large {
			if n > 64 {
				large[k] = classOf(n)
			}
		}
		least := math.Inf(1)
		s.each(limitSpace, func(v map[string]int64) { least = min(least, s.score(s.costs(&defaultModel, m, large, v), v)) })
		score := s.score(s.costs(&defaultModel, m, large, got.Values), got.Values)
		assert.LessOrEqual(t, score, 1.08*least, "%v: %s, %d of %d", dims, got, got.Counted, got.Of)
		assert.Less(t, 12*got.Counted, got.Of, "%v", dims)
	}
}

// Every kernel of the standard library gets a choice, for every machine and for any extents, that it can be lowered with.
func TestPickAnything(t *testing.T) {
	type kernel struct {
		pkg  *lang.Package
		name string
	}
	var kernels []kernel
	for _, name := range stdlib.Names() {
		text, _ := stdlib.Source(name)
		pkg, err := lang.LoadSource(name+".girih", text)
		require.NoError(t, err)
		for _, k := range pkg.Kernels() {
			if len(k.Static) == 0 && !slices.ContainsFunc(k.Params, func(p lang.Param) bool { return p.Default == "" }) {
				kernels = append(kernels, kernel{pkg, k.Name})
			}
		}
	}
	require.NotEmpty(t, kernels)
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.SampledFrom(kernels).Draw(t, "kernel")
		target := rapid.SampledFrom([]string{"sm_80", "sm_89", "sm_90a", "sm_120a", "cpu", "vm"}).Draw(t, "target")
		extent := rapid.OneOf(rapid.Int64Range(0, 70), rapid.SampledFrom([]int64{128, 1000, 4096, 4097, 57344, 1 << 20}))
		dims := map[string]int64{}
		for _, d := range []string{"M", "N", "K"} {
			dims[d] = extent.Draw(t, d)
		}
		c, err := Pick(k.pkg, k.name, lang.Options{}, dims, MachineOf(target))
		require.NoError(t, err)
		_, err = lang.Lower(k.pkg, k.name, lang.Options{Defines: c.Defines(nil)})
		require.NoError(t, err, "%s", c)
	})
}

func TestPickKeepsWhatIsGiven(t *testing.T) {
	dims := map[string]int64{"M": 1, "N": 8192, "K": 8192}
	given := map[string]string{"W": "u2", "BN": "128", "splits": "2"}
	c, err := Pick(linear(t), "Linear", lang.Options{Defines: given}, dims, MachineOf("sm_90a"))
	require.NoError(t, err)
	assert.Equal(t, int64(128), c.Values["BN"])
	assert.Equal(t, int64(2), c.Values["splits"])
	assert.Equal(t, "model", c.From)
	d := c.Defines(given)
	assert.Equal(t, "u2", d["W"])
	assert.Equal(t, "128", d["BN"])
	assert.NotContains(t, given, "BM", "the defines of the caller stay as they are")

	c, err = Pick(linear(t), "Linear", lang.Options{}, map[string]int64{"M": 1}, MachineOf("sm_90a"))
	require.NoError(t, err)
	assert.Equal(t, "declared", c.From, "not all extents are known")
	_, err = Pick(linear(t), "Linear", lang.Options{Defines: map[string]string{"W": "u99"}}, dims, MachineOf("sm_90a"))
	assert.Error(t, err)
}

func TestPickIsRemembered(t *testing.T) {
	p := Picker{Machine: MachineOf("sm_90a"), Cache: cache.Open(cache.Options{Dir: t.TempDir()})}
	pkg := linear(t)
	a, err := p.Pick(pkg, "Linear", lang.Options{}, map[string]int64{"M": 3, "N": 8192, "K": 8192})
	require.NoError(t, err)
	b, err := p.Pick(pkg, "Linear", lang.Options{}, map[string]int64{"M": 3, "N": 8192, "K": 8192})
	require.NoError(t, err)
	assert.Equal(t, a, b)
}

// Without a model of the CPU, parts of a sum are one there.
func TestPickCPU(t *testing.T) {
	was := CPUTiles
	defer func() { CPUTiles = was }()
	dims := map[string]int64{"M": 1, "N": 8192, "K": 8192}
	CPUTiles = nil
	c, err := Pick(linear(t), "Linear", lang.Options{}, dims, MachineOf("cpu"))
	require.NoError(t, err)
	assert.Equal(t, int64(1), c.Values["splits"])
	CPUTiles = func(*lang.Package, string, lang.Options, map[string]int64) (map[string]int64, error) {
		return map[string]int64{"BN": 32}, nil
	}
	c, err = Pick(linear(t), "Linear", lang.Options{}, dims, MachineOf("cpu"))
	require.NoError(t, err)
	assert.Equal(t, int64(32), c.Values["BN"])
}

func TestClass(t *testing.T) {
	assert.Equal(t, Class(map[string]int64{"M": 5}), Class(map[string]int64{"M": 7}))
	assert.NotEqual(t, Class(map[string]int64{"M": 8}), Class(map[string]int64{"M": 7}), "what divides it counts")
	assert.NotEqual(t, Class(map[string]int64{"K": 8192}), Class(map[string]int64{"K": 28672}))
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 1<<31).Draw(t, "n")
		c := classOf(n)
		assert.GreaterOrEqual(t, c, n)
		assert.Equal(t, c, classOf(c), "a class stands for itself")
		if n > 64 {
			assert.LessOrEqual(t, float64(c), 1.07*float64(n))
		}
	})
}

func TestChip(t *testing.T) {
	m := Chip("sm_90a", "NVIDIA H200", 132, 60<<20, 3201000, 6144)
	assert.Equal(t, MachineOf("sm_90a").DRAM, m.DRAM)
	half := Chip("sm_90a", "NVIDIA Hx", 66, 0, 0, 0)
	assert.Less(t, half.DRAM, m.DRAM)
	assert.Equal(t, 66, half.SMs)
	assert.Zero(t, MachineOf("cpu").SMs)
	assert.Equal(t, "sm_120a", MachineOf("sm_120a").Target)
}

func TestTuned(t *testing.T) {
	pkg, dims := linear(t), map[string]int64{"M": 1, "N": 8192, "K": 8192}
	tuned := &Tuned{Dir: filepath.Join(t.TempDir(), "tuned"), Executor: "cuda", Chip: "NVIDIA H200", Driver: "580"}
	p := Picker{Machine: MachineOf("sm_90a"), Tuned: tuned}
	o := lang.Options{Defines: map[string]string{"W": "u2"}}
	c, err := p.Pick(pkg, "Linear", o, dims)
	require.NoError(t, err)
	assert.Equal(t, "model", c.From)
	assert.Empty(t, c.Note)

	win := maps.Clone(c.Values)
	win["BN"], win["stages"] = 128, 5
	require.NoError(t, tuned.Keep(pkg, "Linear", o, Winner{Values: win, Shape: dims, Time: 9.5, Made: time.Now()}))
	c, err = p.Pick(pkg, "Linear", o, dims)
	require.NoError(t, err)
	assert.Equal(t, "tuned", c.From)
	assert.Equal(t, win, c.Values)
	assert.Equal(t, 9500*time.Nanosecond, c.Time)

	c, err = p.Pick(pkg, "Linear", o, map[string]int64{"M": 16, "N": 8192, "K": 8192})
	require.NoError(t, err)
	assert.Equal(t, "model", c.From, "another class of extents")
	c, err = p.Pick(pkg, "Linear", lang.Options{}, dims)
	require.NoError(t, err)
	assert.Equal(t, "model", c.From, "another type")

	// Another driver, another chip, and an executor of its own.
	for _, other := range []Tuned{{tuned.Dir, "cuda", "NVIDIA H200", "590"}, {tuned.Dir, "cuda", "NVIDIA H100", "580"}} {
		c, err = Picker{Machine: p.Machine, Tuned: &other}.Pick(pkg, "Linear", o, dims)
		require.NoError(t, err)
		assert.Equal(t, "model", c.From)
		assert.Contains(t, c.Note, "NVIDIA H200")
		assert.Contains(t, c.Note, "not used")
	}
	cpu := *tuned
	cpu.Executor = "cpu"
	c, err = Picker{Machine: MachineOf("cpu"), Tuned: &cpu}.Pick(pkg, "Linear", o, dims)
	require.NoError(t, err)
	assert.Empty(t, c.Note)

	// A damaged entry and one whose values are no candidates any more.
	files, err := filepath.Glob(filepath.Join(tuned.Dir, "*", "*.json"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	whole, err := os.ReadFile(files[0])
	require.NoError(t, err)
	for _, text := range []string{string(whole[:20]), strings.Replace(string(whole), `"BN": 128`, `"BN": 129`, 1), "[]"} {
		require.NoError(t, os.WriteFile(files[0], []byte(text), 0o666))
		c, err = p.Pick(pkg, "Linear", o, dims)
		require.NoError(t, err)
		assert.Equal(t, "model", c.From)
		assert.Contains(t, c.Note, "not used")
	}
}

func TestCandidates(t *testing.T) {
	dims := map[string]int64{"M": 1, "N": 8192, "K": 8192}
	p := Picker{Machine: MachineOf("sm_90a")}
	first, err := p.Pick(linear(t), "Linear", lang.Options{}, dims)
	require.NoError(t, err)
	list, err := p.Candidates(linear(t), "Linear", lang.Options{}, dims, 40)
	require.NoError(t, err)
	require.Len(t, list, 40)
	assert.Equal(t, first.String(), list[0].String())
	assert.True(t, slices.IsSortedFunc(list[1:], func(a, b Choice) int { return int(a.Time - b.Time) }))
	cpu, err := Picker{Machine: MachineOf("cpu")}.Candidates(linear(t), "Linear", lang.Options{}, dims, 4096)
	require.NoError(t, err)
	for _, c := range cpu {
		assert.Equal(t, cpu[0].Values["stages"], c.Values["stages"], "stages do nothing on a CPU")
	}
}

func BenchmarkPick(b *testing.B) {
	pkg := linear(b)
	for b.Loop() {
		_, err := Pick(pkg, "Linear", lang.Options{}, map[string]int64{"M": 1, "N": 8192, "K": 8192}, MachineOf("sm_90a"))
		require.NoError(b, err)
	}
}
