package gen

import (
	"go/token"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// local is a name for a parameter that means nothing else in the functions.
func local(name string, before []param) string {
	for token.IsKeyword(name) || slices.Contains([]string{"ctx", "err", "p", "kernel", "results", "girih", "context", "embed", "nil", "append", "bool", "_"}, name) ||
		slices.ContainsFunc(before, func(q param) bool { return q.goName == name }) || strings.HasPrefix(name, "int") || strings.HasPrefix(name, "uint") || strings.HasPrefix(name, "float") {
		name = "arg" + strings.TrimLeft(upper(name), "_")
		if name == "arg" {
			name = "arg0"
		}
	}
	return name
}

func upper(s string) string {
	s = strings.TrimLeft(s, "_")
	r, n := utf8.DecodeRuneInString(s)
	if !unicode.IsLetter(r) {
		return "K" + s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

func lower(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}
