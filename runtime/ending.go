package runtime

import (
	"runtime"
	"slices"

	"hearth/journal/space"
)

// How transient processes end, and who hears of it.

// kill asks a transient process to end; it does so between two signals, or at
// the end of a slice of fuel.
func (p *Process) kill(w *Worker, why *Trap) {
	p.mu.Lock()
	if p.ended || p.killed.Load() {
		p.mu.Unlock()
		return
	}
	if p.remote != nil {
		p.mu.Unlock()
		p.remote.Kill(why.Reason == space.ReasonLinked)
		runtime.KeepAlive(p)
		return
	}
	p.why = why
	p.killed.Store(true)
	if p.dying != nil {
		close(p.dying)
	}
	wake := false
	if p.cond != nil {
		p.cond.Broadcast()
	} else if wake = p.state == StateIdle; wake {
		p.state = StateReady
	}
	p.mu.Unlock()
	if wake {
		p.rt.sched.ready(w, p)
	}
}

// end takes a transient process out of the world and tells who watched.
func (p *Process) end(w *Worker, why *Trap) {
	p.mu.Lock()
	if p.ended {
		p.mu.Unlock()
		return
	}
	p.ended = true
	p.state = StateEnded
	queue := p.queue[p.head:]
	p.queue, p.head = nil, 0
	for _, b := range p.boxes {
		if b != nil {
			b.dead = true
			queue = append(queue, b.queue...)
			b.queue = nil
		}
	}
	watchers, links := p.watchers, p.links
	p.watchers, p.links = nil, nil
	p.mu.Unlock()
	for _, s := range queue {
		s.free()
	}
	if p.body != nil {
		p.body.Close()
	}
	p.rt.gone(p, why)
	for _, x := range watchers {
		if x.call != nil {
			x.call(why.Reason)
			continue
		}
		s := newSignal(nil)
		s.Kind, s.one[0] = SignalDown, x.cap
		x.box.proc.push(w, x.box, s)
	}
	for _, o := range links {
		if why.Reason != space.ReasonNormal { // before the link is gone, for a peer that must hear of both
			o.kill(w, &Trap{Reason: space.ReasonLinked, Detail: "a linked process ended"})
		}
		o.unlink(p)
	}
}

// watch tells x when the process ends; at once if it has.
func (p *Process) watch(w *Worker, x *watcher) {
	p.mu.Lock()
	if !p.ended {
		p.watchers = append(p.watchers, x)
		first := len(p.watchers) == 1
		p.mu.Unlock()
		if first && p.remote != nil {
			p.tie()
		}
		return
	}
	p.mu.Unlock()
	if x.call != nil {
		x.call("noproc")
		return
	}
	s := newSignal(nil)
	s.Kind, s.one[0] = SignalDown, x.cap
	x.box.proc.push(w, x.box, s)
}

// unwatch takes an interest back.
func (p *Process) unwatch(x *watcher) {
	p.mu.Lock()
	i := slices.Index(p.watchers, x)
	if i >= 0 {
		p.watchers = slices.Delete(p.watchers, i, i+1)
	}
	last := i >= 0 && len(p.watchers) == 0
	p.mu.Unlock()
	if last && p.remote != nil {
		p.tie()
	}
}

// link ties the ends of two transient processes together.
func (p *Process) link(w *Worker, o *Process) {
	if p == o {
		return
	}
	a, b := p, o
	if a.pid > b.pid {
		a, b = b, a
	}
	a.mu.Lock()
	b.mu.Lock()
	dead := o.ended
	if !dead && !slices.Contains(p.links, o) {
		p.links, o.links = append(p.links, o), append(o.links, p)
	}
	first := !dead && len(o.links) == 1
	b.mu.Unlock()
	a.mu.Unlock()
	if first && o.remote != nil {
		o.tie()
	}
	if dead {
		p.kill(w, &Trap{Reason: space.ReasonLinked, Detail: "a linked process ended"})
	}
}

func (p *Process) unlink(o *Process) {
	for _, x := range [2][2]*Process{{p, o}, {o, p}} {
		x[0].mu.Lock()
		i := slices.Index(x[0].links, x[1])
		if i >= 0 {
			x[0].links = slices.Delete(x[0].links, i, i+1)
		}
		last := i >= 0 && len(x[0].links) == 0 && !x[0].ended
		x[0].mu.Unlock()
		if last && x[0].remote != nil {
			x[0].tie()
		}
	}
}
