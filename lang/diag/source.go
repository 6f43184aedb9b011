package diag

import (
	"fmt"
	"sort"
	"strings"
	"sync"
	"unicode/utf8"
)

// A Source is one file of text. Its line table is made at the first question for a position. Do not copy a Source.
type Source struct {
	Path string
	Text string

	once  sync.Once
	lines []int32 // offset of each line's first byte
}

// NewSource makes a source; the path is only printed, never opened.
func NewSource(path, text string) *Source { return &Source{Path: path, Text: text} }

// A Position is a place as people count: lines and columns from 1, the column in runes (a tab is one column, an invalid
// byte is one column).
type Position struct {
	Path      string
	Line, Col int
}

func (p Position) String() string { return fmt.Sprintf("%s:%d:%d", p.Path, p.Line, p.Col) }

// At is the position of a byte offset; an offset outside the text is taken as its nearest end.
func (s *Source) At(off int32) Position {
	if s == nil {
		return Position{Path: "?", Line: 1, Col: 1}
	}
	off = s.clamp(off)
	line := s.lineOf(off)
	col := 1 + utf8.RuneCountInString(s.Text[s.lines[line]:off])
	return Position{Path: s.Path, Line: line + 1, Col: col}
}

// LineOf is the line of a byte offset, from 1. Unlike At it does not count columns, so it is cheap on any line.
func (s *Source) LineOf(off int32) int { return s.lineOf(s.clamp(off)) + 1 }

// Line is the text of line n (from 1), without its newline; "" if there is no such line.
func (s *Source) Line(n int) string {
	s.index()
	if n < 1 || n > len(s.lines) {
		return ""
	}
	start, end := int(s.lines[n-1]), len(s.Text)
	if n < len(s.lines) {
		end = int(s.lines[n]) - 1
	}
	return strings.TrimSuffix(s.Text[start:end], "\r")
}

// Lines is the number of lines; a text that ends in a newline has an empty last line.
func (s *Source) Lines() int { s.index(); return len(s.lines) }

// Offset is the inverse of At for a line and a column in runes, both from 1. Outside the text it gives the nearest place.
func (s *Source) Offset(line, col int) int32 {
	s.index()
	line = min(max(line, 1), len(s.lines))
	off, text := int(s.lines[line-1]), s.Line(line)
	for i := range text {
		if col <= 1 {
			return int32(off + i)
		}
		col--
	}
	return int32(off + len(text))
}

// Slice is the text of a span.
func (s *Source) Slice(sp Span) string {
	a, b := s.clamp(sp.Start), s.clamp(sp.End)
	return s.Text[a:max(a, b)]
}

func (s *Source) path() string {
	if s == nil {
		return ""
	}
	return s.Path
}

func (s *Source) clamp(off int32) int32 { return min(max(off, 0), int32(len(s.Text))) }

func (s *Source) lineOf(off int32) int {
	s.index()
	return sort.Search(len(s.lines), func(i int) bool { return s.lines[i] > off }) - 1
}

func (s *Source) index() {
	s.once.Do(func() {
		s.lines = append(s.lines, 0)
		for i := 0; i < len(s.Text); i++ {
			if s.Text[i] == '\n' {
				s.lines = append(s.lines, int32(i+1))
			}
		}
	})
}
