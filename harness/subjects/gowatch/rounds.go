package main

import (
	"gowatch/internal/protocol"
	"gowatch/internal/watch"
)

// round is one of many watches in one process, so that hundreds of events need no restart. It is the watcher's owner.
//
// The word "again" begins a round; "hold" begins one that waits, after the name was resolved and before anything is
// watched, for "go". Any other word while a round lasts ends it, and then has its own meaning. The end of the input
// ends the process.
type round struct {
	words   <-chan protocol.Word
	speaker *protocol.Speaker
	held    bool
	ending  protocol.Word // the word that ended it
	ended   bool
	polls   uint64
	events  uint64
	failure error
}

func runRounds(arguments arguments, host watch.Host, words <-chan protocol.Word, speaker *protocol.Speaker) error {
	word := <-words
	for word != protocol.End {
		if word != protocol.Again && word != protocol.Hold {
			word = <-words
			continue
		}
		told := &round{words: words, speaker: speaker, held: word == protocol.Hold}
		if err := told.run(arguments, host); err != nil {
			return err
		}
		if word = told.ending; !told.ended {
			word = <-words
		}
	}
	return nil
}

func (r *round) run(arguments arguments, host watch.Host) error {
	outcome := watch.Monitor(arguments.watcher, arguments.ifname, arguments.interval, host, r)
	ended := protocol.Now()
	r.note(r.speaker.Work(ended, r.polls, r.events, protocol.Count{}, protocol.Count{}))
	r.note(r.speaker.Dumps(ended, watch.LookUps()))
	r.note(r.speaker.Outcome(ended, outcome.Restart, string(outcome.Reason), outcome.Message))
	return r.failure
}

func (r *round) Words() <-chan protocol.Word { return r.words }

func (r *round) Hear(word protocol.Word) bool {
	r.ending, r.ended = word, true
	return false
}

func (r *round) Found(link watch.Link) bool {
	if !r.held {
		return true
	}
	r.note(r.speaker.Link("found", link.Name, link.Index))
	return <-r.words == protocol.Go
}

func (r *round) Ready(link watch.Link) { r.note(r.speaker.Link("ready", link.Name, link.Index)) }

func (r *round) Polled() bool {
	r.polls++
	return r.failure == nil
}

func (r *round) Received() { r.events++ }

func (r *round) Lost(dropped uint64) { r.note(r.speaker.Lost(dropped)) }

func (r *round) note(err error) {
	if r.failure == nil {
		r.failure = err
	}
}
