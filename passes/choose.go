package passes

import (
	"math"
	"slices"

	"github.com/girih-lang/girih/ir"
)

// maxTable bounds the tables of the exact choice. A kernel whose classes hang together more densely is improved step by
// step instead, from the first candidates on.
const maxTable = 1 << 13

// factor is a cost that depends on the labels of several classes, the last one varying fastest.
type factor struct {
	vars []int // ids of classes, ascending
	cost []int64
}

// choose gives every class the label that makes the kernel cheapest.
func (s *solver) choose() {
	fs := s.factors()
	pick, ok := s.eliminate(fs)
	if !ok {
		pick = s.improve(fs)
	}
	for _, c := range s.classes {
		c.choice = pick[c.id]
	}
	s.total, s.strongest = s.sum(fs, pick), s.sum(fs, make([]int, len(pick)))
	touching := s.touching(fs)
	for _, c := range s.classes {
		c.rest = make([]int64, len(c.labels))
		for i := range c.labels {
			pick[c.id] = i
			for _, f := range touching[c.id] {
				c.rest[i] += f.cost[s.at(f.vars, pick)]
			}
		}
		pick[c.id] = c.choice
		for i, n := range slices.Backward(c.rest) {
			if i != c.choice {
				c.rest[i] = n - c.rest[c.choice]
			}
		}
		c.rest[c.choice] = 0
	}
}

// touching lists the factors that each class takes part in.
func (s *solver) touching(fs []factor) [][]*factor {
	out := make([][]*factor, len(s.classes))
	for i := range fs {
		for _, v := range fs[i].vars {
			out[v] = append(out[v], &fs[i])
		}
	}
	return out
}

// sum is what a choice costs in all, in units.
func (s *solver) sum(fs []factor, pick []int) (n int64) {
	for _, f := range fs {
		n += f.cost[s.at(f.vars, pick)]
	}
	return n / order
}

// order breaks ties: units are multiplied by it, and the place of a label among the candidates is added.
const order = 1 << 10

// factors are the costs of every class by itself, and those of pairs of classes that an operation joins.
func (s *solver) factors() []factor {
	one := make([][]int64, len(s.classes))
	for _, c := range s.classes {
		one[c.id] = make([]int64, len(c.labels))
		for i, x := range c.labels {
			one[c.id][i] = s.registers(c.v.Type, x.l)*order + int64(i)
		}
	}
	two := map[[2]int][]int64{}
	var pairs [][2]int
	for _, o := range s.ops {
		w := s.weight[o] * order
		var v *ir.Value
		switch {
		case o.Code == ir.OpStore:
			v = o.Args[0]
		case len(o.Results) == 1:
			v = o.Result()
		}
		if v == nil || v.Type.Kind != ir.Tile || v.Type.IsScalar() {
			if o.Code == ir.OpReduce && !o.Args[0].Type.IsScalar() {
				c := s.class(o.Args[0])
				for i, x := range c.labels {
					one[c.id][i] += s.reduce(o, digitwise(x.l, o.Args[0].Type.Shape, s.threads)) * w
				}
			}
			continue
		}
		r := s.class(v)
		for i, x := range r.labels {
			one[r.id][i] += s.alone(o, x.l) * w
		}
		var args []int
		switch o.Code {
		case ir.OpBroadcast, ir.OpReduce, ir.OpReshape, ir.OpTranspose:
			args = []int{0}
		case ir.OpDot:
			args = []int{0, 1}
			if len(o.Args) > 3 { // one class, of a zero and a factor
				args = append(args, 3)
			}
		}
		for _, arg := range args {
			if o.Args[arg].Type.IsScalar() {
				continue
			}
			a := s.class(o.Args[arg])
			if a == r {
				for i, x := range r.labels {
					one[r.id][i] += s.between(o, arg, x.l, x.l) * w
				}
				continue
			}
			lo, hi := min(a.id, r.id), max(a.id, r.id)
			key := [2]int{lo, hi}
			if two[key] == nil {
				two[key] = make([]int64, len(a.labels)*len(r.labels))
				pairs = append(pairs, key)
			}
			for i, x := range a.labels {
				for j, y := range r.labels {
					at := i*len(r.labels) + j
					if a.id != lo {
						at = j*len(a.labels) + i
					}
					two[key][at] += s.between(o, arg, x.l, y.l) * w
				}
			}
		}
	}
	var fs []factor
	for id, cost := range one {
		fs = append(fs, factor{[]int{id}, cost})
	}
	for _, p := range pairs {
		fs = append(fs, factor{[]int{p[0], p[1]}, two[p]})
	}
	return fs
}

