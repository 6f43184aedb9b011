package cache

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
)

// Key is the content key of an entry: a SHA-256.
type Key [32]byte

// String is the key in hexadecimal.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// Short is enough of it to tell entries apart in a list.
func (k Key) Short() string { return k.String()[:12] }

// NewKey hashes everything that an entry depends on: the source closure, target with suffix, versions of LLVM, driver
// and C compiler, CPU features, specialisation. The build of this program is always part of it. Each part is preceded by
// its length, so that moving a byte from one part to the next is another key.
func NewKey(parts ...string) Key {
	h := sha256.New()
	var n [8]byte
	for _, p := range append([]string{format, BuildID()}, parts...) {
		binary.LittleEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		io.WriteString(h, p)
	}
	return Key(h.Sum(nil))
}

const module = "github.com/girih-lang/girih"

// BuildID tells builds of the compiler apart: two that could generate different code have different ones. It is
//
//   - module version and checksum, where girih is a dependency at a released version: rebuilding the program around it
//     keeps the cache;
//   - else the build ID that the Go linker left in the executable, a hash of all that went into it;
//   - else the hash of the executable.
var BuildID = sync.OnceValue(func() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == module && dep.Replace == nil && dep.Sum != "" {
				return fmt.Sprintf("module %s %s %s %s/%s", dep.Version, dep.Sum, info.GoVersion, runtime.GOOS, runtime.GOARCH)
			}
		}
	}
	path, err := os.Executable()
	if err == nil {
		if id := linkerID(path); id != "" {
			return "go " + id
		}
		if sum, err := hashFile(path); err == nil {
			return "exe " + sum
		}
	}
	// Nothing identifies this program: make a key that no other process finds again.
	return fmt.Sprintf("process %d %p", os.Getpid(), &module0)
})

var module0 byte

// linkerID reads the Go build ID: an ELF note, or on other systems a string at the start of the text (cmd/internal/buildid).
func linkerID(path string) string {
	if f, err := elf.Open(path); err == nil {
		defer f.Close()
		if s := f.Section(".note.go.buildid"); s != nil && s.Size < 4096 {
			// Name size, description size, type, "Go\0\0", description.
			if b, err := s.Data(); err == nil && len(b) > 16 {
				if n := f.ByteOrder.Uint32(b[4:]); n > 0 && uint64(n) <= uint64(len(b)-16) {
					return string(b[16 : 16+n])
				}
			}
		}
		return ""
	}
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	b, _ := io.ReadAll(io.LimitReader(f, 32<<10))
	if _, rest, ok := bytes.Cut(b, []byte("\xff Go build ID: \"")); ok {
		if id, _, ok := bytes.Cut(rest, []byte("\"\n \xff")); ok {
			return string(id)
		}
	}
	return ""
}

func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
