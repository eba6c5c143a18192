package runtime

import (
	"fmt"
	"time"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime/caps"
)

// This file is what a body may ask for while its process executes. Misuse of a
// handle or of a permission is a *Trap: it is the guest's own fault and part of
// its own state. Whatever depends on the rest of the world cannot fail here; for
// a durable process it becomes an effect.

// Send sends a message through a capability of the process.
func (p *Process) Send(w *Worker, h uint32, data []byte, capHandles []uint32, named []lumps.CID) error {
	box, err := p.table.Live(h, caps.Send)
	if err != nil {
		return trapf("send through capability %d: %v", h, err)
	}
	if len(data) > space.MaxMessage {
		return trapf("a message of %d bytes; the limit is %d", len(data), space.MaxMessage)
	}
	if len(capHandles) > space.MaxCaps || len(named) > space.MaxLumps {
		return trapf("a message with %d capabilities and %d lumps", len(capHandles), len(named))
	}
	remote := box != nil && box.proc.remote != nil
	if remote && p.dur == nil {
		named = append(named, p.touched...)
	}
	if box != nil && p.dur == nil && len(capHandles) == 0 && len(named) == 0 {
		// A full mailbox drops: the sender is not told, as with a dead one.
		if err := box.proc.push(w, box, w.signal(data)); err != nil {
			return p.stalled(w, err)
		}
		return nil
	}
	var cs []Capability
	for _, ch := range capHandles {
		ref, live, perms, err := p.table.Get(ch)
		if err != nil {
			return trapf("sending capability %d: %v", ch, err)
		}
		cs = append(cs, Capability{Ref: ref, Perms: perms, Box: live})
	}
	ref, _, _, _ := p.table.Get(h)
	if p.dur != nil {
		return p.dur.send(ref, data, cs, named)
	}
	origin := ""
	if ref.Kind == space.RefDurable {
		origin = fmt.Sprintf("process %d", p.pid)
	}
	if err := p.rt.deliver(w, Capability{Ref: ref, Perms: caps.Send, Box: box}, data, cs, named, origin, Sender{Process: p.pid, Module: p.module}); err != nil {
		return p.stalled(w, err)
	}
	return nil
}

// IncRef, DecRef and Permissions work on the table.
func (p *Process) IncRef(h uint32) error {
	if err := p.table.IncRef(h); err != nil {
		return trapf("inc_ref of %d: %v", h, err)
	}
	return nil
}

// DecRef drops a reference.
func (p *Process) DecRef(h uint32) error {
	if err := p.table.DecRef(h); err != nil {
		return trapf("dec_ref of %d: %v", h, err)
	}
	return nil
}

// Permissions returns what a capability allows.
func (p *Process) Permissions(h uint32) (caps.Perms, error) {
	_, _, perms, err := p.table.Get(h)
	if err != nil {
		return 0, trapf("permissions of %d: %v", h, err)
	}
	return perms, nil
}

// Demote returns a handle for the same capability with fewer permissions.
func (p *Process) Demote(h uint32, perms caps.Perms) (uint32, error) {
	d, err := p.table.Demote(h, perms)
	if err != nil {
		return 0, trapf("demote of %d: %v", h, err)
	}
	return d, nil
}

// AddCapability takes a received capability into the table.
func (p *Process) AddCapability(c Capability) (uint32, error) {
	h, err := p.table.Add(c.Ref, c.Box, c.Perms)
	if err != nil {
		return 0, trapf("receiving a capability: %v", err)
	}
	return h, nil
}

// Kill ends what a capability reaches.
func (p *Process) Kill(w *Worker, h uint32) error {
	ref, box, perms, err := p.table.Get(h)
	if err == nil && !perms.Has(caps.Kill) {
		err = caps.ErrPermission
	}
	if err != nil {
		return trapf("kill through capability %d: %v", h, err)
	}
	why := &Trap{Reason: space.ReasonKilled, Detail: fmt.Sprintf("killed by process %d", p.pid)}
	if p.dur != nil {
		return p.dur.kill(ref)
	}
	p.rt.killRef(w, ref, box, why)
	return nil
}

// Link ties the ends of the process and of what a capability reaches together.
func (p *Process) Link(w *Worker, h uint32, on bool) error {
	ref, box, perms, err := p.table.Get(h)
	if err == nil && !perms.Has(caps.Link) {
		err = caps.ErrPermission
	}
	if err != nil {
		return trapf("link through capability %d: %v", h, err)
	}
	if p.dur != nil {
		kind := space.EffectLink
		if !on {
			kind = space.EffectUnlink
		}
		return p.dur.effect(space.Effect{Kind: kind, By: p.boxes[0].ref, To: Capability{Ref: ref, Perms: perms}.plain()})
	}
	switch {
	case box == nil || box.proc.dur != nil:
		return trapf("link: a transient process cannot be linked to %s; monitor it", ref)
	case on:
		p.link(w, box.proc)
	default:
		p.unlink(box.proc)
	}
	return nil
}

