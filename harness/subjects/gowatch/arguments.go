package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"gowatch/internal/watch"
)

type arguments struct {
	watcher     string
	ifname      string
	interval    time.Duration
	polls       uint64
	profiles    string
	profileRate int // 0: the runtime's own
	rounds      bool
}

// parse reads the command line. Options may stand before and after the watcher's name.
func parse(argv []string, complaints io.Writer) (arguments, error) {
	var parsed arguments
	options := flag.NewFlagSet("gowatch", flag.ContinueOnError)
	options.SetOutput(complaints)
	options.Usage = func() {
		fmt.Fprintf(complaints, "usage: gowatch WATCHER [options]\nwatchers: %s\n", strings.Join(watch.Names(), ", "))
		options.PrintDefaults()
	}
	options.StringVar(&parsed.ifname, "ifname", "wt0", "`name` of the interface to watch")
	seconds := options.Float64("interval", 2, "`seconds` between two polls; 0 is back to back")
	options.Uint64Var(&parsed.polls, "polls", 0, "stop looking after `N` polls, and stay alive; 0 is without end")
	options.StringVar(&parsed.profiles, "profiles", "", "write allocation profiles into `folder` at each mark")
	options.IntVar(&parsed.profileRate, "profile-rate", 0, "sample every `N` bytes; 0 leaves the runtime's own rate")
	options.BoolVar(&parsed.rounds, "rounds", false, "watch in rounds, each begun by a word on standard input")
	names, err := parseAnywhere(options, argv)
	if err != nil {
		return arguments{}, err
	}
	if len(names) != 1 {
		return arguments{}, fmt.Errorf("expected one watcher, found %d", len(names))
	}
	parsed.watcher = names[0]
	if parsed.interval, err = duration(*seconds); err != nil {
		return arguments{}, err
	}
	if parsed.profileRate < 0 {
		return arguments{}, errors.New("--profile-rate cannot be negative")
	}
	return parsed, watch.Supported(parsed.watcher)
}

// parseAnywhere gives what is no option; the flag package stops at the first of those.
func parseAnywhere(options *flag.FlagSet, argv []string) ([]string, error) {
	var others []string
	for {
		if err := options.Parse(argv); err != nil {
			return nil, err
		}
		if options.NArg() == 0 {
			return others, nil
		}
		others = append(others, options.Arg(0))
		argv = options.Args()[1:]
	}
}

// duration refuses what is no span of time, and cuts what is too long for the type: some 292 years.
func duration(seconds float64) (time.Duration, error) {
	if math.IsNaN(seconds) || seconds < 0 {
		return 0, fmt.Errorf("--interval expects seconds, 0 or more; found %v", seconds)
	}
	if nanoseconds := seconds * float64(time.Second); nanoseconds < math.MaxInt64 {
		return time.Duration(math.Ceil(nanoseconds)), nil
	}
	return math.MaxInt64, nil
}
