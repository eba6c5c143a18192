package peer

import (
	"encoding/binary"

	"hearth/journal/space"
	"hearth/runtime"
	"hearth/runtime/caps"
)

// export is a mailbox here that the peer holds capabilities to.
type export struct {
	id    uint64
	cap   runtime.Capability
	perms caps.Perms // all that were given
	sent  uint64     // how often the number was sent and not released
	// interested counts why the end of the mailbox is told: a watch, a link.
	watched, linked bool
	cancel          func()
	// Of the reader: taken counts messages; stalled is set while the connection waits
	// for the mailbox, lost while messages to it are dropped since it stays long.
	taken         uint
	stalled, lost bool
}

// describe gives the form in which a capability crosses to the peer. The caller
// holds mu.
func (c *Conn) describe(x runtime.Capability) descriptor {
	if im, ok := runtime.RemoteOf(x).(*imported); ok && im.c == c {
		return descriptor{capOurs, x.Perms, im.id}
	}
	if x.Ref.Kind == 0 || x.Ref.Kind == space.RefTransient && x.Box == nil {
		return descriptor{}
	}
	e := c.exports[c.numbers[x.Ref]]
	if e == nil {
		if len(c.exports) >= c.node.o.MaxExports {
			if !c.tooMany {
				c.tooMany = true
				c.node.log.Warn("capabilities could not be sent: the peer holds too many", "peer", c.name, "limit", c.node.o.MaxExports)
			}
			return descriptor{}
		}
		c.lastExport++
		e = &export{id: c.lastExport, cap: x}
		c.exports[e.id] = e
		c.numbers[x.Ref] = e.id
	}
	e.perms |= x.Perms
	e.sent++
	return descriptor{capTheir, x.Perms, e.id}
}

// home returns what the peer names by a number of ours. The caller holds mu.
func (c *Conn) home(d descriptor) (runtime.Capability, error) {
	e := c.exports[d.id]
	if e == nil {
		return runtime.Capability{}, broken("it names capability %d, which it does not hold", d.id)
	}
	x := e.cap
	x.Perms = d.perms & e.perms
	return x, nil
}

// exported returns the export of a frame about one, if it gives perms.
func (c *Conn) exported(id uint64, perms caps.Perms) (*export, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.exports[id]
	if e == nil {
		return nil, broken("it names capability %d, which it does not hold", id)
	}
	if !e.perms.Has(perms) {
		c.denied.Add(1)
		c.node.log.Debug("a peer used a capability as it may not", "peer", c.name, "target", e.cap.Ref, "wants", perms)
		return nil, nil
	}
	return e, nil
}

// released takes a frame of releases.
func (c *Conn) released(b []byte) error {
	for cur := (cursor{b: b}); len(cur.b) > 0; {
		id, n := cur.uvarint("number"), cur.uvarint("count")
		if cur.err != nil {
			return cur.err
		}
		c.mu.Lock()
		e := c.exports[id]
		if e == nil || n == 0 || n > e.sent {
			c.mu.Unlock()
			return broken("it releases capability %d more often than it was sent", id)
		}
		e.sent -= n
		var cancel func()
		if e.sent == 0 {
			delete(c.exports, id)
			delete(c.numbers, e.cap.Ref)
			cancel, e.cancel = e.cancel, nil
		}
		c.mu.Unlock()
		if cancel != nil {
			cancel()
		}
	}
	return nil
}

// watch lets the peer hear of the end of an export.
func (c *Conn) watch(e *export, watched, linked bool) {
	c.mu.Lock()
	was := e.watched || e.linked
	e.watched, e.linked = e.watched || watched, e.linked || linked
	c.mu.Unlock()
	if was {
		return
	}
	cancel := c.node.rt.Monitor(e.cap, func(reason string) { c.ended(e, reason) })
	c.mu.Lock()
	if (e.watched || e.linked) && e.cancel == nil && c.exports[e.id] == e {
		e.cancel, cancel = cancel, nil
	}
	c.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}

// unwatch ends an interest.
func (c *Conn) unwatch(e *export, watched, linked bool) {
	c.mu.Lock()
	e.watched, e.linked = e.watched && !watched, e.linked && !linked
	var cancel func()
	if !e.watched && !e.linked {
		cancel, e.cancel = e.cancel, nil
	}
	c.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}

// ended tells the peer that a mailbox it watches has ended.
func (c *Conn) ended(e *export, reason string) {
	if len(reason) > maxReason {
		reason = reason[:maxReason]
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !e.watched && !e.linked {
		return
	}
	e.watched, e.linked, e.cancel = false, false, nil
	b := binary.AppendUvarint(appendFrame(c.buf[:0], opDown), e.id)
	c.send(append(b, reason...))
}

// dropExports forgets everything that the peer held: it is gone. A process here
// that was linked to one of the peer fails with it.
func (c *Conn) dropExports() {
	c.mu.Lock()
	all := c.exports
	c.exports, c.numbers = nil, nil
	var linked []runtime.Capability
	var cancels []func()
	for _, e := range all {
		if e.linked {
			linked = append(linked, e.cap)
		}
		if e.cancel != nil {
			cancels = append(cancels, e.cancel)
		}
		e.watched, e.linked, e.cancel = false, false, nil
	}
	c.mu.Unlock()
	for _, cancel := range cancels {
		cancel()
	}
	for _, x := range linked {
		c.node.rt.KillCapability(x, true, c.origin)
	}
}
