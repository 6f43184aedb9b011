package layout

import (
	"flag"
	"os"
	"testing"
)

// The laws are cheap to check, so each is checked on a thousand cases unless the command line says otherwise.
func TestMain(m *testing.M) {
	flag.Parse()
	set := false
	flag.Visit(func(f *flag.Flag) { set = set || f.Name == "rapid.checks" })
	if !set {
		n := "1000"
		if testing.Short() {
			n = "100"
		}
		_ = flag.Set("rapid.checks", n)
	}
	os.Exit(m.Run())
}
