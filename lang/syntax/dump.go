package syntax

import (
	"fmt"
	"reflect"
	"strings"
)

// Dump prints a tree for people and for tests, one node a line, children indented, without positions: two texts that
// differ only in their layout on the page have equal dumps. Comments other than doc comments are not part of it.
func Dump(n Node) string {
	var b strings.Builder
	dump(&b, "", reflect.ValueOf(n), 0)
	return b.String()
}

var skipField = map[string]bool{"At": true, "OpLoc": true, "Source": true, "Comments": true, "Sets": true}

func dump(b *strings.Builder, label string, v reflect.Value, depth int) {
	for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		if d, ok := v.Interface().(*Doc); ok {
			fmt.Fprintf(b, "%s%sdoc %q\n", strings.Repeat("  ", depth), label, d.Text())
			return
		}
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return
	}
	fmt.Fprintf(b, "%s%s%s", strings.Repeat("  ", depth), label, v.Type().Name())
	t := v.Type()
	for i := range t.NumField() { // plain fields on the node's own line
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			fmt.Fprintf(b, " %q", f.String())
		case reflect.Uint8:
			fmt.Fprintf(b, " %d", f.Uint())
		case reflect.Bool:
			if f.Bool() {
				fmt.Fprintf(b, " %s", strings.ToLower(t.Field(i).Name))
			}
		}
	}
	b.WriteByte('\n')
	for i := range t.NumField() {
		name := t.Field(i).Name
		if skipField[name] {
			continue
		}
		switch f := v.Field(i); f.Kind() {
		case reflect.Pointer, reflect.Interface:
			dump(b, name+": ", f, depth+1)
		case reflect.Slice:
			for k := range f.Len() {
				dump(b, name+": ", f.Index(k), depth+1)
			}
		}
	}
}
