package service

import (
	"slices"
	"sync"
	"time"

	"hearth/runtime"
)

// maker is an address that things were made for: the process behind it is their
// owner, and they go with it. All that one maker asks for happens in order, on one
// goroutine that lives while there is something to do.
type maker struct {
	p      *Plugin
	client *client
	key    uint64 // the process of the address
	wake   chan struct{}

	// mu guards what follows. It is never held while something is sent.
	mu      sync.Mutex
	ended   bool
	running bool
	retired bool
	monitor func() // takes back the interest in the end of the process
	jobs    []*job // in the order of their arrival
	things  map[*thing]struct{}
	dirty   []*thing // were told something, or have gone

	next time.Time // when dirty may be looked at again; of the goroutine
}

// enqueue gives a job to the maker that a reply address stands for.
func (p *Plugin) enqueue(j *job, reply runtime.Capability) error {
	key := reply.Ref.Process
	p.mu.Lock()
	m := p.makers[key]
	made := m == nil
	if made {
		if len(p.makers) >= p.limits.Makers {
			p.mu.Unlock()
			return &busyError{int64(p.limits.Makers), "addresses"}
		}
		name := clientOf(reply)
		cl := p.clients[name]
		if cl == nil {
			cl = &client{p: p, name: name, checks: make(chan struct{}, p.limits.Checks)}
			p.clients[name] = cl
		}
		cl.makers++
		m = &maker{p: p, client: cl, key: key, wake: make(chan struct{}, 1), things: map[*thing]struct{}{}}
		p.makers[key] = m
	}
	if err := m.client.admit(j.cost); err != nil {
		p.mu.Unlock()
		if made {
			m.retire()
		}
		return err
	}
	j.m = m
	m.mu.Lock()
	m.jobs = append(m.jobs, j)
	m.mu.Unlock()
	p.mu.Unlock()
	if made {
		// From now on, not before: the end may be told at once.
		cancel := j.r.Runtime().Monitor(reply, func(string) { m.end() })
		m.mu.Lock()
		late := m.retired
		if !late {
			m.monitor = cancel
		}
		m.mu.Unlock()
		if late {
			cancel()
		}
	}
	j.begin()
	m.mu.Lock()
	m.kick()
	m.mu.Unlock()
	return nil
}

// end is called when the process behind the address has ended.
func (m *maker) end() {
	m.mu.Lock()
	m.ended = true
	m.kick()
	m.mu.Unlock()
}

// kick sees to it that the goroutine looks. The caller holds mu.
func (m *maker) kick() {
	if !m.running && !m.retired {
		m.running = m.p.start(m.run)
		return
	}
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

func (m *maker) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		m.mu.Lock()
		if m.ended {
			m.mu.Unlock()
			m.finish()
			return
		}
		var ready <-chan struct{}
		var head *job
		if len(m.jobs) > 0 {
			head = m.jobs[0]
			ready = head.ready
		}
		told := len(m.dirty) > 0
		if head == nil && !told {
			m.running = false
			m.mu.Unlock()
			m.retire()
			return
		}
		m.mu.Unlock()
		var due <-chan time.Time
		if told {
			wait := time.Until(m.next)
			if wait <= 0 {
				m.pass()
				continue
			}
			timer.Reset(wait)
			due = timer.C
		}
		select {
		case <-ready:
			m.mu.Lock()
			m.jobs[0] = nil
			m.jobs = m.jobs[1:]
			m.mu.Unlock()
			m.client.admitted(head.cost)
			head.finish()
		case <-due:
		case <-m.wake:
		case <-m.p.ctx.Done():
			return
		}
	}
}

// pass takes over what things were told.
func (m *maker) pass() {
	m.mu.Lock()
	dirty := m.dirty
	m.dirty = nil
	for _, t := range dirty {
		t.dirty = false
	}
	m.mu.Unlock()
	for _, t := range dirty {
		t.work()
	}
	m.next = time.Now().Add(passEvery)
}

// finish ends all that belongs to an owner who has ended.
func (m *maker) finish() {
	m.mu.Lock()
	jobs := m.jobs
	m.jobs = nil
	things := make([]*thing, 0, len(m.things))
	for t := range m.things {
		things = append(things, t)
	}
	m.mu.Unlock()
	for _, j := range jobs {
		m.client.admitted(j.cost)
		j.r.Drop("its sender has ended")
	}
	slices.SortFunc(things, func(a, b *thing) int { return a.id.Slot() - b.id.Slot() })
	for _, t := range things {
		t.remove()
	}
	m.mu.Lock()
	late := len(m.jobs) > 0 // asked for in between
	if !late {
		m.running, m.dirty = false, nil
	}
	m.mu.Unlock()
	if late {
		m.finish()
		return
	}
	m.retire()
}

// retire forgets a maker that has nothing and waits for nothing.
func (m *maker) retire() {
	p := m.p
	p.mu.Lock()
	m.mu.Lock()
	idle := !m.running && !m.retired && len(m.jobs) == 0 && len(m.dirty) == 0 && len(m.things) == 0
	if idle {
		m.retired = true
		delete(p.makers, m.key)
		if m.client.makers--; m.client.makers == 0 {
			delete(p.clients, m.client.name)
		}
	}
	m.mu.Unlock()
	p.mu.Unlock()
	if idle {
		m.release()
	}
}

// release takes the interest in the owner's end back.
func (m *maker) release() {
	m.mu.Lock()
	cancel := m.monitor
	m.monitor, m.retired = nil, true
	m.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}
