package vm

import "github.com/girih-lang/girih/ir"

func init() {
	register(map[ir.Code]build{
		ir.OpBroadcast: buildBroadcast, ir.OpTranspose: buildTranspose,
		// Aliases of their operands; prep.block never asks for these.
		ir.OpReshape:    func(*prep, *ir.Op) (step, error) { return nil, nil },
		ir.OpConvert:    func(*prep, *ir.Op) (step, error) { return nil, nil },
		ir.OpClusterSum: func(*prep, *ir.Op) (step, error) { return nil, nil },
	})
}

// rowStrides are the distances in elements of a row-major tile along each axis.
func rowStrides(shape []int) []int {
	s := make([]int, len(shape))
	n := 1
	for i := len(shape) - 1; i >= 0; i-- {
		s[i] = n
		n *= shape[i]
	}
	return s
}

// gather fills d, of the given shape in row-major order, from s by strides; a stride of 0 repeats.
func gather[T any](d, s []T, shape, strides []int) {
	if len(d) == 0 {
		return
	}
	if len(shape) == 0 {
		d[0] = s[0]
		return
	}
	last := len(shape) - 1
	n, step := shape[last], strides[last]
	var at [maxRank]int
	from := 0
	for row := 0; row < len(d); row += n {
		dst := d[row : row+n]
		switch step {
		case 0:
			fill(dst, s[from])
		case 1:
			copy(dst, s[from:from+n])
		default:
			for i := range dst {
				dst[i] = s[from+i*step]
			}
		}
		for a := last - 1; a >= 0; a-- {
			at[a]++
			from += strides[a]
			if at[a] < shape[a] {
				break
			}
			from -= at[a] * strides[a]
			at[a] = 0
		}
	}
}

func (p *prep) gather(o *ir.Op, strides []int) step {
	d, x, shape := p.slot(o.Result()), p.slot(o.Args[0]), o.Result().Type.Shape
	return func(f *frame) error {
		gather(f.F[d], f.F[x], shape, strides)
		gather(f.I[d], f.I[x], shape, strides)
		return nil
	}
}

func buildBroadcast(p *prep, o *ir.Op) (step, error) {
	from := o.Args[0].Type.Shape
	strides := make([]int, len(o.Result().Type.Shape))
	copy(strides, rowStrides(from)) // a scalar has none
	for i, n := range from {
		if n == 1 {
			strides[i] = 0
		}
	}
	return p.gather(o, strides), nil
}

func buildTranspose(p *prep, o *ir.Op) (step, error) {
	from := rowStrides(o.Args[0].Type.Shape)
	var strides []int
	for _, a := range o.Ints("perm") {
		strides = append(strides, from[a])
	}
	return p.gather(o, strides), nil
}
