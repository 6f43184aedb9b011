package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/girih-lang/girih/cmd/girih/internal/doctor"
	"github.com/girih-lang/girih/cmd/girih/internal/layoutview"
	"github.com/girih-lang/girih/cmd/girih/internal/num"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// layoutCmd is `girih layout`.
type layoutCmd struct {
	Expr   string `arg:"" help:"A layout such as 'local(2,1).spatial(8,4).local(1,2)'."`
	To     string `placeholder:"EXPR" help:"A second layout: show the conversion."`
	Format string `default:"table" enum:"table,svg,json" help:"${enum}."`
}

func (c *layoutCmd) Run(a *app) error {
	var out bytes.Buffer
	if err := layoutview.Run(&out, layoutview.Args{Expr: c.Expr, To: c.To, Format: c.Format, Color: a.colors}); err != nil {
		return usagef("%w", err)
	}
	return a.write(out.Bytes())
}

// numCmd is `girih num`.
type numCmd struct {
	Type   string `arg:"" help:"A numeric type, such as f6e3m2 or i5."`
	Value  string `arg:"" optional:"" help:"A number, or a bit pattern 0x… or 0b…."`
	Table  bool   `help:"All codes of the type."`
	Format string `default:"text" enum:"text,json" help:"${enum}."`
}

func (c *numCmd) Run(a *app) error {
	var out bytes.Buffer
	if err := num.Run(&out, num.Args{Type: c.Type, Value: c.Value, Table: c.Table, Format: c.Format}); err != nil {
		return usagef("%w", err)
	}
	return a.write(out.Bytes())
}

// doctorCmd is `girih doctor`.
type doctorCmd struct {
	Format string `default:"text" enum:"text,json" help:"${enum}."`
}

func (c *doctorCmd) Run(a *app) error { return doctor.Run(a.out, c.Format) }

// versionCmd is `girih version`.
type versionCmd struct{}

// Run prints the module's version, the revision it was built from, and the system.
func (c *versionCmd) Run(a *app) error {
	version, revision := "(devel)", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if v := info.Main.Version; v != "" {
			version = v
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && !strings.Contains(version, s.Value[:min(12, len(s.Value))]) {
				revision = " " + s.Value[:min(12, len(s.Value))]
			}
		}
	}
	a.printf("girih %s%s %s %s/%s\n", version, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}

// fmtCmd is `girih fmt`.
type fmtCmd struct {
	Paths []string `arg:"" optional:"" help:"Files and directories; standard input when there are none."`
	Write bool     `short:"w" help:"Write the result back to the files."`
	Diff  bool     `short:"d" help:"Show what would change, and exit with 1 when something would."`
}

func (c *fmtCmd) Run(a *app) error {
	if len(c.Paths) == 0 {
		if c.Write {
			return usagef("fmt -w: standard input cannot be written back; name the files")
		}
		text, err := io.ReadAll(io.LimitReader(a.in, syntax.MaxSource+1))
		if err != nil {
			return runtimef("standard input: %w", err)
		}
		_, err = c.one(a, "<stdin>", string(text))
		return err
	}
	files, err := sources(c.Paths)
	if err != nil {
		return err
	}
	changed := false
	var failures []error
	for _, f := range files {
		text, err := readSource(f)
		if err != nil {
			return err
		}
		diff, err := c.one(a, f, text)
		if err != nil {
			failures = append(failures, err)
		}
		changed = changed || diff
	}
	if len(failures) > 0 {
		return a.several(failures)
	}
	if changed && c.Diff {
		return &failure{code: exitCheck, err: errors.New("not formatted"), quiet: true}
	}
	return nil
}

// one formats a text and says whether it changed.
func (c *fmtCmd) one(a *app, name, text string) (bool, error) {
	out, err := syntax.Format(diag.NewSource(name, text))
	if err != nil {
		return false, loadError(err)
	}
	changed := string(out) != text
	switch {
	case c.Diff:
		if changed {
			err = a.write(diff.Diff(name, []byte(text), name+" (formatted)", out))
		}
	case c.Write && changed:
		err = replaceFile(name, out)
	case !c.Write:
		err = a.write(out)
	}
	return changed, err
}

// sources are the source files that paths name; a directory stands for its files, without those of directories below.
func sources(paths []string) ([]string, error) {
	var files []string
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, usagef("%w", plain(err))
		}
		if !info.IsDir() {
			files = append(files, p)
			continue
		}
		in, err := filepath.Glob(filepath.Join(p, "*"+lang.Extension))
		if err != nil || len(in) == 0 {
			return nil, usagef("%s: no %s files", p, lang.Extension)
		}
		files = append(files, in...)
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}
