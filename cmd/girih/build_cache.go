package main

import (
	"os"
	"slices"
	"time"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/runtime/cache"
)

// known looks the text of a build up by everything that it depends on before anything is parsed: the bytes of the sources
// and the flags. (The build of girih, which holds the prelude, is part of every key.) A hit costs reading two files. The
// texts have been compiled without an error, or they would not be there.
type known struct {
	cache *cache.Cache
	key   cache.Key
}

// lookup gives the text if it is there. The zero known keeps nothing.
func (c *buildCmd) lookup(a *app, f passFlags) (k known, text []byte, steps []compile.Step) {
	if c.NoCache || c.Emit != "ptx" || len(f.dump) > 0 || len(f.time) > 0 {
		return known{}, nil, nil
	}
	start := time.Now()
	files, err := sources([]string{c.File})
	if err != nil {
		return known{}, nil, nil // said better when it is loaded
	}
	parts := []string{"build", c.Emit, c.Target, c.Kernel}
	for _, list := range [][]string{c.Define, c.Shape, set(f.off), files} {
		list = slices.Clone(list)
		slices.Sort(list)
		parts = append(append(parts, list...), "")
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			return known{}, nil, nil
		}
		parts = append(parts, string(data))
	}
	k = known{a.cache(), cache.NewKey(parts...)}
	steps = append(steps, compile.Step{Name: "read", Time: time.Since(start)})
	start = time.Now()
	if e, ok := k.cache.Get(k.key); ok {
		text = e.Files["text"]
		steps = append(steps, compile.Step{Name: "cache", Time: time.Since(start)})
	}
	return k, text, steps
}

// keep stores the text. The cache warns of its own troubles, and they are no one else's.
func (k known) keep(c *buildCmd, kernel string, text []byte) {
	if k.cache != nil {
		_, _ = k.cache.Put(k.key, map[string][]byte{"text": text}, map[string]string{"kernel": kernel, "target": c.Target, "of": "build --emit " + c.Emit})
	}
}

func set(m map[string]bool) []string {
	var list []string
	for s := range m {
		list = append(list, s)
	}
	return list
}
