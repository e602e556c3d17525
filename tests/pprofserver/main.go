// Command pprofserver serves pprof on a loopback port, which it prints, and allocates what it is asked for.
//
// GET /work?bytes=10485760&piece=1024 allocates that many bytes in pieces of that size, and drops them. With -every it
// allocates -bytes by itself at that pace.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	_ "net/http/pprof"
	"strconv"
	"time"
)

// sink keeps the compiler from putting a piece on the stack.
var sink []byte

func plant(total, piece int) {
	for done := 0; done+piece <= total; done += piece {
		sink = make([]byte, piece)
	}
	sink = nil
}

func number(request *http.Request, name string, otherwise int) int {
	value, err := strconv.Atoi(request.FormValue(name))
	if err != nil || value <= 0 {
		return otherwise
	}
	return value
}

func work(_ http.ResponseWriter, request *http.Request) {
	plant(number(request, "bytes", 10<<20), number(request, "piece", 1<<20))
}

func main() {
	address := flag.String("address", "127.0.0.1:0", "where to serve; port 0 for any")
	every := flag.Duration("every", 0, "allocate by itself at this pace")
	bytes := flag.Int("bytes", 10<<20, "how much each time")
	flag.Parse()
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/work", work)
	fmt.Printf("http://%s\n", listener.Addr())
	if *every > 0 {
		go func() {
			for range time.Tick(*every) {
				plant(*bytes, 1024)
			}
		}()
	}
	log.Fatal(http.Serve(listener, nil))
}
