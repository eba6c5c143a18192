package main

import (
	"fmt"
	"os"

	"hearth/runtime/ipc"
)

// bar shows how far a sync is in one line of a terminal, and nothing elsewhere.
type bar struct {
	f     *os.File
	tty   bool
	shown bool
}

func (b *bar) show(p ipc.SyncProgress) {
	if b.tty {
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
