package bundle

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/layout"
	"github.com/girih-lang/girih/passes"
)

// Pack is the storage order of a packed parameter: see docs/abi.md for the rule.
type Pack struct {
	Layout  string     `json:"layout"`
	Tile    [2]int     `json:"tile"`
	Threads int        `json:"threads"`
	Words   int        `json:"words"`
	Vector  int        `json:"vector"`
	Goal    string     `json:"goal"`              // the type that the fields are laid out for
	Hash    string     `json:"hash"`              // of all the others, for comparing
	Fields  [][][3]int `json:"fields"`            // of each element of a thread: pieces of [word, bit, length], low bits first
	Thread  [][3]int   `json:"thread,omitempty"`  // digits of the thread's number, minor first: [radix, dimension, stride]
	Element [][3]int   `json:"element,omitempty"` // digits of the element's number in a thread
	Order   [][]int32  `json:"order,omitempty"`   // where digits cannot say it: of each thread the elements of a tile, −1 for padding
}

// PackOf describes a storage order.
func PackOf(p *ir.Pack) Pack {
	q := Pack{Layout: p.Layout, Tile: p.Tile, Threads: p.Threads, Words: p.Words, Vector: p.Vec, Goal: p.Plan.Goal}
	if th, el, ok := digits(p.Layout); ok {
		q.Thread, q.Element = th, el
	} else {
		q.Order = p.Order
	}
	for _, f := range p.Plan.Fields {
		pieces := [][3]int{}
		for _, x := range f.Pieces {
			pieces = append(pieces, [3]int{x.Word, x.Bit, x.Len})
		}
		q.Fields = append(q.Fields, pieces)
	}
	data, err := json.Marshal(q)
	if err != nil {
		panic("bundle: " + err.Error())
	}
	q.Hash = Sum(data)
	return q
}

// digits are those of a layout, without the thread digits that only replicate.
func digits(text string) (thread, element [][3]int, ok bool) {
	l, err := layout.Parse(text)
	if err != nil {
		return nil, nil, false
	}
	th, el, ok := l.Digits()
	for _, d := range th {
		if d.Dim >= 0 {
			thread = append(thread, [3]int{d.Radix, d.Dim, d.Stride})
		}
	}
	for _, d := range el {
		element = append(element, [3]int{d.Radix, d.Dim, d.Stride})
	}
	return thread, element, ok
}

// Bounds of a storage order, so that a damaged manifest costs no memory: threads of a block, elements of one.
const maxThreads, maxLocals = 1024, 1 << 14

// Restore makes the kernel as it is behind the passes of a target: with its facts and the storage orders.
func (c *Code) Restore(k *ir.Kernel) (*ir.Kernel, error) {
	k = k.Clone()
	if c.Cluster < 0 || c.Cluster > 8 {
		return nil, fmt.Errorf("the code for %s has clusters of %d blocks; a cluster has 1 to 8", c.Target, c.Cluster)
	}
	k.Cluster, k.Persistent = c.Cluster, c.Persistent
	if !c.Dependent {
		k.After = nil
	} else if len(k.After) == 0 {
		return nil, fmt.Errorf("the code for %s starts before the kernel ahead of it ends, but kernel %s does not say after what", c.Target, k.Name)
	}
	for _, d := range c.Dims {
		f := k.Dim(d.Name)
		if f == nil || d.Divisor < 1 {
			return nil, fmt.Errorf("the code for %s has facts on a dimension %s, which kernel %s lacks", c.Target, d.Name, k.Name)
		}
		f.Div = d.Divisor
	}
	for name, ref := range c.Packs {
		p := k.Param(name)
		if p == nil || p.Value.Type.Rank() != 2 {
			return nil, fmt.Errorf("the code for %s has a storage order of %q, which kernel %s lacks", c.Target, name, k.Name)
		}
		var err error
		if p.Pack, err = ref.Derive(p.Value.Type.Elem); err != nil {
			return nil, fmt.Errorf("the code for %s has a storage order of %q that %w", c.Target, name, err)
		}
	}
	return k, nil
}

// Derive makes the order that is described, for elements of a type. An error goes on behind "a storage order that".
func (p Pack) Derive(elem dtype.Type) (*ir.Pack, error) {
	l, err := layout.Parse(p.Layout)
	if err != nil || l.Rank() != 2 || l.Locals() > maxLocals || l.Threads() > maxThreads || p.Tile[0] < 1 || p.Tile[1] < 1 {
		return nil, fmt.Errorf("is none: %q", p.Layout)
	}
	order := passes.PackOf(&l, elem, p.Goal, p.Tile[0], p.Tile[1])
	if PackOf(order).Hash != p.Hash {
		return nil, errors.New("this girih derives differently")
	}
	return order, nil
}

// Fits says whether dimensions keep what the code takes for granted.
func (c *Code) Fits(dims map[string]int64) bool {
	for _, d := range c.Dims {
		n, ok := dims[d.Name]
		if ok && (d.Static != nil && n != *d.Static || n%max(d.Divisor, 1) != 0) {
			return false
		}
	}
	return true
}
