//go:build !linux

package wire

import "time"

var began = time.Now()

// Now gives the nanoseconds since this process began: monotonic, but of this process alone.
func Now() int64 {
	return int64(time.Since(began))
}
