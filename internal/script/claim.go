package script

import (
	"fmt"
	"math"

	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
	"github.com/girih-lang/girih/runtime/tensor"
)

// A Claim is the outcome of close(got, want, rel: r, abs: a) or equal(got, want).
type Claim struct {
	OK    bool
	Text  string      // what was allowed
	Diff  tensor.Diff // how far the two are from each other
	First []int       // the first element that differs by more than the bar; nil if none does by itself
	Got   float64     // there
	Want  float64
}

func (s *Session) claim(st *syntax.ClaimStmt) error {
	v, err := s.Eval(st.X)
	if err != nil {
		return err
	}
	f := &Failure{Src: s.Src, At: st.Span()}
	if st.Msg != nil {
		m, err := s.Eval(st.Msg)
		if err != nil {
			return err
		}
		if f.Msg = m.String(); m.Const != nil {
			f.Msg, _ = m.Const.Text()
		}
	}
	text := s.Src.Slice(st.X.Span())
	b, scalar := v.truth()
	switch {
	case v.Claim != nil:
		if f.Claim = v.Claim; v.Claim.OK {
			return nil
		}
		f.Text = v.Claim.describe()
	case scalar && b:
		return nil
	case scalar:
		f.Text = "expected " + text
	case v.Tensor != nil && v.Tensor.DType.IsBool():
		codes := v.Tensor.Ints()
		for i, c := range codes {
			if c == 0 {
				f.Text = fmt.Sprintf("expected %s everywhere; it is false first at %s", text, tensor.ShapeString(v.Tensor.Index(i)))
				return s.verdict(st, f)
			}
		}
		return nil
	default:
		return s.errorf(st.X, diag.TypeMismatch, "%s takes a bool, close(…) or equal(…), found %s", st.Verb, v)
	}
	return s.verdict(st, f)
}

func (s *Session) verdict(st *syntax.ClaimStmt, f *Failure) error {
	if st.Verb == "assume" {
		return Skip{}
	}
	return f
}

func (c *Claim) describe() string {
	text := fmt.Sprintf("expected %s, found %s", c.Text, c.Diff)
	if c.First != nil {
		text += fmt.Sprintf("; the first element beyond it is %s (got %g, want %g)", tensor.ShapeString(c.First), c.Got, c.Want)
	}
	return text
}

// compare is close(…) and equal(…). Two tensors are close when the relative Frobenius error ‖got-want‖/‖want‖ is at most rel
// and, where abs is given, no element differs by more than that.
func (s *Session) compare(x *syntax.CallExpr, got, want *tensor.Tensor, rel, abs float64, exact bool) (Value, error) {
	d, err := tensor.Compare(got, want)
	if err != nil {
		return Value{}, s.errorf(x, diag.ShapeMismatch, "%s", err)
	}
	c := &Claim{Diff: d, OK: d.Within(rel) && d.MaxAbs <= abs}
	limit := func(w float64) float64 { return 0 }
	switch {
	case exact:
		c.Text = "equal elements"
	case math.IsInf(abs, 1):
		c.Text = fmt.Sprintf("a relative error of at most %g", rel)
	case math.IsInf(rel, 1):
		c.Text = fmt.Sprintf("differences of at most %g", abs)
	default:
		c.Text = fmt.Sprintf("a relative error of at most %g and differences of at most %g", rel, abs)
	}
	if c.OK {
		return Value{Claim: c}, nil
	}
	g, w := got.Floats(), want.Floats()
	if !exact {
		rms := 0.0
		for _, v := range w {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				rms += v * v / float64(len(w))
			}
		}
		rms = math.Sqrt(rms)
		limit = func(w float64) float64 { return math.Min(abs, rel*math.Max(math.Abs(w), rms)) }
	}
	for i := range g {
		if g[i] != w[i] && !(math.Abs(g[i]-w[i]) <= limit(w[i])) {
			c.First, c.Got, c.Want = got.Index(i), g[i], w[i]
			if c.First == nil {
				c.First = []int{}
			}
			break
		}
	}
	return Value{Claim: c}, nil
}
