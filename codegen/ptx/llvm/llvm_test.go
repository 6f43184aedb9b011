package llvm_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/codegen/ptx/llvm"
	"github.com/girih-lang/girih/internal/need"
)

func get(t testing.TB, open func() (llvm.Driver, error)) llvm.Driver {
	d, err := open()
	need.Tool(t, "llvm", err)
	return d
}

// each runs a test with both drivers.
func each(t *testing.T, f func(t *testing.T, d llvm.Driver)) {
	for name, open := range map[string]func() (llvm.Driver, error){"inprocess": llvm.InProcess, "process": llvm.Process} {
		t.Run(name, func(t *testing.T) { f(t, get(t, open)) })
	}
}

func corpus(t testing.TB) map[string][]byte {
	m := map[string][]byte{}
	files, err := os.ReadDir("testdata")
	require.NoError(t, err)
	for _, f := range files {
		if name, ok := strings.CutSuffix(f.Name(), ".ll"); ok {
			m[name], err = os.ReadFile("testdata/" + f.Name())
			require.NoError(t, err)
		}
	}
	require.NotEmpty(t, m)
	m["gemm"], m["softmax"] = gemm(4).Text(), softmax(8).Text()
	return m
}

var sm90a = llvm.Options{CPU: "sm_90a", Features: "+ptx87"}

func TestDriversAgree(t *testing.T) {
	in, proc := get(t, llvm.InProcess), get(t, llvm.Process)
	assert.Equal(t, proc.Version(), in.Version())
	for name, text := range corpus(t) {
		for _, o := range []llvm.Options{
			sm90a,
			{CPU: "sm_80", Features: "+ptx78"},
			{CPU: "sm_90a", Features: "+ptx87", Passes: llvm.O3},
			{CPU: "sm_90a", Features: "+ptx87", Passes: llvm.NoPasses},
			{CPU: "sm_90a", Features: "+ptx87", Emit: llvm.LL},
			{CPU: "sm_80", Emit: llvm.LL, Passes: llvm.O3},
		} {
			a, err := in.Compile(t.Context(), text, o)
			require.NoError(t, err, "%s %+v", name, o)
			b, err := proc.Compile(t.Context(), text, o)
			require.NoError(t, err, "%s %+v", name, o)
			require.Equal(t, string(b.Text), string(a.Text), "%s %+v", name, o)
			if o.Emit == llvm.Asm {
				assert.Contains(t, string(a.Text), ".target "+o.CPU)
			}
		}
	}
}

const selectFails = "declare void @llvm.x86.sse2.pause()\ndefine void @f() {\n  call void @llvm.x86.sse2.pause()\n  ret void\n}\n"

// TestConvergentStays gives passes every reason to copy a barrier into both arms of a branch: the condition after it is known in each
// predecessor (jump threading), and so is the loop's trip count (unrolling).
func TestConvergentStays(t *testing.T) {
	d := get(t, llvm.InProcess)
	const text = `target triple = "nvptx64-nvidia-cuda"
define ptx_kernel void @k(ptr addrspace(1) %p, i1 %c) {
entry:
  br i1 %c, label %a, label %b
a:
  store i32 1, ptr addrspace(1) %p
  br label %join
b:
  store i32 2, ptr addrspace(1) %p
  br label %join
join:
  %known = phi i1 [ true, %a ], [ false, %b ]
  call void asm sideeffect "bar.sync 7;", "~{memory}"() convergent
  br i1 %known, label %x, label %y
x:
  store i32 3, ptr addrspace(1) %p
  ret void
y:
  store i32 4, ptr addrspace(1) %p
  ret void
}
`
	for _, passes := range []string{llvm.DefaultPasses, llvm.O3, "function(jump-threading,simplifycfg)"} {
		o := sm90a
		o.Passes = passes
		r, err := d.Compile(t.Context(), []byte(text), o)
		require.NoError(t, err)
		assert.Equal(t, 1, strings.Count(string(r.Text), "bar.sync"), passes)
	}
	// Without the attribute a pass does copy it: the test can fail.
	o := sm90a
	o.Passes = "function(simplifycfg)"
	r, err := d.Compile(t.Context(), []byte(strings.Replace(text, " convergent", "", 1)), o)
	require.NoError(t, err)
	assert.Equal(t, 2, strings.Count(string(r.Text), "bar.sync"))
}

