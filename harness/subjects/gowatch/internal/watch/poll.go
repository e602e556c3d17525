package watch

import "time"

// retry is the wait before a question that the kernel did not answer is asked again.
const retry = time.Second

// poll looks the name up at every tick, first after one interval, until it is another's or gone. Whatever keeps the
// look-up from succeeding, a lack of descriptors included, reads as a deletion: that is the behaviour under study.
func poll(link Link, lookUp func(string) (int, error), interval time.Duration, owner Owner) Outcome {
	next := heed
	if interval > 0 {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		next = func(owner Owner) bool { return tick(ticker.C, owner) }
	}
	owner.Ready(link)
	for next(owner) {
		index, err := lookUp(link.Name)
		if err != nil {
			return deleted(link, err)
		}
		goOn := owner.Polled()
		if index != link.Index {
			return recreated()
		}
		if !goOn {
			break
		}
	}
	return stopped()
}

// tick waits for the next look; false when a word ends the watch before.
func tick(ticks <-chan time.Time, owner Owner) bool {
	for {
		select {
		case <-ticks:
			return true
		case word := <-owner.Words():
			if !owner.Hear(word) {
				return false
			}
		}
	}
}
