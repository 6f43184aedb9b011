package testrun

import (
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/girih-lang/girih/internal/script"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// runner is one run of a test on one executor.
type runner struct {
	s       *script.Session
	seed    uint64
	limit   int // combinations that the next `for` may run
	cases   int
	skipped int
	calls   int
	values  []Binding // of the ranges around
	shrinks bool      // an outer `for` is looking for a smaller failure
}

// caseError is a failure with the values of the ranges around it.
type caseError struct {
	err    error
	values []Binding
	call   string
	tried  int
}

func (e *caseError) Error() string { return e.err.Error() }
func (e *caseError) Unwrap() error { return e.err }

// The bounds of looking for a smaller failure.
const (
	maxTries  = 100
	maxShrink = 10 * time.Second
)

// each runs the body of a `for` for some combinations of the values of its ranges.
func (r *runner) each(f *syntax.ForStmt, ranges []script.Range, body func([]int64) error) error {
	limit := r.limit
	picks := sample(ranges, limit, script.Mix(r.seed, uint64(f.Span().Start)))
	r.limit = max(1, limit/len(picks))
	defer func() { r.limit = limit }()
	for _, at := range picks {
		err := r.one(ranges, at, body)
		if err == nil {
			continue
		}
		var c *caseError
		if r.shrinks || !errors.As(err, &c) || r.s.Ctx.Err() != nil {
			return err
		}
		return r.shrink(ranges, at, body, c)
	}
	return nil
}

// one runs the body for one combination, whose random numbers depend on the values and the seed alone.
func (r *runner) one(ranges []script.Range, at []int64, body func([]int64) error) error {
	values := make([]int64, len(ranges))
	n, seed := len(r.values), r.s.Seed
	for i, g := range ranges {
		values[i] = g.At(at[i])
		r.values = append(r.values, Binding{g.Name, values[i]})
		r.s.Seed = script.Mix(r.s.Seed, uint64(values[i]))
	}
	calls := len(r.s.Calls)
	err := body(values)
	r.cases++
	if errors.Is(err, script.Skip{}) {
		r.skipped++
		err = nil
	}
	var c *caseError
	if err != nil && !errors.As(err, &c) {
		c = &caseError{err: err, values: slices.Clone(r.values)}
		if n := len(r.s.Calls); n > 0 {
			c.call = r.s.Calls[n-1].Text
		}
		err = c
	}
	r.calls += len(r.s.Calls) - calls
	r.s.Calls = r.s.Calls[:calls]
	r.values, r.s.Seed = r.values[:n], seed
	return err
}

// shrink looks for a smaller combination with the same failure: one range after another is set to its least value, else to
// half of what it is, else to the next smaller one, until nothing smaller fails.
func (r *runner) shrink(ranges []script.Range, at []int64, body func([]int64) error, found *caseError) error {
	r.shrinks = true
	defer func() { r.shrinks = false }()
	stop := time.Now().Add(maxShrink)
	tried := 0
	for again := true; again; {
		again = false
		for i, g := range ranges {
			for _, k := range smaller(g, at[i]) {
				if tried == maxTries || time.Now().After(stop) || r.s.Ctx.Err() != nil {
					found.tried = tried
					return found
				}
				tried++
				next := slices.Clone(at)
				next[i] = k
				var c *caseError
				if err := r.one(ranges, next, body); errors.As(err, &c) && same(c.err, found.err) {
					at, found, again = next, c, true
					break
				}
			}
		}
	}
	found.tried = tried
	return found
}

// smaller are the places in a range whose values are smaller than that at i, the least one first.
func smaller(g script.Range, i int64) []int64 {
	if g.Values == nil {
		var out []int64
		for _, k := range []int64{0, i / 2, i - 1} {
			if k < i && !slices.Contains(out, k) && k >= 0 {
				out = append(out, k)
			}
		}
		return out
	}
	var out []int64
	for k, v := range g.Values {
		if v < g.Values[i] {
			out = append(out, int64(k))
		}
	}
	slices.SortFunc(out, func(a, b int64) int { return int(g.Values[a] - g.Values[b]) })
	return out
}

// same says whether two failures are of one statement.
func same(a, b error) bool {
	var fa, fb *script.Failure
	if errors.As(a, &fa) && errors.As(b, &fb) {
		return fa.At == fb.At
	}
	var la, lb diag.List
	if errors.As(a, &la) && errors.As(b, &lb) && len(la) > 0 && len(lb) > 0 {
		return la[0].Code == lb[0].Code && la[0].Span == lb[0].Span
	}
	return false
}

// sample chooses at most limit combinations: all where there are no more, else the first and the last one and random others.
func sample(ranges []script.Range, limit int, seed uint64) [][]int64 {
	total := int64(1)
	for _, g := range ranges {
		if total *= g.Len(); total > 1<<40 {
			total = 1 << 40 // enough to choose from
		}
	}
	place := func(i int64) []int64 {
		at := make([]int64, len(ranges))
		for k := len(ranges) - 1; k >= 0; k-- {
			at[k] = i % ranges[k].Len()
			i /= ranges[k].Len()
		}
		return at
	}
	var out [][]int64
	if total <= int64(limit) {
		for i := range total {
			out = append(out, place(i))
		}
		return out
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	seen := map[int64]bool{0: true}
	picks := []int64{0}
	if limit > 1 {
		picks = append(picks, total-1)
		seen[total-1] = true
	}
	for len(picks) < limit {
		if i := rng.Int64N(total); !seen[i] {
			seen[i] = true
			picks = append(picks, i)
		}
	}
	for _, i := range picks {
		out = append(out, place(i))
	}
	return out
}
