package runtime

import (
	"maps"
	"slices"

	"hearth/journal/space"
	"hearth/runtime/caps"
)

// Names of native services are fixed, names of transients live in this epoch
// outside the state, names of durable capabilities are in the state. One name is
// bound once: the capability that is registered decides where.

// Lookup finds what a name is bound to.
func (rt *Runtime) Lookup(name string) (Capability, bool) {
	if rt.service(name) != nil {
		return rt.resolve(space.Cap{Ref: space.Ref{Kind: space.RefService, Service: name}, Perms: uint8(caps.Send)}), true
	}
	rt.mu.RLock()
	c, ok := rt.names[name]
	rt.mu.RUnlock()
	if ok || rt.dur == nil {
		return c, ok
	}
	rt.dur.mu.Lock()
	defer rt.dur.mu.Unlock()
	sc, ok := rt.dur.k.Name(name)
	if !ok {
		return Capability{}, false
	}
	return Capability{Ref: sc.Ref, Perms: caps.Perms(sc.Perms)}, true
}

// Names returns everything that is bound, in order.
func (rt *Runtime) Names() []string {
	set := map[string]bool{}
	rt.services.mu.RLock()
	for n := range rt.services.by {
		set[n] = true
	}
	rt.services.mu.RUnlock()
	rt.mu.RLock()
	for n := range rt.names {
		set[n] = true
	}
	rt.mu.RUnlock()
	if rt.dur != nil {
		rt.dur.mu.Lock()
		for _, n := range rt.dur.k.Names() {
			set[n] = true
		}
		rt.dur.mu.Unlock()
	}
	return slices.Sorted(maps.Keys(set))
}

// Register binds a name. replaced says that it was bound before; ok is false for
// the name of a native service, which cannot be bound.
func (rt *Runtime) Register(name string, c Capability) (replaced, ok bool) {
	if name == "" || len(name) > space.MaxName || rt.service(name) != nil {
		return false, false
	}
	if c.Ref.Kind == space.RefDurable {
		if rt.dur == nil {
			return false, false
		}
		d := rt.dur
		d.mu.Lock()
		_, replaced = d.k.Name(name)
		_, err := d.commit(nil, &space.Register{Name: name, Cap: c.plain()})
		d.unlock()
		rt.mu.Lock()
		if _, had := rt.names[name]; had {
			delete(rt.names, name)
			replaced = true
		}
		rt.mu.Unlock()
		return replaced, err == nil
	}
	rt.mu.Lock()
	_, replaced = rt.names[name]
	rt.names[name] = c
	if c.Box != nil {
		c.Box.proc.named.Store(true)
	}
	rt.mu.Unlock()
	if !replaced && rt.dur != nil {
		rt.dur.mu.Lock()
		_, replaced = rt.dur.k.Name(name)
		rt.dur.mu.Unlock()
	}
	return replaced, true
}

// RegisterFor answers a request to bind a name: reply makes the answer from
// whether the name was bound before. A durable request for a durable capability
// is one event, made where nobody can come between.
func (r *Request) RegisterFor(name string, c Capability, reply func(replaced, ok bool) []byte) {
	rt := r.rt
	if !r.Durable || c.Ref.Kind != space.RefDurable || name == "" || len(name) > space.MaxName || rt.service(name) != nil {
		replaced, ok := rt.Register(name, c)
		r.Reply(reply(replaced, ok))
		return
	}
	to, ok := r.ReplyTo()
	r.Outcome(func(k *space.Kernel) space.Event {
		_, replaced := k.Name(name)
		ev := &space.Register{Name: name, Cap: c.plain()}
		if ok {
			ev.Reply = &space.Reply{To: to.plain(), Body: reply(replaced, true)}
		}
		return ev
	})
	rt.mu.Lock()
	delete(rt.names, name)
	rt.mu.Unlock()
}
