package wordpiece

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// accents.txt has a line for each character that its canonical decomposition takes apart or replaces, without the nonspacing
// marks: the character and what is left. It is derived from UnicodeData.txt 14.0 (Unicode License v3); hangul, whose
// decomposition is a formula, is left out.
//
//go:embed accents.txt
var accents string

var plain = sync.OnceValue(func() map[rune]string {
	m := map[rune]string{}
	for line := range strings.Lines(accents) {
		r, n := utf8.DecodeRuneInString(line)
		m[r] = strings.TrimSuffix(line[n:], "\n")
	}
	return m
})

// Clean is text as an uncased model sees it: without control and format characters, accents and upper case, with every kind
// of white space a blank. Bytes that are no UTF-8 are dropped.
func Clean(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range text {
		switch {
		case r < utf8.RuneSelf && r > ' ' && r != 0x7f:
			b.WriteRune(unicode.ToLower(r))
		case r == '\t', r == '\n', r == '\r', unicode.IsSpace(r) && !unicode.IsControl(r):
			b.WriteByte(' ')
		case r == 0, r == utf8.RuneError, !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z):
		case ideograph(r):
			// Each is a word of its own, also where its decomposition lies in no block of them.
			b.WriteByte(' ')
			folded(&b, r)
			b.WriteByte(' ')
		default:
			folded(&b, r)
		}
	}
	return b.String()
}

// folded writes a character without its accents, in lower case.
func folded(b *strings.Builder, r rune) {
	if r >= 0xAC00 && r <= 0xD7A3 { // Unicode §3.12: a syllable is a leading consonant, a vowel and perhaps a trailing consonant
		n := r - 0xAC00
		b.WriteRune(0x1100 + n/588)
		b.WriteRune(0x1161 + n%588/28)
		if t := n % 28; t > 0 {
			b.WriteRune(0x11A7 + t)
		}
		return
	}
	if s, ok := plain()[r]; ok {
		for _, q := range s {
			b.WriteRune(unicode.ToLower(q))
		}
		return
	}
	if !unicode.Is(unicode.Mn, r) {
		b.WriteRune(unicode.ToLower(r))
	}
}
