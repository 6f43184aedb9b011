package codegen

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestSpread asks for each line, by brute force, and for none that is not there.
func TestSpread(t *testing.T) {
	for lines := 1; lines < 70; lines++ {
		for n := 1; n < 90; n++ {
			mul, div, share := spread(lines, n)
			asked := map[int]bool{}
			for at := range n {
				for i := range share {
					asked[at*mul/div+i] = true
				}
			}
			assert.Len(t, asked, lines, "%d lines in %d steps", lines, n)
			for line := range asked {
				assert.Less(t, line, lines)
			}
		}
	}
}
