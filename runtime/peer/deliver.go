package peer

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime"
	"hearth/store"
)

// What became of a message that was handed to a mailbox.
type outcome int

const (
	taken outcome = iota // or lost with the mailbox's end, as a local one would be
	full                 // taken, and who sends more should wait
	busy                 // not taken
)

// deliver hands a message to a mailbox here. While the mailbox is long it holds the
// connection up, and after a while loses what comes for it.
func (c *Conn) deliver(e *export, to runtime.Capability, m runtime.Message) {
	if to.Ref.Kind == space.RefDurable {
		m.Data = bytes.Clone(m.Data) // the event keeps it, and the frame is read over
	}
	if e.lost && c.long(e) {
		c.lost.Add(1)
		return
	}
	switch c.hand(to, m) {
	case taken:
		e.lost = false
		if e.taken++; e.taken%lookEvery == 0 && c.long(e) {
			c.stall(e, func() bool { return !c.long(e) })
		}
	case full:
		e.lost = false
		c.stall(e, func() bool { return !c.long(e) })
	case busy:
		if e.lost || !c.stall(e, func() bool { return c.hand(to, m) != busy }) {
			c.lost.Add(1)
		}
	}
}

// hand hands a message over, or puts it in a queue until its lumps are here.
func (c *Conn) hand(to runtime.Capability, m runtime.Message) outcome {
	if to.Ref.Kind == space.RefDurable {
		switch c.held.add(c, to, m) {
		case heldWaits:
			return taken
		case heldFull:
			return busy
		}
	}
	var err error
	if im, ok := runtime.RemoteOf(to).(*imported); ok {
		err = im.deliver(&runtime.Signal{Data: m.Data, Caps: m.Caps, Lumps: m.Lumps}, c.memory)
	} else {
		_, _, err = c.node.rt.Accept(to, m)
	}
	var out *runtime.FullError
	switch {
	case errors.As(err, &out):
		return full
	case errors.Is(err, runtime.ErrBusy):
		return busy
	case err != nil && !errors.Is(err, runtime.ErrNoProcess) && !errors.Is(err, runtime.ErrStopped):
		c.node.log.Warn("a message of a peer could not be delivered", "peer", c.name, "to", to.Ref, "error", err)
	}
	return taken
}

// long reports whether a mailbox takes no more for now: here, or on the way to the
// peer that has it.
func (c *Conn) long(e *export) bool {
	if im, ok := runtime.RemoteOf(e.cap).(*imported); ok {
		im.c.mu.Lock()
		defer im.c.mu.Unlock()
		return im.c.full != nil
	}
	most := longMailbox
	if e.lost || e.stalled {
		most /= 2 // it should become much shorter, or it is long again at once
	}
	return c.node.rt.Waiting(e.cap) >= most
}

// stall holds the connection up until a mailbox has room. It reports false where
// that takes too long: then messages to the mailbox are lost until it has.
func (c *Conn) stall(e *export, room func() bool) bool {
	e.stalled = true
	defer func() { e.stalled = false }()
	end := time.NewTimer(MaxStall)
	defer end.Stop()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for !room() {
		select {
		case <-look.C:
		case <-c.mux.Done():
			return true
		case <-end.C:
			e.lost = true
			c.node.log.Warn("messages of a peer are lost: their mailbox stays full", "peer", c.name, "to", e.cap.Ref)
			return false
		}
	}
	return true
}

// held are the messages to durable processes that name lumps which are not here
// yet, and what follows them for the same process.
type held struct {
	mu     sync.Mutex
	queues map[uint64]*heldQueue // by process
	bytes  int
	closed bool
}

type heldQueue struct{ items []heldItem }

type heldItem struct {
	to runtime.Capability
	m  runtime.Message
}

// What add did with a message.
type heldOutcome int

const (
	heldNot   heldOutcome = iota // it need not wait
	heldWaits                    // or the connection has ended
	heldFull                     // it must, and there is no room
)

// add takes a message that must wait.
func (h *held) add(c *Conn, to runtime.Capability, m runtime.Message) heldOutcome {
	h.mu.Lock()
	defer h.mu.Unlock()
	q := h.queues[to.Ref.Process]
	if q == nil {
		ready := func(cid lumps.CID) bool {
			return c.node.rt.HasLump(cid) && (c.memory.grants.has(cid) || c.node.public(cid))
		}
		if !slices.ContainsFunc(m.Lumps, func(cid lumps.CID) bool { return !ready(cid) }) {
			return heldNot
		}
	}
	if h.closed {
		return heldWaits
	}
	if q != nil && len(q.items) >= MaxHeld || h.bytes+len(m.Data) > MaxHeldBytes {
		return heldFull
	}
	h.bytes += len(m.Data)
	if q != nil {
		q.items = append(q.items, heldItem{to, m})
		return heldWaits
	}
	if h.queues == nil {
		h.queues = map[uint64]*heldQueue{}
	}
	q = &heldQueue{items: []heldItem{{to, m}}}
	h.queues[to.Ref.Process] = q
	c.node.wg.Add(1)
	go func() {
		defer c.node.wg.Done()
		h.drain(c, to.Ref.Process, q)
	}()
	return heldWaits
}

// drain delivers what waits for one process, each message when its lumps are here.
func (h *held) drain(c *Conn, pid uint64, q *heldQueue) {
	ctx, cancel := context.WithCancel(c.node.ctx)
	defer cancel()
	go func() {
		select {
		case <-c.mux.Done():
			cancel()
		case <-ctx.Done():
		}
	}()
	for {
		h.mu.Lock()
		if len(q.items) == 0 || h.closed {
			delete(h.queues, pid)
			h.mu.Unlock()
			return
		}
		it := q.items[0]
		q.items = q.items[1:]
		h.mu.Unlock()
		var err error
		for _, cid := range it.m.Lumps {
			// What is held can be loaded for ever, so its CID alone is not enough here.
			if shown, _ := c.node.shows(ctx, c.memory, cid); !shown {
				err = &store.NotFoundError{CID: cid}
				break
			}
			if err = c.node.rt.Ensure(ctx, cid); err != nil {
				break
			}
		}
		if err == nil {
			for {
				_, _, err = c.node.rt.Accept(it.to, it.m)
				if !errors.Is(err, runtime.ErrBusy) || ctx.Err() != nil {
					break
				}
				time.Sleep(time.Millisecond)
			}
		}
		if err != nil && ctx.Err() == nil && !errors.Is(err, runtime.ErrNoProcess) {
			c.node.log.Warn("a message of a peer was refused, with the lumps that it names", "peer", c.name, "to", it.to.Ref, "error", err)
		}
		h.mu.Lock()
		h.bytes -= len(it.m.Data)
		h.mu.Unlock()
	}
}

func (h *held) close() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
}
