// The same as dosed.c, in Go: dosed HOW BYTES.
package main

import (
	"encoding/binary"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	warm = 400
	held = 5 * time.Second
)

var (
	how    = os.Args[1]
	size   int
	chunks [][][]byte
	kept   int
	queued [][]byte
	newest int32
	sink   []byte
)

// In chunks, because a slice that doubles would keep more than what it is told to; 24 bytes are the header of each.
func keep() {
	if kept%1000 == 0 {
		chunks = append(chunks, make([][]byte, 0, 1000))
	}
	last := len(chunks) - 1
	chunks[last] = append(chunks[last], make1())
	kept++
}

func make1() []byte {
	at := make([]byte, size-24)
	for i := range at {
		at[i] = 1
	}
	return at
}

func event() {
	switch {
	case how == "event" || how == "warm-up" && kept < warm:
		keep()
	case how == "innocent":
		sink = make1()
	case how == "queue":
		queued = append(queued, make1())
	}
}

func container(kind uint16, body []byte) {
	index := int32(binary.NativeEndian.Uint32(body[4:]))
	if kind != syscall.RTM_NEWLINK || index <= newest {
		return
	}
	newest = index
	for at := 16; at+4 <= len(body); {
		length := int(binary.NativeEndian.Uint16(body[at:]))
		if length < 4 || at+length > len(body) {
			return
		}
		name := string(body[at+4 : at+length])
		if binary.NativeEndian.Uint16(body[at+2:]) == syscall.IFLA_IFNAME && strings.HasPrefix(name, "box") &&
			!strings.Contains(name, "peer") {
			if how == "container" {
				keep()
			}
			newest++
		}
		at += (length + 3) &^ 3
	}
}

func read(data []byte) {
	for at := 0; at+16 <= len(data); {
		length := int(binary.NativeEndian.Uint32(data[at:]))
		if length < 16 || at+length > len(data) {
			return
		}
		event()
		container(binary.NativeEndian.Uint16(data[at+4:]), data[at+16:at+length])
		at += (length + 3) &^ 3
	}
}

// One buffer for all, given back before the next is read: what is read leaves no garbage.
func listen(events chan<- []byte, read <-chan bool) {
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW, syscall.NETLINK_ROUTE)
	if err != nil {
		panic(err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK, Groups: 1}); err != nil {
		panic(err)
	}
	buffer := make([]byte, 1<<13)
	for {
		if n, err := syscall.Read(fd, buffer); err == nil {
			events <- buffer[:n]
			<-read
		}
	}
}

func main() {
	size, _ = strconv.Atoi(os.Args[2])
	links, _ := net.Interfaces()
	for _, link := range links {
		newest = max(newest, int32(link.Index))
	}
	events, done, commands := make(chan []byte), make(chan bool), make(chan os.Signal, 1024)
	signal.Notify(commands, syscall.SIGUSR1)
	go listen(events, done)
	clock := time.NewTicker(50 * time.Millisecond)
	began, last, drained, ticks := time.Now(), time.Now(), time.Now(), 0
	for {
		select {
		case data := <-events:
			read(data)
			done <- true
			last = time.Now()
		case <-commands:
			if how == "command" {
				keep()
			}
		case <-clock.C:
		}
		for ; how == "clock" && float64(ticks) < time.Since(began).Seconds()*20; ticks++ {
			keep()
		}
		if len(queued) > 0 && (time.Since(last) > 300*time.Millisecond || time.Since(drained) > held) {
			queued, drained = nil, time.Now()
		}
	}
}
