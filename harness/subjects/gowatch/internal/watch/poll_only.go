//go:build !linux && !windows

package watch

// Here netbird polls, and so does this: its pull request leaves the other platforms as they were.
var subscriptions map[string]watcher
