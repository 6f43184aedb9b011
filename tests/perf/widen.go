package main

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/cache"
	"github.com/girih-lang/girih/runtime/cuda"
	"github.com/girih-lang/girih/runtime/tensor"
)

//go:embed widen.girih
var widenSource string

// elements of the matrix that is widened, about.
const widened = 1 << 31

// tiling is a choice of the tune values of ColumnSums.
type tiling struct{ warps, bn, bk, stages int }

func (t tiling) String() string {
	return fmt.Sprintf("warps=%d BN=%d BK=%d stages=%d", t.warps, t.bn, t.bk, t.stages)
}

// tilingOf is the tiling for a type: the more bits, the fewer stages, for about 20 KiB in flight a block. A row of
// fragments must fill whole words for the offsets of integers to be left to the sums: 128 rows do at every width.
func tilingOf(w dtype.Type) tiling {
	switch b := w.Bits(); {
	case b <= 3:
		return tiling{4, 256, 128, 4}
	case w.IsFloat() && b > 4:
		return tiling{4, 256, 64, 4}
	}
	return tiling{4, 256, 128, 3}
}

func tilingsOf(dtype.Type) []tiling {
	var all []tiling
	for _, warps := range []int{2, 4, 8} {
		for _, bk := range []int{64, 128, 256} {
			for _, stages := range []int{3, 4, 6} {
				all = append(all, tiling{warps, 64 * warps, bk, stages})
			}
		}
	}
	return all
}

// widening times kernels that only widen and sum, one for each type of 1 to 8 bits.
func widening(target, match string, samples int, tilings bool) error {
	re, err := regexp.Compile(match)
	if err != nil {
		return err
	}
	pkg, err := lang.LoadSource("widen.girih", widenSource)
	if err != nil {
		return err
	}
	store := cache.Open(cache.Options{})
	var dev *cuda.Device
	ceiling := 0.0
	if target == "" {
		if dev, err = cuda.Open(0); err != nil {
			return err
		}
		defer dev.Close()
		target = dev.Target()
		fmt.Printf("%s, %s\n\n", dev, time.Now().Format("2006-01-02"))
		fmt.Println("| kernel | shape | µs | MB | TB/s | share of read | 10⁹ elements/s | regs | blocks/SM |")
		fmt.Println("|---|---|---|---|---|---|---|---|---|")
	}
	read := rows()[0]
	c, err := read.compile(target, store)
	if err != nil {
		return err
	}
	if dev != nil {
		m, err := read.time(dev, c, samples)
		if err != nil {
			return err
		}
		ceiling = m.rate
		fmt.Printf("| %s | %.1f | %.1f | %.2f | 100 %% | | %d | |\n", read.name(), m.us, m.mb, m.rate, m.registers)
	}
	for _, w := range packedTypes() {
		if !re.MatchString(w.String()) {
			continue
		}
		all := []tiling{tilingOf(w)}
		if tilings {
			all = tilingsOf(w)
		}
		for _, t := range all {
			if err := columnSums(dev, pkg, target, store, w, t, samples, ceiling); err != nil {
				return fmt.Errorf("%s %s: %w", w, t, err)
			}
		}
	}
	return nil
}

// packedTypes are the types that can be widened: of at most 8 bits, with a sign or without fractions.
func packedTypes() []dtype.Type {
	return slices.DeleteFunc(dtype.All(), func(w dtype.Type) bool { return w.Bits() > 8 || w.IsBool() || w.IsFloat() && !w.HasSign() })
}

// goalOf is f16, or bf16 for types whose exponents f16 does not have.
func goalOf(w dtype.Type) string {
	if w.IsFloat() && (w.MaxFloat() > dtype.F16.MaxFloat() || w.Float(1) < dtype.F16.Float(1)) {
		return "bf16"
	}
	return "f16"
}

func lowerSums(pkg *lang.Package, w dtype.Type, t tiling) (*ir.Kernel, error) {
	return lang.Lower(pkg, "ColumnSums", lang.Options{AnyTune: true, Defines: map[string]string{"W": w.String(), "T": goalOf(w),
		"warps": fmt.Sprint(t.warps), "BN": fmt.Sprint(t.bn), "BK": fmt.Sprint(t.bk), "stages": fmt.Sprint(t.stages)}})
}

