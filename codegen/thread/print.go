package thread

import (
	"fmt"
	"strings"
)

// String prints the function for people (--emit thread); constants appear where they are used.
func (f *Func) String() string {
	p := &printer{}
	fmt.Fprintf(&p.b, "thread @%s(", f.Name)
	for i, q := range f.Params {
		if i > 0 {
			p.b.WriteString(", ")
		}
		fmt.Fprintf(&p.b, "%s %s", q.Name, q.Elem)
	}
	fmt.Fprintf(&p.b, ") threads %d shared %d {\n", f.Threads, f.Shared)
	for _, v := range f.Vars {
		fmt.Fprintf(&p.b, "  var %s %s[%d]\n", v, v.Elem, v.Len)
	}
	p.block(f.Body, "  ")
	p.b.WriteString("}\n")
	return p.b.String()
}

type printer struct {
	b strings.Builder
	n int
}

func (p *printer) ref(n *Node) string {
	if n.Op == Const {
		if n.Type.Elem.IsFloat() {
			return fmt.Sprintf("%v", n.F)
		}
		return fmt.Sprint(n.Imm)
	}
	return fmt.Sprintf("%%%d", n.ID)
}

func (p *printer) block(blk *Block, in string) {
	for _, n := range blk.Nodes {
		if n.Op == Const {
			continue
		}
		p.b.WriteString(in)
		if n.Op == For {
			n.Args[3].ID = p.n
			p.n++
			kind := "for"
			if n.Loop {
				kind = "local"
			}
			fmt.Fprintf(&p.b, "%s %%%d = %s..%s by %s {\n", kind, n.Args[3].ID, p.ref(n.Args[0]), p.ref(n.Args[1]), p.ref(n.Args[2]))
			p.block(n.Body, in+"  ")
			p.b.WriteString(in + "}\n")
			continue
		}
		if n.Op == If {
			fmt.Fprintf(&p.b, "if %s {\n", p.ref(n.Args[0]))
			p.block(n.Body, in+"  ")
			if n.Else != nil {
				p.b.WriteString(in + "} else {\n")
				p.block(n.Else, in+"  ")
			}
			p.b.WriteString(in + "}\n")
			continue
		}
		if n.Type.Elem != Void {
			n.ID = p.n
			p.n++
			fmt.Fprintf(&p.b, "%%%d = ", n.ID)
		}
		p.b.WriteString(n.Op.String())
		if n.Uns {
			p.b.WriteString(".u")
		}
		if n.Kind != "" {
			p.b.WriteString("." + n.Kind)
		}
		if n.Var != nil {
			p.b.WriteString(" " + n.Var.String())
		}
		for _, v := range n.Vars {
			p.b.WriteString(" " + v.String())
		}
		for i, a := range n.Args {
			if i > 0 {
				p.b.WriteByte(',')
			}
			p.b.WriteString(" " + p.ref(a))
		}
		switch n.Op {
		case Arg, BlockID, SharedAt, Extract, Lop3, Load, Store, Shfl, CpAsync, CpWait, Ldmatrix, Stmatrix, Wgmma:
			fmt.Fprintf(&p.b, " #%d", n.Imm)
		}
		if n.Type.Elem != Void {
			fmt.Fprintf(&p.b, " : %s", n.Type)
		}
		p.b.WriteByte('\n')
	}
}