// CreateMailbox makes a mailbox and returns its handle.
func (p *Process) CreateMailbox() (uint32, error) {
	h := len(p.boxes)
	for i, b := range p.boxes {
		if b == nil {
			h = i
			break
		}
	}
	if h >= int(p.limits.Boxes) {
		return 0, trapf("more than %d mailboxes", p.limits.Boxes)
	}
	b := &Mailbox{proc: p, handle: uint32(h), ref: space.Ref{Kind: p.boxes[0].ref.Kind, Process: p.pid}}
	if p.dur != nil {
		b.ref.Mailbox = p.dur.nextID()
	} else {
		b.ref.Mailbox = p.rt.boxID.Add(1)
	}
	p.mu.Lock()
	if h == len(p.boxes) {
		p.boxes = append(p.boxes, b)
	} else {
		p.boxes[h] = b
	}
	p.mu.Unlock()
	return uint32(h), nil
}

// DestroyMailbox ends a mailbox: its capabilities reach nothing from now on.
func (p *Process) DestroyMailbox(h uint32) error {
	if h == 0 {
		return trapf("the parent mailbox cannot be destroyed")
	}
	b, err := p.mailbox(h)
	if err != nil {
		return err
	}
	p.mu.Lock()
	b.dead = true
	p.waiting -= len(b.queue)
	for _, s := range b.queue {
		p.bytes -= len(s.Data)
	}
	b.queue = nil
	p.boxes[h] = nil
	for n := len(p.boxes); p.boxes[n-1] == nil; n-- {
		p.boxes = p.boxes[:n-1]
	}
	p.mu.Unlock()
	return nil
}

func (p *Process) mailbox(h uint32) (*Mailbox, error) {
	if int(h) >= len(p.boxes) || p.boxes[h] == nil {
		return nil, trapf("no mailbox %d", h)
	}
	return p.boxes[h], nil
}

// MakeCapability makes a capability to a mailbox of the process.
func (p *Process) MakeCapability(box uint32, perms caps.Perms) (uint32, error) {
	b, err := p.mailbox(box)
	if err != nil {
		return 0, err
	}
	return p.AddCapability(b.Cap(perms & caps.All))
}

// Monitor asks for a down signal on a mailbox when a capability dies.
func (p *Process) Monitor(w *Worker, box, h uint32) error {
	b, err := p.mailbox(box)
	if err != nil {
		return err
	}
	ref, live, perms, err := p.table.Get(h)
	if err == nil && !perms.Has(caps.Monitor) {
		err = caps.ErrPermission
	}
	if err != nil {
		return trapf("monitor of capability %d: %v", h, err)
	}
	c := Capability{Ref: ref, Perms: perms, Box: live}
	if p.dur != nil {
		return p.dur.effect(space.Effect{Kind: space.EffectWatch, By: b.ref, To: c.plain()})
	}
	p.rt.monitor(w, c, &watcher{box: b, cap: c})
	return nil
}

// Receive waits for the next signal on one of the mailboxes of a blocking guest
// and returns the index of the mailbox. With wait false it returns nil where
// there is none.
func (p *Process) Receive(boxes []uint32, wait bool) (int, *Signal, error) {
	if p.cond == nil {
		if !wait {
			return 0, nil, nil
		}
		return 0, nil, trapf("a handler cannot wait for a signal; it is called with the next one")
	}
	for _, h := range boxes {
		if _, err := p.mailbox(h); err != nil {
			return 0, nil, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if p.killed.Load() {
			return 0, nil, p.why
		}
		for i, h := range boxes {
			b := p.boxes[h]
			if len(b.queue) > 0 {
				s := b.queue[0]
				b.queue[0] = nil
				if b.queue = b.queue[1:]; len(b.queue) == 0 {
					b.queue = nil
				}
				p.waiting--
				p.bytes -= len(s.Data)
				p.state = StateRunning
				return i, s, nil
			}
		}
		if !wait {
			return 0, nil, nil
		}
		p.state = StateIdle
		p.cond.Wait()
	}
}

// Free gives back a signal that Receive returned.
func (p *Process) Free(s *Signal) { s.free() }

// Now is the time that the process sees: for a durable one that of its event.
func (p *Process) Now() int64 {
	if p.dur != nil {
		return p.dur.now
	}
	return time.Now().UnixNano()
}

// Random fills b: for a durable process from the entropy of the epoch, the
// process and its event, the same in every replay.
func (p *Process) Random(b []byte) {
	if p.dur != nil {
		p.dur.random(b)
		return
	}
	randomRead(b)
}

// Log writes to the log of the process.
func (p *Process) Log(level LogLevel, module, text string) {
	line := LogLine{Time: p.Now(), PID: p.pid, Level: level, Module: module, Text: text}
	if p.dur != nil {
		p.dur.log(line)
		return
	}
	p.addLog(line)
}
