package main

import (
	"fmt"
	"time"

	"gowatch/internal/meter"
	"gowatch/internal/protocol"
	"gowatch/internal/watch"
)

// tellEvery is the least time between two counts that ride on the watcher's own wake-ups.
const tellEvery = time.Second

// session is one watch, and what is told of it. It is the watcher's owner.
type session struct {
	words   <-chan protocol.Word
	speaker *protocol.Speaker
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
	ended := protocol.Now()
	s.tellExactly(ended)
	if s.limit > 0 && s.polls == s.limit {
		s.idle()
		ended = protocol.Now()
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

func (s *session) Words() <-chan protocol.Word { return s.words }

func (s *session) Hear(word protocol.Word) bool {
	if word == protocol.Mark {
		s.tellExactly(protocol.Now())
	}
	return word != protocol.Stop && word != protocol.End && s.failure == nil
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
		s.note(s.speaker.Work(protocol.Now(), s.polls, s.events, protocol.Count{}, protocol.Count{}))
	}
}

func (s *session) note(err error) {
	if s.failure == nil && err != nil {
		s.failure = fmt.Errorf("after %d polls and %d events: %w", s.polls, s.events, err)
	}
}

func known(value uint64) protocol.Count { return protocol.Count{Value: value, Known: true} }
