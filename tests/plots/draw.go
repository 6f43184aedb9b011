package main

import (
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// ticks labels powers of two along an axis that counts elements, or powers of ten with their halves and fifths in time.
type ticks struct{ values []float64 }

func (t ticks) Ticks(low, high float64) []plot.Tick {
	var out []plot.Tick
	for _, v := range t.values {
		if v >= low*0.999 && v <= high*1.001 {
			out = append(out, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'f', -1, 64)})
		}
	}
	return out
}

func powersOfTwo() (v []float64) {
	for i := range 24 {
		v = append(v, math.Exp2(float64(i)))
	}
	return v
}

func decades() (v []float64) {
	for e := 0.1; e < 1e5; e *= 10 {
		v = append(v, e, 2*e, 5*e)
	}
	return v
}

// floor is the least time there could be: of an empty launch in µs, and of reading in TB/s.
type floor struct{ launch, rate float64 }

// save draws the chart. Extents and times are on logarithmic axes: a line of slope one is work that grows as they do.
func (c chart) save(name string, f floor) error {
	p := plot.New()
	p.Title.Text = "Linear: time against " + map[string]string{"M": "M (rows of x)", "N": "N (columns of w)", "K": "K (rows of w)", "bits": "the bits of a weight"}[c.x]
	p.X.Label.Text, p.Y.Label.Text = c.x, "µs"
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, ticks{decades()}
	if c.x == "bits" {
		p.X.Tick.Marker = ticks{[]float64{1, 2, 3, 4, 5, 6, 7, 8, 16}}
	} else {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, ticks{powersOfTwo()}
	}
	p.Add(plotter.NewGrid())
	low, high := math.Inf(1), 0.0
	for i, s := range c.series {
		var ys, floor plotter.XYs
		for _, q := range s.points {
			least := f.launch + q.mb/f.rate
			ys = append(ys, plotter.XY{X: s.at(q), Y: q.us})
			floor = append(floor, plotter.XY{X: s.at(q), Y: least})
			low, high = min(low, q.us, least), max(high, q.us, least)
		}
		line, dots, err := plotter.NewLinePoints(ys)
		if err != nil {
			return err
		}
		line.Color, dots.Color, dots.Shape = plotutil.Color(i), plotutil.Color(i), plotutil.Shape(i)
		dash, err := plotter.NewLine(floor)
		if err != nil {
			return err
		}
		dash.Color, dash.Dashes, dash.Width = plotutil.Color(i), []vg.Length{vg.Points(3), vg.Points(3)}, vg.Points(0.6)
		p.Add(dash, line, dots)
		p.Legend.Add(s.name, line, dots)
		if i == len(c.series)-1 {
			grey := *dash
			p.Legend.Add(fmt.Sprintf("dashed: %.1f µs + bytes at %.1f TB/s", f.launch, f.rate), &grey)
		}
	}
	p.Y.Min, p.Y.Max = low*0.9, high*1.1
	if c.x == "bits" { // room for the last label
		p.X.Max += 0.2
	} else {
		p.X.Max *= math.Pow(p.X.Max/p.X.Min, 0.05)
	}
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.TextStyle.Font.Size, p.Legend.Padding = vg.Points(8), vg.Points(2)
	p.Y.Max *= math.Pow(high/low, 0.055*float64(len(c.series)+1)) // room for the legend
	return p.Save(16*vg.Centimeter, 11*vg.Centimeter, name)
}
