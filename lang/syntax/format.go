package syntax

import "github.com/girih-lang/girih/lang/diag"

func Format(src *diag.Source) ([]byte, error) { return []byte(src.Text), nil }
