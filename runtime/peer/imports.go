package peer

import (
	"encoding/binary"
	"fmt"
	"slices"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime"
)

// imported is a mailbox of the peer that something here holds a capability to: what
// its proxy sends through. It holds the proxy only while the proxy is watched or
// linked; else the holders of capabilities do, and the last of them lets it go.
type imported struct {
	c  *Conn
	id uint64

	// Guarded by c.mu.
	proxy           runtime.WeakProxy
	pin             runtime.Proxy
	watched, linked bool
	received        uint64 // how often the number came for this proxy
	ended           bool
}

// take gives the capability for a number of the peer. The caller holds mu.
func (c *Conn) take(d descriptor) (runtime.Capability, error) {
	if d.kind == capDead {
		x := c.node.rt.NewProxy(nothing{}, func() {})
		x.End(space.ReasonNoProcess)
		return x.Cap(d.perms), nil
	}
	im := &imported{c: c, id: d.id, received: 1}
	if old := c.imports[d.id]; old != nil {
		if x, ok := old.proxy.Proxy(); ok {
			old.received++
			return x.Cap(d.perms), nil
		}
		// Nobody holds it, and the collector has not said so yet: the new proxy takes
		// over what came for the old one, so that each number is counted once.
		im.received += old.received
	} else if len(c.imports) >= c.node.o.MaxExports {
		return runtime.Capability{}, broken("it sends more than %d capabilities", c.node.o.MaxExports)
	}
	x := c.node.rt.NewProxy(im, im.released)
	im.proxy = x.Weak()
	c.imports[d.id] = im
	if c.made++; c.made%collectEvery == 0 {
		c.node.collect()
	}
	return x.Cap(d.perms), nil
}

// released is called when nobody holds the proxy any more.
func (im *imported) released() {
	c := im.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.imports[im.id] != im {
		return // another took over, or the peer is gone
	}
	delete(c.imports, im.id)
	b := binary.AppendUvarint(appendFrame(c.buf[:0], opRelease), im.id)
	c.send(binary.AppendUvarint(b, im.received))
}

// Origin names the peer, as the origins of its messages do.
func (im *imported) Origin() string { return im.c.origin }

// Peer identifies the peer by its whole key.
func (im *imported) Peer() string { return im.c.peer }

// Deliver sends a message to the mailbox.
func (im *imported) Deliver(s *runtime.Signal) error { return im.deliver(s, nil) }

// deliver sends a message to the mailbox; via is the peer from which it is passed
// on, nil where somebody here sends it.
func (im *imported) deliver(s *runtime.Signal, via *memory) error {
	c := im.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return nil // as to any mailbox that is gone
	}
	// What the host sends is not bounded as what guests send is: a long answer of a
	// service, say. A frame that is too long would cost the connection.
	if len(s.Data) > space.MaxMessage {
		return runtime.ErrTooLarge
	}
	if len(s.Caps) > space.MaxCaps {
		return fmt.Errorf("%w: %d capabilities", runtime.ErrTooLarge, len(s.Caps))
	}
	m := message{target: im.id, lumps: s.Lumps[:min(len(s.Lumps), space.MaxLumps)], body: s.Data, caps: c.descriptors[:0]}
	for _, x := range s.Caps {
		m.caps = append(m.caps, c.describe(x))
	}
	c.descriptors = m.caps[:0]
	if len(m.lumps) > 0 {
		c.memory.grants.add(m.lumps, via)
	}
	c.messagesOut++
	return c.send(m.append(appendFrame(c.buf[:0], opSend)))
}

// frame sends a frame that holds the number alone. The caller holds mu.
func (im *imported) frame(op byte) {
	im.c.send(binary.AppendUvarint(appendFrame(im.c.buf[:0], op), im.id))
}

// Watch asks to be told of the end.
func (im *imported) Watch(on bool) { im.tie(&im.watched, on, opWatch, opUnwatch) }

// Link ties an end here to the end there.
func (im *imported) Link(on bool) { im.tie(&im.linked, on, opLink, opUnlink) }

func (im *imported) tie(what *bool, on bool, set, unset byte) {
	im.c.mu.Lock()
	defer im.c.mu.Unlock()
	if *what == on || im.ended {
		return
	}
	*what = on
	if on {
		im.frame(set)
	} else {
		im.frame(unset)
	}
	if im.watched || im.linked {
		im.pin, _ = im.proxy.Proxy() // the caller holds it
	} else {
		im.pin = runtime.Proxy{}
	}
}

// Kill ends the mailbox's process, or tells it that a linked one failed.
func (im *imported) Kill(linked bool) {
	im.c.mu.Lock()
	defer im.c.mu.Unlock()
	if linked {
		im.frame(opFailed)
	} else {
		im.frame(opKill)
	}
}

// Offer tells the peer to fetch a lump.
func (im *imported) Offer(cid lumps.CID) { im.offer(cid, nil) }

// offer tells the peer to fetch a lump; via is the peer whose offer is passed on,
// nil where somebody here makes it.
func (im *imported) offer(cid lumps.CID, via *memory) {
	c := im.c
	c.mu.Lock()
	defer c.mu.Unlock()
	c.memory.grants.add([]lumps.CID{cid}, via)
	b := binary.AppendUvarint(appendFrame(c.buf[:0], opOffer), im.id)
	c.send(append(b, cid[:]...))
}

// down takes the news that a mailbox of the peer has ended.
func (c *Conn) down(id uint64, reason string) error {
	c.mu.Lock()
	im := c.imports[id]
	c.mu.Unlock()
	if im == nil {
		return nil // released meanwhile
	}
	im.end(reason)
	return nil
}

func (im *imported) end(reason string) {
	im.c.mu.Lock()
	x, ok := im.proxy.Proxy()
	im.ended, im.watched, im.linked, im.pin = true, false, false, runtime.Proxy{}
	im.c.mu.Unlock()
	if ok {
		x.End(reason)
	}
}

// dropImports ends every proxy: the peer is gone.
func (c *Conn) dropImports() {
	c.mu.Lock()
	all := make([]*imported, 0, len(c.imports))
	for _, im := range c.imports {
		all = append(all, im)
	}
	c.imports = map[uint64]*imported{}
	c.mu.Unlock()
	slices.SortFunc(all, func(a, b *imported) int { return int(a.id) - int(b.id) })
	for _, im := range all {
		im.end(space.ReasonInaccessible)
	}
}

// nothing is what a capability that reaches nothing reaches.
type nothing struct{}

func (nothing) Deliver(*runtime.Signal) error { return nil }
func (nothing) Watch(bool)                    {}
func (nothing) Link(bool)                     {}
func (nothing) Kill(bool)                     {}
func (nothing) Offer(lumps.CID)               {}
