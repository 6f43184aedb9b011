// Package need is for tests of what is not on every machine: LLVM (llvm), a C compiler (cc), ptxas, a GPU with its driver (cuda).
package need

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// Env is the environment variable that lists, separated by commas, what must be there.
const Env = "GIRIH_REQUIRE"

// Required says whether a missing tool is a failure here.
func Required(tool string) bool {
	return slices.ContainsFunc(strings.Split(os.Getenv(Env), ","), func(s string) bool { return strings.TrimSpace(s) == tool })
}

// Tool skips a test for want of a tool, err being the reason, or fails it where the tool is required. Without an error it does
// nothing.
func Tool(t testing.TB, tool string, err error) {
	t.Helper()
	switch {
	case err == nil:
	case Required(tool):
		t.Fatalf("%s is required here (%s): %v", tool, Env, err)
	default:
		t.Skipf("no %s: %v", tool, err)
	}
}
