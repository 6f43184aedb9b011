package tensor

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/girih-lang/girih/ir/dtype"
)

type npyInfo struct {
	dt        dtype.Type
	bigEndian bool
	fortran   bool
	shape     []int
}

// parseNpyHeader reads the Python dict literal of a header. It knows only what that dict can be — strings, True and
// False, and one tuple of integers — so that nothing is ever evaluated.
func parseNpyHeader(text string) (h npyInfo, err error) {
	p := &npyParser{rest: text}
	seen := map[string]bool{}
	if !p.accept("{") {
		return h, p.errorf("'{'")
	}
	for !p.accept("}") {
		key, err := p.str()
		if err != nil {
			return h, err
		}
		if seen[key] {
			return h, fmt.Errorf("its header has the key %q twice", key)
		}
		seen[key] = true
		if !p.accept(":") {
			return h, p.errorf("':'")
		}
		switch key {
		case "descr":
			err = p.descr(&h)
		case "fortran_order":
			switch {
			case p.accept("True"):
				h.fortran = true
			case !p.accept("False"):
				err = p.errorf("True or False")
			}
		case "shape":
			h.shape, err = p.tuple()
		default:
			err = fmt.Errorf("its header has an unknown key %q", key)
		}
		if err != nil {
			return h, err
		}
		if !p.accept(",") && !strings.HasPrefix(p.space(), "}") {
			return h, p.errorf("',' or '}'")
		}
	}
	if p.space() != "" {
		return h, p.errorf("the end of the header")
	}
	for _, key := range []string{"descr", "fortran_order", "shape"} {
		if !seen[key] {
			return h, fmt.Errorf("its header lacks the key %q", key)
		}
	}
	return h, nil
}

type npyParser struct{ rest string }

func (p *npyParser) space() string {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	return p.rest
}

func (p *npyParser) accept(token string) bool {
	rest, ok := strings.CutPrefix(p.space(), token)
	p.rest = rest
	return ok
}

func (p *npyParser) errorf(expected string) error {
	found := p.space()
	if len(found) > 20 {
		found = found[:20] + "…"
	}
	return fmt.Errorf("its header: expected %s, found %q", expected, found)
}

func (p *npyParser) str() (string, error) {
	s := p.space()
	if s == "" || s[0] != '\'' && s[0] != '"' {
		return "", p.errorf("a string")
	}
	end := strings.IndexByte(s[1:], s[0])
	if end < 0 {
		return "", p.errorf("a string that ends")
	}
	p.rest = s[end+2:]
	return s[1 : end+1], nil
}

func (p *npyParser) descr(h *npyInfo) error {
	if strings.HasPrefix(p.space(), "[") {
		return errors.New("it holds records (a structured dtype): one plain number per element is expected")
	}
	s, err := p.str()
	if err != nil {
		return err
	}
	name := strings.TrimLeft(s, "<>=|")
	order := s[:len(s)-len(name)]
	dt, ok := npyTypes[name]
	if !ok || len(order) > 1 {
		return fmt.Errorf("its dtype is %q: f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1 are known", s)
	}
	if dt.Bits() > 8 && order == "|" {
		return fmt.Errorf("its dtype %q has no byte order", s)
	}
	h.dt, h.bigEndian = dt, order == ">"
	return nil
}

// tuple reads (), (3,), (3, 4), with the L that Python 2 put behind a long.
func (p *npyParser) tuple() ([]int, error) {
	if !p.accept("(") {
		return nil, p.errorf("'(' of a shape")
	}
	shape := []int{}
	for !p.accept(")") {
		s := p.space()
		end := 0
		for end < len(s) && (s[end] >= '0' && s[end] <= '9' || end == 0 && s[end] == '-') {
			end++
		}
		n, err := strconv.ParseInt(s[:end], 10, 64)
		switch {
		case errors.Is(err, strconv.ErrRange):
			return nil, fmt.Errorf("its shape has the dimension %.40s, which overflows 63 bits", s[:end])
		case err != nil:
			return nil, p.errorf("a dimension")
		case n < 0:
			return nil, fmt.Errorf("its shape has the negative dimension %d", n)
		case len(shape) == npyMaxDims:
			return nil, fmt.Errorf("its shape has more than %d dimensions", npyMaxDims)
		}
		shape = append(shape, int(n))
		p.rest = strings.TrimPrefix(s[end:], "L")
		if !p.accept(",") {
			if p.accept(")") {
				break
			}
			return nil, p.errorf("',' or ')'")
		}
	}
	return shape, nil
}
