// Package wordpiece cuts text into the pieces of a vocabulary, as uncased BERT models do: Schuster and Nakajima 2012 for the
// greedy match, Devlin et al. 2019 (https://arxiv.org/abs/1810.04805) for the rules of words. It knows nothing of models.
//
// Text is cleaned (Clean), cut into words at white space, with every punctuation mark and every CJK ideograph a word of its
// own, and each word into pieces: the longest prefix that is in the vocabulary, then the longest piece beginning with ## that
// fits on, and so on; a word for which this gets stuck is the piece [UNK]. Text is only ever text: "[SEP]" in it is three words.
package wordpiece

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxWord is the longest word, in characters, that is looked up; longer ones are [UNK].
const MaxWord = 100

// Vocabulary is an ordered list of pieces.
type Vocabulary struct {
	ids               map[string]int32
	pieces            []string
	unknown, cls, sep int32
	longest           int // bytes of the longest piece
}

// Read reads a vocabulary: a piece a line, whose number from 0 is its id. It has to have [UNK], [CLS] and [SEP], and none twice.
func Read(r io.Reader) (*Vocabulary, error) {
	v := &Vocabulary{ids: map[string]int32{}}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		piece := strings.TrimSuffix(lines.Text(), "\r")
		if old, ok := v.ids[piece]; ok {
			return nil, fmt.Errorf("vocabulary: line %d: the piece %q is on line %d too", len(v.pieces)+1, piece, old+1)
		}
		v.ids[piece] = int32(len(v.pieces))
		v.pieces = append(v.pieces, piece)
		v.longest = max(v.longest, len(piece))
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("vocabulary: line %d: %w", len(v.pieces)+1, err)
	}
	for piece, id := range map[string]*int32{"[UNK]": &v.unknown, "[CLS]": &v.cls, "[SEP]": &v.sep} {
		n, ok := v.ids[piece]
		if !ok {
			return nil, fmt.Errorf("vocabulary: the piece %s is missing", piece)
		}
		*id = n
	}
	return v, nil
}

// Len is the number of pieces.
func (v *Vocabulary) Len() int { return len(v.pieces) }

// Piece is the text of an id, [UNK] for one that does not exist.
func (v *Vocabulary) Piece(id int32) string {
	if id < 0 || int(id) >= len(v.pieces) {
		id = v.unknown
	}
	return v.pieces[id]
}

// Encode gives the ids of text between those of [CLS] and [SEP], at most limit (at least 2) in all: what is too much is cut off
// at the end of the text.
func (v *Vocabulary) Encode(text string, limit int) []int32 {
	limit = max(limit, 2)
	ids := []int32{v.cls}
	words(text, func(w string) bool {
		ids = v.word(ids, w)
		return len(ids) < limit
	})
	ids = ids[:min(len(ids), limit-1)]
	return append(ids, v.sep)
}

// word appends the pieces of one word.
func (v *Vocabulary) word(ids []int32, w string) []int32 {
	if utf8.RuneCountInString(w) > MaxWord {
		return append(ids, v.unknown)
	}
	start := len(ids)
	for at := 0; at < len(w); {
		id, end := v.longestPiece(w, at)
		if end == at {
			return append(ids[:start], v.unknown)
		}
		ids, at = append(ids, id), end
	}
	return ids
}

// longestPiece is the longest piece that stands in w at a position, and where it ends; at itself when there is none.
func (v *Vocabulary) longestPiece(w string, at int) (id int32, end int) {
	prefix := ""
	if at > 0 {
		prefix = "##"
	}
	for end = min(len(w), at+v.longest); end > at; end-- {
		if id, ok := v.ids[prefix+w[at:end]]; ok {
			return id, end
		}
	}
	return 0, at
}

// words calls yield for each word of the cleaned text until it returns false.
func words(text string, yield func(string) bool) {
	for _, field := range strings.FieldsFunc(Clean(text), space) {
		for field != "" {
			r, n := utf8.DecodeRuneInString(field)
			if !punctuation(r) && !ideograph(r) {
				if n = strings.IndexFunc(field, func(r rune) bool { return punctuation(r) || ideograph(r) }); n < 0 {
					n = len(field)
				}
			}
			if !yield(field[:n]) {
				return
			}
			field = field[n:]
		}
	}
}

// punctuation is what Unicode calls so, and the ASCII symbols with it.
func punctuation(r rune) bool {
	return r > ' ' && r < 0x7f && !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') || unicode.IsPunct(r)
}

func space(r rune) bool { return r == ' ' || unicode.IsSpace(r) }

// ideograph says whether a character stands in one of the CJK blocks that BERT takes for words: kana and hangul do not.
func ideograph(r rune) bool {
	switch {
	case r < 0x3400:
		return false
	case r <= 0x4DBF, r >= 0x4E00 && r <= 0x9FFF, r >= 0xF900 && r <= 0xFAFF, r >= 0x20000 && r <= 0x2A6DF,
		r >= 0x2A700 && r <= 0x2B73F, r >= 0x2B740 && r <= 0x2B81F, r >= 0x2B820 && r <= 0x2CEAF, r >= 0x2F800 && r <= 0x2FA1F:
		return true
	}
	return false
}
