package service

import (
	"fmt"
	"sync/atomic"
	"time"

	"hearth/lumps"
	"hearth/runtime"
)

type cid = lumps.CID

// client is who is bounded: a process here, a peer with all that runs there, or the
// person at the screen.
type client struct {
	p    *Plugin
	name string

	terminals, cells int // guarded by Plugin.mu

	pending atomic.Int64  // bytes of messages that wait
	lost    atomic.Uint64 // messages that found no room
	said    atomic.Int64  // when the log was last told, Unix nanoseconds
}

// owner is for whom a terminal is made.
type owner struct {
	name string // of the client
	who  string // for people
	key  string // for Grants and Keep; "": not to be known again
	asks string // who is told no, where somebody is: whoever sent the request
}

// person is the one at the screen.
var person = owner{name: "the person at the screen", who: "the person at the screen", key: "user"}

// ownerOf tells who sent a request and would get what it makes. Both count: a reply
// address says where the capability goes, and may be anybody's. What a process asks for
// somebody else is no matter of what it may have itself: such an owner has no key, so
// nothing that was permitted to its module, or kept for it, goes to a stranger.
func ownerOf(sender runtime.Sender, reply runtime.Capability) (o owner, remote bool) {
	peer, name := sender.Peer, ""
	if to := runtime.PeerOf(reply); to != "" {
		peer = to // who gets it is who has it
	}
	if name = runtime.OriginOf(reply); peer != "" {
		o = owner{name: name, who: "a peer with the key " + peer, key: "peer " + peer, asks: "peer " + peer}
		if o.name == "" {
			o.name = "peer " + peer
		}
		return o, true
	}
	o.name = fmt.Sprintf("process %d", reply.Ref.Process)
	if sender.Host {
		o.who, o.key = "this program", "host"
		return o, false
	}
	o.who = fmt.Sprintf("process %d", sender.Process)
	o.asks = o.who
	if !sender.Module.IsZero() {
		o.who += fmt.Sprintf(" with the module %s", sender.Module)
		o.asks = "module " + sender.Module.String()
	}
	switch {
	case !forItself(sender, reply):
		o.who += fmt.Sprintf(", for process %d", reply.Ref.Process)
	case !sender.Module.IsZero():
		o.key = o.asks
	}
	return o, false
}

// forItself tells whether a process asks for what would be its own.
func forItself(sender runtime.Sender, reply runtime.Capability) bool {
	return sender.Process != 0 && reply.Ref.Process == sender.Process
}

// reserve takes room for a terminal of so many cells.
func (p *Plugin) reserve(o owner, cells int) (*client, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.clients[o.name]
	if c == nil {
		c = &client{p: p, name: o.name}
	}
	switch {
	case c.terminals >= p.limits.Terminals:
		return nil, &LimitError{o.name, "terminals", int64(p.limits.Terminals)}
	case c.cells+cells > p.limits.AllCells:
		return nil, &LimitError{o.name, "cells of terminals", int64(p.limits.AllCells)}
	case o != person && p.others >= p.limits.Others:
		return nil, &LimitError{"everybody but the person at the screen", "terminals", int64(p.limits.Others)}
	case o != person:
		p.others++
	}
	c.terminals++
	c.cells += cells
	p.clients[o.name] = c
	return c, nil
}

// claim changes how many cells a terminal may have.
func (s *session) claim(cells int) error {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	c, most := s.client, s.p.limits.AllCells
	if s.cells < 0 {
		return errEnded
	}
	if more := cells - s.cells; more > 0 && c.cells+more > most {
		return &LimitError{c.name, "cells of terminals", int64(most)}
	}
	c.cells += cells - s.cells
	s.cells = cells
	return nil
}

// release gives back what reserve and claim took. It is called once.
func (s *session) release() {
	p, c := s.p, s.client
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.owner != person {
		p.others--
	}
	c.cells -= s.cells
	s.cells = -1
	if c.terminals--; c.terminals == 0 {
		delete(p.clients, c.name)
	}
}

// complain tells the log of a fault that the sender does not hear of, now and then:
// who floods does not flood the log.
func (c *client) complain(err error) {
	now, last := time.Now().UnixNano(), c.said.Load()
	if now-last < int64(complainEvery) || !c.said.CompareAndSwap(last, now) {
		return
	}
	c.p.log.Warn("a message to a terminal was not followed", "client", c.name, "error", err, "lost", c.lost.Load())
}
