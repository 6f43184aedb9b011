package cuda

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var release = regexp.MustCompile(`\b[0-9]{3,}\.[0-9]+(\.[0-9]+)?\b`)

// Release names the driver that is installed, such as "580.159.04": as the kernel module tells it, else as the name of the
// library's file does, else the newest CUDA that it takes ("CUDA 13.0"). What was measured with one driver says little of
// another one.
func Release() string {
	for _, path := range []string{"/sys/module/nvidia/version", "/proc/driver/nvidia/version"} {
		if text, err := os.ReadFile(path); err == nil {
			if v := release.FindString(string(text)); v != "" {
				return v
			}
		}
	}
	version, path, err := Version()
	if err != nil {
		return "unknown"
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if _, v, ok := strings.Cut(filepath.Base(path), ".so."); ok && strings.Contains(v, ".") {
		return v
	}
	return "CUDA " + version
}