// bad are modules that LLVM refuses, one for each way it has of doing so.
var bad = []struct {
	name, text string
	opts       llvm.Options
	stage      llvm.Stage
	line       int
	want       string
}{
	{"empty", "", sm90a, llvm.StageParse, 0, "the module is empty"},
	{"parse", "define void @f() {\n  %1 = add i32 1\n  ret void\n}\n", sm90a, llvm.StageParse, 3, "expected ','"},
	{"type", "define i32 @f(float %x) {\n  ret i32 %x\n}\n", sm90a, llvm.StageParse, 2, "'%x' defined with type 'float' but expected 'i32'"},
	{"verify", "define void @f() {\nentry:\n  br label %a\na:\n  br label %entry\n}\n", sm90a, llvm.StageVerify, 0,
		"Entry block to function must not have predecessors!"},
	{"passes", "define void @f() {\n  ret void\n}\n", llvm.Options{CPU: "sm_90a", Passes: "no-such-pass"}, llvm.StagePasses, 0, "no-such-pass"},
	{"select", selectFails,
		sm90a, llvm.StageCodegen, 0, "Cannot select: intrinsic %llvm.x86.sse2.pause"},
	{"constraint", "define i32 @f() {\n  %r = call i32 asm \"mov.u32 $0, 1;\", \"=Z\"()\n  ret i32 %r\n}\n",
		sm90a, llvm.StageCodegen, 0, "couldn't allocate output register for constraint 'Z'"},
	{"cpu", "define void @f() {\n  ret void\n}\n", llvm.Options{CPU: "sm_12345"}, llvm.StageCodegen, 0, "sm_12345"},
	{"no cpu", "define void @f() {\n  ret void\n}\n", llvm.Options{}, llvm.StageCodegen, 0, "no CPU was named"},
	{"feature", "define void @f() {\n  ret void\n}\n", llvm.Options{CPU: "sm_90a", Features: "+sm_80"}, llvm.StageCodegen, 0, "is no PTX version"},
	{"old ptx", "define void @f() {\n  ret void\n}\n", llvm.Options{CPU: "sm_100a", Features: "+ptx80"}, llvm.StagePasses, 0,
		"PTX version 8.0 does not support target 'sm_100a'"},
	{"hostile cpu", "define void @f() {\n  ret void\n}\n", llvm.Options{CPU: "sm_80 -o /tmp/x"}, llvm.StageCodegen, 0, "knows no CPU"},
}

func TestRefusals(t *testing.T) {
	each(t, func(t *testing.T, d llvm.Driver) {
		for _, c := range bad {
			_, err := d.Compile(t.Context(), []byte(c.text), c.opts)
			var e *llvm.Error
			require.ErrorAs(t, err, &e, c.name)
			t.Logf("%s: %v", c.name, err)
			assert.Equal(t, c.stage, e.Stage, c.name)
			assert.Equal(t, c.line, e.Line, c.name)
			assert.Contains(t, e.Message, c.want, c.name)
			assert.Equal(t, d.Name(), e.Driver)
			assert.NotContains(t, e.Message, "Stack dump", c.name)

			_, err = d.Compile(t.Context(), []byte("define void @f() {\n  ret void\n}\n"), sm90a)
			require.NoError(t, err, "the driver works on after %s", c.name)
		}
	})
}

func TestConcurrent(t *testing.T) {
	each(t, func(t *testing.T, d llvm.Driver) {
		texts := corpus(t)
		want := map[string]string{}
		for name, text := range texts {
			r, err := d.Compile(t.Context(), text, sm90a)
			require.NoError(t, err)
			want[name] = string(r.Text)
		}
		var wg sync.WaitGroup
		for g := range 6 {
			wg.Go(func() {
				for name, text := range texts {
					r, err := d.Compile(t.Context(), text, sm90a)
					assert.NoError(t, err)
					assert.Equal(t, want[name], string(r.Text))
					b := bad[(g+len(name))%5] // not those that cost a thread
					_, err = d.Compile(t.Context(), []byte(b.text), b.opts)
					assert.Error(t, err, b.name)
				}
			})
		}
		wg.Wait()
	})
}

// TestNoGrowth compiles many modules and looks at the memory of the whole process, where LLVM's allocations show.
func TestNoGrowth(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	d := get(t, llvm.InProcess)
	pad := "; " + strings.Repeat("x", 8<<10) + "\n" // a buffer not freed shows too
	compile := func(n int) {
		for i := range n {
			text := pad + fmt.Sprintf("define void @k%d(ptr %%p) {\n  %%v = load i32, ptr %%p\n  %%w = add i32 %%v, %d\n  store i32 %%w, ptr %%p\n  ret void\n}\n", i, i)
			_, err := d.Compile(t.Context(), []byte(text), sm90a)
			require.NoError(t, err)
			b := bad[1+i%4]
			if i%8 == 0 { // the paths of failure free what they made too
				_, err = d.Compile(t.Context(), []byte(b.text), b.opts)
				require.Error(t, err)
			}
		}
	}
	compile(200) // LLVM's lazy tables, malloc's arenas
	before := rss(t)
	compile(2000)
	grown := rss(t) - before
	t.Logf("%d KiB before, grown by %d KiB", before, grown)
	assert.Less(t, grown, 8<<10, "KiB")
}

