// Package watch holds the watchers under study, written from the behaviour of netbird's interface monitor.
//
// Everything a watcher does happens on the goroutine that called Monitor, its owner's methods included; what a library
// does on goroutines of its own is said where it is used.
package watch

import "fmt"

// Reason says why watching ended. The words are the same in every language of this project.
type Reason string

// The reasons.
const (
	Unsupported     Reason = "unsupported" // mobile platform
	Netstack        Reason = "netstack"    // the tunnel lives in user space: there is no kernel interface to watch
	NoName          Reason = "no_name"
	NotFound        Reason = "not_found" // at start
	SubscribeFailed Reason = "subscribe_failed"
	Deleted         Reason = "deleted"
	Recreated       Reason = "recreated"
	Renamed         Reason = "renamed"
	Moved           Reason = "moved" // to another network namespace, where it lives on
	Stopped         Reason = "stopped"
	Closed          Reason = "closed" // the subscription ended by itself
)

// Outcome is the verdict of one watch. Restart asks the owner to build its tunnel again. Message is the error in
// words, and empty where the watcher under study reports none.
type Outcome struct {
	Restart bool
	Reason  Reason
	Message string
}

// Link is the identity that is tracked: what the name resolved to at the start.
type Link struct {
	Name  string
	Index int
}

func notFound(name string, cause error) Outcome {
	return Outcome{Reason: NotFound, Message: fmt.Sprintf("interface %s not found: %v", name, cause)}
}

// deleted takes nil where nothing but an event told of it.
func deleted(link Link, cause error) Outcome {
	message := fmt.Sprintf("interface %s deleted", link.Name)
	if cause != nil {
		message += ": " + cause.Error()
	}
	return Outcome{Restart: true, Reason: Deleted, Message: message}
}

func recreated() Outcome {
	return Outcome{Restart: true, Reason: Recreated}
}

func renamed(link Link, name string) Outcome {
	return Outcome{Restart: true, Reason: Renamed, Message: fmt.Sprintf("interface %s renamed to %s", link.Name, name)}
}

func moved(link Link) Outcome {
	return Outcome{
		Restart: true, Reason: Moved, Message: fmt.Sprintf("interface %s moved to another namespace", link.Name),
	}
}

func stopped() Outcome {
	return Outcome{Reason: Stopped, Message: "wg interface monitor stopped: asked to stop"}
}

func closed() Outcome {
	return Outcome{Restart: true, Reason: Closed, Message: "link subscription channel closed unexpectedly"}
}

func subscribeFailed(cause error) Outcome {
	return Outcome{
		Restart: true, Reason: SubscribeFailed, Message: fmt.Sprintf("subscribe to link updates: %v", cause),
	}
}