// columnSums compiles the kernel for a type, checks its sums on a small matrix, and times it on a large one.
func columnSums(dev *cuda.Device, pkg *lang.Package, target string, store *cache.Cache, w dtype.Type, t tiling, samples int, ceiling float64) error {
	k, err := lowerSums(pkg, w, t)
	if err != nil {
		return err
	}
	c, err := compile.GPU(context.Background(), k, target, compile.Options{Cache: store})
	if err != nil || dev == nil {
		return err
	}
	prog, err := cuda.NewProgram(dev, cuda.Code{Kernel: c.Kernel, PTX: c.PTX, Threads: c.Threads, Shared: c.Shared})
	if err != nil {
		fmt.Printf("| %s %s | %v |\n", w, t, strings.SplitN(err.Error(), "\n", 2)[0]) // too large
		return nil
	}
	defer prog.Close()
	if err := checkSums(prog, c.Kernel, w, 2048, 512); err != nil {
		return err
	}
	blocks, err := prog.Function.Resident(c.Threads, c.Shared, 0)
	if err != nil {
		return err
	}
	// Blocks fill every SM the same number of times; each reads about half a megabyte.
	across := t.bn * cmp.Or(blocks, dev.SMs)
	rows := max(1024, (1<<22/w.Bits()/t.bn+512)/1024*1024)
	cols := across * max(1, (widened/rows+across/2)/across)
	took, bytes, err := timeSums(dev, prog, c, w, rows, cols, t.bn, samples)
	if err != nil {
		return err
	}
	rate := float64(bytes) / took.Seconds() / 1e12
	fmt.Printf("| ColumnSums W=%s T=%s %s | K=%d N=%d | %.1f | %.1f | %.2f | %.0f %% | %.0f | %d | %d |\n", w, goalOf(w), t, rows, cols,
		float64(took.Nanoseconds())/1e3, float64(bytes)/1e6, rate, 100*rate/ceiling, float64(rows)*float64(cols)/took.Seconds()/1e9, prog.Function.Registers, blocks)
	return nil
}

// checkSums holds the sums of a small matrix against those of exact values. Integers must agree: all sums fit f32.
func checkSums(prog runtime.Program, k *ir.Kernel, w dtype.Type, rows, cols int) error {
	x, err := tensor.Random(w, 1, rows, cols)
	if err != nil {
		return err
	}
	args, err := runtime.Arguments(k, map[string]runtime.Arg{"w": runtime.Tensor(x)}, map[string]int64{"K": int64(rows), "N": int64(cols)})
	if err != nil {
		return err
	}
	if _, err := prog.Run(context.Background(), args); err != nil {
		return err
	}
	got, in := args[1].Tensor.Floats(), x.Floats()
	for j := range cols {
		sum, size := 0.0, 0.0
		for i := range rows {
			sum += in[i*cols+j]
			size += math.Abs(in[i*cols+j])
		}
		bar := 1e-6 * size // of f32 sums
		if w.IsInt() {
			bar = 0
		}
		if !(math.Abs(got[j]-sum) <= bar) {
			return fmt.Errorf("column %d sums to %g, expected %g", j, got[j], sum)
		}
	}
	return nil
}

// timeSums runs the kernel on random words: what they are as numbers does not matter to the time, and packing would take
// longer than everything else.
func timeSums(dev *cuda.Device, prog *cuda.Program, c *compile.Code, w dtype.Type, rows, cols, bn, samples int) (took time.Duration, bytes int64, err error) {
	pack := c.Kernel.Params[0].Pack
	n, out := runtime.PackedBytes(pack, rows, cols), 4*cols
	block := make([]byte, 64<<20)
	rnd := rand.New(rand.NewSource(1))
	for i := 0; i < len(block); i += 8 {
		binary.LittleEndian.PutUint64(block[i:], rnd.Uint64())
	}
	var bufs []cuda.Ptr
	defer func() {
		for _, p := range bufs {
			err = cmp.Or(err, dev.Free(p))
		}
	}()
	alloc := func(n int) (cuda.Ptr, error) {
		p, err := dev.Alloc(n)
		if err == nil {
			bufs = append(bufs, p)
		}
		return p, err
	}
	sets := dev.ColdSets(n)
	params := make([]*cuda.Params, sets)
	for s := range params {
		x, err := alloc(n)
		if err != nil {
			return 0, 0, err
		}
		for at := 0; at < n; at += len(block) {
			if err := dev.CopyIn(x.Add(at), block[:min(len(block), n-at)]); err != nil {
				return 0, 0, err
			}
		}
		y, err := alloc(out)
		if err != nil {
			return 0, 0, err
		}
		p := cuda.NewParams(4)
		p.SetPtr(0, x)
		p.SetPtr(1, y)
		for i, d := range c.Kernel.Dims {
			p.SetI64(2+i, map[string]int64{"K": int64(rows), "N": int64(cols)}[d.Name])
		}
		params[s] = p
	}
	calls := sets
	for calls < 16 {
		calls += sets
	}
	tm, err := dev.Time(cuda.TimeOptions{Samples: samples, Calls: calls}, func(s *cuda.Stream, i int) error {
		return prog.Function.Launch([3]uint32{uint32(cols / bn), 1, 1}, [3]uint32{uint32(c.Threads), 1, 1}, uint32(c.Shared), s, params[i%sets])
	})
	return tm.Median, int64(n + out), err
}
