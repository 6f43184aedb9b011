package lang

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/girih-lang/girih/lang/diag"
)

// diagnose gives the mistakes of a text, the kernels lowered without any values from outside.
func diagnose(text string) error {
	p, err := LoadSource("example.girih", text)
	if err == nil {
		err = Check(p)
	}
	return err
}

// Every code has a page. What a page calls wrong has that mistake, what it calls right has none.
func TestPages(t *testing.T) {
	for _, c := range diag.Codes() {
		page, ok := diag.PageOf(c.Code)
		assert.True(t, ok, "%s has no page", c.Code)
		assert.NotEmpty(t, page.Mend, c.Code)
		wrong := page.Wrong
		if wrong == "" {
			wrong = c.Example
		}
		if wrong != "" {
			var list diag.List
			assert.True(t, errors.As(diagnose(wrong), &list), "%s: %s", c.Code, wrong)
			var found []string
			for _, d := range list {
				found = append(found, d.Code)
			}
			assert.Contains(t, found, c.Code, wrong)
		}
		if page.Right != "" {
			assert.NoError(t, diagnose(page.Right), c.Code)
		}
	}
}
