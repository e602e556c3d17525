package watch

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"gowatch/internal/protocol"
)

// adapters is a test's interfaceTable: what it lists is changed while it is watched.
type adapters struct {
	listed    []Link
	refusal   error // of the registration
	unlisted  error // instead of a list
	deliver   func(change)
	looks     int
	cancelled bool
}

func (a *adapters) subscribe(deliver func(change)) (func(), error) {
	a.deliver = deliver
	return func() { a.cancelled = true }, a.refusal
}

func (a *adapters) links() ([]Link, error) {
	a.looks++
	return a.listed, a.unlisted
}

var (
	lo           = Link{Name: "Loopback Pseudo-Interface 1", Index: 1}
	wasDeleted   = Outcome{Restart: true, Reason: Deleted, Message: "interface wt0 deleted"}
	wasRecreated = Outcome{Restart: true, Reason: Recreated}
	wasRenamed   = Outcome{Restart: true, Reason: Renamed, Message: "interface wt0 renamed to wt1"}
)

// watched runs the watcher in a bubble of its own time, in which every step follows when all is quiet.
func watched(t *testing.T, table *adapters, steps ...func(*owner)) (outcome Outcome, told *owner, took time.Duration) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		told = newOwner()
		began, ended := time.Now(), make(chan Outcome, 1)
		go func() {
			outcome := watchByNotification(wt0, table, told)
			took = time.Since(began)
			ended <- outcome
		}()
		for _, step := range steps {
			synctest.Wait()
			step(told)
		}
		outcome = <-ended
	})
	return outcome, told, took
}

func stop(told *owner) { told.words <- protocol.Stop }

func TestNotificationsAreReasonsToLook(t *testing.T) {
	for _, row := range []struct {
		what   string
		change change
		after  []Link
		want   Outcome
		looks  int // the first one and, where a change is a reason, another
	}{
		{"our index is removed", change{interfaceRemoved, 7}, []Link{lo}, wasDeleted, 2},
		{"our name has another index", change{interfaceAdded, 9}, []Link{lo, {"wt0", 9}}, wasRecreated, 2},
		{"our name has another index, and ours another name", change{interfaceAdded, 9},
			[]Link{{"wt0", 9}, {"wt1", 7}}, wasRecreated, 2},
		{"our index has another name", change{parameterChanged, 7}, []Link{lo, {"wt1", 7}}, wasRenamed, 2},
		{"something of us changes", change{parameterChanged, 7}, []Link{lo, wt0}, asked, 2},
		{"another is added", change{interfaceAdded, 9}, []Link{lo, wt0, {"veth", 9}}, asked, 2},
		{"something of another changes", change{parameterChanged, 9}, []Link{lo, wt0}, asked, 1},
		{"another is removed", change{interfaceRemoved, 9}, []Link{lo, wt0}, asked, 1},
	} {
		t.Run(row.what, func(t *testing.T) {
			table := &adapters{listed: []Link{lo, wt0}}
			happen := func(told *owner) {
				table.listed = row.after
				table.deliver(row.change)
				synctest.Wait()
				told.words <- protocol.Stop
			}
			outcome, told, _ := watched(t, table, happen)
			if outcome != row.want || table.looks != row.looks || told.events != 1 || !told.readied || !table.cancelled {
				t.Errorf("got %+v after %d looks and %d events", outcome, table.looks, told.events)
			}
		})
	}
}

func TestWhatHappenedBeforeTheRegistrationIsSeen(t *testing.T) {
	for what, row := range map[string]struct {
		listed []Link
		want   Outcome
	}{"gone": {[]Link{lo}, wasDeleted}, "recreated": {[]Link{{"wt0", 9}}, wasRecreated}, "renamed": {[]Link{{"wt1", 7}}, wasRenamed}} {
		table := &adapters{listed: row.listed}
		if outcome, told, _ := watched(t, table); outcome != row.want || told.readied || !table.cancelled {
			t.Errorf("%s: got %+v", what, outcome)
		}
	}
}

func TestARefusedRegistrationRestarts(t *testing.T) {
	want := Outcome{Restart: true, Reason: SubscribeFailed, Message: "subscribe to link updates: no memory"}
	if outcome, _, _ := watched(t, &adapters{refusal: errors.New("no memory")}); outcome != want {
		t.Errorf("got %+v", outcome)
	}
}

// The adapter is still listed while its removal is reported, and gone a second later without another notification.
func TestARemovalThatTheListShowsLaterIsSeen(t *testing.T) {
	table := &adapters{listed: []Link{lo, wt0}}
	outcome, _, took := watched(t, table,
		func(*owner) { table.deliver(change{interfaceRemoved, 7}) },
		func(*owner) { time.Sleep(time.Second); table.listed = []Link{lo} })
	if outcome != wasDeleted || took < time.Second || took > 2*time.Second {
		t.Errorf("got %+v after %v", outcome, took)
	}
}

// An adapter from which one family is unbound lives on, and costs no look once the doubt is over.
func TestARemovalOfOneFamilyEndsNothing(t *testing.T) {
	table := &adapters{listed: []Link{lo, wt0}}
	outcome, _, _ := watched(t, table,
		func(*owner) { table.deliver(change{interfaceRemoved, 7}) },
		func(told *owner) { time.Sleep(time.Hour); stop(told) })
	if outcome != asked || table.looks != 2+7 {
		t.Errorf("got %+v after %d looks", outcome, table.looks)
	}
}

func TestAQuestionThatIsNotAnsweredIsNoDeletion(t *testing.T) {
	table := &adapters{listed: []Link{lo, wt0}}
	outcome, _, took := watched(t, table,
		func(*owner) { table.unlisted = errors.New("no memory"); table.deliver(change{parameterChanged, 7}) },
		func(*owner) { time.Sleep(retry / 2); table.unlisted, table.listed = nil, []Link{lo} })
	if outcome != wasDeleted || took != retry {
		t.Errorf("got %+v after %v", outcome, took)
	}
}

func TestABurstIsOneLookAndAnOverrunEndsNothing(t *testing.T) {
	for _, row := range []struct {
		changes int
		lost    uint64
		looks   int
	}{{changesPending, 0, 1}, {changesPending + 44, 44, 2 + 7}} {
		table := &adapters{listed: []Link{lo, wt0}}
		busy := newOwner()
		synctest.Test(t, func(*testing.T) {
			busy.words = make(chan protocol.Word, 8)
			busy.onReady = func() { // the watching goroutine is elsewhere while they come
				for range row.changes {
					table.deliver(change{parameterChanged, 9})
				}
			}
			go func() {
				time.Sleep(time.Hour)
				stop(busy)
			}()
			if outcome := watchByNotification(wt0, table, busy); outcome != asked {
				t.Errorf("got %+v", outcome)
			}
		})
		if busy.events != changesPending || busy.lost != row.lost || table.looks != row.looks {
			t.Errorf("%d events, %d lost, %d looks", busy.events, busy.lost, table.looks)
		}
	}
}

func TestAMarkIsHeardWhileNothingHappens(t *testing.T) {
	outcome, told, _ := watched(t, &adapters{listed: []Link{wt0}},
		func(told *owner) { told.words <- protocol.Mark }, stop)
	if outcome != asked || told.marks != 1 {
		t.Errorf("got %+v after %d marks", outcome, told.marks)
	}
}
