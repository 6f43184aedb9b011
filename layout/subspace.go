package layout

import "fmt"

// Subspaces of a digit space, given by generators. All results are in the order of their inputs, so that choices made
// from them are deterministic and prefer minor digits.

// independent drops the vectors that depend on earlier ones.
func independent(rad []int, vs [][]int32) [][]int32 { return extension(rad, nil, vs) }

// extension lists those of more that are independent of have and of the ones before.
func extension(rad []int, have, more [][]int32) [][]int32 {
	e := newEchelon(rad, 0)
	for _, v := range have {
		e.add(v, -1)
	}
	var out [][]int32
	for _, v := range more {
		if ok, _ := e.add(v, -1); ok {
			out = append(out, v)
		}
	}
	return out
}

// intersection is a basis of span(a) ∩ span(b): every relation between a basis of a and one of b gives an element.
func intersection(rad []int, a, b [][]int32) [][]int32 {
	a, b = independent(rad, a), independent(rad, b)
	e := newEchelon(rad, len(a)+len(b))
	for k, v := range a {
		e.add(v, k)
	}
	var out [][]int32
	for k, v := range b {
		ok, rel := e.add(v, len(a)+k)
		if ok {
			continue
		}
		x := make([]int32, len(rad))
		p := primeOf(rad, v)
		for j, c := range rel[:len(a)] {
			if c != 0 {
				axpy(x, a[j], c, p)
			}
		}
		out = append(out, x)
	}
	return out
}

func primeOf(rad []int, v []int32) int {
	for o, c := range v {
		if c != 0 {
			return rad[o]
		}
	}
	return 0
}

func units(rad []int) [][]int32 {
	out := make([][]int32, len(rad))
	for o := range out {
		out[o] = make([]int32, len(rad))
		out[o][o] = 1
	}
	return out
}

// binaryUnits keeps the vectors over F_2.
func binaryUnits(rad []int, vs [][]int32) [][]int32 {
	var out [][]int32
	for _, v := range vs {
		if primeOf(rad, v) == 2 {
			out = append(out, v)
		}
	}
	return out
}

func first[T any](s []T, n int) []T {
	n = max(0, min(n, len(s)))
	return s[:n:n]
}

// aligned checks that two register layouts have one shape and gives both the same output digits.
func aligned(op string, a, b Layout) (x, y *lin, err error) {
	if !a.IsRegister() || !b.IsRegister() {
		return nil, nil, fmt.Errorf("%s: the hardware axes are %v and %v; it takes register layouts", op, a.Axes(), b.Axes())
	}
	if fmt.Sprint(a.Shape()) != fmt.Sprint(b.Shape()) {
		return nil, nil, fmt.Errorf("%s: the shapes are %s and %s", op, shapeText(a.Shape()), shapeText(b.Shape()))
	}
	x, y = a.lin().clone(), b.lin().clone()
	for k := range x.out {
		if err := align(x, outSide, k, y, outSide, k, fmt.Sprintf("dim %d", k)); err != nil {
			err.(*RefineError).Op = op
			return nil, nil, err
		}
	}
	for k := range x.out {
		if fmt.Sprint(x.out[k].rad) != fmt.Sprint(y.out[k].rad) {
			return nil, nil, &RefineError{Op: op, Axis: fmt.Sprintf("dim %d", k), A: x.segments(outSide, k), B: y.segments(outSide, k)}
		}
	}
	return x, y, nil
}

// lanesAndLocals lists the images of the lane digits (the first five of thread, which must be binary when there are more
// than one warp of threads) and of the binary local digits. Zero columns are left out of the locals.
func lanesAndLocals(l *lin) (lanes, locals [][]int32, err error) {
	n := 1
	for j, r := range l.in[0].rad {
		if n >= 32 {
			break
		}
		if r != 2 {
			return nil, nil, fmt.Errorf("shared layout: thread digit %d has radix %d within the first 32 threads (thread factors as %s)", j, r, factorText(l.in[0].rad))
		}
		lanes = append(lanes, l.col(j))
		n *= r
	}
	b := len(l.in[0].rad)
	for j, r := range l.in[1].rad {
		if c := l.col(b + j); r == 2 && !isZero(c) {
			locals = append(locals, c)
		}
	}
	return lanes, locals, nil
}
