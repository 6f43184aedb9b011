package dtype

import (
	"encoding/binary"
	"math"
)

// Decode sets dst[k] to the value of element start+k of data, for every k: Float of each code. It panics, as an index
// does, when the elements are not inside data.
func (t Type) Decode(dst []float64, data []byte, start int) {
	n := len(dst)
	if n == 0 {
		return
	}
	in := &table[t.id]
	le := binary.LittleEndian
	switch t.id {
	case idF64:
		src := data[8*start : 8*(start+n)]
		for i := range dst {
			dst[i] = math.Float64frombits(le.Uint64(src[8*i:]))
		}
		return
	case idF32, idTF32:
		mask := uint32(math.MaxUint32)
		if t.id == idTF32 {
			mask <<= tf32Pad
		}
		src := data[4*start : 4*(start+n)]
		for i := range dst {
			dst[i] = float64(math.Float32frombits(le.Uint32(src[4*i:]) & mask))
		}
		return
	case idBF16:
		src := data[2*start : 2*(start+n)]
		for i := range dst {
			dst[i] = float64(math.Float32frombits(uint32(le.Uint16(src[2*i:])) << 16))
		}
		return
	case idF16:
		src := data[2*start : 2*(start+n)]
		for i := range dst {
			c := le.Uint16(src[2*i:])
			if ab := uint64(c & 0x7fff); ab-0x400 < 0x7c00-0x400 {
				dst[i] = math.Float64frombits(uint64(c>>15)<<63 | (ab<<42 + (1023-15)<<52))
			} else {
				dst[i] = f16(c)
			}
		}
		return
	}
	if in.decode != nil && in.bits == 8 {
		vals := (*[256]float64)(in.decode)
		for i, c := range data[start : start+n] {
			dst[i] = vals[c]
		}
		return
	}
	r := newReader(data, int(in.bits), start)
	if in.decode != nil {
		for i := range dst {
			dst[i] = in.decode[r.next()]
		}
		return
	}
	for i := range dst {
		dst[i] = t.Float(r.next())
	}
}

// DecodeInt sets dst[k] to Int of element start+k of data.
func (t Type) DecodeInt(dst []int64, data []byte, start int) {
	n := len(dst)
	if n == 0 {
		return
	}
	in := &table[t.id]
	if t.IsInt() && in.bits == 8 {
		src := data[start : start+n]
		if in.signed {
			for i, c := range src {
				dst[i] = int64(int8(c))
			}
		} else {
			for i, c := range src {
				dst[i] = int64(c)
			}
		}
		return
	}
	r := newReader(data, int(in.bits), start)
	if t.IsInt() {
		s, mask := 64-in.bits, in.mask
		if in.signed {
			for i := range dst {
				dst[i] = int64(r.next()<<s) >> s
			}
		} else {
			for i := range dst {
				dst[i] = int64(r.next() & mask)
			}
		}
		return
	}
	for i := range dst {
		dst[i] = t.Int(r.next())
	}
}

// Encode stores src from element start of data on. A float type takes each number as Round does; an integer type as
// ToInt does (truncated, clamped, NaN to 0). Bits of data outside those elements are left alone. It panics when the
// elements are not inside data.
func (t Type) Encode(data []byte, start int, src []float64) {
	n := len(src)
	if n == 0 {
		return
	}
	in := &table[t.id]
	le := binary.LittleEndian
	switch t.id {
	case idF64:
		dst := data[8*start : 8*(start+n)]
		for i, x := range src {
			if x != x {
				x = math.Float64frombits(in.nan)
			}
			le.PutUint64(dst[8*i:], math.Float64bits(x))
		}
		return
	case idF32:
		dst := data[4*start : 4*(start+n)]
		for i, x := range src {
			c := math.Float32bits(float32(x))
			if x != x {
				c = uint32(in.nan)
			}
			le.PutUint32(dst[4*i:], c)
		}
		return
	case idF16, idBF16:
		dst := data[2*start : 2*(start+n)]
		for i, x := range src {
			b := math.Float64bits(x)
			ab := b &^ signMask
			if ab-in.normalBits < in.overBits-in.normalBits {
				c := (ab+in.half+(ab>>in.drop)&1)>>in.drop - in.rebias
				le.PutUint16(dst[2*i:], uint16(c|b>>63<<15))
			} else {
				le.PutUint16(dst[2*i:], uint16(in.fromFloatRNE(x, false, t.id)))
			}
		}
		return
	}
	w := newWriter(data, int(in.bits), start)
	if t.IsFloat() {
		for _, x := range src {
			w.put(in.fromFloatRNE(x, in.saturates, t.id))
		}
	} else {
		for _, x := range src {
			w.put(t.fromFloatInt(x, Mode{Round: TowardZero}))
		}
	}
	w.flush()
}

