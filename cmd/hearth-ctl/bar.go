package main

import (
	"fmt"
	"os"
	"time"

	"hearth/runtime/ipc"
)

// bar shows how far a sync is in one line of a terminal, and nothing elsewhere.
type bar struct {
	f     *os.File
	tty   bool
	shown bool
	at    time.Time
}

// barEvery is how often the line is drawn: nobody reads faster.
const barEvery = 100 * time.Millisecond

func (b *bar) show(p ipc.SyncProgress) {
	if b.tty && time.Since(b.at) >= barEvery {
		b.at = time.Now()
		fmt.Fprintf(b.f, "\r\x1b[K%d blocks, %s", p.Blocks, (&printer{tty: true}).size(p.Bytes))
		b.shown = true
	}
}

func (b *bar) clear() {
	if b.shown {
		fmt.Fprint(b.f, "\r\x1b[K")
		b.shown = false
	}
}
