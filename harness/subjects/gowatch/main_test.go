package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"gowatch/internal/meter"
	"gowatch/internal/protocol"
	"gowatch/internal/watch"
)

func TestArguments(t *testing.T) {
	defaults := arguments{watcher: "go-poll", ifname: "wt0", interval: 2 * time.Second}
	changed := func(change func(*arguments)) arguments {
		copied := defaults
		change(&copied)
		return copied
	}
	for given, want := range map[string]arguments{
		"go-poll":                    defaults,
		"go-poll --ifname lo":        changed(func(a *arguments) { a.ifname = "lo" }),
		"--ifname lo go-poll":        changed(func(a *arguments) { a.ifname = "lo" }),
		"--ifname=lo go-poll":        changed(func(a *arguments) { a.ifname = "lo" }),
		"go-poll --interval 0":       changed(func(a *arguments) { a.interval = 0 }),
		"go-poll --interval 0.25":    changed(func(a *arguments) { a.interval = 250 * time.Millisecond }),
		"go-poll --interval 1e-12":   changed(func(a *arguments) { a.interval = 1 }),
		"go-poll --interval 1e300":   changed(func(a *arguments) { a.interval = 1<<63 - 1 }),
		"go-poll --interval +Inf":    changed(func(a *arguments) { a.interval = 1<<63 - 1 }),
		"go-poll --polls 9":          changed(func(a *arguments) { a.polls = 9 }),
		"go-poll --profiles d":       changed(func(a *arguments) { a.profiles = "d" }),
		"go-poll --profile-rate 1":   changed(func(a *arguments) { a.profileRate = 1 }),
		"--rounds go-poll --polls 1": changed(func(a *arguments) { a.rounds, a.polls = true, 1 }),
	} {
		parsed, err := parse(strings.Fields(given), io.Discard)
		if err != nil || parsed != want {
			t.Errorf("%s: got %+v (%v); want %+v", given, parsed, err, want)
		}
	}
}

func TestArgumentsThatMakeNoSense(t *testing.T) {
	for _, given := range []string{
		"", "poll", "go-poll go-poll", "go-poll --interval -1", "go-poll --interval NaN", "go-poll --interval x",
		"go-poll --polls -1", "go-poll --dance", "go-poll --profile-rate -1",
	} {
		if parsed, err := parse(strings.Fields(given), io.Discard); err == nil {
			t.Errorf("%q: got %+v", given, parsed)
		}
	}
}

// loopback gives the name of an interface that is everywhere, by whatever name.
func loopback(t *testing.T) string {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil || len(all) == 0 {
		t.Skip("no interface to watch:", err)
	}
	return all[0].Name
}

// ears hear what is said, line by line.
type ears struct {
	lines []map[string]any
	heard chan string // the events
}

func newEars() *ears { return &ears{heard: make(chan string, 64)} }

func (e *ears) Write(data []byte) (int, error) {
	var line map[string]any
	if err := json.Unmarshal(data, &line); err != nil {
		return 0, err
	}
	e.lines = append(e.lines, line)
	event, _ := line["event"].(string)
	e.heard <- event
	return len(data), nil
}

// await passes over what comes before the event.
func (e *ears) await(event string) {
	for heard := range e.heard {
		if heard == event {
			return
		}
	}
}

func (e *ears) events() string {
	var names []string
	for _, line := range e.lines {
		names = append(names, fmt.Sprint(line["event"]))
	}
	return strings.Join(names, " ")
}

func newSession(t *testing.T, words <-chan protocol.Word, out io.Writer, limit uint64) *session {
	t.Helper()
	counter, err := meter.New("")
	if err != nil {
		t.Fatal(err)
	}
	return &session{words: words, speaker: protocol.NewSpeaker(out), meter: counter, limit: limit}
}

func TestSession(t *testing.T) {
	for _, row := range []struct {
		what string
		said []protocol.Word
		want string
	}{
		{"it is told to stop", []protocol.Word{protocol.Stop}, "ready work outcome"},
		{"its input ends", nil, "ready work outcome"},
		{"marks before it stops", []protocol.Word{protocol.Mark, protocol.Unknown, protocol.Mark, protocol.Stop},
			"ready work work work outcome"},
		{"words of rounds", []protocol.Word{protocol.Again, protocol.Hold, protocol.Go, protocol.Stop}, "ready work outcome"},
	} {
		t.Run(row.what, func(t *testing.T) {
			out, words := newEars(), make(chan protocol.Word)
			go func() {
				defer close(words)
				out.await("ready")
				for _, word := range row.said {
					words <- word
				}
			}()
			given := arguments{watcher: "go-poll", ifname: loopback(t), interval: time.Hour}
			if err := newSession(t, words, out, 0).run(given, watch.Host{}); err != nil {
				t.Fatal(err)
			}
			last := out.lines[len(out.lines)-1]
			if out.events() != row.want || last["reason"] != "stopped" || last["restart"] != false {
				t.Errorf("got %s: %v", out.events(), last)
			}
		})
	}
}

func TestASessionOfABoundedNumberOfPollsStaysUntilToldToStop(t *testing.T) {
	out, words := newEars(), make(chan protocol.Word)
	go func() {
		out.await("work") // the polls are over
		words <- protocol.Mark
		out.await("work")
		words <- protocol.Stop
	}()
	given := arguments{watcher: "go-poll", ifname: loopback(t)}
	if err := newSession(t, words, out, 3).run(given, watch.Host{}); err != nil {
		t.Fatal(err)
	}
	if got := out.events(); got != "ready work work outcome" || out.lines[2]["polls"] != 3.0 {
		t.Errorf("got %s: %v", got, out.lines)
	}
}

type deaf struct{}

func (deaf) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestASessionToWhichNobodyListensEnds(t *testing.T) {
	given := arguments{watcher: "go-poll", ifname: loopback(t)}
	if err := newSession(t, make(chan protocol.Word), deaf{}, 0).run(given, watch.Host{}); err == nil {
		t.Error("no error")
	}
}

func TestRounds(t *testing.T) {
	const ended = "ready work dumps outcome"
	for said, want := range map[string]string{
		"again stop again stop":           ended + " " + ended,
		"stop dance mark":                 "",
		"again":                           ended,
		"again again stop":                ended + " " + ended,
		"hold go stop":                    "found " + ended,
		"hold stop again stop":            "found work dumps outcome " + ended,
		"hold":                            "found work dumps outcome",
		"hold go hold go mark again stop": "found " + ended + " found " + ended + " " + ended,
	} {
		t.Run(said, func(t *testing.T) {
			out, words := newEars(), make(chan protocol.Word)
			go speak(words, out, strings.Fields(said))
			given := arguments{watcher: "go-poll", ifname: loopback(t), interval: time.Hour}
			if err := runRounds(given, watch.Host{}, words, protocol.NewSpeaker(out)); err != nil {
				t.Fatal(err)
			}
			if out.events() != want {
				t.Errorf("got %s; want %s", out.events(), want)
			}
		})
	}
}

// speak says each word when what the one before began is ready for it.
func speak(words chan<- protocol.Word, out *ears, said []string) {
	defer close(words)
	meanings := map[string]protocol.Word{
		"mark": protocol.Mark, "stop": protocol.Stop, "again": protocol.Again, "hold": protocol.Hold, "go": protocol.Go, "dance": protocol.Unknown,
	}
	answers := map[string]string{"again": "ready", "hold": "found", "go": "ready"}
	for _, word := range said {
		words <- meanings[word]
		if answer, waits := answers[word]; waits {
			out.await(answer)
		}
	}
}
