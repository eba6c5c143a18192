//go:build wasip1

// Command painter is a guest that sends whoever asks the requests and messages of package
// display, one each, and "done" behind them: to see what they look like.
package main

import (
	"hearth/runtime/guest"
	"hearth/runtime/guest/display/displaytest"
)

func init() {
	guest.Describe(guest.Metadata{Name: "painter", Description: "Says what guests say to what shows a space.", License: "AGPL-3.0"})
	guest.Handle(func(m *guest.Message) {
		lump := guest.NewLump([]byte("a lump"))
		defer lump.Free()
		for _, text := range displaytest.Samples(lump.ID()) {
			m.Reply(text)
		}
		m.Reply([]byte("done"))
	})
}

func main() {}
