//go:build !linux

package watch

// Elsewhere netbird polls, and so does this: Supported says so before anything is watched.
const haveNetlink = false

func watchByNetlink(Link, Owner) Outcome {
	panic("not supported on this platform")
}

func watchResiliently(Link, Owner) Outcome {
	panic("not supported on this platform")
}
