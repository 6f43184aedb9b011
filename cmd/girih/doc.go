package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"golang.org/x/term"

	"github.com/girih-lang/girih/internal/script"
	"github.com/girih-lang/girih/internal/testrun"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/lower"
	"github.com/girih-lang/girih/lang/syntax"
	"github.com/girih-lang/girih/stdlib"
)

// docCmd is `girih doc`.
type docCmd struct {
	Name   string `arg:"" optional:"" help:"A diagnostic's code (G0103), a kernel or function, a file of the library (softmax), a builtin (exp), a word of a grid or loop (pipeline), or a path. Left out: what there is."`
	Format string `default:"auto" enum:"auto,text,markdown" help:"${enum}; auto is text on a terminal."`
}

func (c *docCmd) Run(a *app) error {
	text, err := document(c.Name)
	if err != nil {
		return err
	}
	out, ok := a.out.(*os.File)
	if c.Format == "text" || c.Format == "auto" && ok && term.IsTerminal(int(out.Fd())) {
		text = plainText(text, a.colors)
	}
	return a.write([]byte(text))
}

// docPage prints the page of a name, for the REPL.
func (a *app) docPage(name string) error {
	text, err := document(name)
	if err == nil {
		a.printf("%s", plainText(text, a.colors))
	}
	return err
}

// document is the page of a name, as Markdown.
func document(name string) (string, error) {
	if name == "" {
		return contents(), nil
	}
	if c, ok := diag.Lookup(strings.ToUpper(name)); ok {
		return codePage(c), nil
	}
	if _, err := os.Stat(name); err == nil {
		pkgs, err := testrun.Load([]string{name})
		if err != nil {
			return "", loadError(err)
		}
		var b strings.Builder
		for _, p := range pkgs {
			packagePage(&b, p)
		}
		return b.String(), nil
	}
	if text, ok := stdlib.Source(strings.TrimSuffix(name, lang.Extension)); ok {
		p, err := lang.LoadSource(name+lang.Extension, text)
		if err != nil {
			return "", loadError(err)
		}
		var b strings.Builder
		packagePage(&b, p)
		return b.String(), nil
	}
	if page, err := symbol(name); err != nil || page != "" {
		return page, err
	}
	return "", usagef("nothing is called %s", name).with("girih doc lists what there is; a diagnostic's code is a G and four digits")
}

// symbol is the page of a declaration of the library, or of a builtin.
func symbol(name string) (string, error) {
	var b strings.Builder
	for _, file := range append(stdlib.Names(), "prelude") {
		text, _ := stdlib.Source(file)
		f, errs := syntax.Parse(diag.NewSource(file+lang.Extension, text))
		if errs.HasErrors() {
			return "", loadError(errs)
		}
		for _, d := range f.Decls {
			if n, _ := headOf(f.Source, d); n == name {
				fmt.Fprintf(&b, "# %s\n\nOf the library, in `%s`.\n\n", name, file+lang.Extension)
				declaration(&b, f.Source, d)
			}
		}
	}
	for _, f := range lower.Builtins() {
		if f.Name == name {
			fmt.Fprintf(&b, "# %s\n\n    %s\n\nA function of the language: %s.\n", name, f.Form, f.Doc)
		}
	}
	for _, w := range lower.ScheduleWords {
		if w.Name == name {
			fmt.Fprintf(&b, "# %s\n\n    %s\n\nA word of %s: %s.\n", name, w.Form, placeOf(w), w.Doc)
		}
	}
	for _, f := range script.HostFuncs {
		if f.Name == name {
			fmt.Fprintf(&b, "# %s\n\n    %s\n\nA function of tests and of the REPL: %s.\n", name, f.Form, f.Doc)
		}
	}
	return b.String(), nil
}

// placeOf is where a schedule word stands.
func placeOf(w lower.ScheduleWord) string {
	if w.Grid {
		return "the grid"
	}
	return "a loop"
}

// contents lists what has a page.
func contents() string {
	var b strings.Builder
	b.WriteString("# The library\n\n")
	for _, file := range stdlib.Names() {
		text, _ := stdlib.Source(file)
		f, _ := syntax.Parse(diag.NewSource(file+lang.Extension, text))
		var names []string
		for _, d := range f.Decls {
			if n, _ := headOf(f.Source, d); n != "" {
				names = append(names, n)
			}
		}
		fmt.Fprintf(&b, "- `%s`: %s\n", file, strings.Join(names, ", "))
	}
	b.WriteString("\n# Functions of the language\n\n")
	for _, f := range lower.Builtins() {
		fmt.Fprintf(&b, "- `%s`: %s\n", f.Form, f.Doc)
	}
	b.WriteString("\n# Words of grids and loops\n\n")
	for _, w := range lower.ScheduleWords {
		fmt.Fprintf(&b, "- `%s`, of %s: %s\n", w.Form, placeOf(w), w.Doc)
	}
	b.WriteString("\n# Functions of tests and of the REPL\n\n")
	for _, f := range script.HostFuncs {
		fmt.Fprintf(&b, "- `%s`: %s\n", f.Form, f.Doc)
	}
	b.WriteString("\n# Diagnostics\n\n")
	for _, c := range diag.Codes() {
		fmt.Fprintf(&b, "- `%s`: %s\n", c.Code, c.Doc)
	}
	return b.String()
}

