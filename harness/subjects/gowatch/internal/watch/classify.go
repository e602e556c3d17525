package watch

// Kind is what a link event says.
type Kind int

// The kinds. Other is every message that is neither RTM_NEWLINK nor RTM_DELLINK.
const (
	Other Kind = iota
	NewLink
	DelLink
)

// afUnspec is the family of a message about the device itself.
const afUnspec = 0

// Event is what a decision needs of an rtnetlink link message. Name is empty where the message has none. Family is the
// header's: a bridge speaks of its ports as AF_BRIDGE. Moved says that the message named the namespace the link went
// to.
type Event struct {
	Kind   Kind
	Index  int
	Name   string
	Family uint8
	Moved  bool
}

// classify decides as netbird does after its pull request 5857, faults included: by kind, index and name alone, so a
// bridge that releases a living port, and a move to another namespace, both read as a deletion. Its second result is
// false while there is reason to keep watching.
func classify(link Link, event Event) (Outcome, bool) {
	ours := event.Index == link.Index
	switch {
	case event.Kind == DelLink && ours:
		return deleted(link, nil), true
	case event.Kind == NewLink && !ours && event.Name == link.Name:
		return recreated(), true
	case event.Kind == NewLink && ours && event.Name != "" && event.Name != link.Name:
		return renamed(link, event.Name), true
	}
	return Outcome{}, false
}

// classifyCarefully leaves other families alone and knows a move from a deletion.
func classifyCarefully(link Link, event Event) (Outcome, bool) {
	if event.Family != afUnspec {
		return Outcome{}, false
	}
	if event.Kind == DelLink && event.Moved && event.Index == link.Index {
		return moved(link), true
	}
	return classify(link, event)
}

// judge decides from who has our name now and who has our index; nil for nobody. Linux finds a link by its alternative
// names as well, so a link that was found by our name may be called otherwise.
func judge(link Link, byName, byIndex *Link) (Outcome, bool) {
	switch {
	case byName != nil && byName.Name == link.Name && byName.Index != link.Index:
		return recreated(), true
	case byIndex == nil:
		return deleted(link, nil), true
	case byIndex.Name != link.Name:
		return renamed(link, byIndex.Name), true
	}
	return Outcome{}, false
}
