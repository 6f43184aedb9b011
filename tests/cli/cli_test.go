// Package cli runs the girih command as a user does: every script of testdata is one session in an empty directory.
//
// The environment has no cache between scripts and no CUDA. A script asks for what it needs with a condition: [cc], [llvm].
// The example's package is at $REPO/examples/linear. Update what a script prints with `go test ./tests/cli -update`.
package cli

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/girih-lang/girih/codegen/ptx/llvm"
	"github.com/girih-lang/girih/internal/need"
)

var update = flag.Bool("update", false, "write what commands print into the scripts")

// bin is the directory of the command that is tested.
var bin string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		flag.Parse()
		dir, err := os.MkdirTemp("", "girih-cli")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		bin = dir
		build := exec.Command("go", "build", "-o", filepath.Join(dir, "girih"), "github.com/girih-lang/girih/cmd/girih")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%s", out)
			return 1
		}
		return m.Run()
	}())
}

func TestScripts(t *testing.T) {
	repo, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:             "testdata",
		UpdateScripts:   *update,
		ContinueOnError: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
			e.Setenv("REPO", repo)
			e.Setenv("GIRIH_CACHE", filepath.Join(e.WorkDir, ".cache"))
			for _, name := range []string{"GIRIH_LLVM", "GIRIH_LLVM_DIR", "GIRIH_PTXAS"} {
				e.Setenv(name, os.Getenv(name))
			}
			return nil
		},
		Condition: func(cond string) (bool, error) {
			has := false
			switch cond {
			case "cc":
				_, err := exec.LookPath("cc")
				has = err == nil
			case "llvm":
				_, err := llvm.Find()
				has = err == nil
			case "cuda":
				_, err := os.Stat("/dev/nvidiactl")
				has = err == nil
			}
			if !has && need.Required(cond) {
				t.Errorf("%s is required here (%s) and missing", cond, need.Env)
			}
			return has, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": code, "binary": binary},
	})
}

// code runs girih and holds its exit code against the first argument; no line of Go's may show.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N girih args…")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if ee, ok := err.(*exec.ExitError); ok {
		got = ee.ProcessState.String()
		got = strings.TrimPrefix(got, "exit status ")
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != args[0] {
		ts.Fatalf("exit code %s, expected %s", got, args[0])
	}
	for _, s := range []string{"goroutine ", "panic:", "internal error"} {
		if strings.Contains(ts.ReadFile("stderr"), s) {
			ts.Fatalf("a stack trace or an internal error reached the user")
		}
	}
}

// binary writes a file from hexadecimal digits: binary FILE 93 4e….
func binary(ts *testscript.TestScript, _ bool, args []string) {
	var data []byte
	for _, h := range args[1:] {
		var b byte
		for _, c := range h {
			b = b<<4 | byte(strings.IndexRune("0123456789abcdef", c))
		}
		data = append(data, b)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o666))
}
