package watch

import (
	"fmt"
	"maps"
	"net"
	"runtime"
	"slices"
	"time"

	"gowatch/internal/protocol"
)

// NetstackVariable turns the tunnel into one that lives in user space.
const NetstackVariable = "NB_USE_NETSTACK_MODE"

// Owner is told of a watch and decides whether it goes on. All methods are called on the watching goroutine, between
// two looks or two events, so what they cost can be told from what watching costs.
type Owner interface {
	// Found is called once, when the name was resolved and nothing is watched yet; false ends the watch.
	Found(link Link) bool
	// Ready is called once, when nothing that happens from now on can be missed.
	Ready(link Link)
	// Polled is called after each look-up that found the name; false ends the watch.
	Polled() bool
	// Received is called for each link event, ours or not.
	Received()
	// Lost is called after an overrun that was survived, with the number of events that the kernel dropped.
	Lost(dropped uint64)
	// Words gives what is asked of the process; it is the same channel every time.
	Words() <-chan protocol.Word
	// Hear is called for each word; false ends the watch.
	Hear(word protocol.Word) bool
}

// Host is what the preconditions look at.
type Host struct {
	Platform string
	Netstack string // the value of NetstackVariable
}

// refusal says why this host or this name cannot be watched; its second result is false if it can.
func refusal(name string, host Host) (Outcome, bool) {
	switch {
	case host.Platform == "android" || host.Platform == "ios":
		return Outcome{Reason: Unsupported, Message: "not supported on mobile platforms"}, true
	case host.Netstack == "true": // this word alone, as netbird reads it
		return Outcome{Reason: Netstack}, true
	case name == "":
		return Outcome{Reason: NoName, Message: "empty interface name"}, true
	}
	return Outcome{}, false
}

// watcher takes the link as it was found. Only polling minds the interval; 0 is back to back.
type watcher func(link Link, interval time.Duration, owner Owner) Outcome

var pollers = map[string]watcher{
	"go-poll": func(link Link, interval time.Duration, owner Owner) Outcome {
		return poll(link, lookUp, interval, owner)
	},
	"go-churner": func(link Link, interval time.Duration, owner Owner) Outcome {
		return poll(link, churn(link.Index), interval, owner)
	},
}

// find returns the watcher of that name, or nil. The subscriptions are this platform's own.
func find(name string) watcher {
	if poller, found := pollers[name]; found {
		return poller
	}
	return subscriptions[name]
}

// Names lists the watchers of this platform.
func Names() []string {
	names := append(slices.Collect(maps.Keys(pollers)), slices.Collect(maps.Keys(subscriptions))...)
	slices.Sort(names)
	return names
}

// Supported returns an error where this platform has no such watcher.
func Supported(name string) error {
	if find(name) == nil {
		return fmt.Errorf("no watcher is called %q on this platform (%s)", name, runtime.GOOS)
	}
	return nil
}

// Monitor watches the interface of that name until it is deleted, recreated or renamed, or until its owner ends it.
// The watcher must be Supported.
func Monitor(watcher, name string, interval time.Duration, host Host, owner Owner) Outcome {
	if outcome, refused := refusal(name, host); refused {
		return outcome
	}
	index, err := lookUp(name)
	if err != nil {
		return notFound(name, err)
	}
	link := Link{Name: name, Index: index}
	if !owner.Found(link) || !heed(owner) {
		return stopped()
	}
	return find(watcher)(link, interval, owner)
}

// lookUps counts, on the watching goroutine.
var lookUps uint64

// LookUps returns how often this process looked a name up, each time by a dump of the table of links.
func LookUps() uint64 { return lookUps }

// lookUp finds the index of a name as netbird does. On Linux the standard library asks for the whole table of links
// and scans it.
func lookUp(name string) (int, error) {
	lookUps++
	found, err := net.InterfaceByName(name)
	if err != nil {
		return 0, err
	}
	return found.Index, nil
}

// ChurnBytes is what the control allocates a poll: a size that the allocator does not round.
const ChurnBytes = 1 << 20

// churned keeps the compiler from putting a block on the stack.
var churned []byte

// churn is the look-up of a process of known truth: it allocates ChurnBytes, drops them, and finds what it knows.
func churn(index int) func(string) (int, error) {
	return func(string) (int, error) {
		churned = make([]byte, ChurnBytes)
		churned = nil
		return index, nil
	}
}

// heed passes the words on that are waiting, without waiting for one; false when one of them ends the watch.
func heed(owner Owner) bool {
	for {
		select {
		case word := <-owner.Words():
			if !owner.Hear(word) {
				return false
			}
		default:
			return true
		}
	}
}
