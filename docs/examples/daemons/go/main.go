// Command subscriber watches an interface by the kernel's link events, and ends when the interface is gone.
//
// Twice a second it notes that it is alive, and keeps every note, which nothing ever reads. Built with
// -tags fixed it writes over the only one.
package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"
)

const noteBytes = 4096

var history [][]byte

func keepNotes(interval time.Duration) {
	for range time.Tick(interval) {
		if !fixed || len(history) == 0 {
			history = append(history, make([]byte, noteBytes))
		}
		copy(history[len(history)-1], time.Now().String())
	}
}

func subscribe() (int, error) {
	socket, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, syscall.NETLINK_ROUTE)
	if err != nil {
		return 0, err
	}
	const links = 1 // RTMGRP_LINK
	return socket, syscall.Bind(socket, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK, Groups: links})
}

func present(ifname string, index int) bool {
	found, err := net.InterfaceByName(ifname)
	return err == nil && found.Index == index
}

func main() {
	ifname, seconds := "wt0", 0.5
	if len(os.Args) > 1 {
		ifname = os.Args[1]
	}
	if len(os.Args) > 2 {
		seconds, _ = strconv.ParseFloat(os.Args[2], 64)
	}
	socket, err := subscribe()
	if err != nil {
		log.Fatal(err)
	}
	watched, err := net.InterfaceByName(ifname)
	if err != nil {
		log.Fatal(err)
	}
	go keepNotes(time.Duration(seconds * float64(time.Second)))
	fmt.Printf("watching %s\n", ifname)
	buffer := make([]byte, 1<<16)
	for present(ifname, watched.Index) {
		if _, _, err := syscall.Recvfrom(socket, buffer, 0); err != nil && err != syscall.EINTR && err != syscall.ENOBUFS {
			log.Fatal(err)
		}
	}
	fmt.Printf("%s is gone\n", ifname)
	os.Exit(1)
}
