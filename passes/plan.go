package passes

import "github.com/girih-lang/girih/ir"

// PlanFor lays n fields of a given width out in 32-bit words so that widening needs no shuffle: fields 2p and 2p+1 lie at
// the same bits of the low and of the high half of a word, so one mask takes a pair out at the places where a pair of
// 16-bit numbers has its mantissas. A half holds as many whole fields as fit; what is left of each half together makes
// further fields in pieces, so that odd widths waste nothing. Widths above 16 follow each other bit by bit.
func PlanFor(bits, n int) *ir.Plan {
	p := &ir.Plan{Bits: bits, Fields: make([]ir.Field, n)}
	if bits > 16 {
		for i := range n {
			p.Fields[i] = pieces(i*bits, bits, 32)
		}
		return p
	}
	pairs := (n + 1) / 2
	words := (pairs*bits + 15) / 16
	whole := 16 / bits
	rest := 16 - whole*bits
	for i := range pairs {
		var f ir.Field
		if i < whole*words {
			f = ir.Field{Pieces: []ir.Piece{{Word: i / whole, Bit: i % whole * bits, Len: bits}}}
		} else {
			f = pieces((i-whole*words)*bits, bits, rest)
			for j := range f.Pieces {
				f.Pieces[j].Bit += whole * bits
			}
		}
		p.Fields[2*i] = f
		if 2*i+1 < n {
			p.Fields[2*i+1] = high(f)
		}
	}
	return p
}

// pieces cuts the bits [at, at+n) of a stream into pieces of words of which each contributes room bits.
func pieces(at, n, room int) ir.Field {
	var f ir.Field
	for n > 0 {
		bit := at % room
		l := min(n, room-bit)
		f.Pieces = append(f.Pieces, ir.Piece{Word: at / room, Bit: bit, Len: l})
		at += l
		n -= l
	}
	return f
}

// high is the same field in the high halves.
func high(f ir.Field) ir.Field {
	var h ir.Field
	for _, p := range f.Pieces {
		p.Bit += 16
		h.Pieces = append(h.Pieces, p)
	}
	return h
}

// planWords is the number of words that n fields take.
func planWords(bits, n int) int {
	if bits > 16 {
		return (n*bits + 31) / 32
	}
	return ((n+1)/2*bits + 15) / 16
}