// at is the place of a choice in a table over vars.
func (s *solver) at(vars, pick []int) int {
	n := 0
	for _, v := range vars {
		n = n*len(s.classes[v].labels) + pick[v]
	}
	return n
}

// eliminate finds the least sum of all factors by dynamic programming: class after class, the one with the smallest table
// first, is replaced by what its best label costs for each choice of its neighbours. It is exact; ok is false when a table
// would grow too large.
func (s *solver) eliminate(fs []factor) (pick []int, ok bool) {
	type step struct {
		v    int
		vars []int
		best []int
	}
	var steps []step
	mine := s.touching(fs)
	neighbours := func(v int) (vars []int, size int) {
		for _, f := range mine[v] {
			vars = append(vars, f.vars...)
		}
		slices.Sort(vars)
		vars = slices.DeleteFunc(slices.Compact(vars), func(x int) bool { return x == v })
		size = 1
		for _, x := range vars {
			size = min(size*len(s.classes[x].labels), math.MaxInt32)
		}
		return vars, size
	}
	table := make([]int, len(s.classes)) // what eliminating a class would take; 0 when it is done
	measure := func(v int) {
		_, n := neighbours(v)
		table[v] = n * len(s.classes[v].labels)
	}
	for v := range table {
		measure(v)
	}
	pick = make([]int, len(s.classes))
	for range s.classes {
		v := -1
		for i, n := range table {
			if n > 0 && (v < 0 || n < table[v]) {
				v = i
			}
		}
		if table[v] > maxTable {
			return nil, false
		}
		table[v] = 0
		vars, size := neighbours(v)
		st := step{v, vars, make([]int, size)}
		joint := &factor{vars, make([]int64, size)}
		for i := range joint.cost {
			rest := i
			for k := len(vars) - 1; k >= 0; k-- {
				n := len(s.classes[vars[k]].labels)
				pick[vars[k]] = rest % n
				rest /= n
			}
			joint.cost[i] = math.MaxInt64
			for l := range s.classes[v].labels {
				pick[v] = l
				sum := int64(0)
				for _, f := range mine[v] {
					sum += f.cost[s.at(f.vars, pick)]
				}
				if sum < joint.cost[i] {
					joint.cost[i], st.best[i] = sum, l
				}
			}
		}
		steps = append(steps, st)
		for _, x := range vars {
			mine[x] = append(slices.DeleteFunc(mine[x], func(f *factor) bool { return slices.Contains(f.vars, v) }), joint)
			measure(x)
		}
	}
	for _, st := range slices.Backward(steps) {
		pick[st.v] = st.best[s.at(st.vars, pick)]
	}
	return pick, true
}

// improve changes one class at a time, in order, as long as that makes the kernel cheaper.
func (s *solver) improve(fs []factor) []int {
	pick := make([]int, len(s.classes))
	touching := s.touching(fs)
	for changed, rounds := true, 0; changed && rounds < 32; rounds++ {
		changed = false
		for _, c := range s.classes {
			was, least := pick[c.id], int64(math.MaxInt64)
			best := was
			for l := range c.labels {
				pick[c.id] = l
				sum := int64(0)
				for _, f := range touching[c.id] {
					sum += f.cost[s.at(f.vars, pick)]
				}
				if sum < least || sum == least && l == was {
					least, best = sum, l
				}
			}
			pick[c.id] = best
			changed = changed || best != was
		}
	}
	return pick
}
