package watch

import (
	"slices"
	"sync/atomic"
	"time"
)

// The watcher by NotifyIpInterfaceChange: the follow-up that the pull request names for Windows. Everything that
// decides is here, and runs on every platform against a test's interfaceTable; notify_windows.go only calls iphlpapi.
//
// A notification names an index and one of three kinds. It is a reason to look, and never an outcome, because
//
//   - it is about one address family: a removal may mean that IPv6 was unbound from an adapter that lives on;
//   - it has no name: a rename and a recreation are told by looking only;
//   - the adapter may still be listed while its removal is reported. So a removal that is not confirmed at once is
//     looked at again for a few seconds.
//
// Windows has no counterpart of a subscription that closes by itself: a registration lasts until it is cancelled.
//
// Not seen: an interface that is deleted and made again with the same index and name between a notification and the
// look, and a rename for which Windows sends no notification, until the next one. MIB_IPINTERFACE_ROW has no alias, and
// Microsoft's page on NotifyIpInterfaceChange promises nothing about one.

// changeKind is MIB_NOTIFICATION_TYPE of netioapi.h.
type changeKind uint32

const (
	parameterChanged changeKind = 0
	interfaceAdded   changeKind = 1
	interfaceRemoved changeKind = 2
)

// change is what one notification says.
type change struct {
	kind  changeKind
	index int
}

const (
	changesPending = 256 // some hundred adapters of two families
	firstDoubt     = 50 * time.Millisecond
	lastDoubt      = 3200 * time.Millisecond // doubled from the first: seven looks in 6.4 s
)

// interfaceTable is iphlpapi, or a test's.
type interfaceTable interface {
	// subscribe has each change delivered, on threads of its own, until cancel returns. deliver never blocks.
	subscribe(deliver func(change)) (cancel func(), err error)
	// links lists all interfaces; an error when the question is not answered.
	links() ([]Link, error)
}

// mailbox carries changes from the threads of Windows to the watching goroutine.
type mailbox struct {
	changes chan change
	dropped atomic.Uint64
}

// deliver drops what the mailbox cannot hold: a callback that blocks would block its own cancellation for good.
func (m *mailbox) deliver(one change) {
	select {
	case m.changes <- one:
	default:
		m.dropped.Add(1)
	}
}

type notified struct {
	link  Link
	owner Owner
	table interfaceTable
	inbox mailbox
	again *time.Timer   // when to look once more
	doubt time.Duration // the wait before that look; 0 without a doubt
}

// watchByNotification subscribes, looks once more, and looks again whenever a change may concern the link.
func watchByNotification(link Link, table interfaceTable, owner Owner) Outcome {
	n := &notified{
		link: link, owner: owner, table: table,
		inbox: mailbox{changes: make(chan change, changesPending)},
		again: time.NewTimer(time.Hour),
	}
	n.again.Stop()
	cancel, err := table.subscribe(n.inbox.deliver)
	if err != nil {
		return subscribeFailed(err)
	}
	defer cancel()
	// What happened before the registration stood is not notified. An answer that cannot be had is asked for again.
	if outcome, ended := n.look(); ended {
		return outcome
	}
	owner.Ready(link)
	return n.listen()
}

func (n *notified) listen() Outcome {
	for {
		var outcome Outcome
		var ended bool
		select {
		case one := <-n.inbox.changes:
			if n.drain(one) {
				outcome, ended = n.look()
			}
		case <-n.again.C:
			outcome, ended = n.look()
		case word := <-n.owner.Words():
			if !n.owner.Hear(word) {
				outcome, ended = stopped(), true
			}
		}
		if ended {
			return outcome
		}
	}
}

// drain takes what is pending, so that a burst is one look. It returns whether there is a reason to look.
func (n *notified) drain(one change) bool {
	asks := false
	for {
		n.owner.Received()
		asks = n.take(one) || asks
		select {
		case one = <-n.inbox.changes:
			continue
		default:
		}
		// Changes are dropped only while the mailbox is full, so each drop is followed by this line.
		if dropped := n.inbox.dropped.Swap(0); dropped > 0 {
			n.owner.Lost(dropped)
			n.doubt = firstDoubt // a removal may be among them
			asks = true
		}
		return asks
	}
}

// take returns whether one change is a reason to look: it is of our index, or of a new interface, which may have our
// name.
func (n *notified) take(one change) bool {
	ours := one.index == n.link.Index
	if ours && one.kind == interfaceRemoved {
		n.doubt = firstDoubt
	}
	return ours || one.kind == interfaceAdded
}

// look decides from the list of interfaces. Where the question was not answered, or it is doubtful that the link lives
// on, it has itself called again.
func (n *notified) look() (Outcome, bool) {
	links, err := n.table.links()
	if err != nil {
		n.again.Reset(retry)
		return Outcome{}, false
	}
	if outcome, ended := judge(n.link, linkNamed(links, n.link.Name), linkAt(links, n.link.Index)); ended {
		return outcome, true
	}
	if n.doubt == 0 {
		n.again.Stop()
		return Outcome{}, false
	}
	n.again.Reset(n.doubt)
	if n.doubt *= 2; n.doubt > lastDoubt {
		n.doubt = 0
	}
	return Outcome{}, false
}

func linkNamed(links []Link, name string) *Link {
	at := slices.IndexFunc(links, func(one Link) bool { return one.Name == name })
	if at < 0 {
		return nil
	}
	return &links[at]
}

func linkAt(links []Link, index int) *Link {
	at := slices.IndexFunc(links, func(one Link) bool { return one.Index == index })
	if at < 0 {
		return nil
	}
	return &links[at]
}
