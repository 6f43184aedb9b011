// Package lineedit reads lines from a terminal with editing, history, completion and highlighting.
//
// The model. The terminal is in raw mode while a line is read, and as it was otherwise, so that what runs between lines sees
// an ordinary terminal and its interrupts. After each key the line is drawn anew; a line that is wider than the terminal
// is shown through a window that follows the cursor.
//
// The boundary: it knows keys and text, nothing of what the text means. It stands on golang.org/x/term alone.
package lineedit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// ErrInterrupt is a line that was given up with Ctrl-C.
var ErrInterrupt = errors.New("interrupted")

// Editor reads lines from one terminal.
type Editor struct {
	// Complete gives what may stand in place of the text from start to the cursor; nil for none.
	Complete func(line string, pos int) (start int, options []string)
	// Highlight adds colours to a text, without changing how wide it is; nil for none.
	Highlight func(text string) string
	History   []string // oldest first; ReadLine adds to it

	in    *os.File
	out   io.Writer
	keys  *bufio.Reader
	width func() int

	prompt string
	line   []rune
	pos    int
	at     int    // in History; len(History) is the new line
	kept   []rune // the new line, while History is looked at
	killed []rune
	tabbed bool // the last key was a tab that had nothing more to add
}

// New is an editor on a terminal; out shows what is typed.
func New(in *os.File, out io.Writer) *Editor {
	e := &Editor{in: in, out: out, keys: bufio.NewReader(in)}
	e.width = func() int {
		if w, _, err := term.GetSize(int(in.Fd())); err == nil && w > 10 {
			return w
		}
		return 80
	}
	return e
}

// ReadLine shows a prompt and reads a line. The error is ErrInterrupt for Ctrl-C, io.EOF for Ctrl-D on an empty line, or that
// of the terminal.
func (e *Editor) ReadLine(prompt string) (string, error) {
	state, err := term.MakeRaw(int(e.in.Fd()))
	if err != nil {
		return "", err
	}
	defer func() { _ = term.Restore(int(e.in.Fd()), state) }()
	e.prompt, e.line, e.pos, e.at, e.tabbed = prompt, nil, 0, len(e.History), false
	for {
		e.draw()
		r, err := e.key()
		if err != nil {
			return "", err
		}
		done, err := e.press(r)
		if done || err != nil {
			e.pos = len(e.line)
			e.draw()
			fmt.Fprint(e.out, "\r\n")
			text := string(e.line)
			if err == nil && strings.TrimSpace(text) != "" && (len(e.History) == 0 || e.History[len(e.History)-1] != text) {
				e.History = append(e.History, text)
			}
			return text, err
		}
	}
}

// Keys beyond the control characters that terminals send are runes outside of Unicode here.
const (
	keyUp rune = unicode.MaxRune + 1 + iota
	keyDown
	keyRight
	keyLeft
	keyHome
	keyEnd
	keyDelete
	keyWordLeft
	keyWordRight
	keyUnknown
)

// sequences are what stands behind ESC [ and ESC O (ECMA-48; xterm's control sequences).
var sequences = map[string]rune{
	"A": keyUp, "B": keyDown, "C": keyRight, "D": keyLeft, "H": keyHome, "F": keyEnd,
	"1~": keyHome, "4~": keyEnd, "7~": keyHome, "8~": keyEnd, "3~": keyDelete,
	"1;5D": keyWordLeft, "1;5C": keyWordRight, "1;3D": keyWordLeft, "1;3C": keyWordRight,
}

// key reads one key.
func (e *Editor) key() (rune, error) {
	r, _, err := e.keys.ReadRune()
	if err != nil || r != 27 || e.keys.Buffered() == 0 {
		return r, err
	}
	r, _, err = e.keys.ReadRune()
	switch {
	case err != nil:
		return 0, err
	case r == 'b':
		return keyWordLeft, nil
	case r == 'f':
		return keyWordRight, nil
	case r != '[' && r != 'O':
		return keyUnknown, nil
	}
	var seq []byte
	for len(seq) < 16 {
		c, err := e.keys.ReadByte()
		if err != nil {
			return 0, err
		}
		if seq = append(seq, c); c >= 0x40 && c <= 0x7e {
			break
		}
	}
	if k, ok := sequences[string(seq)]; ok {
		return k, nil
	}
	return keyUnknown, nil
}

func ctrl(c byte) rune { return rune(c & 0x1f) }

