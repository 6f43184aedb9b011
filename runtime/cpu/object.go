package cpu

import (
	"context"
	"fmt"

	"github.com/girih-lang/girih/runtime/cache"
)

// LoadObject loads a shared object that a compiler made earlier of a text of package c. No compiler is needed.
func LoadObject(symbol string, so []byte, o Options) (*Library, error) {
	store := o.Cache
	if store == nil {
		store = userCache()
	}
	// The dynamic linker wants a file: the cache is the place for one.
	entry, hit, err := store.Do(cache.NewKey("cpu object", string(so)), func() (map[string][]byte, map[string]string, error) {
		return map[string][]byte{"kernel.so": so}, map[string]string{"kernel": symbol, "target": "cpu"}, nil
	})
	if err != nil {
		return nil, err
	}
	return open(entry, symbol, hit, o)
}

// Object compiles a text of package c for any machine of this architecture, for LoadObject.
func Object(ctx context.Context, symbol string, text []byte) ([]byte, error) {
	cc, err := compiler()
	if err != nil {
		return nil, err
	}
	so, err := cc.Compile(ctx, symbol, text, Flags(true))
	if err != nil {
		return nil, fmt.Errorf("a shared object of %s: %w", symbol, err)
	}
	return so, nil
}
