package protocol

import (
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

const lineBytes = 1024 // more than any line takes; a longer one grows the buffer

// Speaker writes lines, each with one Write. It is not safe for several goroutines.
type Speaker struct {
	out  io.Writer
	line []byte
}

// NewSpeaker speaks to out. What cannot be written ends the process: nobody listens any more.
func NewSpeaker(out io.Writer) *Speaker {
	return &Speaker{out: out, line: make([]byte, 0, lineBytes)}
}

// Count is a number that may be unknown, which is said as null.
type Count struct {
	Value uint64
	Known bool
}

// Link says an event that names an interface: ready or found.
func (s *Speaker) Link(event, ifname string, ifindex int) error {
	s.begin(event)
	s.text("ifname", ifname)
	s.key("ifindex")
	s.line = strconv.AppendInt(s.line, int64(ifindex), 10)
	return s.end(Now())
}

// Work says how much was done, as of atNs.
func (s *Speaker) Work(atNs int64, polls, events uint64, allocatedBytes, allocations Count) error {
	s.begin("work")
	s.number("polls", Count{Value: polls, Known: true})
	s.number("events", Count{Value: events, Known: true})
	s.number("allocated_bytes", allocatedBytes)
	s.number("allocations", allocations)
	return s.end(atNs)
}

// Lost says what an overrun cost.
func (s *Speaker) Lost(dropped uint64) error {
	s.begin("lost")
	s.number("dropped", Count{Value: dropped, Known: true})
	return s.end(Now())
}

// Dumps says how many dumps of the table of links were asked for since the start. Go's net looks at no mark, and asks for
// none again, so the rest is unknown.
func (s *Speaker) Dumps(atNs int64, made uint64) error {
	s.begin("dumps")
	s.number("made", Count{Value: made, Known: true})
	s.number("marked", Count{})
	s.number("retried", Count{})
	s.number("discarded_ns", Count{})
	return s.end(atNs)
}

// Outcome says how the watch ended, as of atNs; an empty message is said as null.
func (s *Speaker) Outcome(atNs int64, restart bool, reason, message string) error {
	s.begin("outcome")
	s.key("restart")
	s.line = strconv.AppendBool(s.line, restart)
	s.text("reason", reason)
	if message == "" {
		s.key("message")
		s.line = append(s.line, "null"...)
	} else {
		s.text("message", message)
	}
	return s.end(atNs)
}

func (s *Speaker) begin(event string) {
	s.line = append(s.line[:0], `{"event":"`...)
	s.line = append(s.line, event...)
	s.line = append(s.line, '"')
}

func (s *Speaker) end(atNs int64) error {
	s.key("at_ns")
	s.line = strconv.AppendInt(s.line, atNs, 10)
	s.line = append(s.line, "}\n"...)
	if _, err := s.out.Write(s.line); err != nil {
		return fmt.Errorf("saying a line: %w", err)
	}
	return nil
}

func (s *Speaker) key(name string) {
	s.line = append(s.line, `,"`...)
	s.line = append(s.line, name...)
	s.line = append(s.line, `":`...)
}

func (s *Speaker) number(name string, count Count) {
	s.key(name)
	if count.Known {
		s.line = strconv.AppendUint(s.line, count.Value, 10)
	} else {
		s.line = append(s.line, "null"...)
	}
}

func (s *Speaker) text(name, value string) {
	s.key(name)
	s.line = appendString(s.line, value)
}

// appendString writes JSON. An interface's name may hold any byte but a slash, a colon and white space; what is not
// UTF-8 becomes the replacement character.
func appendString(line []byte, value string) []byte {
	const hex = "0123456789abcdef"
	line = append(line, '"')
	for _, letter := range value {
		switch {
		case letter == '"' || letter == '\\':
			line = append(line, '\\', byte(letter))
		case letter < ' ':
			line = append(line, '\\', 'u', '0', '0', hex[letter>>4], hex[letter&0xf])
		default:
			line = utf8.AppendRune(line, letter)
		}
	}
	return append(line, '"')
}
