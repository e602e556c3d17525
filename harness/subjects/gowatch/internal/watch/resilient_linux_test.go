package watch

import (
	"encoding/binary"
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"gowatch/internal/protocol"
)

// attributeOf and datagram build what the kernel sends.
func attributeOf(kind uint16, payload string) []byte {
	data := binary.NativeEndian.AppendUint16(nil, uint16(unix.SizeofRtAttr+len(payload)))
	data = binary.NativeEndian.AppendUint16(data, kind)
	data = append(data, payload...)
	return append(data, make([]byte, aligned(len(data))-len(data))...)
}

func datagram(kind uint16, family byte, index int32, attributes ...[]byte) []byte {
	body := make([]byte, unix.SizeofIfInfomsg)
	body[0] = family
	binary.NativeEndian.PutUint32(body[4:], uint32(index))
	for _, attribute := range attributes {
		body = append(body, attribute...)
	}
	header := make([]byte, unix.SizeofNlMsghdr)
	binary.NativeEndian.PutUint32(header, uint32(len(header)+len(body)))
	binary.NativeEndian.PutUint16(header[4:], kind)
	return append(header, body...)
}

func named(kind uint16, index int32, name string) []byte {
	return datagram(kind, unix.AF_UNSPEC, index, attributeOf(unix.IFLA_MTU, "\x00\x00\x00\x00"),
		attributeOf(unix.IFLA_IFNAME, name+"\x00"))
}

func TestJudge(t *testing.T) {
	for _, row := range []struct {
		what            string
		byName, byIndex *Link
		want            Outcome
	}{
		{"as it was, by the second question", nil, &Link{"wt0", 7}, Outcome{}},
		{"gone", nil, nil, Outcome{true, Deleted, "interface wt0 deleted"}},
		{"renamed", nil, &Link{"wt1", 7}, Outcome{true, Renamed, "interface wt0 renamed to wt1"}},
		{"another has the name", &Link{"wt0", 8}, nil, Outcome{true, Recreated, ""}},
		{"another has the name, ours lives on", &Link{"wt0", 8}, &Link{"wt1", 7}, Outcome{true, Recreated, ""}},
		{"renamed, the name kept as an alternative", &Link{"wt1", 7}, &Link{"wt1", 7},
			Outcome{true, Renamed, "interface wt0 renamed to wt1"}},
		{"gone, the name an alternative of another", &Link{"eth0", 8}, nil,
			Outcome{true, Deleted, "interface wt0 deleted"}},
	} {
		t.Run(row.what, func(t *testing.T) {
			if outcome, ended := judge(wt0, row.byName, row.byIndex); outcome != row.want || ended != row.want.Restart {
				t.Errorf("got %+v, %v; want %+v", outcome, ended, row.want)
			}
		})
	}
}

// script is a kernel that is given as a list of what is received.
type script struct {
	received []any // a datagram, or an error
	dropped  uint64
	now      *Link // who has our name and index
	asks     int
	asked    int // how much was received when the state was last asked for
	at       int
	unsure   int // how many questions stay unanswered
	ready    chan struct{}
}

func (s *script) readable() <-chan struct{} { return s.ready }

func (s *script) awaitMore() {
	if s.at < len(s.received) {
		s.ready <- struct{}{}
	}
}

func (s *script) receive() ([]byte, error) {
	if s.at == len(s.received) {
		return nil, unix.EAGAIN
	}
	next := s.received[s.at]
	s.at++
	if err, failed := next.(error); failed {
		return nil, err
	}
	return next.([]byte), nil
}

func (s *script) losses() (uint64, error) {
	dropped := s.dropped
	s.dropped = 0
	return dropped, nil
}

func (s *script) byName(string) (*Link, error) {
	s.asks++
	s.asked = s.at
	if s.unsure > 0 {
		s.unsure--
		return nil, unix.EMFILE
	}
	return s.now, nil
}

func (s *script) byIndex(int) (*Link, error) { return s.now, nil }

func played(kernel *script, told *owner) Outcome {
	kernel.ready = make(chan struct{}, 1)
	return (&resilient{link: wt0, owner: told, socket: kernel}).watch()
}

func TestResilientReadsOnAfterAnOverrun(t *testing.T) {
	there := wt0
	kernel := &script{now: &there, dropped: 12, received: []any{
		unix.ENOBUFS,
		named(unix.RTM_NEWLINK, 8, "veth"),
		unix.EINTR,
		named(unix.RTM_NEWLINK, 7, "wt1"), // undone since, so only this witness knows
	}}
	told := newOwner()
	outcome := played(kernel, told)
	if want := (Outcome{true, Renamed, "interface wt0 renamed to wt1"}); outcome != want {
		t.Errorf("got %+v; want %+v", outcome, want)
	}
	if told.lost != 12 || told.losses != 1 {
		t.Errorf("told of %d dropped in %d lines", told.lost, told.losses)
	}
}

// gone says that the link has vanished after the first question.
type gone struct{ *script }

func (g gone) byName(name string) (*Link, error) {
	if g.asks > 0 {
		g.now = nil
	}
	return g.script.byName(name)
}

