package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/girih-lang/girih/runtime/cache"
)

// cacheCmd is `girih cache`.
type cacheCmd struct {
	List  cacheListCmd  `cmd:"" default:"1" help:"What is kept, the most recently used first."`
	Clear cacheClearCmd `cmd:"" help:"Remove everything."`
	Rm    cacheRmCmd    `cmd:"" help:"Remove entries, by the first digits of their keys."`
}

type cacheListCmd struct {
	Format string `default:"text" enum:"text,json" help:"${enum}."`
}

type cacheClearCmd struct{}

type cacheRmCmd struct {
	Keys []string `arg:"" help:"Keys, or their first digits."`
}

// cacheItem is an entry in JSON.
type cacheItem struct {
	Key   string            `json:"key"`
	Made  time.Time         `json:"made"`
	Used  time.Time         `json:"used"`
	Bytes int64             `json:"bytes"`
	Files []string          `json:"files"`
	Info  map[string]string `json:"info"`
}

func (c *cacheListCmd) Run(a *app) error {
	items, err := a.cache().List()
	if err != nil {
		return runtimef("the cache: %w", err)
	}
	dir := a.cache().Dir()
	if c.Format == "json" {
		list := []cacheItem{}
		for _, i := range items {
			list = append(list, cacheItem{i.Key.String(), i.Made, i.Used, i.Bytes, i.Files, i.Info})
		}
		e := json.NewEncoder(a.out)
		e.SetIndent("", "  ")
		return e.Encode(map[string]any{"dir": dir, "entries": list})
	}
	if dir == "" {
		a.printf("the cache is off (GIRIH_CACHE=%s)\n", os.Getenv("GIRIH_CACHE"))
		return nil
	}
	total := int64(0)
	rows := [][]string{{"key", "what", "size", "used"}}
	for _, i := range items {
		total += i.Bytes
		var what []string
		for _, k := range []string{"kernel", "target"} {
			if v := i.Info[k]; v != "" {
				what = append(what, v)
			}
		}
		if what == nil {
			what = slices.Clone(i.Files)
		}
		rows = append(rows, []string{i.Key.Short(), clean(strings.Join(what, " ")), size(i.Bytes), ago(i.Used)})
	}
	if len(items) > 0 {
		a.table(rows, "llrr")
	}
	a.printf("%d entries, %s, in %s\n", len(items), size(total), dir)
	return nil
}

// ago is how long something lies back, coarsely.
func ago(t time.Time) string {
	switch d := time.Since(t); {
	case d < time.Minute:
		return "now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	default:
		return fmt.Sprintf("%d days ago", int(d.Hours()/24))
	}
}

func (c *cacheClearCmd) Run(a *app) error {
	n, err := a.cache().Clear()
	if err != nil {
		return runtimef("the cache: %w", err)
	}
	a.printf("%d entries removed\n", n)
	return nil
}

func (c *cacheRmCmd) Run(a *app) error {
	for _, text := range c.Keys {
		k, err := a.cache().Find(text)
		if errors.Is(err, cache.ErrUnknown) || errors.Is(err, cache.ErrAmbiguous) {
			return usagef("%w", err).with("girih cache list shows the keys")
		}
		if err == nil {
			err = a.cache().Remove(k)
		}
		if err != nil {
			return runtimef("the cache: %w", err)
		}
		a.printf("%s removed\n", k.Short())
	}
	return nil
}
