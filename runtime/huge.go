package runtime

import "unsafe"

const hugePage = 2 << 20

// big is make([]byte, n), in huge pages where the system has them and n is worth it: a kernel that streams weights through the
// processor otherwise waits for the table of pages. On two cores of a Zen 4 that is a tenth of the time of Linear, and more than a
// quarter of a loop that only reads.
func big(n int) []byte {
	if n < 4*hugePage {
		return make([]byte, n)
	}
	b := make([]byte, n+hugePage)
	off := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) & (hugePage - 1))
	b = b[off : off+n : off+n]
	adviseHuge(b[:n&^(hugePage-1)])
	return b
}
