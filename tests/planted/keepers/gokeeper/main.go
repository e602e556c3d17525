// Command gokeeper keeps memory in one way, named by its first argument, and counts its events by netchurn's protocol.
//
// gokeeper HOW ADDRESS [fixed]: HOW is map, slice, goroutines, timers or cgo; pprof is served at ADDRESS. Fixed
// programs make as much and keep nothing. Each event keeps keptBytes, but for what the runtime takes itself.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	_ "net/http/pprof"
	"os"
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
	}[os.Args[1]]
	fixed = len(os.Args) > 3
	go func() { log.Print(http.ListenAndServe(os.Args[2], nil)) }() // a copy finds the address taken
	say(map[string]any{"event": "ready", "ifname": "wt0", "ifindex": 0})
	var events atomic.Int64
	go func() {
		for words := bufio.NewScanner(os.Stdin); words.Scan(); {
			say(map[string]any{"event": "work", "polls": 0, "events": events.Load()})
			if words.Text() != "mark" {
				os.Exit(0)
			}
		}
		os.Exit(0)
	}()
	for range time.Tick(interval) {
		keep(int(events.Load()))
		churn()
		events.Add(1)
	}
}