func rss(t *testing.T) int {
	runtime.GC()
	text, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	_, after, _ := strings.Cut(string(text), "VmRSS:")
	var kib int
	_, err = fmt.Sscan(after, &kib)
	require.NoError(t, err)
	return kib
}

// TestTired runs in a process of its own, because it wears LLVM out in it.
func TestTired(t *testing.T) {
	if os.Getenv("GIRIH_TEST_TIRED") == "" {
		get(t, llvm.InProcess)
		cmd := exec.Command(os.Args[0], "-test.run=^TestTired$", "-test.v")
		cmd.Env = append(os.Environ(), "GIRIH_TEST_TIRED=1", llvm.EnvDriver+"=")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		return
	}
	d, err := llvm.Find()
	require.NoError(t, err)
	require.Equal(t, "inprocess", d.Name())
	good := corpus(t)["saxpy"]
	want, err := d.Compile(t.Context(), good, sm90a)
	require.NoError(t, err)
	for range llvm.MaxFatal {
		_, err := d.Compile(t.Context(), []byte(selectFails), sm90a)
		require.ErrorContains(t, err, "Cannot select")
	}
	in, err := llvm.InProcess()
	require.NoError(t, err)
	_, err = in.Compile(t.Context(), good, sm90a)
	require.ErrorContains(t, err, "GIRIH_LLVM=process")
	if _, err := llvm.Process(); err != nil {
		t.Skip("no opt and llc to fall back on")
	}
	r, err := d.Compile(t.Context(), good, sm90a)
	require.NoError(t, err, "Find's driver goes on with processes")
	assert.Equal(t, string(want.Text), string(r.Text))
}

func TestCancelled(t *testing.T) {
	each(t, func(t *testing.T, d llvm.Driver) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := d.Compile(ctx, []byte("x"), sm90a)
		assert.ErrorIs(t, err, context.Canceled)

		// A module that keeps LLVM busy for longer than the caller waits.
		ctx, cancel = context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		_, err = d.Compile(ctx, long(20000), sm90a)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

// long is a module of n instructions in one block.
func long(n int) []byte {
	var b strings.Builder
	b.WriteString("define float @f(float %v0, float %w) {\n")
	for i := range n {
		fmt.Fprintf(&b, "  %%v%d = call float @llvm.fma.f32(float %%v%d, float %%w, float %%v%d)\n", i+1, i, i)
	}
	fmt.Fprintf(&b, "  ret float %%v%d\n}\ndeclare float @llvm.fma.f32(float, float, float)\n", n)
	return []byte(b.String())
}

func TestFind(t *testing.T) {
	t.Setenv(llvm.EnvDriver, "off")
	_, err := llvm.Find()
	assert.ErrorIs(t, err, llvm.ErrMissing)
	t.Setenv(llvm.EnvDriver, "sometimes")
	_, err = llvm.Find()
	assert.ErrorContains(t, err, `GIRIH_LLVM="sometimes" is not one of inprocess, process, off`)
	for _, name := range []string{"inprocess", "process"} {
		t.Setenv(llvm.EnvDriver, name)
		d := get(t, llvm.Find)
		assert.Equal(t, name, d.Name())
		assert.NotEmpty(t, d.Path())
		assert.True(t, strings.HasPrefix(d.Version(), "22."), d.Version())
	}
	t.Setenv(llvm.EnvDriver, "")
	assert.NotNil(t, get(t, llvm.Find))
}

func TestTargetsAreLLVMs(t *testing.T) {
	d := get(t, llvm.Process)
	for _, c := range []struct {
		flag string
		have []string
	}{{"-mcpu=help", llvm.CPUs}, {"-mattr=help", llvm.ISAs}} {
		cmd := exec.Command(llcOf(d), "-mtriple=nvptx64-nvidia-cuda", c.flag)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		for _, name := range c.have {
			assert.Contains(t, string(out), "  "+name+" ")
		}
	}
}

func llcOf(d llvm.Driver) string {
	for _, name := range []string{"llc-22", "llc"} {
		if p := filepath.Join(d.Path(), name); fileExists(p) {
			return p
		}
	}
	return "llc-22"
}

func fileExists(p string) bool { _, err := os.Stat(p); return err == nil }
