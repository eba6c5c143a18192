package service_test

import "sync"

// clipboard counts how often it is set.
type clipboard struct {
	mu   sync.Mutex
	text string
	sets int
}

func (c *clipboard) Get() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text
}

func (c *clipboard) Set(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = text
	c.sets++
}

func (c *clipboard) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sets
}
