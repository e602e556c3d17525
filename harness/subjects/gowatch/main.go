// Command gowatch watches one network interface as netbird does, and tells what it sees and what that cost.
//
// It speaks JSON lines on standard output, ready, work, lost and outcome, and hears the words mark and stop on standard
// input, whose end means stop. With --rounds it hears again, hold and go instead.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"

	"gowatch/internal/meter"
	"gowatch/internal/protocol"
	"gowatch/internal/watch"
)

const (
	failed = 1
	misuse = 2
)

func main() {
	parsed, err := parse(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		leave(misuse, err)
	}
	if parsed.profileRate > 0 {
		runtime.MemProfileRate = parsed.profileRate
	}
	if err := run(parsed); err != nil {
		leave(failed, err)
	}
}

func leave(status int, err error) {
	fmt.Fprintf(os.Stderr, "gowatch: %v\n", err)
	os.Exit(status)
}

func run(parsed arguments) error {
	host := watch.Host{Platform: runtime.GOOS, Netstack: os.Getenv(watch.NetstackVariable)}
	words := protocol.Words(os.Stdin)
	speaker := protocol.NewSpeaker(os.Stdout)
	if parsed.rounds {
		return runRounds(parsed, host, words, speaker)
	}
	counter, err := meter.New(parsed.profiles)
	if err != nil {
		return err
	}
	return (&session{words: words, speaker: speaker, meter: counter, limit: parsed.polls}).run(parsed, host)
}
