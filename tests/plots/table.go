package main

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// point is one row of a table that tests/perf prints: a kernel of a type at a shape, the tiling being whatever it was.
type point struct {
	kernel, typ string // "Linear", "u4"
	dims        map[string]int64
	us, mb      float64
}

// shape is the extents in a fixed order, without one of them.
func (p point) shape(without string) string {
	var s []string
	for _, d := range []string{"M", "N", "K"} {
		if n, ok := p.dims[d]; ok && d != without {
			s = append(s, fmt.Sprintf("%s=%d", d, n))
		}
	}
	return strings.Join(s, " ")
}

// read collects the rows of every table "kernel | shape | µs | MB | …" in a Markdown text. Of several tilings of one kernel, type and
// shape the fastest stays.
func read(r io.Reader) ([]point, error) {
	var out []point
	at := map[string]int{}
	in := false
	scan := bufio.NewScanner(r)
	for scan.Scan() {
		c := strings.Split(scan.Text(), "|")
		if len(c) < 3 {
			in = false
		}
		if len(c) < 6 { // no table, or a row that holds an error in place of a time
			continue
		}
		for i := range c {
			c[i] = strings.TrimSpace(c[i])
		}
		switch {
		case c[1] == "kernel" && c[2] == "shape" && c[3] == "µs":
			in = true
			continue
		case !in || strings.HasPrefix(c[1], "---") || c[1] == "":
			continue
		}
		p, err := parse(c)
		if err != nil {
			continue
		}
		key := p.kernel + " " + p.typ + " " + p.shape("")
		if i, ok := at[key]; !ok {
			at[key] = len(out)
			out = append(out, p)
		} else if p.us < out[i].us {
			out[i] = p
		}
	}
	return out, scan.Err()
}

func parse(c []string) (p point, err error) {
	words := strings.Fields(c[1])
	p.kernel, p.dims = words[0], map[string]int64{}
	for _, w := range words[1:] {
		if k, v, ok := strings.Cut(w, "="); ok && (k == "W" || k == "T" && p.typ == "") {
			p.typ = v
		}
	}
	for _, w := range strings.Fields(c[2]) {
		k, v, _ := strings.Cut(w, "=")
		if p.dims[k], err = strconv.ParseInt(v, 10, 64); err != nil {
			return p, err
		}
	}
	if p.us, err = strconv.ParseFloat(c[3], 64); err != nil {
		return p, err
	}
	p.mb, err = strconv.ParseFloat(c[4], 64)
	return p, err
}

// bits is the width of a type by its name: u4, i8, f6e3m2, bf16.
func bits(typ string) int {
	t := strings.TrimLeft(typ, "abcdefghijklmnopqrstuvwxyz")
	n := 0
	for n < len(t) && t[n] >= '0' && t[n] <= '9' {
		n++
	}
	b, _ := strconv.Atoi(t[:n])
	return b
}
