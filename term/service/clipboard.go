package service

import "sync"

// ownClipboard is one without a desktop.
type ownClipboard struct {
	mu   sync.Mutex
	text string
}

func (c *ownClipboard) Get() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text
}

func (c *ownClipboard) Set(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = text
}
