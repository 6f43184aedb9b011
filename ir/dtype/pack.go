package dtype

import "encoding/binary"

// PackedLen is the number of bytes that n elements of the given width take: ⌈bits·n/8⌉. The spare bits of the last
// byte are zero.
func PackedLen(bits, n int) int {
	// Split so that the product of a large n does not overflow: n = 8q + r.
	return n/8*bits + (n%8*bits+7)/8
}

// Get is element i of the bit-packed data: bits [i·bits, (i+1)·bits) of the little-endian stream. It panics, as an
// index does, when the element is not inside data.
func Get(data []byte, bits, i int) uint64 {
	switch bits {
	case 8:
		return uint64(data[i])
	case 16:
		return uint64(binary.LittleEndian.Uint16(data[2*i:]))
	case 32:
		return uint64(binary.LittleEndian.Uint32(data[4*i:]))
	case 64:
		return binary.LittleEndian.Uint64(data[8*i:])
	}
	p, off := bitPos(bits, i)
	mask := uint64(1)<<bits - 1
	if p+8 <= len(data) {
		v := binary.LittleEndian.Uint64(data[p:]) >> off
		if off+bits > 64 {
			v |= uint64(data[p+8]) << (64 - off)
		}
		return v & mask
	}
	n := (off + bits + 7) / 8
	var v uint64
	for k := 0; k < n; k++ { // at most 7 bytes: the eighth would have taken the path above
		v |= uint64(data[p+k]) << (8 * k)
	}
	return v >> off & mask
}

// Put sets element i of the bit-packed data to the low bits of v and leaves its neighbours alone. Two goroutines must
// not Put elements that share a byte. It panics when the element is not inside data.
func Put(data []byte, bits, i int, v uint64) {
	switch bits {
	case 8:
		data[i] = byte(v)
		return
	case 16:
		binary.LittleEndian.PutUint16(data[2*i:], uint16(v))
		return
	case 32:
		binary.LittleEndian.PutUint32(data[4*i:], uint32(v))
		return
	case 64:
		binary.LittleEndian.PutUint64(data[8*i:], v)
		return
	}
	p, off := bitPos(bits, i)
	for left := bits; left > 0; {
		n := min(8-off, left)
		mask := byte(1<<n-1) << off
		data[p] = data[p]&^mask | byte(v)<<off&mask
		v >>= n
		left -= n
		p++
		off = 0
	}
}

// bitPos is the byte and the bit inside it where element i begins.
func bitPos(bits, i int) (p, off int) {
	off = i % 8 * bits
	return i/8*bits + off>>3, off & 7
}
