package watch

import (
	"errors"
	"strings"
	"testing"
	"time"

	"gowatch/internal/protocol"
)

// owner is a test's: it notes what it is told, and does what the test wants done at some moments.
type owner struct {
	words    chan protocol.Word
	onFound  func()
	onReady  func()
	limit    int
	polls    int
	events   int
	marks    int
	lost     uint64
	losses   int
	readied  bool
	foundNot bool
}

func newOwner() *owner { return &owner{words: make(chan protocol.Word, 8)} }

func (o *owner) Found(Link) bool {
	if o.onFound != nil {
		o.onFound()
	}
	return !o.foundNot
}

func (o *owner) Ready(Link) {
	o.readied = true
	if o.onReady != nil {
		o.onReady()
	}
}

func (o *owner) Polled() bool {
	o.polls++
	return o.polls != o.limit
}

func (o *owner) Received() { o.events++ }

func (o *owner) Lost(dropped uint64) {
	o.lost += dropped
	o.losses++
}

func (o *owner) Words() <-chan protocol.Word { return o.words }

func (o *owner) Hear(word protocol.Word) bool {
	if word == protocol.Mark {
		o.marks++
		return true
	}
	return false
}

var asked = Outcome{Reason: Stopped, Message: "wg interface monitor stopped: asked to stop"}

func TestRefusal(t *testing.T) {
	mobile := Outcome{Reason: Unsupported, Message: "not supported on mobile platforms"}
	for _, row := range []struct {
		what, name string
		host       Host
		want       Outcome
		refused    bool
	}{
		{"Linux", "wt0", Host{Platform: "linux"}, Outcome{}, false},
		{"Android", "wt0", Host{Platform: "android"}, mobile, true},
		{"iOS", "wt0", Host{Platform: "ios"}, mobile, true},
		{"Android before all else", "", Host{Platform: "android", Netstack: "true"}, mobile, true},
		{"netstack mode", "wt0", Host{Platform: "linux", Netstack: "true"}, Outcome{Reason: Netstack}, true},
		{"netstack mode before the name", "", Host{Netstack: "true"}, Outcome{Reason: Netstack}, true},
		{"netstack mode by another word", "wt0", Host{Platform: "linux", Netstack: "1"}, Outcome{}, false},
		{"no name", "", Host{Platform: "linux"}, Outcome{Reason: NoName, Message: "empty interface name"}, true},
	} {
		t.Run(row.what, func(t *testing.T) {
			if outcome, refused := refusal(row.name, row.host); outcome != row.want || refused != row.refused {
				t.Errorf("got %+v, %v; want %+v, %v", outcome, refused, row.want, row.refused)
			}
		})
	}
}

func TestANameThatIsNotThereIsNotFound(t *testing.T) {
	outcome := Monitor("go-poll", "no such one", 0, Host{}, newOwner())
	const beginning = "interface no such one not found: "
	if outcome.Reason != NotFound || outcome.Restart || !strings.HasPrefix(outcome.Message, beginning) {
		t.Errorf("got %+v", outcome)
	}
}

func TestMonitorRefuses(t *testing.T) {
	if outcome := Monitor("go-poll", "", 0, Host{}, newOwner()); outcome.Reason != NoName {
		t.Errorf("got %+v", outcome)
	}
}

func TestPollEnds(t *testing.T) {
	cause := errors.New("too many open files")
	for _, row := range []struct {
		what    string
		indices []int // 0: the look-up fails
		limit   int
		want    Outcome
		polls   int
	}{
		{"with a look-up that fails", []int{7, 7, 0}, 0,
			Outcome{Restart: true, Reason: Deleted, Message: "interface wt0 deleted: too many open files"}, 2},
		{"with another index", []int{7, 8}, 0, Outcome{Restart: true, Reason: Recreated}, 2},
		{"after its polls", []int{7, 7, 7}, 3, asked, 3},
		{"with another index in its last poll", []int{7, 8}, 2, Outcome{Restart: true, Reason: Recreated}, 2},
	} {
		for _, interval := range []time.Duration{0, time.Millisecond} {
			t.Run(row.what+", every "+interval.String(), func(t *testing.T) {
				told := newOwner()
				told.limit = row.limit
				next := 0
				look := func(string) (int, error) {
					index := row.indices[next]
					next++
					if index == 0 {
						return 0, cause
					}
					return index, nil
				}
				if outcome := poll(wt0, look, interval, told); outcome != row.want || told.polls != row.polls {
					t.Errorf("got %+v after %d polls; want %+v after %d", outcome, told.polls, row.want, row.polls)
				}
				if !told.readied {
					t.Error("it was never ready")
				}
			})
		}
	}
}

func TestPollHearsBetweenTwoLooks(t *testing.T) {
	for _, interval := range []time.Duration{0, time.Millisecond, time.Hour} {
		t.Run("every "+interval.String(), func(t *testing.T) {
			told := newOwner()
			told.onReady = func() {
				told.words <- protocol.Mark
				told.words <- protocol.Stop
			}
			same := func(string) (int, error) { return 7, nil }
			if outcome := poll(wt0, same, interval, told); outcome != asked || told.marks != 1 {
				t.Errorf("got %+v after %d marks", outcome, told.marks)
			}
		})
	}
}

func TestTheEndOfTheWordsEndsAWatch(t *testing.T) {
	told := newOwner()
	close(told.words)
	if outcome := poll(wt0, nil, time.Hour, told); outcome != asked {
		t.Errorf("got %+v", outcome)
	}
}

func TestWatchersOfThisPlatform(t *testing.T) {
	if err := Supported("go-poll"); err != nil {
		t.Error(err)
	}
	if Supported("poll") == nil {
		t.Error("a watcher that does not exist is supported")
	}
}