// EncodeInt stores src from element start of data on: an integer type wraps each number, a float type rounds it once
// from the exact (signed) integer.
func (t Type) EncodeInt(data []byte, start int, src []int64) {
	if len(src) == 0 {
		return
	}
	in := &table[t.id]
	w := newWriter(data, int(in.bits), start)
	switch {
	case t.IsInt():
		for _, x := range src {
			w.put(uint64(x) & in.mask)
		}
	default:
		for _, x := range src {
			w.put(t.FromInt(x, false))
		}
	}
	w.flush()
}

// reader walks bit-packed elements, keeping the bits not yet used in a word.
type reader struct {
	data []byte
	bits uint
	mask uint64
	buf  uint64
	have uint // bits of buf in use
	pos  int  // next byte
}

func newReader(data []byte, bits, start int) reader {
	p, off := bitPos(bits, start)
	r := reader{data: data, bits: uint(bits), mask: ^uint64(0) >> (64 - bits), pos: p}
	if off > 0 {
		r.buf, r.have, r.pos = uint64(data[p])>>off, uint(8-off), p+1
	}
	return r
}

func (r *reader) next() uint64 {
	if r.have >= r.bits {
		v := r.buf & r.mask
		r.buf >>= r.bits
		r.have -= r.bits
		return v
	}
	return r.refill()
}

// refill returns the next element when buf does not hold all of it.
func (r *reader) refill() uint64 {
	need := r.bits - r.have
	v := r.buf
	var word uint64
	var got uint
	if r.pos+8 <= len(r.data) {
		word, got = binary.LittleEndian.Uint64(r.data[r.pos:]), 64
		r.pos += 8
	} else {
		for got < need {
			word |= uint64(r.data[r.pos]) << got
			got += 8
			r.pos++
		}
	}
	v |= word << r.have // 0 when have is 64, which cannot be: then nothing is missing
	r.buf = word >> need
	r.have = got - need
	return v & r.mask
}

// writer is the inverse of reader. Whole words go out without reading what was there.
type writer struct {
	data []byte
	bits uint
	buf  uint64
	have uint
	pos  int
}

func newWriter(data []byte, bits, start int) writer {
	p, off := bitPos(bits, start)
	w := writer{data: data, bits: uint(bits), pos: p}
	if off > 0 {
		w.buf, w.have = uint64(data[p])&(1<<off-1), uint(off)
	}
	return w
}

// put appends the low bits of v, whose other bits are zero.
func (w *writer) put(v uint64) {
	w.buf |= v << w.have
	if w.have+w.bits < 64 {
		w.have += w.bits
		return
	}
	binary.LittleEndian.PutUint64(w.data[w.pos:], w.buf)
	w.pos += 8
	w.buf = v >> (64 - w.have) // 0 when have is 0: a shift by 64
	w.have = w.have + w.bits - 64
}

// flush writes what is left and keeps the bits behind it.
func (w *writer) flush() {
	for w.have >= 8 {
		w.data[w.pos] = byte(w.buf)
		w.buf >>= 8
		w.have -= 8
		w.pos++
	}
	if w.have > 0 {
		keep := byte(0xff) << w.have
		w.data[w.pos] = w.data[w.pos]&keep | byte(w.buf)
	}
}
