package watch

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

const (
	attributeTypeMask = 0x3fff // linux/netlink.h, NLA_TYPE_MASK
	iflaNewNetnsid    = 45     // linux/if_link.h, IFLA_NEW_NETNSID; x/sys names it only in later versions
)

// message is one link message of a datagram, still in the buffer it was received into.
type message struct {
	kind       Kind
	family     uint8
	index      int
	attributes []byte
}

// nextMessage splits the first message off. What is cut off ends the datagram; a message of another kind comes with
// kind Other.
func nextMessage(data []byte) (first message, rest []byte, ok bool) {
	if len(data) < unix.SizeofNlMsghdr {
		return message{}, nil, false
	}
	length := int(binary.NativeEndian.Uint32(data))
	if length < unix.SizeofNlMsghdr || length > len(data) {
		return message{}, nil, false
	}
	body := data[unix.SizeofNlMsghdr:length]
	kind := kindOf(binary.NativeEndian.Uint16(data[4:]))
	rest = data[min(aligned(length), len(data)):]
	if kind == Other || len(body) < unix.SizeofIfInfomsg {
		return message{}, rest, true
	}
	return message{
		kind:       kind,
		family:     body[0],
		index:      int(int32(binary.NativeEndian.Uint32(body[4:]))),
		attributes: body[unix.SizeofIfInfomsg:],
	}, rest, true
}

// attribute gives the payload of the first attribute of that type.
func (m message) attribute(wanted uint16) ([]byte, bool) {
	data := m.attributes
	for len(data) >= unix.SizeofRtAttr {
		length := int(binary.NativeEndian.Uint16(data))
		if length < unix.SizeofRtAttr || length > len(data) {
			break
		}
		if binary.NativeEndian.Uint16(data[2:])&attributeTypeMask == wanted {
			return data[unix.SizeofRtAttr:length], true
		}
		data = data[min(aligned(length), len(data)):]
	}
	return nil, false
}

// concerns says whether the message is of our index or of our name. It allocates nothing, so that what is none of our
// business costs a look at a buffer.
func (m message) concerns(link Link) bool {
	if m.kind == Other {
		return false
	}
	if m.index == link.Index {
		return true
	}
	name, _ := m.attribute(unix.IFLA_IFNAME)
	return string(unterminated(name)) == link.Name
}

func (m message) event() Event {
	name, _ := m.attribute(unix.IFLA_IFNAME)
	_, moved := m.attribute(iflaNewNetnsid)
	return Event{Kind: m.kind, Index: m.index, Name: string(unterminated(name)), Family: m.family, Moved: moved}
}

func unterminated(name []byte) []byte {
	if last := len(name) - 1; last >= 0 && name[last] == 0 {
		return name[:last]
	}
	return name
}

func aligned(length int) int {
	return (length + unix.NLMSG_ALIGNTO - 1) &^ (unix.NLMSG_ALIGNTO - 1)
}
