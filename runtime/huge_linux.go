package runtime

import "syscall"

// adviseHuge asks for huge pages; a system that has none says no, which costs nothing but time later.
func adviseHuge(b []byte) { _ = syscall.Madvise(b, syscall.MADV_HUGEPAGE) }
