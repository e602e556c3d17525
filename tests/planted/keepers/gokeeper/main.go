// Command gokeeper keeps memory in one way, named by its first argument, and counts its events by netchurn's protocol.
//
// gokeeper HOW ADDRESS [fixed]: HOW is map, slice, goroutines, timers, cgo, torrent, which is a slice beside
// 500 MB/s of churn, or links, which keeps nothing and has the kernel's link events for its own. The bytes that it says
// are those of runtime/metrics. pprof is served at ADDRESS. Fixed programs make as much and keep nothing. Each event keeps keptBytes, but for what the runtime takes itself.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime/metrics"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

const (
	keptBytes = 12288 // a size class
	interval  = 20 * time.Millisecond
)

var (
	keptMap   = map[int][]byte{}
	keptSlice [][]byte
	sink      []byte
	fixed     bool
)

func keepMap(number int) {
	keptMap[number] = make([]byte, keptBytes)
	if fixed {
		clear(keptMap)
	}
}

func keepSlice(int) {
	keptSlice = append(keptSlice, make([]byte, keptBytes))
	if fixed {
		keptSlice = keptSlice[:0]
		clear(keptSlice[:cap(keptSlice)])
	}
}

// subscribe sends to a channel that nobody reads any more, unless it is told to end.
func subscribe(done <-chan struct{}) {
	events := make(chan []byte)
	go func() {
		update := make([]byte, keptBytes)
		select {
		case events <- update:
		case <-done:
		}
	}()
}

func keepGoroutines(int) {
	done := make(chan struct{})
	subscribe(done)
	if fixed {
		close(done)
	}
}

func keepTimers(int) {
	payload := make([]byte, keptBytes)
	timer := time.AfterFunc(24*time.Hour, func() { sink = payload })
	if fixed {
		timer.Stop()
	}
}

func keepTorrent(number int) {
	keepSlice(number)
	for range 2441 {
		sink = make([]byte, 4096)
	}
}

func keepLinks(int) {}

// linkEvents subscribes to the kernel's link events.
func linkEvents() <-chan time.Time {
	socket, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW, syscall.NETLINK_ROUTE)
	if err == nil {
		err = syscall.Bind(socket, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK, Groups: 1}) // RTMGRP_LINK
	}
	if err != nil {
		log.Fatal(err)
	}
	events := make(chan time.Time)
	go func() {
		for buffer := make([]byte, 1<<16); ; {
			size, _, err := syscall.Recvfrom(socket, buffer, 0)
			if err != nil {
				continue
			}
			messages, _ := syscall.ParseNetlinkMessage(buffer[:size])
			for range messages {
				events <- time.Time{}
			}
		}
	}()
	return events
}

func churn() {
	for range 10 {
		sink = make([]byte, keptBytes)
	}
}

func now() int64 {
	var at syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, 1, uintptr(unsafe.Pointer(&at)), 0) // CLOCK_MONOTONIC
	return at.Nano()
}

func say(line map[string]any) {
	line["at_ns"] = now()
	text, _ := json.Marshal(line)
	fmt.Println(string(text))
}

func main() {
	keep := map[string]func(int){
		"map": keepMap, "slice": keepSlice, "goroutines": keepGoroutines, "timers": keepTimers, "cgo": keepCgo,
		"torrent": keepTorrent, "links": keepLinks,
	}[os.Args[1]]
	fixed = len(os.Args) > 3
	go func() { log.Print(http.ListenAndServe(os.Args[2], nil)) }() // a copy finds the address taken
	say(map[string]any{"event": "ready", "ifname": "wt0", "ifindex": 0})
	var events atomic.Int64
	allocated := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	go func() {
		for words := bufio.NewScanner(os.Stdin); words.Scan(); {
			metrics.Read(allocated)
			say(map[string]any{
				"event": "work", "polls": 0, "events": events.Load(), "allocated_bytes": allocated[0].Value.Uint64(),
			})
			if words.Text() != "mark" {
				os.Exit(0)
			}
		}
		os.Exit(0)
	}()
	due := time.Tick(interval)
	if os.Args[1] == "links" {
		due = linkEvents()
	}
	for range due {
		keep(int(events.Load()))
		churn()
		events.Add(1)
	}
}
