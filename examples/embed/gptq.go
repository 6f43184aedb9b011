package main

import (
	"cmp"
	"errors"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/girih-lang/girih"
)

// Calibrated quantisation: Frantar et al. 2023, "GPTQ" (https://arxiv.org/abs/2210.17323). Rounding each weight for itself makes
// the least error in the weights; what counts is the error in x·w over the inputs x that occur, of which h = xᵀx is all there is
// to know. Columns are rounded one after the other, and what rounding one does to the outputs is made up for by those that are
// still to come, as a triangular factor of h⁻¹ says.

// damping is added to the diagonal of h, as a share of its mean: inputs that calibration has not seen count too.
const damping = 0.1

// codebook is a type as quantisation sees it: its values in ascending order, and the middle between each two.
type codebook struct {
	values, middles []float32
	codes           []uint64 // bit patterns of the values
	reach           float32  // what the greatest weight of a group becomes, as in quantize.girih
	signs           int      // 2 where scales of either sign differ
}

// newCodebook lists the values that the codes of a type stand for in linear.girih.
func newCodebook(d *girih.Device, t girih.DType) (*codebook, error) {
	bits := make([]uint64, 1<<t.Bits())
	for i := range bits {
		bits[i] = uint64(i)
	}
	x, err := d.FromCodes(t, bits)
	if err != nil {
		return nil, err
	}
	defer x.Free()
	values, err := x.Floats()
	if err != nil {
		return nil, err
	}
	type entry struct {
		v float32
		c uint64
	}
	var all []entry
	c := &codebook{signs: 1, reach: 64}
	for i, v := range values {
		if !t.IsFloat() {
			c.signs, c.reach = 2, 128
			if !t.IsSigned() {
				v -= float64(len(values) / 2)
			}
		}
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			all = append(all, entry{float32(v), bits[i]})
		}
	}
	slices.SortStableFunc(all, func(a, b entry) int { return cmp.Compare(a.v, b.v) })
	for i, e := range all {
		c.values, c.codes = append(c.values, e.v), append(c.codes, e.c)
		if i > 0 {
			c.middles = append(c.middles, (all[i-1].v+e.v)/2)
		}
	}
	c.reach = min(c.reach, -all[0].v, all[len(all)-1].v)
	return c, nil
}

// nearest is the number of the value nearest to x.
func (c *codebook) nearest(x float32) int {
	i, n := 0, len(c.middles)
	for n > 0 { // the first middle that is not below x
		if h := n / 2; c.middles[i+h] < x {
			i, n = i+h+1, n-h-1
		} else {
			n = h
		}
	}
	return i
}

var errNoInputs = errors.New("calibration has seen no inputs of a layer, or inputs that are no numbers")

// factor is the upper triangular r with rᵀr = (h + damping)⁻¹, for h[k, k] = xᵀx.
func factor(h []float32, k int) ([]float32, error) {
	mean := 0.0
	for i := range k {
		mean += float64(h[i*k+i]) / float64(k)
	}
	if !(mean > 0) || math.IsInf(mean, 0) {
		return nil, errNoInputs
	}
	// h + damping = u·uᵀ with u upper triangular, from the last row up; then r = u⁻¹, since (u·uᵀ)⁻¹ = (u⁻¹)ᵀ·u⁻¹.
	u := make([]float64, k*k)
	for i := k - 1; i >= 0; i-- {
		for j := k - 1; j >= i; j-- {
			s := float64(h[i*k+j]) - dot(u[i*k+j+1:i*k+k], u[j*k+j+1:j*k+k])
			switch {
			case j > i:
				u[i*k+j] = s / u[j*k+j]
			case s+damping*mean > 0:
				u[i*k+i] = math.Sqrt(s + damping*mean)
			default:
				return nil, errNoInputs
			}
		}
	}
	r := make([]float32, k*k)
	col := make([]float64, k)
	for j := range k {
		col[j] = 1 / u[j*k+j]
		for i := j - 1; i >= 0; i-- {
			col[i] = -dot(u[i*k+i+1:i*k+j+1], col[i+1:j+1]) / u[i*k+i]
		}
		for i := range j + 1 {
			r[i*k+j] = float32(col[i])
		}
	}
	return r, nil
}

func dot(a, b []float64) float64 {
	b = b[:len(a)]
	var s, t float64
	i := 0
	for ; i+2 <= len(a); i += 2 {
		s, t = s+a[i]*b[i], t+a[i+1]*b[i+1]
	}
	for ; i < len(a); i++ {
		s += a[i] * b[i]
	}
	return s + t
}

// gptq quantises w[N, K] to codes[K, N] and scales[K/group, N], which round rounds to their type; r is the factor of its
// inputs.
func gptq(w []float32, n, k, group int, r []float32, c *codebook, round func(float32) float32) (codes []uint64, scales []float64) {
	codes, scales = make([]uint64, k*n), make([]float64, k/group*n)
	weights := make([]float32, k) // of an error in each column
	for i := range weights {
		weights[i] = 1 / (r[i*k+i] * r[i*k+i])
	}
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for part := range workers {
		wg.Go(func() {
			v := make([]float32, k)
			for row := part; row < n; row += workers {
				copy(v, w[row*k:])
				s := float32(1)
				for i := range v {
					if i%group == 0 {
						s = c.scale(v[i:i+group], weights[i:i+group], round)
						scales[i/group*n+row] = float64(s)
					}
					m := c.nearest(v[i] / s)
					codes[i*n+row] = c.codes[m]
					e := (v[i] - c.values[m]*s) / r[i*k+i]
					rest, of := v[i+1:], r[i*k+i+1:(i+1)*k]
					for j := range rest {
						rest[j] -= e * of[j]
					}
				}
			}
		})
	}
	wg.Wait()
	return codes, scales
}

// scale is the scale of least weighted squared error among those that quantize.girih tries.
func (c *codebook) scale(v, weights []float32, round func(float32) float32) float32 {
	unit := float32(0)
	for _, x := range v {
		unit = max(unit, x, -x)
	}
	unit /= c.reach
	best, least := float32(1), float32(math.Inf(1))
	const tries = 16
	for i := range tries {
		s := round(unit * (1 - float32(i)*(0.5/tries)))
		if s == 0 {
			break // a group of zeros
		}
		for range c.signs {
			e := float32(0)
			for j, x := range v {
				d := c.values[c.nearest(x/s)]*s - x
				e += weights[j] * d * d
			}
			if e < least {
				best, least = s, e
			}
			s = -s
		}
	}
	return best
}
