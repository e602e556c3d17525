package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

func TestLines(t *testing.T) {
	known := Count{Value: 12, Known: true}
	for _, row := range []struct {
		want string
		say  func(*Speaker) error
	}{
		{`{"event":"work","polls":3,"events":4,"allocated_bytes":12,"allocations":null,"at_ns":5}`,
			func(s *Speaker) error { return s.Work(5, 3, 4, known, Count{}) }},
		{`{"event":"dumps","made":3,"marked":null,"retried":null,"discarded_ns":null,"at_ns":5}`,
			func(s *Speaker) error { return s.Dumps(5, 3) }},
		{`{"event":"outcome","restart":true,"reason":"recreated","message":null,"at_ns":5}`,
			func(s *Speaker) error { return s.Outcome(5, true, "recreated", "") }},
		{`{"event":"outcome","restart":false,"reason":"stopped","message":"a \"b\\","at_ns":5}`,
			func(s *Speaker) error { return s.Outcome(5, false, "stopped", `a "b\`) }},
	} {
		var out bytes.Buffer
		if err := row.say(NewSpeaker(&out)); err != nil || out.String() != row.want+"\n" {
			t.Errorf("got %s (%v); want %s", out.String(), err, row.want)
		}
	}
}

func TestLinesThatCarryTheirOwnTime(t *testing.T) {
	before := Now()
	for event, say := range map[string]func(*Speaker) error{
		"ready": func(s *Speaker) error { return s.Link("ready", "wt0", 7) },
		"found": func(s *Speaker) error { return s.Link("found", "wt0", 7) },
		"lost":  func(s *Speaker) error { return s.Lost(508) },
	} {
		var out bytes.Buffer
		if err := say(NewSpeaker(&out)); err != nil {
			t.Fatal(err)
		}
		var line map[string]any
		if err := json.Unmarshal(out.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if at := int64(line["at_ns"].(float64)); line["event"] != event || at < before || at > Now() {
			t.Errorf("got %s between %d and %d", out.String(), before, Now())
		}
	}
}

// oneWrite counts writes.
type oneWrite struct{ writes int }

func (o *oneWrite) Write(data []byte) (int, error) {
	o.writes++
	return len(data), nil
}

func TestALineIsOneWriteAndAllocatesNothing(t *testing.T) {
	out := &oneWrite{}
	speaker := NewSpeaker(out)
	known := Count{Value: 1 << 62, Known: true}
	if allocations := testing.AllocsPerRun(99, func() { _ = speaker.Work(Now(), 1, 2, known, known) }); allocations != 0 {
		t.Errorf("%v allocations a line", allocations)
	}
	if out.writes != 100 {
		t.Errorf("%d writes for 100 lines", out.writes)
	}
}

func TestALineThatCannotBeWrittenIsAnError(t *testing.T) {
	_, closed := io.Pipe()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	if err := NewSpeaker(closed).Lost(1); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}

func TestOddNamesAreValidJSON(t *testing.T) {
	for given, want := range map[string]string{
		"wt0": "wt0", `w"\0`: `w"\0`, "w\x01\x1f": "w\x01\x1f", "w\xff": "w\ufffd", "wü🐧": "wü🐧", "<&>\u2028": "<&>\u2028",
		"w\x7f": "w\x7f", strings.Repeat("w", 2*lineBytes): strings.Repeat("w", 2*lineBytes),
	} {
		var out bytes.Buffer
		if err := NewSpeaker(&out).Link("ready", given, 7); err != nil {
			t.Fatal(err)
		}
		var line map[string]any
		if err := json.Unmarshal(out.Bytes(), &line); err != nil || line["ifname"] != want {
			t.Errorf("%q became %q in %s (%v)", given, line["ifname"], out.String(), err)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("wt0")
	f.Fuzz(func(t *testing.T, text string) {
		if line := appendString(nil, text); !json.Valid(line) {
			t.Errorf("%q became %s", text, line)
		}
	})
}

func TestWords(t *testing.T) {
	for given, want := range map[string][]Word{
		"":                        nil,
		"\n \n":                   nil,
		"mark\nstop\n":            {Mark, Stop},
		"again hold\tgo\r\nstop":  {Again, Hold, Go, Stop},
		"dance\nMark\nmarkmarkk ": {Unknown, Unknown, Unknown},
	} {
		for _, input := range []io.Reader{strings.NewReader(given), iotest.OneByteReader(strings.NewReader(given))} {
			var heard []Word
			words := Words(input)
			for word := range words {
				heard = append(heard, word)
			}
			if !reflect.DeepEqual(heard, want) {
				t.Errorf("%q: got %v; want %v", given, heard, want)
			}
			if <-words != End {
				t.Errorf("%q: after its end comes something else", given)
			}
		}
	}
}
