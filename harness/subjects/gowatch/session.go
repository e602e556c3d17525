package main

import (
	"fmt"
	"time"

	"gowatch/internal/meter"
	"gowatch/internal/watch"
	"gowatch/internal/wire"
)

// tellEvery is the least time between two counts that ride on the watcher's own wake-ups.
const tellEvery = time.Second

// session is one watch, and what is told of it. It is the watcher's owner.
type session struct {
	words   <-chan wire.Word
	speaker *wire.Speaker
	meter   *meter.Meter
	limit   uint64 // of polls; 0 for none
	polls   uint64
	events  uint64
	told    time.Time
	failure error // the first one; it ends the watch
}

// run watches to the end. After a bounded number of polls the process stays alive, idle, until it is told to stop.
func (s *session) run(arguments arguments, host watch.Host) error {
	s.told = time.Now()
	outcome := watch.Monitor(arguments.watcher, arguments.ifname, arguments.interval, host, s)
	ended := wire.Now()
	s.tellExactly(ended)
	if s.limit > 0 && s.polls == s.limit {
		s.idle()
		ended = wire.Now()
	}
	if s.failure != nil {
		return s.failure
	}
	return s.speaker.Outcome(ended, outcome.Restart, string(outcome.Reason), outcome.Message)
}

func (s *session) idle() {
	for s.failure == nil && s.Hear(<-s.words) {
		continue
	}
}

func (s *session) Words() <-chan wire.Word { return s.words }

func (s *session) Hear(word wire.Word) bool {
	if word == wire.Mark {
		s.tellExactly(wire.Now())
	}
	return word != wire.Stop && word != wire.End && s.failure == nil
}

func (s *session) Found(watch.Link) bool { return true }

func (s *session) Ready(link watch.Link) {
	s.note(s.speaker.Link("ready", link.Name, link.Index))
}

func (s *session) Polled() bool {
	s.polls++
	if s.polls == s.limit {
		return false
	}
	s.tellSometimes()
	return s.failure == nil
}

func (s *session) Received() {
	s.events++
	s.tellSometimes()
}

func (s *session) Lost(dropped uint64) { s.note(s.speaker.Lost(dropped)) }

// tellExactly counts what was done until now. It is told as of atNs, when the watcher was interrupted.
func (s *session) tellExactly(atNs int64) {
	bytes, objects, err := s.meter.Mark()
	s.note(err)
	s.note(s.speaker.Work(atNs, s.polls, s.events, known(bytes), known(objects)))
}

// tellSometimes leaves the allocations unknown: an exact count stops the world, and no other is monotone evidence.
func (s *session) tellSometimes() {
	if now := time.Now(); now.Sub(s.told) >= tellEvery {
		s.told = now
		s.note(s.speaker.Work(wire.Now(), s.polls, s.events, wire.Count{}, wire.Count{}))
	}
}

func (s *session) note(err error) {
	if s.failure == nil && err != nil {
		s.failure = fmt.Errorf("after %d polls and %d events: %w", s.polls, s.events, err)
	}
}

func known(value uint64) wire.Count { return wire.Count{Value: value, Known: true} }
