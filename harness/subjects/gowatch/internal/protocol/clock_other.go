//go:build !linux

package protocol

import "time"

var began = time.Now()

// Now gives the nanoseconds since this process began: monotonic, but of this process alone.
func Now() int64 {
	return int64(time.Since(began))
}
