package watch

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const (
	// receiveBytes is what is asked for; without privileges the kernel grants net.core.rmem_max of it.
	receiveBytes = 1 << 20
	// datagramBytes holds a link message of a card with many virtual functions, which takes tens of kilobytes.
	datagramBytes = 1 << 16
	// kernelPort is the sender that counts.
	kernelPort = 0
	// dropsWord is the place of the drop counter in what SO_MEMINFO tells, linux/sock_diag.h, SK_MEMINFO_DROPS.
	dropsWord    = 8
	memInfoWords = 9
)

// linkSocket is a subscription to RTNLGRP_LINK, and a way to ask about a link.
type linkSocket struct {
	socket    int
	wake      int // an eventfd that ends the waiting: closing a socket does not wake a poll on it
	questions *netlink.Handle
	buffer    [datagramBytes]byte
	sender    unix.RawSockaddrNetlink
	memInfo   [memInfoWords]uint32
	drops     uint32
	ready     chan struct{}
	wanted    chan struct{}
}

func openLinkSocket() (*linkSocket, error) {
	socket, err := boundSocket()
	if err != nil {
		return nil, err
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		unix.Close(socket)
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	questions, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		unix.Close(socket)
		unix.Close(wake)
		return nil, fmt.Errorf("socket for questions: %w", err)
	}
	opened := &linkSocket{
		socket: socket, wake: wake, questions: questions,
		ready: make(chan struct{}), wanted: make(chan struct{}, 1),
	}
	go opened.wait()
	return opened, nil
}

func boundSocket() (int, error) {
	socket, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return 0, fmt.Errorf("socket: %w", err)
	}
	// Only a privileged process of the host may go beyond net.core.rmem_max. Neither refusal matters: with a small
	// buffer there are more overruns, and an overrun is survived.
	if unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBytes) != nil {
		_ = unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBytes)
	}
	if err := unix.Bind(socket, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: unix.RTMGRP_LINK}); err != nil {
		unix.Close(socket)
		return 0, fmt.Errorf("bind: %w", err)
	}
	return socket, nil
}

// wait sleeps in poll whenever a word is wanted, and gives it. It is a goroutine with a thread of its own.
//
// Go's own poller is not used: it is edge-triggered, and takes a socket with nothing but an error, which is how an
// overrun may look, for one that cannot be polled.
func (s *linkSocket) wait() {
	descriptors := []unix.PollFd{{Fd: int32(s.socket), Events: unix.POLLIN}, {Fd: int32(s.wake), Events: unix.POLLIN}}
	defer close(s.ready)
	for range s.wanted {
		for {
			_, err := unix.Poll(descriptors, -1)
			if err == nil {
				break
			}
		}
		if descriptors[1].Revents != 0 {
			return
		}
		s.ready <- struct{}{}
	}
}

func (s *linkSocket) close() {
	close(s.wanted)
	_, _ = unix.Write(s.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	for range s.ready { // until the goroutine has ended, and nobody polls a descriptor that may soon be another's
		continue
	}
	unix.Close(s.wake)
	unix.Close(s.socket)
	s.questions.Close()
}

func (s *linkSocket) readable() <-chan struct{} { return s.ready }

func (s *linkSocket) awaitMore() { s.wanted <- struct{}{} }

// receive makes the system call itself: the package's own Recvfrom allocates twice for the sender's address.
func (s *linkSocket) receive() ([]byte, error) {
	addressSize := uint32(unsafe.Sizeof(s.sender))
	// MSG_TRUNC gives the length that the datagram has, even where the buffer is too small for it.
	size, _, errno := unix.Syscall6(unix.SYS_RECVFROM, uintptr(s.socket), uintptr(unsafe.Pointer(&s.buffer)),
		uintptr(len(s.buffer)), unix.MSG_TRUNC, uintptr(unsafe.Pointer(&s.sender)),
		uintptr(unsafe.Pointer(&addressSize)))
	switch {
	case errno != 0:
		return nil, errno
	case s.sender.Pid != kernelPort:
		return nil, nil
	case size > uintptr(len(s.buffer)):
		return nil, unix.ENOBUFS // what was cut off is as good as dropped
	}
	return s.buffer[:size], nil
}

func (s *linkSocket) losses() (uint64, error) {
	size := uint32(unsafe.Sizeof(s.memInfo))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(s.socket), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&s.memInfo)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return 0, errno
	}
	before := s.drops
	s.drops = s.memInfo[dropsWord]
	return uint64(s.drops - before), nil // unsigned, so right when the counter has wrapped
}

func (s *linkSocket) byName(name string) (*Link, error) { return answer(s.questions.LinkByName(name)) }

func (s *linkSocket) byIndex(index int) (*Link, error) { return answer(s.questions.LinkByIndex(index)) }

func answer(found netlink.Link, err error) (*Link, error) {
	var none netlink.LinkNotFoundError
	switch {
	case errors.As(err, &none):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &Link{Name: found.Attrs().Name, Index: found.Attrs().Index}, nil
}
