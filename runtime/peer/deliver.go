package peer

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	"hearth/journal/space"
	"hearth/runtime"
)

// deliver hands a message to a mailbox here, and holds the connection up while the
// mailbox is long.
func (c *Conn) deliver(e *export, to runtime.Capability, m runtime.Message) error {
	if to.Ref.Kind == space.RefDurable {
		m.Data = bytes.Clone(m.Data) // the event keeps it, and the frame is read over
		if wait, err := c.held.add(c, to, m); wait || err != nil {
			return err
		}
	}
	if e.lost {
		if c.long(e) {
			c.lost.Add(1)
			return nil
		}
		e.lost = false
	}
	_, _, err := c.node.rt.Accept(to, m)
	var full *runtime.FullError
	switch {
	case errors.As(err, &full):
	case errors.Is(err, runtime.ErrBusy):
	case err != nil:
		if !errors.Is(err, runtime.ErrNoProcess) && !errors.Is(err, runtime.ErrStopped) {
			c.node.log.Warn("a message of a peer could not be delivered", "peer", c.name, "to", to.Ref, "error", err)
		}
		return nil
	default:
		if c.messagesIn.Load()%32 != 0 || c.node.rt.Waiting(to) < longMailbox {
			return nil
		}
	}
	c.stall(e)
	return nil
}

// long reports whether a mailbox takes no more for now: here, or on the way to the
// peer that has it.
func (c *Conn) long(e *export) bool {
	if im, ok := runtime.RemoteOf(e.cap).(*imported); ok {
		im.c.mu.Lock()
		defer im.c.mu.Unlock()
		return im.c.full != nil
	}
	return c.node.rt.Waiting(e.cap) >= longMailbox/2
}

// stall waits until a mailbox is shorter, for a while.
func (c *Conn) stall(e *export) {
	end := time.NewTimer(MaxStall)
	defer end.Stop()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for c.long(e) {
		select {
		case <-look.C:
		case <-c.mux.Done():
			return
		case <-end.C:
			e.lost = true
			c.node.log.Warn("messages of a peer are lost: their mailbox stays full", "peer", c.name, "to", e.cap.Ref)
			return
		}
	}
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

// add takes a message that must wait; wait is false for one that need not.
func (h *held) add(c *Conn, to runtime.Capability, m runtime.Message) (wait bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	q := h.queues[to.Ref.Process]
	if q == nil {
		missing := false
		for _, cid := range m.Lumps {
			missing = missing || !c.node.rt.HasLump(cid)
		}
		if !missing {
			return false, nil
		}
	}
	if h.closed {
		return true, nil
	}
	if q != nil && len(q.items) >= MaxHeld || h.bytes+len(m.Data) > MaxHeldBytes {
		return true, broken("too many messages name lumps that it does not send")
	}
	h.bytes += len(m.Data)
	if q != nil {
		q.items = append(q.items, heldItem{to, m})
		return true, nil
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
	return true, nil
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
		if err != nil && ctx.Err() == nil {
			c.node.log.Warn("a message of a peer was refused: a lump that it names could not be had", "peer", c.name, "to", it.to.Ref, "error", err)
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
