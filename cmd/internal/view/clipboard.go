package view

import (
	"log/slog"
	"sync"

	terminal "hearth/term/service"
	"hearth/vk/window"
)

// clipboard is one of the desktop's selections, for terminals: any goroutine reads it and sets it.
// Without a window it is the program's own. What is set reaches the desktop when the
// frame loop comes by, which alone may touch the window.
type clipboard struct {
	win  *window.Window // nil without one
	of   window.Selection
	log  *slog.Logger
	wake func()

	mu   sync.Mutex // guards what follows
	text string
	new  bool // the desktop does not know text yet
}

var _ terminal.Clipboard = (*clipboard)(nil)

// Get is the text of the clipboard; "" where there is none. It waits for the program
// that has it, for a moment at most.
func (c *clipboard) Get() string {
	c.mu.Lock()
	text, ours := c.text, c.new || c.win == nil
	c.mu.Unlock()
	if ours {
		return text
	}
	text, err := c.win.Selection(c.of)
	if err != nil {
		c.log.Warn("nothing is pasted", "error", err)
	}
	return text
}

// Set is the clipboard from now on.
func (c *clipboard) Set(text string) {
	c.mu.Lock()
	c.text, c.new = text, c.win != nil
	c.mu.Unlock()
	if c.win != nil {
		c.wake()
	}
}

// give gives the desktop what was set. Only the frame loop calls it.
func (c *clipboard) give() {
	c.mu.Lock()
	text, some := c.text, c.new
	c.mu.Unlock()
	if !some {
		return
	}
	if err := c.win.SetSelection(c.of, text); err != nil {
		c.log.Warn("nothing is copied", "error", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.text == text {
		c.text, c.new = "", false
	}
}
