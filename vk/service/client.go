package service

import (
	"fmt"
	"sync/atomic"
	"time"

	"hearth/runtime"
)

// client is who is bounded: a process here, or a peer with all that runs there.
type client struct {
	p    *Plugin
	name string

	// Guarded by Plugin.mu.
	makers int
	count  [kinds]int
	bytes  int64

	requests atomic.Int64  // that wait
	asked    atomic.Int64  // bytes of those
	pending  atomic.Int64  // bytes of messages that wait
	lost     atomic.Uint64 // messages that found no room
	said     atomic.Int64  // when the log was last told, Unix nanoseconds
	told     atomic.Uint64 // the lost ones that the log was told of
	checks   chan struct{} // a token for each check that runs
}

// clientOf names who is behind an address.
func clientOf(c runtime.Capability) string {
	if peer := runtime.OriginOf(c); peer != "" {
		return peer
	}
	return fmt.Sprintf("process %d", c.Ref.Process)
}

// limit is how many things of a kind a client may have.
func (l *Limits) limit(k kind) int {
	return [kinds]int{objectKind: l.Objects, lightKind: l.Lights, canvasKind: l.Canvases, linesKind: l.Lines, cameraKind: l.Cameras}[k]
}

// reserve takes room for a thing, before it is put into the scene.
func (c *client) reserve(k kind, bytes int64) error {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	if most := c.p.limits.limit(k); c.count[k] >= most {
		return &LimitError{c.name, k.plural(), int64(most)}
	}
	if err := c.chargeLocked(bytes); err != nil {
		return err
	}
	c.count[k]++
	return nil
}

func (c *client) unreserve(k kind, bytes int64) {
	c.p.mu.Lock()
	c.count[k]--
	c.bytes -= bytes
	c.p.mu.Unlock()
}

// admit takes room for a request that is to wait, and for so many bytes.
func (c *client) admit(cost int64) error {
	l := &c.p.limits
	if c.requests.Add(1) > int64(l.Requests) {
		c.requests.Add(-1)
		return &busyError{int64(l.Requests), "requests"}
	}
	if c.asked.Add(cost) > l.RequestBytes {
		c.requests.Add(-1)
		c.asked.Add(-cost)
		return &busyError{l.RequestBytes, "bytes of requests"}
	}
	return nil
}

// admitted gives the room of a request back that waits no more.
func (c *client) admitted(cost int64) {
	c.requests.Add(-1)
	c.asked.Add(-cost)
}

// charge takes room for bytes of a thing, or gives it back.
func (c *client) charge(n int64) error {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	return c.chargeLocked(n)
}

func (c *client) chargeLocked(n int64) error {
	if n > 0 && c.bytes+n > c.p.limits.Bytes {
		return &LimitError{c.name, "bytes of pixels, vertices and joints", c.p.limits.Bytes}
	}
	c.bytes += n
	return nil
}

// tellLost tells the log that messages found no room.
func (c *client) tellLost(n uint64) {
	if c.told.Swap(n) != n {
		c.complain("things", errLost)
	}
}

// complain tells the log of a fault that the sender does not hear of, now and
// then: who floods does not flood the log.
func (c *client) complain(what string, err error) {
	now, last := time.Now().UnixNano(), c.said.Load()
	if now-last < int64(complainEvery) || !c.said.CompareAndSwap(last, now) {
		return
	}
	c.p.log.Warn("a message to the screen was not followed", "client", c.name, "to", what, "error", err, "lost", c.lost.Load())
}
