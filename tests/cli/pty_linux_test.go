package cli

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// terminal starts girih on a pseudo-terminal of its own.
func terminal(t *testing.T, args ...string) (*os.File, func() error) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	require.NoError(t, unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	cmd := exec.Command(filepath.Join(bin, "girih"), args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "TERM=xterm", "GIRIH_HISTORY="+filepath.Join(cmd.Dir, "history"), "GIRIH_CACHE=off", "NO_COLOR=")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(t, cmd.Start())
	require.NoError(t, slave.Close())
	return master, cmd.Wait
}

// TestTerminal talks to the REPL as a person does: editing, history, completion, an interrupt.
func TestTerminal(t *testing.T) {
	tty, wait := terminal(t, "repl")
	defer tty.Close()
	var shown strings.Builder
	text := make(chan string, 1000)
	go func() {
		defer close(text)
		buf := make([]byte, 4096)
		for {
			n, err := tty.Read(buf)
			if n > 0 {
				text <- string(buf[:n])
			}
			if err != nil {
				return
			}
		}
	}()
	expect := func(want string) {
		t.Helper()
		deadline := time.After(30 * time.Second)
		for !strings.Contains(shown.String(), want) {
			select {
			case s, ok := <-text:
				if !ok {
					t.Fatalf("the session ended before %q\n%q", want, shown.String())
				}
				shown.WriteString(s)
			case <-deadline:
				t.Fatalf("no %q in\n%q", want, shown.String())
			}
		}
		rest := shown.String()
		shown.Reset()
		shown.WriteString(rest[strings.Index(rest, want)+len(want):])
	}
	keys := func(s string) {
		_, err := io.WriteString(tty, s)
		require.NoError(t, err)
	}
	// An empty prompt says that the editor reads: before it, the terminal itself would still edit what is typed ahead.
	prompt := func() { t.Helper(); expect("> \x1b[K\r\x1b[2C") }
	expect("Ctrl-D ends")
	prompt()
	keys("x := iota(f32, 3)\r")
	prompt()
	keys("x + 1\x1b[D\x7f1\r") // back, delete the space, again
	expect("f32[3]")
	expect("12 13")
	prompt()
	keys("\x1b[A\x05*2\r") // the line before, at its end
	expect("22 23 24")
	prompt()
	keys("rand\tn\t[f32](2) * 0\r")
	expect("random.normal")
	expect("f32[2]")
	prompt()
	keys("kernel A(x f32[N]) (y f32[N]) {\r")
	expect("… ")
	keys("\x03") // given up
	expect("^C")
	prompt()
	keys("x + \r\r") // an empty line ends what is not whole
	expect("G0002")
	prompt()
	keys("nothing\r")
	expect("G0101")
	prompt()
	keys("for i in 0..1000000000 { y := i }\r")
	time.Sleep(200 * time.Millisecond) // let it start; an interrupt before gives up the line, which is as good
	keys("\x03")
	prompt()
	keys("sum(x)\r")
	expect("3 f32")
	prompt()
	keys("\x04")
	done := make(chan error, 1)
	go func() { done <- wait() }()
	for range text { // let it write
	}
	require.NoError(t, <-done)
}
