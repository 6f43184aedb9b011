// Package examples embeds the sources of the examples, for tests.
package examples

import _ "embed"

// Linear is the text of examples/linear/linear.girih.
//
//go:embed linear/linear.girih
var Linear string
