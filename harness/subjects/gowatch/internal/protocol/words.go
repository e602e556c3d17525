// Package protocol is what gowatch and the run say to each other: JSON lines out, words in. Neither allocates once it
// runs, so that a process which is asked how much it allocated is not the cause of it.
package protocol

import "io"

// Word is one order.
type Word uint8

// The words. End is the zero value, which is also what the closed channel gives for ever.
const (
	End Word = iota
	Mark
	Stop
	Again
	Hold
	Go
	Unknown
)

const longestWord = 8

// Words reads words, separated by white space, until the input ends; then it closes the channel. It reads on a
// goroutine of its own, which sleeps in read.
func Words(input io.Reader) <-chan Word {
	words := make(chan Word)
	go func() {
		defer close(words)
		var word []byte // never longer than it can be known
		held := make([]byte, 0, longestWord)
		buffer := make([]byte, 512)
		word = held
		for {
			size, err := input.Read(buffer)
			for _, letter := range buffer[:size] {
				if letter > ' ' {
					if len(word) < longestWord {
						word = append(word, letter)
					}
				} else if len(word) > 0 {
					words <- meaning(word)
					word = held
				}
			}
			if err != nil {
				if len(word) > 0 {
					words <- meaning(word)
				}
				return
			}
		}
	}()
	return words
}

func meaning(word []byte) Word {
	switch string(word) {
	case "mark":
		return Mark
	case "stop":
		return Stop
	case "again":
		return Again
	case "hold":
		return Hold
	case "go":
		return Go
	}
	return Unknown
}
