// Package examples embeds the sources of the examples, for tests.
package examples

import (
	_ "embed"
	"strings"
)

// Linear is the text of examples/linear/linear.girih.
//
//go:embed linear/linear.girih
var Linear string

var (
	//go:embed embed/embed.girih
	embedText string
	//go:embed embed/linear.girih
	linearText string
	//go:embed embed/quantize.girih
	quantizeText string
)

// Embed is the package of examples/embed as one text.
func Embed() string {
	const head = "package embed\n"
	return embedText + strings.Replace(linearText, head, "", 1) + strings.Replace(quantizeText, head, "", 1)
}
