package compile

import (
	"cmp"
	"flag"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
)

var fit = flag.Int("fit", 0, "generations of a search for better constants of the cost model, on testdata/linear_h200.md")

// fitted searches for constants with a smaller loss: an evolution strategy with a step of its own for each constant, on their logarithms
// (separable CMA-ES: Ros and Hansen, A Simple Modification in CMA-ES Achieving Linear Time and Space Complexity, 2008).
func fitted(c model, m Machine, list []timed, generations int) model {
	free := reflect.TypeFor[model]().NumField() - 5 // what is measured apart, and registers, are no guesses
	n := float64(free)
	with := func(x []float64) model {
		d := c
		for i := range free {
			reflect.ValueOf(&d).Elem().Field(i).SetFloat(math.Exp(x[i]))
		}
		return d
	}
	const many, kept = 32, 12
	mean, scale, path, pull := make([]float64, free), make([]float64, free), make([]float64, free), make([]float64, free)
	for i := range free {
		mean[i], scale[i] = math.Log(max(reflect.ValueOf(c).Field(i).Float(), 1e-3)), 1
	}
	var weight [kept]float64
	total, squares := 0.0, 0.0
	for i := range kept {
		weight[i] = math.Log(kept+0.5) - math.Log(float64(i+1))
		total += weight[i]
	}
	for i := range kept {
		weight[i] /= total
		squares += weight[i] * weight[i]
	}
	mass := 1 / squares
	short, long := (mass+2)/(n+mass+3), 4/(n+4)
	damp := 1 + short + 2*max(0, math.Sqrt((mass-1)/(n+1))-1)
	learn := 2 / ((n + math.Sqrt2) * (n + math.Sqrt2)) * (n + 2) / 3
	usual := math.Sqrt(n) * (1 - 1/(4*n) + 1/(21*n*n))
	step := 0.05
	r := rand.New(rand.NewPCG(1, uint64(generations)))
	best, low := c, loss(&c, m, list)
	type point struct {
		x, z []float64
		loss float64
	}
	for range generations {
		points := make([]point, many)
		for k := range points {
			p := point{x: make([]float64, free), z: make([]float64, free)}
			for i := range free {
				p.z[i] = r.NormFloat64()
				p.x[i] = mean[i] + step*math.Sqrt(scale[i])*p.z[i]
			}
			points[k] = p
		}
		var wg sync.WaitGroup
		for half := range 2 {
			wg.Go(func() {
				for k := half; k < many; k += 2 {
					d := with(points[k].x)
					points[k].loss = loss(&d, m, list)
				}
			})
		}
		wg.Wait()
		slices.SortFunc(points, func(a, b point) int { return cmp.Compare(a.loss, b.loss) })
		if points[0].loss < low {
			low, best = points[0].loss, with(points[0].x)
		}
		length := 0.0
		for i := range free {
			z := 0.0
			for k := range kept {
				z += weight[k] * points[k].z[i]
			}
			mean[i] += step * math.Sqrt(scale[i]) * z
			path[i] = (1-short)*path[i] + math.Sqrt(short*(2-short)*mass)*z
			length += path[i] * path[i]
			pull[i] = (1-long)*pull[i] + math.Sqrt(long*(2-long)*mass)*math.Sqrt(scale[i])*z
			spread := 0.0
			for k := range kept {
				spread += weight[k] * points[k].z[i] * points[k].z[i]
			}
			scale[i] *= 1 - learn + learn*(1-1/mass)*spread
			scale[i] += learn / mass * pull[i] * pull[i]
		}
		step *= math.Exp(short / damp * (math.Sqrt(length)/usual - 1))
	}
	return best
}

// loss is what a fit makes small: the mean error, and how far the tilings that a model holds for nearly the best are over the best. Those
// within a per cent of its favourite count too, so that a fit does not live from what happens to be first.
func loss(c *model, m Machine, list []timed) float64 {
	scores := make([]float64, len(list))
	best, said := map[string]float64{}, map[string]float64{}
	err := 0.0
	for i, x := range list {
		v := x.s.first()
		e := c.estimate(x.s.work(m, x.dims, v), m)
		scores[i] = x.s.score(e, v)
		err += math.Abs(math.Log(e.Time/1e3/x.us)) / float64(len(list))
		if b, ok := best[x.group]; !ok || x.us < b {
			best[x.group] = x.us
		}
		if b, ok := said[x.group]; !ok || scores[i] < b {
			said[x.group] = scores[i]
		}
	}
	over, weight := map[string]float64{}, map[string]float64{}
	for i, x := range list {
		w := math.Exp(-math.Log(scores[i]/said[x.group]) / 0.01)
		weight[x.group] += w
		over[x.group] += w * (x.us/best[x.group] - 1)
	}
	far := 0.0
	for g := range best {
		o := over[g] / weight[g]
		far += o * o / float64(len(best))
	}
	return err + 8*math.Sqrt(far)
}
