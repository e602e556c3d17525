package watch

import "testing"

var wt0 = Link{Name: "wt0", Index: 7}

const afBridge = 7

func TestClassify(t *testing.T) {
	gone := Outcome{Restart: true, Reason: Deleted, Message: "interface wt0 deleted"}
	another := Outcome{Restart: true, Reason: Recreated}
	renamed := Outcome{Restart: true, Reason: Renamed, Message: "interface wt0 renamed to wt1"}
	away := Outcome{Restart: true, Reason: Moved, Message: "interface wt0 moved to another namespace"}
	keep := Outcome{}
	for _, row := range []struct {
		what           string
		event          Event
		plain, careful Outcome
	}{
		{"our index is deleted", Event{Kind: DelLink, Index: 7, Name: "wt0"}, gone, gone},
		{"our index is deleted under another name", Event{Kind: DelLink, Index: 7, Name: "wt9"}, gone, gone},
		{"our index is deleted without a name", Event{Kind: DelLink, Index: 7}, gone, gone},
		{"another index is deleted", Event{Kind: DelLink, Index: 8, Name: "veth"}, keep, keep},
		{"another index of our name is deleted", Event{Kind: DelLink, Index: 8, Name: "wt0"}, keep, keep},
		{"a bridge releases us", Event{Kind: DelLink, Index: 7, Name: "wt0", Family: afBridge}, gone, keep},
		{"a bridge takes us", Event{Kind: NewLink, Index: 7, Name: "wt0", Family: afBridge}, keep, keep},
		{"we move away", Event{Kind: DelLink, Index: 7, Name: "wt0", Moved: true}, gone, away},
		{"another moves away", Event{Kind: DelLink, Index: 8, Name: "veth", Moved: true}, keep, keep},
		{"our peer is elsewhere", Event{Kind: NewLink, Index: 7, Name: "wt0", Moved: true}, keep, keep},
		{"our name at another index", Event{Kind: NewLink, Index: 8, Name: "wt0"}, another, another},
		{"our index has another name", Event{Kind: NewLink, Index: 7, Name: "wt1"}, renamed, renamed},
		{"our index has no name", Event{Kind: NewLink, Index: 7}, keep, keep},
		{"something of us changes", Event{Kind: NewLink, Index: 7, Name: "wt0"}, keep, keep},
		{"something of another changes", Event{Kind: NewLink, Index: 8, Name: "veth"}, keep, keep},
		{"a message of another kind", Event{Kind: Other, Index: 7, Name: "wt1"}, keep, keep},
	} {
		t.Run(row.what, func(t *testing.T) {
			if outcome, ended := classify(wt0, row.event); outcome != row.plain || ended != (row.plain != keep) {
				t.Errorf("classify: got %+v, %v; want %+v", outcome, ended, row.plain)
			}
			outcome, ended := classifyCarefully(wt0, row.event)
			if outcome != row.careful || ended != (row.careful != keep) {
				t.Errorf("classifyCarefully: got %+v, %v; want %+v", outcome, ended, row.careful)
			}
		})
	}
}