// press does what a key means. done says that the line is complete.
func (e *Editor) press(r rune) (done bool, err error) {
	tabbed := e.tabbed
	e.tabbed = false
	switch r {
	case '\r', '\n':
		return true, nil
	case ctrl('c'):
		fmt.Fprint(e.out, "^C")
		return false, ErrInterrupt
	case ctrl('d'):
		if len(e.line) == 0 {
			return false, io.EOF
		}
		e.cut(e.pos, e.pos+1)
	case keyDelete:
		e.cut(e.pos, e.pos+1)
	case ctrl('h'), 127:
		e.cut(e.pos-1, e.pos)
	case ctrl('a'), keyHome:
		e.pos = 0
	case ctrl('e'), keyEnd:
		e.pos = len(e.line)
	case ctrl('b'), keyLeft:
		e.pos = max(0, e.pos-1)
	case ctrl('f'), keyRight:
		e.pos = min(len(e.line), e.pos+1)
	case keyWordLeft:
		e.pos = e.word(-1)
	case keyWordRight:
		e.pos = e.word(1)
	case ctrl('k'):
		e.kill(e.pos, len(e.line))
	case ctrl('u'):
		e.kill(0, e.pos)
	case ctrl('w'):
		e.kill(e.word(-1), e.pos)
	case ctrl('y'):
		e.insert(e.killed)
	case ctrl('l'):
		fmt.Fprint(e.out, "\x1b[H\x1b[2J")
	case ctrl('p'), keyUp:
		e.recall(-1)
	case ctrl('n'), keyDown:
		e.recall(1)
	case '\t':
		e.complete(tabbed)
	default:
		if r >= ' ' && r <= unicode.MaxRune && r != utf8.RuneError {
			e.insert([]rune{r})
		}
	}
	return false, nil
}

func (e *Editor) insert(r []rune) {
	e.line = append(e.line[:e.pos:e.pos], append(append([]rune{}, r...), e.line[e.pos:]...)...)
	e.pos += len(r)
}

// cut removes runes from a to b, as far as they exist.
func (e *Editor) cut(a, b int) {
	a, b = max(a, 0), min(b, len(e.line))
	if a < b {
		e.line = append(e.line[:a:a], e.line[b:]...)
		e.pos = a
	}
}

func (e *Editor) kill(a, b int) {
	if a < b {
		e.killed = append([]rune{}, e.line[a:b]...)
		e.cut(a, b)
	}
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }

// word is where the next word ends, or the one before begins.
func (e *Editor) word(by int) int {
	p := e.pos
	get := func() rune {
		if by < 0 {
			return e.line[p-1]
		}
		return e.line[p]
	}
	more := func() bool { return by < 0 && p > 0 || by > 0 && p < len(e.line) }
	for more() && !isWord(get()) {
		p += by
	}
	for more() && isWord(get()) {
		p += by
	}
	return p
}

// recall goes back and forth in the history.
func (e *Editor) recall(by int) {
	to := e.at + by
	if to < 0 || to > len(e.History) {
		return
	}
	if e.at == len(e.History) {
		e.kept = e.line
	}
	if e.at = to; to == len(e.History) {
		e.line = e.kept
	} else {
		e.line = []rune(e.History[to])
	}
	e.pos = len(e.line)
}

// complete adds what all options have in common, or at the second tab lists them.
func (e *Editor) complete(list bool) {
	if e.Complete == nil {
		return
	}
	before := string(e.line[:e.pos])
	start, options := e.Complete(string(e.line), len(before))
	if len(options) == 0 || start > len(before) {
		return
	}
	common := options[0]
	for _, o := range options[1:] {
		for !strings.HasPrefix(o, common) {
			common = common[:len(common)-1]
		}
	}
	if typed := before[start:]; len(common) > len(typed) {
		e.cut(e.pos-utf8.RuneCountInString(typed), e.pos)
		e.insert([]rune(common))
		if len(options) > 1 {
			e.tabbed = true
		}
		return
	}
	if e.tabbed = true; list && len(options) > 1 {
		shown := options[:min(len(options), 60)]
		fmt.Fprintf(e.out, "\r\n%s\r\n", strings.Join(shown, "  "))
	}
}

// draw shows the line.
func (e *Editor) draw() {
	room := max(10, e.width()-utf8.RuneCountInString(e.prompt)-1)
	from := 0
	if e.pos > room {
		from = e.pos - room
	}
	to := min(len(e.line), from+room)
	text := string(e.line[from:to])
	if e.Highlight != nil {
		text = e.Highlight(text)
	}
	fmt.Fprintf(e.out, "\r%s%s\x1b[K\r", e.prompt, text)
	if n := utf8.RuneCountInString(e.prompt) + e.pos - from; n > 0 {
		fmt.Fprintf(e.out, "\x1b[%dC", n)
	}
}
