package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"github.com/girih-lang/girih/cmd/girih/internal/lineedit"
	"github.com/girih-lang/girih/cmd/girih/internal/repl"
	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang"
)

// replCmd is `girih repl`. Standard input that is no terminal is a script: it is answered without prompts, and the exit code is
// 1 if a line of it was a mistake.
type replCmd struct {
	Files []string `arg:"" optional:"" help:"Files whose declarations are loaded first."`
	On    string   `default:"vm" placeholder:"vm|cpu|cuda" help:"Where kernels are called (${default})."`
}

func (c *replCmd) Run(a *app) (err error) {
	r, err := repl.New(repl.Options{Out: a.out, Errs: a.errs, Color: a.colors, Cache: a.cache(),
		Explain: func(w io.Writer, pkg *lang.Package, decl lang.Kernel, k *ir.Kernel, name string) error {
			target, err := compile.Target(name)
			if err != nil {
				return err
			}
			return a.explain(pkg, decl, k, target, "")
		},
		Doc: func(w io.Writer, name string) bool { return a.docPage(name) == nil },
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	r.Line(":on " + c.On)
	for _, f := range c.Files {
		r.Line(":load " + f)
	}
	if r.Failed {
		return &failure{code: exitUsage, err: errors.New("the session did not start"), quiet: true}
	}
	in, ok := a.in.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return c.script(a, r)
	}
	return c.talk(a, r, in)
}

func (c *replCmd) script(a *app, r *repl.REPL) error {
	lines := bufio.NewScanner(a.in)
	lines.Buffer(nil, 16<<20)
	for !r.Quit && lines.Scan() {
		r.Line(strings.TrimSuffix(lines.Text(), "\r"))
	}
	r.End()
	if err := lines.Err(); err != nil {
		return runtimef("standard input: %w", err)
	}
	if r.Failed {
		return &failure{code: exitCheck, err: errors.New("some lines failed"), quiet: true}
	}
	return nil
}

func (c *replCmd) talk(a *app, r *repl.REPL, in *os.File) error {
	a.printf("girih: :help says what there is, Ctrl-D ends\n")
	e := lineedit.New(in, a.out)
	e.Complete = r.Complete
	if a.colors {
		e.Highlight = repl.Highlight
	}
	file := historyFile()
	e.History = readHistory(file)
	known := len(e.History)
	for !r.Quit {
		prompt := "> "
		if r.More() {
			prompt = "… "
		}
		line, err := e.ReadLine(prompt)
		switch {
		case errors.Is(err, lineedit.ErrInterrupt):
			r.Drop()
		case errors.Is(err, io.EOF):
			r.Quit = true
		case err != nil:
			return runtimef("terminal: %w", err)
		case r.More() && strings.TrimSpace(line) == "":
			r.End() // an empty line ends what is not whole, with its mistake
		default:
			r.Line(line)
		}
	}
	appendHistory(file, e.History[known:])
	return nil
}

// maxHistory is how many lines are remembered.
const maxHistory = 1000

// historyFile is $GIRIH_HISTORY, else beside the cache; "" keeps none.
func historyFile() string {
	if f, ok := os.LookupEnv("GIRIH_HISTORY"); ok {
		return f
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "girih", "history")
}

func readHistory(file string) []string {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	lines := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	return lines[max(0, len(lines)-maxHistory):]
}

// appendHistory keeps lines for the next time. A history that cannot be kept is no reason to complain.
func appendHistory(file string, lines []string) {
	if file == "" || len(lines) == 0 || os.MkdirAll(filepath.Dir(file), 0o755) != nil {
		return
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	_, _ = f.WriteString(strings.Join(lines, "\n") + "\n")
	_ = f.Close()
}
