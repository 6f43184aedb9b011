package main

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// absence is an executor that does not exist here.
type absence struct {
	name string
	why  *missing
}

// printRun prints what ran, the table, and what could not run.
func (a *app) printRun(j *job, rows []row, absent []absence, check string) {
	a.printf("%s\n", j.title())
	var made []string
	for _, p := range j.k.Params {
		if j.origin[p.Name] == "made up" {
			made = append(made, p.Name)
		}
	}
	if len(made) > 0 {
		a.printf("made up: %s\n", strings.Join(made, ", "))
	}
	for _, q := range j.quants {
		a.printf("quantised: %s to %s in groups of %d; codes times scales are off by %s\n", q.name, q.to, q.group, sci(q.error))
		if !q.to.IsFloat() && !q.to.IsSigned() {
			a.printf("           (%s has no negative codes: what is below zero became 0)\n", q.to)
		}
	}
	if len(rows) > 0 {
		against := map[string]string{"oracle": "error to fp64", "vm": "error to vm", "none": "error"}[check]
		t := [][]string{{"executor", "result", against, "bar", "", "time", "moved", "GB/s"}}
		for _, r := range rows {
			line := []string{r.executor, r.result, "not checked", "", ""}
			if r.checked {
				line = []string{r.executor, r.result, sci(r.diff.RelFro), sci(r.bar), "ok"}
				if r.failed {
					line[4] = "FAILED"
				}
			}
			t = append(t, append(line, duration(r.time), size(r.bytes), rate(r.bytes, r.time)))
		}
		a.printf("\n")
		a.table(t, "lllllrrr")
	}
	for _, r := range rows {
		switch {
		case r.diff.NaNs > 0:
			a.printf("%s: %s: %s\n", r.executor, r.result, r.diff)
		case r.diff.Both > 0:
			a.printf("%s: %s: %d of %d elements are NaN, as those of the %s are\n", r.executor, r.result, r.diff.Both, r.diff.Len, check)
		}
	}
	a.printTiles(rows)
	for _, m := range absent {
		a.printf("%snot on %s: %s; %s\n", map[bool]string{true: "\n"}[m == absent[0]], m.name, m.why.reason, m.why.install)
	}
}

// printTiles says with which tune values each executor ran.
func (a *app) printTiles(rows []row) {
	last := ""
	for _, r := range rows {
		if r.tiles != "" && r.executor != last {
			if last == "" {
				a.printf("\n")
			}
			a.printf("%s: %s\n", r.executor, r.tiles)
			last = r.executor
		}
	}
}

// table prints rows with aligned columns; align has l or r for each.
func (a *app) table(rows [][]string, align string) {
	width := make([]int, len(align))
	for _, r := range rows {
		for i, s := range r {
			width[i] = max(width[i], len([]rune(s)))
		}
	}
	for n, r := range rows {
		var b strings.Builder
		for i, s := range r {
			pad := strings.Repeat(" ", width[i]-len([]rune(s)))
			if align[i] == 'r' {
				s = pad + s
			} else {
				s += pad
			}
			b.WriteString(s + "  ")
		}
		line := strings.TrimRight(b.String(), " ")
		switch {
		case n == 0 && a.colors:
			line = "\x1b[1m" + line + "\x1b[0m"
		case a.colors && strings.Contains(line, "FAILED"):
			line = "\x1b[1;31m" + line + "\x1b[0m"
		}
		a.printf("%s\n", line)
	}
}

// sci prints an error in few digits.
func sci(x float64) string {
	switch {
	case x == 0:
		return "0"
	case math.IsNaN(x):
		return "unknown"
	}
	return fmt.Sprintf("%.2e", x)
}

func duration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%.2f µs", float64(d.Nanoseconds())/1e3)
	case d < time.Second:
		return fmt.Sprintf("%.2f ms", float64(d.Nanoseconds())/1e6)
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

// size prints bytes in decimal units, as bandwidths are given.
func size(n int64) string {
	switch {
	case n < 1e4:
		return fmt.Sprintf("%d B", n)
	case n < 1e7:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

func rate(bytes int64, d time.Duration) string {
	if d <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.3g", float64(bytes)/float64(d.Nanoseconds()))
}