// codePage is the page of a diagnostic, with what the compiler says to its example.
func codePage(c diag.Code) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n", c.Code, c.Doc)
	page, _ := diag.PageOf(c.Code)
	wrong := page.Wrong
	if wrong == "" {
		wrong = c.Example
	}
	if wrong != "" {
		fmt.Fprintf(&b, "\n```girih\n%s```\n", wrong)
		if said := diagnosed(wrong, c.Code); said != "" {
			fmt.Fprintf(&b, "\nThe compiler says:\n\n```\n%s```\n", said)
		}
	}
	fmt.Fprintf(&b, "\n## What to do\n\n%s\n", page.Mend)
	if page.Right != "" {
		fmt.Fprintf(&b, "\n```girih\n%s```\n", page.Right)
	}
	return b.String()
}

// diagnosed is what the compiler says of a text under a code.
func diagnosed(text, code string) string {
	p, err := lang.LoadSource("example.girih", text)
	if err == nil {
		err = lang.Check(p)
	}
	var list diag.List
	errors.As(err, &list)
	for _, d := range list {
		if d.Code == code {
			return d.Text()
		}
	}
	return ""
}

func packagePage(b *strings.Builder, p *lang.Package) {
	fmt.Fprintf(b, "# package %s\n\n", p.Name)
	for _, f := range p.Files {
		if t := f.Doc.Text(); t != "" {
			fmt.Fprintf(b, "%s\n\n", t)
		}
	}
	for _, f := range p.Files {
		for _, d := range f.Decls {
			if name, _ := headOf(f.Source, d); name != "" {
				fmt.Fprintf(b, "## %s\n\n", name)
				declaration(b, f.Source, d)
			}
		}
	}
}

// declaration prints the head and the comment of a declaration, and a kernel's tune values.
func declaration(b *strings.Builder, src *diag.Source, d syntax.Decl) {
	_, head := headOf(src, d)
	fmt.Fprintf(b, "```girih\n%s\n", head)
	if k, ok := d.(*syntax.KernelDecl); ok {
		for _, s := range k.Body.Stmts {
			switch s.(type) {
			case *syntax.TuneStmt, *syntax.GridStmt:
				fmt.Fprintf(b, "\t%s\n", src.Slice(s.Span()))
			}
		}
	}
	b.WriteString("```\n\n")
	if t := docText(d); t != "" {
		fmt.Fprintf(b, "%s\n\n", t)
	}
}

// headOf is the name of a declaration that has documentation, and its text without the body.
func headOf(src *diag.Source, d syntax.Decl) (name, head string) {
	until := d.Span().End
	switch d := d.(type) {
	case *syntax.KernelDecl:
		name, until = d.Name.Name, d.Body.Span().Start
	case *syntax.FuncDecl:
		name, until = d.Name.Name, d.Body.Span().Start
	case *syntax.LayoutDecl:
		name = d.Name.Name
	case *syntax.ConstDecl:
		name = d.Names[0].Name
	default:
		return "", ""
	}
	return name, strings.TrimSpace(src.Slice(diag.Span{Start: d.Span().Start, End: until}))
}

func docText(d syntax.Decl) string {
	switch d := d.(type) {
	case *syntax.KernelDecl:
		return d.Doc.Text()
	case *syntax.FuncDecl:
		return d.Doc.Text()
	case *syntax.LayoutDecl:
		return d.Doc.Text()
	case *syntax.ConstDecl:
		return d.Doc.Text()
	}
	return ""
}

var codeSpan = regexp.MustCompile("`([^`]+)`")

// plainText is Markdown for a terminal: headings bold, blocks indented, code without its backquotes.
func plainText(md string, color bool) string {
	bold := func(s string) string {
		if color {
			return "\x1b[1m" + s + "\x1b[0m"
		}
		return s
	}
	var b strings.Builder
	inside := false
	for line := range strings.Lines(md) {
		text := strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(text, "```"):
			inside = !inside
			continue
		case inside:
			text = "    " + strings.ReplaceAll(text, "\t", "    ")
		case strings.HasPrefix(text, "#"):
			text = bold(strings.TrimLeft(text, "# "))
		default:
			text = codeSpan.ReplaceAllStringFunc(text, func(s string) string { return bold(strings.Trim(s, "`")) })
		}
		b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	return b.String()
}
