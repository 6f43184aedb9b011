// Package num is the `girih num` verb: what a number is in a format. It turns a type and a value (or a bit pattern)
// into a description, and a type into the table of all its codes, as text or JSON.
//
// The boundary: all meaning comes from ir/dtype; this package parses what the user typed and prints. Every error it
// returns, but those of the writer, is a mistake in the arguments.
package num

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"github.com/girih-lang/girih/ir/dtype"
)

// Args are the arguments of the verb.
type Args struct {
	Type   string // a name as dtype.Parse reads it
	Value  string // a number, or a bit pattern 0x… or 0b…; empty with Table
	Table  bool   // print every code
	Format string // "text" (also "") or "json"
}

// UsageError is a mistake in the arguments, as opposed to a failure to write.
type UsageError struct{ msg string }

func (e *UsageError) Error() string { return e.msg }

func usagef(format string, a ...any) error { return &UsageError{fmt.Sprintf(format, a...)} }

// maxTableBits bounds --table: 65536 lines can be read by a program, 2^32 by nobody.
const maxTableBits = 16

// Run writes what args ask for. Nothing is written when the arguments are wrong.
func Run(w io.Writer, args Args) error {
	if args.Format != "" && args.Format != "text" && args.Format != "json" {
		return usagef("unknown format %q: --format is text or json", clip(args.Format))
	}
	t, err := dtype.Parse(args.Type)
	if err != nil {
		return usagef("%v", err)
	}
	switch {
	case args.Table && args.Value != "":
		return usagef("a value (%s) and --table exclude each other", clip(args.Value))
	case args.Table:
		rows, err := Table(t)
		if err != nil {
			return err
		}
		if args.Format == "json" {
			return writeTableJSON(w, rows)
		}
		return writeTable(w, t, rows)
	case args.Value == "":
		return usagef("what of %v? Give a value (0.3), a bit pattern (0x2f) or --table", t)
	}
	d, err := Describe(t, args.Value)
	if err != nil {
		return err
	}
	if args.Format == "json" {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(d)
	}
	return d.write(w)
}

// Row is a code and its exact value: a decimal string, "inf", "-inf", "nan" or "-0" (the JSON contract of --table).
type Row struct {
	Bits  uint64 `json:"bits"`
	Value string `json:"value"`
}

// Table is all codes of t in ascending order of the bits, for types of at most 16 bits.
func Table(t dtype.Type) ([]Row, error) {
	if t.Bits() > maxTableBits {
		return nil, usagef("%v has 2^%d bit patterns: --table prints types of at most %d bits; give a value or a bit pattern instead", t, t.Bits(), maxTableBits)
	}
	rows := make([]Row, 1<<t.Bits())
	for c := range rows {
		rows[c] = Row{uint64(c), t.Text(uint64(c))}
	}
	return rows, nil
}

// writeTableJSON writes one array, one line an element.
func writeTableJSON(w io.Writer, rows []Row) error {
	b := bufio.NewWriter(w)
	for i, r := range rows {
		lead := ",\n "
		if i == 0 {
			lead = "["
		}
		fmt.Fprintf(b, `%s{"bits":%d,"value":"%s"}`, lead, r.Bits, r.Value)
	}
	fmt.Fprintln(b, "]")
	return b.Flush()
}

func writeTable(w io.Writer, t dtype.Type, rows []Row) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, summary(t))
	for _, r := range rows {
		fmt.Fprintf(b, "%s  %s  %-9s  %s\n", hex(t, r.Bits), spaced(t, r.Bits), class(t, r.Bits), r.Value)
	}
	return b.Flush()
}

// summary is one line about the type.
func summary(t dtype.Type) string {
	switch {
	case t.IsBool():
		return "bool: 8 bits in memory, false is 0 and true is 1"
	case t.IsInt():
		return fmt.Sprintf("%v: %d bits, %s … %s", t, t.Bits(), t.Text(uint64(t.MinInt())), t.Text(uint64(t.MaxInt())))
	}
	sign, special := 0, "every code is a number"
	if t.HasSign() {
		sign = 1
	}
	switch {
	case t.HasInf():
		special = "infinities and NaN"
	case t.HasNaN():
		special = "NaN, no infinity"
	}
	return fmt.Sprintf("%v: %d sign, %d exponent (bias %d), %d fraction bits; %s; largest %.9g, smallest positive %.9g",
		t, sign, t.ExpBits(), t.Bias(), t.ManBits(), special, t.MaxFloat(), t.MinPositive())
}

// clip keeps an echoed argument short.
func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}
