package runtime

import "time"

// idleSweep is how often idle processes are looked for. A process that did
// nothing between two sweeps gives back what it can make again: a transient one
// its call stack, a durable one that is as its last snapshot has it its whole
// instance.
const idleSweep = 10 * time.Second

func (rt *Runtime) sweepIdle() {
	t := time.NewTicker(idleSweep)
	defer t.Stop()
	for {
		select {
		case <-rt.ctx.Done():
			return
		case <-t.C:
			rt.Rest()
		}
	}
}

// Rest lets every process that was idle since the last call give back what it can
// make again. It returns how many did.
func (rt *Runtime) Rest() (n int) {
	procs := rt.procs.all()
	if d := rt.dur; d != nil {
		d.mu.Lock()
		for _, p := range d.procs {
			procs = append(procs, p)
		}
		d.mu.Unlock()
	}
	for _, p := range procs {
		if p.rest() {
			n++
		}
	}
	return n
}

// rest takes the place of a worker for a moment, so that nobody executes the
// process meanwhile.
func (p *Process) rest() bool {
	p.mu.Lock()
	if p.state != StateIdle || p.cond != nil || p.ended || p.used || p.body == nil {
		p.used = false
		p.mu.Unlock()
		return false
	}
	p.state = StateRunning
	p.mu.Unlock()
	if p.dur != nil && !p.dur.dirty && !p.dur.fresh && p.dur.captured.isStored() {
		p.body.Close()
		p.body = nil
		p.dur.pages = nil
	} else {
		p.body.Rest()
	}
	p.mu.Lock()
	waits := len(p.queue) > p.head || p.killed.Load()
	if p.dur != nil {
		waits = len(p.dur.events) > p.dur.head || p.rt.dur.passing.Load().isWanted(p)
	}
	p.state = StateIdle
	if waits {
		p.state = StateReady
	}
	p.mu.Unlock()
	if waits {
		p.rt.sched.ready(nil, p)
	}
	return true
}