func TestResilientAsksOnceTheQueueIsEmpty(t *testing.T) {
	there := wt0
	kernel := &script{now: &there, dropped: 3, ready: make(chan struct{}, 1), received: []any{
		unix.ENOBUFS, named(unix.RTM_NEWLINK, 8, "veth"), named(unix.RTM_NEWLINK, 9, "veth"),
	}}
	told := newOwner()
	outcome := (&resilient{link: wt0, owner: told, socket: gone{kernel}}).watch()
	if want := (Outcome{true, Deleted, "interface wt0 deleted"}); outcome != want {
		t.Errorf("got %+v; want %+v", outcome, want)
	}
	if kernel.asks != 2 || kernel.asked != len(kernel.received) || told.events != 2 {
		t.Errorf("asked %d times, at last after %d; %d events", kernel.asks, kernel.asked, told.events)
	}
}

func TestResilientSeesALossWhoseErrorWasEaten(t *testing.T) {
	there := wt0
	kernel := &script{now: &there, dropped: 1, ready: make(chan struct{}, 1), received: []any{
		named(unix.RTM_NEWLINK, 8, "veth"),
	}}
	told := newOwner()
	if outcome := (&resilient{link: wt0, owner: told, socket: gone{kernel}}).watch(); outcome.Reason != Deleted {
		t.Errorf("got %+v", outcome)
	}
	if told.lost != 1 {
		t.Errorf("told of %d dropped", told.lost)
	}
}

func TestResilientAsksAgainWhereTheKernelDoesNotAnswer(t *testing.T) {
	there := wt0
	kernel := &script{now: &there, unsure: 1, received: []any{errors.New("the socket is gone")}}
	told := newOwner()
	if outcome := played(kernel, told); outcome.Reason != Closed || !outcome.Restart {
		t.Errorf("got %+v", outcome)
	}
	if kernel.asks != 2 {
		t.Errorf("asked %d times", kernel.asks)
	}
}

func TestResilientEndsWhenAsked(t *testing.T) {
	there := wt0
	told := newOwner()
	told.words <- protocol.Mark
	told.words <- protocol.Stop
	if outcome := played(&script{now: &there}, told); outcome != asked || told.marks != 1 {
		t.Errorf("got %+v after %d marks", outcome, told.marks)
	}
}

func TestMessages(t *testing.T) {
	moved := datagram(unix.RTM_DELLINK, unix.AF_UNSPEC, 7, attributeOf(unix.IFLA_IFNAME, "wt0\x00"),
		attributeOf(iflaNewNetnsid, "\x01\x00\x00\x00"))
	for _, row := range []struct {
		what     string
		data     []byte
		want     Event
		concerns bool
	}{
		{"our index", named(unix.RTM_NEWLINK, 7, "wt1"), Event{Kind: NewLink, Index: 7, Name: "wt1"}, true},
		{"our name", named(unix.RTM_NEWLINK, 8, "wt0"), Event{Kind: NewLink, Index: 8, Name: "wt0"}, true},
		{"neither", named(unix.RTM_NEWLINK, 8, "wt00"), Event{Kind: NewLink, Index: 8, Name: "wt00"}, false},
		{"moved", moved, Event{Kind: DelLink, Index: 7, Name: "wt0", Moved: true}, true},
		{"of a bridge", datagram(unix.RTM_DELLINK, unix.AF_BRIDGE, 7),
			Event{Kind: DelLink, Index: 7, Family: unix.AF_BRIDGE}, true},
		{"with an attribute that is cut off", append(datagram(unix.RTM_NEWLINK, 0, 7), 9, 0),
			Event{Kind: NewLink, Index: 7}, true},
		{"of another kind", named(unix.RTM_NEWADDR, 7, "wt0"), Event{}, false},
		{"too short for a link", datagram(unix.RTM_NEWLINK, 0, 7)[:unix.SizeofNlMsghdr], Event{}, false},
	} {
		t.Run(row.what, func(t *testing.T) {
			if len(row.data) == unix.SizeofNlMsghdr {
				binary.NativeEndian.PutUint32(row.data, uint32(len(row.data)))
			}
			first, _, ok := nextMessage(row.data)
			if !ok || first.event() != row.want || first.concerns(wt0) != row.concerns {
				t.Errorf("got %+v, %v, %v; want %+v", first.event(), first.concerns(wt0), ok, row.want)
			}
		})
	}
}

func TestADatagramOfSeveralMessages(t *testing.T) {
	data := append(named(unix.RTM_NEWLINK, 8, "a"), named(unix.RTM_DELLINK, 7, "wt0")...)
	_, rest, _ := nextMessage(data)
	second, rest, ok := nextMessage(rest)
	if !ok || second.index != 7 || len(rest) != 0 {
		t.Errorf("got %+v, %v, and %d bytes more", second, ok, len(rest))
	}
}

func FuzzMessages(f *testing.F) {
	f.Add(named(unix.RTM_NEWLINK, 7, "wt0"))
	f.Add(named(unix.RTM_DELLINK, 7, "wt0")[:40])
	f.Fuzz(func(_ *testing.T, data []byte) {
		for {
			first, rest, ok := nextMessage(data)
			if !ok {
				return
			}
			first.concerns(wt0)
			first.event()
			data = rest
		}
	})
}

func TestForeignEventsAllocateNothing(t *testing.T) {
	data := named(unix.RTM_NEWLINK, 8, "veth12345678901")
	watcher := &resilient{link: wt0, owner: newOwner()}
	if allocations := testing.AllocsPerRun(100, func() { watcher.take(data) }); allocations != 0 {
		t.Errorf("%v allocations an event", allocations)
	}
}
