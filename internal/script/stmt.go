package script

import (
	"fmt"
	"strings"

	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// A Range is the values that one range of a for statement runs through.
type Range struct {
	Name   string
	Lo, N  int64 // Lo, Lo+Step, …: N values
	Step   int64
	Values []int64 // of a list; nil for a range of numbers
}

// Len is the number of values.
func (r Range) Len() int64 {
	if r.Values != nil {
		return int64(len(r.Values))
	}
	return r.N
}

// At is value number i.
func (r Range) At(i int64) int64 {
	if r.Values != nil {
		return r.Values[i]
	}
	return r.Lo + i*r.Step
}

// A Failure is an expectation that does not hold.
type Failure struct {
	Src   *diag.Source
	At    diag.Span
	Text  string // what was expected and what was found
	Msg   string // the author's, after the comma
	Claim *Claim // of a comparison
}

func (f *Failure) Error() string {
	text := f.Text
	if f.Msg != "" {
		text = f.Msg + ": " + text
	}
	return fmt.Sprintf("%s: %s", f.Src.At(f.At.Start), text)
}

// Skip says that an assumption does not hold for the values at hand.
type Skip struct{}

func (Skip) Error() string { return "the assumption does not hold" }

// Exec runs statements in order, in the innermost scope. Expectations that do not hold are a *Failure, assumptions a Skip,
// mistakes a diag.List.
func (s *Session) Exec(stmts []syntax.Stmt) error {
	for _, st := range stmts {
		if err := s.context().Err(); err != nil {
			return err
		}
		if err := s.exec(st); err != nil {
			return err
		}
	}
	return nil
}

func (s *Session) block(b *syntax.Block) error {
	s.push()
	defer s.pop()
	return s.Exec(b.Stmts)
}

func (s *Session) exec(st syntax.Stmt) error {
	switch st := st.(type) {
	case *syntax.AssignStmt:
		return s.assign(st)
	case *syntax.ConstDecl:
		vs, err := s.values(st.Values)
		if err != nil {
			return err
		}
		for i, id := range st.Names {
			if vs[i].Const == nil && !vs[i].Type.IsValid() {
				return s.errorf(st.Values[i], diag.NotConstant, "a constant is known when compiling; this is %s", vs[i])
			}
			s.Set(id.Name, vs[i])
		}
		return nil
	case *syntax.ExprStmt:
		_, err := s.Eval(st.X)
		return err
	case *syntax.Block:
		return s.block(st)
	case *syntax.IfStmt:
		v, err := s.Eval(st.Cond)
		if err != nil {
			return err
		}
		b, ok := v.truth()
		switch {
		case !ok:
			return s.errorf(st.Cond, diag.TypeMismatch, "a condition is a scalar bool, found %s", v)
		case b:
			return s.block(st.Then)
		case st.Else != nil:
			return s.exec(st.Else)
		}
		return nil
	case *syntax.ForStmt:
		return s.loop(st)
	case *syntax.ClaimStmt:
		return s.claim(st)
	}
	return s.errorf(st, diag.Misplaced, "this statement stands only inside of a kernel or a function")
}

func (s *Session) assign(st *syntax.AssignStmt) error {
	for _, x := range st.Lhs {
		if _, ok := x.(*syntax.Ident); !ok {
			return s.errorf(x, diag.NotAssignable, "tensors are not stored to outside of kernels").help("use where(…) to change some elements")
		}
	}
	rhs := st.Rhs
	if st.Op != ":=" && st.Op != "=" {
		rhs = []syntax.Expr{&syntax.BinaryExpr{At: st.At, Op: strings.TrimSuffix(st.Op, "="), OpLoc: st.OpLoc, X: st.Lhs[0], Y: st.Rhs[0]}}
	}
	vs, err := s.values(rhs)
	if err != nil {
		return err
	}
	if len(vs) != len(st.Lhs) {
		return s.errorf(st, diag.CountMismatch, "%d on the left, %d on the right", len(st.Lhs), len(vs))
	}
	for i, x := range st.Lhs {
		name := x.(*syntax.Ident).Name
		switch {
		case name == "_":
			continue
		case vs[i].Claim != nil:
			return s.errorf(st, diag.BadOperand, "a comparison has no value").help("write expect before it")
		case st.Op == ":=":
			s.Set(name, vs[i])
			continue
		}
		if !s.replace(name, vs[i]) {
			return s.errorf(x, diag.Undefined, "undefined: %s", name).help("declare it with :=")
		}
	}
	return nil
}

// replace changes the value of a name where it was declared.
func (s *Session) replace(name string, v Value) bool {
	for i := len(s.vars) - 1; i >= 0; i-- {
		if _, ok := s.vars[i][name]; ok {
			s.vars[i][name] = v
			return true
		}
	}
	return false
}

func (s *Session) loop(st *syntax.ForStmt) error {
	var ranges []Range
	for _, r := range st.Ranges {
		if len(r.Names) != 1 {
			return s.errorf(r, diag.BadRangeNames, "a range has one name here")
		}
		one, err := s.candidates(r)
		if err != nil {
			return err
		}
		ranges = append(ranges, one)
	}
	body := func(values []int64) error {
		s.push()
		defer s.pop()
		for i, r := range ranges {
			s.Set(r.Name, intValue(values[i]))
		}
		return s.Exec(st.Body.Stmts)
	}
	if s.Each != nil {
		return s.Each(st, ranges, body)
	}
	total := int64(1)
	for _, r := range ranges {
		total *= r.Len()
	}
	for i := range total {
		if err := body(Pick(ranges, i)); err != nil {
			return err
		}
	}
	return nil
}

// Pick is combination number i of the values of ranges; the last one varies fastest.
func Pick(ranges []Range, i int64) []int64 {
	out := make([]int64, len(ranges))
	for k := len(ranges) - 1; k >= 0; k-- {
		n := ranges[k].Len()
		out[k] = ranges[k].At(i % n)
		i /= n
	}
	return out
}

func (s *Session) candidates(r *syntax.Range) (Range, error) {
	out := Range{Name: r.Names[0].Name, Step: 1}
	if list, ok := r.Hi.(*syntax.ListLit); ok && r.Lo == nil {
		for _, x := range list.Elems {
			n, err := s.integer(x, "a value", -1<<62)
			if err != nil {
				return out, err
			}
			out.Values = append(out.Values, n)
		}
		return out, nil
	}
	var err error
	if r.Lo != nil {
		if out.Lo, err = s.integer(r.Lo, "a bound", -1<<31); err != nil {
			return out, err
		}
	}
	hi, err := s.integer(r.Hi, "a bound", -1<<31)
	if err != nil {
		return out, err
	}
	if r.By != nil {
		if out.Step, err = s.integer(r.By, "a step", 1); err != nil {
			return out, err
		}
	}
	if out.N = (hi - out.Lo + out.Step - 1) / out.Step; out.N < 1 {
		return out, s.errorf(r, diag.EmptyExtent, "the range %d..%d is empty", out.Lo, hi)
	}
	if out.N > 1<<31 {
		return out, s.errorf(r, diag.BadRange, "the range has more than 2^31 values")
	}
	return out, nil
}
