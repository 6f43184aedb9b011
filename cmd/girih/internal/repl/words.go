package repl

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/girih-lang/girih/internal/script"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang/lower"
)

var keywords = strings.Fields("assert assume const else expect false for func grid if in inf kernel layout nan oracle return true tune type test by")

var types = strings.Fields("bool f16 bf16 tf32 f32 f64 f8e4m3fn f8e5m2 f6e3m2 f6e2m3 f4e2m1 f8e8m0 i4 i8 i16 i32 i64 u1 u2 u4 u8 u16 u32 u64")

// Complete gives what may stand in place of the word before a place in a line.
func (r *REPL) Complete(line string, pos int) (start int, options []string) {
	head := line[:pos]
	start = strings.LastIndexFunc(head, func(c rune) bool {
		return !(c == '_' || c == '.' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z')
	}) + 1
	var all []string
	switch trimmed := strings.TrimLeft(head, " "); {
	case strings.HasPrefix(trimmed, ":") && !strings.Contains(trimmed, " "):
		start = strings.Index(head, ":")
		for _, c := range commands {
			all = append(all, ":"+c.name)
		}
	case strings.HasPrefix(trimmed, ":load ") || strings.HasPrefix(trimmed, ":save "):
		start = strings.LastIndexAny(head, " =") + 1
		found, _ := filepath.Glob(head[start:] + "*") // a bad pattern has no files
		for _, f := range found {
			if info, err := os.Stat(f); err == nil && info.IsDir() {
				f += string(filepath.Separator)
			}
			all = append(all, f)
		}
	case strings.HasPrefix(trimmed, ":on ") || strings.HasPrefix(trimmed, ":compare ") && strings.Count(trimmed, " ") < 3:
		all = script.Executors
	default:
		all = r.words()
	}
	typed := head[start:]
	for _, w := range all {
		if typed != "" && strings.HasPrefix(w, typed) {
			options = append(options, w)
		}
	}
	sort.Strings(options)
	return start, slices.Compact(options)
}

// words are all names that mean something here.
func (r *REPL) words() []string {
	all := slices.Concat(keywords, types)
	for n := range r.s.Names() {
		all = append(all, n)
	}
	for _, c := range r.decls {
		all = append(all, c.names...)
	}
	for _, b := range lower.Builtins() {
		all = append(all, b.Name)
	}
	for _, f := range script.HostFuncs {
		all = append(all, f.Name)
	}
	return append(all, "relu", "sigmoid", "silu", "gelu", "local", "spatial", "column_local", "column_spatial", "replicate")
}

var lexeme = regexp.MustCompile(`//.*|"(?:[^"\\]|\\.)*"?|[A-Za-z_][A-Za-z0-9_]*|[0-9][0-9A-Za-z_.]*`)

// Highlight colours a text: keywords, types, numbers, texts and comments.
func Highlight(text string) string {
	return lexeme.ReplaceAllStringFunc(text, func(w string) string {
		color := ""
		switch {
		case strings.HasPrefix(w, "//"):
			color = "90"
		case w[0] == '"':
			color = "32"
		case w[0] >= '0' && w[0] <= '9':
			color = "35"
		case slices.Contains(keywords, w):
			color = "1;34"
		default:
			if _, err := dtype.Parse(w); err != nil {
				return w
			}
			color = "36"
		}
		return "\x1b[" + color + "m" + w + "\x1b[0m"
	})
}
