package watch

import (
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const updatesPending = 32 // netbird's own number

var subscriptions = map[string]watcher{
	"go-netlink": func(link Link, _ time.Duration, owner Owner) Outcome {
		return listen(link, netlink.LinkSubscribe, lookUp, owner)
	},
	"go-netlink-resilient": func(link Link, _ time.Duration, owner Owner) Outcome {
		return watchResiliently(link, owner)
	},
}

// subscribe is netlink.LinkSubscribe, or a test's.
type subscribe func(updates chan<- netlink.LinkUpdate, done <-chan struct{}) error

// listen subscribes, looks once more, and waits for events. It is netbird's watcher after pull request 5857.
//
// The library receives and decodes on a goroutine of its own, every event of the namespace. It closes the channel at
// the first error of the socket, ENOBUFS included, so an overrun ends the watch. Where more events are pending than
// the channel holds when the watch ends, that goroutine stays blocked for good; netbird's does as well.
func listen(link Link, subscribe subscribe, lookUp func(string) (int, error), owner Owner) Outcome {
	done := make(chan struct{})
	defer close(done)
	updates := make(chan netlink.LinkUpdate, updatesPending)
	if err := subscribe(updates, done); err != nil {
		return subscribeFailed(err)
	}
	// What happened before the subscription stood sent no event to it.
	index, err := lookUp(link.Name)
	if err != nil {
		return deleted(link, err)
	}
	if index != link.Index {
		return recreated()
	}
	owner.Ready(link)
	for {
		select {
		case update, ok := <-updates:
			if !ok {
				return closed()
			}
			owner.Received()
			if outcome, ended := classify(link, eventOf(update)); ended {
				return outcome
			}
		case word := <-owner.Words():
			if !owner.Hear(word) {
				return stopped()
			}
		}
	}
}

func eventOf(update netlink.LinkUpdate) Event {
	event := Event{Kind: kindOf(update.Header.Type), Index: int(update.Index), Family: update.Family}
	if update.Link != nil && update.Attrs() != nil {
		event.Name = update.Attrs().Name
	}
	return event
}

func kindOf(message uint16) Kind {
	switch message {
	case unix.RTM_NEWLINK:
		return NewLink
	case unix.RTM_DELLINK:
		return DelLink
	}
	return Other
}
