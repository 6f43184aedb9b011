package cuda

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCrowded(t *testing.T) {
	for _, perSM := range []int{65536, 102400, 167936, 233472} {
		for _, besides := range []int{1024, 1024 + 4096} {
			for n := 1; n <= 64; n++ {
				size := crowded(n, perSM, besides)
				if size == 0 {
					require.Greater(t, n, 8, "%d blocks on an SM with %d bytes", n, perSM)
					continue
				}
				require.LessOrEqual(t, n*(size+besides), perSM, "%d blocks have room", n)
				require.Greater(t, (n+1)*(size+besides), perSM, "one more has not")
			}
		}
	}
}
