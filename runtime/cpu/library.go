package cpu

import (
	"context"
	"errors"
	"fmt"
	goruntime "runtime"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/girih-lang/girih/codegen/c"
	"github.com/girih-lang/girih/runtime/cache"
)

// Options choose how a kernel is compiled and run. The zero value: for this machine, on all processors, with the user's cache.
type Options struct {
	Compiler *Compiler    // nil: Find
	Cache    *cache.Cache // nil: the user's
	Portable bool         // code for any machine of the architecture
	Flags    []string     // further options for the compiler
	Threads  int          // blocks that run at once; 0 is GOMAXPROCS
}

// Library is one compiled kernel, loaded. Its methods may be called from several goroutines.
type Library struct {
	Symbol string
	Hit    bool // it came from the cache

	mu      sync.RWMutex // held for reading while code runs
	handle  uintptr
	fn      uintptr
	scratch int
	buffers sync.Pool // of *[]byte: scratch memory, one for each goroutine that runs blocks
	threads int
}

var userCache = sync.OnceValue(func() *cache.Cache { return cache.Open(cache.Options{}) })

// findOnce remembers the compiler, but not that there was none.
var found atomic.Pointer[Compiler]

func compiler() (*Compiler, error) {
	if cc := found.Load(); cc != nil {
		return cc, nil
	}
	cc, err := Find()
	if err == nil {
		found.Store(cc)
	}
	return cc, err
}

// Load compiles a text of package c, or finds it in the cache, and loads it. symbol is the exported function.
func Load(ctx context.Context, symbol string, text []byte, o Options) (*Library, error) {
	cc := o.Compiler
	if cc == nil {
		var err error
		if cc, err = compiler(); err != nil {
			return nil, err
		}
	}
	store := o.Cache
	if store == nil {
		store = userCache()
	}
	id, err := cc.Identity(ctx, store)
	if err != nil {
		return nil, err
	}
	flags := append(Flags(o.Portable), o.Flags...)
	entry, hit, err := store.Do(cache.NewKey("cpu", id, strings.Join(flags, "\x00"), string(text)), func() (map[string][]byte, map[string]string, error) {
		so, err := cc.Compile(ctx, symbol, text, flags)
		return map[string][]byte{"kernel.so": so, "kernel.c": text}, map[string]string{"kernel": symbol, "target": "cpu"}, err
	})
	if err != nil {
		return nil, err
	}
	return open(entry, symbol, hit, o)
}

// open loads the shared object of a cache entry.
func open(entry *cache.Entry, symbol string, hit bool, o Options) (*Library, error) {
	path, release, err := entry.Path("kernel.so")
	if err != nil {
		return nil, err
	}
	defer release() // a loaded object keeps its file open
	l := &Library{Symbol: symbol, Hit: hit, threads: o.Threads}
	if l.threads <= 0 {
		l.threads = goruntime.GOMAXPROCS(0)
	}
	if l.handle, err = dlopen(path); err != nil {
		return nil, fmt.Errorf("cannot load the code of %s: %w", symbol, err)
	}
	size, err := dlsym(l.handle, symbol+"_scratch")
	if err == nil {
		l.fn, err = dlsym(l.handle, symbol)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the code of %s is not complete: %w", symbol, err), dlclose(l.handle))
	}
	l.scratch = int(readInt64(size))
	l.buffers.New = func() any { return align64(l.scratch) }
	return l, nil
}

// align64 makes memory that starts at a multiple of 64.
func align64(n int) *[]byte {
	b := make([]byte, n+64)
	off := int(-uintptr(unsafe.Pointer(&b[0])) & 63)
	b = b[off : off+n : off+n+1]
	return &b
}

// readInt64 reads a C variable. The address comes from the dynamic linker, not from Go's memory.
func readInt64(addr uintptr) int64 { return **(**int64)(unsafe.Pointer(&addr)) }

// Close unloads the code after the last run has ended. Later runs are errors; closing again does nothing.
func (l *Library) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.handle == 0 {
		return nil
	}
	err := dlclose(l.handle)
	l.handle, l.fn = 0, 0
	return err
}

// Run executes a grid. args[i] is the address of parameter i's value; what it points to, and what a tensor's value points
// to, must be pinned or not Go's. When ctx ends, no further range of blocks is started.
func (l *Library) Run(ctx context.Context, args []unsafe.Pointer, grid [3]int64) error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.fn == 0 {
		return fmt.Errorf("the code of %s has been closed", l.Symbol)
	}
	total := grid[0] * grid[1] * grid[2]
	if total <= 0 {
		return nil
	}
	workers := int(min(int64(l.threads), total))
	// Ranges are short enough to even out blocks of different length, and long enough for the counter not to matter.
	grain := max(1, total/int64(workers*32))
	var next atomic.Int64
	var failed atomic.Int32
	stop := func() { next.Store(total) }
	if ctx.Done() != nil {
		defer context.AfterFunc(ctx, stop)()
	}
	work := func() {
		scratch := l.buffers.Get().(*[]byte)
		defer l.buffers.Put(scratch)
		// The code takes further ranges itself: coming back to Go for each costs the scheduler's attention, a tenth of a millisecond
		// of processor time where ranges take that long that it gives the processor away.
		g := [6]int64{grid[0], grid[1], grid[2], 5: int64(uintptr(unsafe.Pointer(&next)))}
		for ctx.Err() == nil && failed.Load() == 0 {
			g[3] = next.Add(grain) - grain
			if g[3] >= total {
				return
			}
			g[4] = min(g[3]+grain, total)
			if rc := l.call(args, &g, *scratch); rc != 0 {
				failed.Store(rc)
				stop()
			}
		}
	}
	var wg sync.WaitGroup
	for range workers - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	goruntime.KeepAlive(&next) // which is on the heap, since other goroutines see it, and so stays where it is
	switch rc := failed.Load(); {
	case rc == c.BadStep:
		return fmt.Errorf("kernel %s: a loop has a step below 1", l.Symbol)
	case rc != 0:
		return fmt.Errorf("kernel %s returned %d", l.Symbol, rc)
	}
	return ctx.Err()
}

// call runs one range of blocks. Only addresses cross into C; syscallN keeps alive what is converted in its arguments.
func (l *Library) call(args []unsafe.Pointer, grid *[6]int64, scratch []byte) int32 {
	rc := syscallN(l.fn, uintptr(unsafe.Pointer(unsafe.SliceData(args))), uintptr(unsafe.Pointer(grid)), uintptr(unsafe.Pointer(unsafe.SliceData(scratch))))
	goruntime.KeepAlive(args)
	goruntime.KeepAlive(scratch)
	return int32(rc)
}
