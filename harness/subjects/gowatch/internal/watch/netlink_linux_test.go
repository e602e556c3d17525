package watch

import (
	"errors"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"gowatch/internal/protocol"
)

func update(kind uint16, index int32, name string) netlink.LinkUpdate {
	attributes := netlink.NewLinkAttrs()
	attributes.Name = name
	return netlink.LinkUpdate{
		IfInfomsg: nl.IfInfomsg{IfInfomsg: unix.IfInfomsg{Index: index}},
		Header:    unix.NlMsghdr{Type: kind},
		Link:      &netlink.Device{LinkAttrs: attributes},
	}
}

// given subscribes to updates that are there at once; the channel is closed after them.
func given(updates ...netlink.LinkUpdate) subscribe {
	return func(channel chan<- netlink.LinkUpdate, _ <-chan struct{}) error {
		for _, one := range updates {
			channel <- one
		}
		close(channel)
		return nil
	}
}

func found(index int) func(string) (int, error) {
	return func(string) (int, error) { return index, nil }
}

func TestListen(t *testing.T) {
	refused := func(chan<- netlink.LinkUpdate, <-chan struct{}) error { return unix.EMFILE }
	gone := func(string) (int, error) { return 0, errors.New("no such network interface") }
	unexpected := Outcome{Restart: true, Reason: Closed, Message: "link subscription channel closed unexpectedly"}
	for _, row := range []struct {
		what      string
		subscribe subscribe
		lookUp    func(string) (int, error)
		want      Outcome
		events    int
	}{
		{"the subscription is refused", refused, found(7),
			Outcome{true, SubscribeFailed, "subscribe to link updates: too many open files"}, 0},
		{"gone when looked at again", given(), gone,
			Outcome{true, Deleted, "interface wt0 deleted: no such network interface"}, 0},
		{"another when looked at again", given(), found(8), Outcome{true, Recreated, ""}, 0},
		{"the channel is closed", given(), found(7), unexpected, 0},
		{"others come and go first", given(
			update(unix.RTM_NEWLINK, 8, "veth"), update(unix.RTM_DELLINK, 8, "veth"),
			update(unix.RTM_NEWLINK, 7, "wt0"), update(unix.RTM_DELLINK, 7, "wt0"),
		), found(7), Outcome{true, Deleted, "interface wt0 deleted"}, 4},
		{"renamed", given(update(unix.RTM_NEWLINK, 7, "wt1")), found(7),
			Outcome{true, Renamed, "interface wt0 renamed to wt1"}, 1},
		{"recreated", given(update(unix.RTM_NEWLINK, 8, "wt0")), found(7), Outcome{true, Recreated, ""}, 1},
		{"a message of another kind", given(update(unix.RTM_NEWADDR, 7, "wt1")), found(7), unexpected, 1},
	} {
		t.Run(row.what, func(t *testing.T) {
			told := newOwner()
			if outcome := listen(wt0, row.subscribe, row.lookUp, told); outcome != row.want {
				t.Errorf("got %+v; want %+v", outcome, row.want)
			}
			if told.events != row.events {
				t.Errorf("got %d events; want %d", told.events, row.events)
			}
		})
	}
}

func TestListenEndsWhenAsked(t *testing.T) {
	told := newOwner()
	told.words <- protocol.Mark
	told.words <- protocol.Stop
	silent := func(chan<- netlink.LinkUpdate, <-chan struct{}) error { return nil }
	if outcome := listen(wt0, silent, found(7), told); outcome != asked || told.marks != 1 {
		t.Errorf("got %+v after %d marks", outcome, told.marks)
	}
}
