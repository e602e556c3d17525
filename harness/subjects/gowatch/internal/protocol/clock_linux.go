package protocol

import "golang.org/x/sys/unix"

// Now gives CLOCK_MONOTONIC in nanoseconds, which every process of this machine shares.
func Now() int64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return 0
	}
	return now.Nano()
}
