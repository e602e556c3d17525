package watch

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// watchResiliently is the fix as it could be sent upstream: events of the whole namespace, as before, but
//
//   - an overrun is news, not an end: it reads on until the queue is empty, and only then asks for the state. The
//     kernel drops until the queue is empty, so whoever asks first loses what was dropped in between, and whoever
//     throws the queue away and subscribes anew loses the only witnesses of what was undone since;
//   - what the kernel dropped is counted and told;
//   - other families are left alone, and a move is told from a deletion;
//   - an event of another link is read where it was received, and allocates nothing;
//   - a want of descriptors or memory passes: it tries again, a second apart.
//
// The library's LinkSubscribe cannot do the first: it ends at the first error, and its Receive has no form that returns
// when the queue is empty. So the subscription is a socket of our own; the library still answers the questions.
//
// Not seen after an overrun whose events are gone: a deletion and recreation with the same index and name.
func watchResiliently(link Link, owner Owner) Outcome {
	for {
		socket, err := openLinkSocket()
		if err == nil {
			defer socket.close()
			return (&resilient{link: link, owner: owner, socket: socket}).watch()
		}
		if !isWant(err) {
			return subscribeFailed(err)
		}
		if !pause(owner) {
			return stopped()
		}
	}
}

func isWant(err error) bool {
	for _, want := range []error{unix.EMFILE, unix.ENFILE, unix.ENOMEM, unix.ENOBUFS} {
		if errors.Is(err, want) {
			return true
		}
	}
	return false
}

// pause waits before the next try; false when a word ends the watch before.
func pause(owner Owner) bool {
	timer := time.NewTimer(retry)
	defer timer.Stop()
	return tick(timer.C, owner)
}

// kernel is where events come from and who answers questions: a socket, or a test.
type kernel interface {
	// readable gives a word when there is something to receive, once for each call of awaitMore.
	readable() <-chan struct{}
	// awaitMore asks for that word; not to be called again before it was given.
	awaitMore()
	// receive gives the next datagram, valid until the next call; EAGAIN when there is none, ENOBUFS when some were
	// dropped.
	receive() ([]byte, error)
	// losses counts the events that the kernel dropped since this was last called.
	losses() (uint64, error)
	// byName and byIndex ask for a link; nil for none, an error when the kernel does not answer the question.
	byName(name string) (*Link, error)
	byIndex(index int) (*Link, error)
}

type resilient struct {
	link   Link
	owner  Owner
	socket kernel
	lost   bool // since the state was last asked for
}

// watch ends with an outcome and leaves no drop untold.
func (r *resilient) watch() Outcome {
	outcome, ended := r.firstLook()
	if !ended {
		outcome = r.listen()
	}
	r.overran()
	return outcome
}

// firstLook asks until the kernel answers: what happened before the subscription stood sent no event to it.
func (r *resilient) firstLook() (Outcome, bool) {
	for {
		outcome, ended, err := r.look()
		if err == nil {
			return outcome, ended
		}
		if !pause(r.owner) {
			return stopped(), true
		}
	}
}

func (r *resilient) listen() Outcome {
	r.owner.Ready(r.link)
	r.socket.awaitMore()
	var again <-chan time.Time // when to ask once more; nil without a doubt
	for {
		var outcome Outcome
		var ended bool
		select {
		case <-r.socket.readable():
			if outcome, ended = r.drain(); !ended && r.overran() {
				outcome, ended, again = r.lookAgain()
			}
			r.socket.awaitMore()
		case <-again:
			outcome, ended, again = r.lookAgain()
		case word := <-r.owner.Words():
			if !r.owner.Hear(word) {
				outcome, ended = stopped(), true
			}
		}
		if ended {
			return outcome
		}
	}
}

// lookAgain asks for the state, and says when to ask once more where the kernel did not answer.
func (r *resilient) lookAgain() (outcome Outcome, ended bool, again <-chan time.Time) {
	outcome, ended, err := r.look()
	if err != nil {
		again = time.After(retry)
	}
	return outcome, ended, again
}

// drain takes what is queued, until nothing is.
func (r *resilient) drain() (Outcome, bool) {
	for {
		data, err := r.socket.receive()
		switch {
		case err == nil:
			if outcome, ended := r.take(data); ended {
				return outcome, true
			}
		case errors.Is(err, unix.EAGAIN):
			return Outcome{}, false
		case errors.Is(err, unix.ENOBUFS):
			r.lost = true
		case !errors.Is(err, unix.EINTR):
			return closed(), true
		}
		if !heed(r.owner) { // a storm may last, and whoever asks must not wait for its end
			return stopped(), true
		}
	}
}

// take reads the messages of one datagram.
func (r *resilient) take(data []byte) (Outcome, bool) {
	for {
		first, rest, ok := nextMessage(data)
		if !ok {
			return Outcome{}, false
		}
		if first.kind != Other {
			r.owner.Received()
		}
		if first.concerns(r.link) {
			if outcome, ended := classifyCarefully(r.link, first.event()); ended {
				return outcome, true
			}
		}
		data = rest
	}
}

// overran says whether something was dropped since it was last asked, and tells the owner. The counter is compared
// even when no error was seen: somebody else's getsockopt(SO_ERROR) may have eaten it.
func (r *resilient) overran() bool {
	dropped, err := r.socket.losses()
	if !r.lost && (err != nil || dropped == 0) {
		return false
	}
	r.lost = false
	r.owner.Lost(dropped)
	return true
}

// look asks how the link stands.
func (r *resilient) look() (outcome Outcome, ended bool, err error) {
	byName, err := r.socket.byName(r.link.Name)
	if err != nil {
		return Outcome{}, false, err
	}
	if byName != nil && byName.Index == r.link.Index && byName.Name == r.link.Name {
		return Outcome{}, false, nil
	}
	byIndex, err := r.socket.byIndex(r.link.Index)
	if err != nil {
		return Outcome{}, false, err
	}
	outcome, ended = judge(r.link, byName, byIndex)
	return outcome, ended, nil
}
