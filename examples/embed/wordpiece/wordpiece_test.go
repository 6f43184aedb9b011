package wordpiece_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/examples/embed/wordpiece"
)

func vocabulary(t testing.TB) *wordpiece.Vocabulary {
	f, err := os.Open("../testdata/vocab.txt")
	require.NoError(t, err)
	defer f.Close()
	v, err := wordpiece.Read(f)
	require.NoError(t, err)
	require.Equal(t, 30522, v.Len())
	return v
}

// The ids are those of the tokenizer that comes with the model (testdata/README.md).
func TestReference(t *testing.T) {
	v := vocabulary(t)
	data, err := os.ReadFile("../testdata/tokens.json")
	require.NoError(t, err)
	var cases []struct {
		Text string
		IDs  []int32
	}
	require.NoError(t, json.Unmarshal(data, &cases))
	require.Greater(t, len(cases), 40)
	for _, c := range cases {
		got := v.Encode(c.Text, 1000)
		assert.Equal(t, c.IDs, got, "%q: %s", c.Text, pieces(v, got))
	}
}

func pieces(v *wordpiece.Vocabulary, ids []int32) string {
	var s []string
	for _, id := range ids {
		s = append(s, v.Piece(id))
	}
	return strings.Join(s, " ")
}

func TestPieces(t *testing.T) {
	v := vocabulary(t)
	for text, want := range map[string]string{
		"":                       "[CLS] [SEP]",
		"The tiles, unaffable.":  "[CLS] the tiles , una ##ffa ##ble . [SEP]",
		"Crème brûlée":           "[CLS] cr ##eme br ##ule ##e [SEP]",
		"a [SEP] b":              "[CLS] a [ sep ] b [SEP]", // text is only text
		strings.Repeat("z", 101): "[CLS] [UNK] [SEP]",
	} {
		assert.Equal(t, want, pieces(v, v.Encode(text, 64)), "%q", text)
	}
	assert.Equal(t, "[UNK]", v.Piece(-1))
	assert.Equal(t, "[UNK]", v.Piece(30522))
}

func TestLimit(t *testing.T) {
	v := vocabulary(t)
	text := strings.Repeat("unaffable strapwork ", 200)
	whole := v.Encode(text, 1<<20)
	for limit := -1; limit < 40; limit++ {
		ids := v.Encode(text, limit)
		n := max(limit, 2)
		require.Len(t, ids, n)
		assert.Equal(t, whole[:n-1], ids[:n-1])
		assert.Equal(t, "[SEP]", v.Piece(ids[n-1]))
	}
}

func TestRead(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "is missing",
		"[UNK]\n[CLS]\n":            "[SEP] is missing",
		"[UNK]\n[CLS]\n[SEP]\na\na": `line 5: the piece "a" is on line 4 too`,
		strings.Repeat("x", 1<<20):  "line 1: ",
	} {
		_, err := wordpiece.Read(strings.NewReader(text))
		assert.ErrorContains(t, err, want)
	}
	v, err := wordpiece.Read(strings.NewReader("[UNK]\r\n[CLS]\r\n[SEP]\r\na"))
	require.NoError(t, err)
	assert.Equal(t, []int32{1, 3, 0, 2}, v.Encode("A b", 9))
}

// FuzzEncode: any bytes give ids of the vocabulary between [CLS] and [SEP], and clean text stays as it is.
func FuzzEncode(f *testing.F) {
	for _, s := range []string{"", "Hello, World!", "a\xffb", "한국어", "\u0344", "İ", "豈", "a\u0301\u0301"} {
		f.Add(s)
	}
	v := vocabulary(f)
	f.Fuzz(func(t *testing.T, s string) {
		ids := v.Encode(s, 300)
		require.LessOrEqual(t, len(ids), 300)
		require.Equal(t, "[CLS]", v.Piece(ids[0]))
		require.Equal(t, "[SEP]", v.Piece(ids[len(ids)-1]))
		for _, id := range ids {
			require.True(t, id >= 0 && int(id) < v.Len())
		}
		clean := wordpiece.Clean(s)
		require.True(t, utf8.ValidString(clean))
		require.False(t, strings.ContainsFunc(clean, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Mn, r) }), "%q", clean)
		require.Equal(t, ids, v.Encode(clean, 300), "%q cleaned", s)
	})
}
