package runtime

import (
	"cmp"
	"context"
	"slices"

	"hearth/journal/space"
	"hearth/lumps"
)

// ProcessInfo is what ps shows of a process.
type ProcessInfo struct {
	PID     uint64    `json:"pid"`
	State   string    `json:"state"` // idle, ready or running
	Durable bool      `json:"durable"`
	Service string    `json:"service,omitempty"`
	Parent  uint64    `json:"parent,omitempty"`
	Module  lumps.CID `json:"module"`
	Fuel    uint64    `json:"fuel"`   // burnt since it was spawned
	Memory  int64     `json:"memory"` // bytes of linear memory
	Queue   int       `json:"queue"`  // signals that wait
}

func (p *Process) info() ProcessInfo {
	queue := p.queued()
	p.mu.Lock()
	defer p.mu.Unlock()
	return ProcessInfo{PID: p.pid, Durable: p.dur != nil, Service: p.service, Parent: p.parent, Module: p.module,
		Fuel: p.fuel.Load(), Queue: queue, State: p.state.String(), Memory: p.memory.Load()}
}

// Processes lists the living processes by PID: the durable ones first. What it
// tells of durable ones is on disk when it returns.
func (rt *Runtime) Processes(ctx context.Context) ([]ProcessInfo, error) {
	var out []ProcessInfo
	if d := rt.dur; d != nil {
		d.mu.Lock()
		seq := d.k.Seq
		procs := make([]*Process, 0, len(d.procs))
		for pid, p := range d.procs {
			if d.k.Process(pid) != nil {
				procs = append(procs, p)
			}
		}
		d.mu.Unlock()
		for _, p := range procs {
			out = append(out, p.info())
		}
		if err := d.wait(ctx, seq); err != nil {
			return nil, err
		}
	}
	for _, p := range rt.procs.all() {
		if p.native == nil {
			out = append(out, p.info())
		}
	}
	slices.SortFunc(out, func(a, b ProcessInfo) int { return cmp.Compare(a.PID, b.PID) })
	return out, nil
}

// ServiceInfo is a bound name.
type ServiceInfo struct {
	Name   string `json:"name"`
	PID    uint64 `json:"pid,omitempty"` // 0: a native service
	Native bool   `json:"native"`
}

// Services lists the bound names in order.
func (rt *Runtime) Services() []ServiceInfo {
	var out []ServiceInfo
	for _, n := range rt.Names() {
		c, ok := rt.Lookup(n)
		if ok {
			out = append(out, ServiceInfo{Name: n, PID: c.Ref.Process, Native: c.Ref.Kind == space.RefService})
		}
	}
	return out
}

// SetRoot sets a root of the space, or removes it where c is zero. It is on disk
// when SetRoot returns.
func (rt *Runtime) SetRoot(ctx context.Context, name string, c lumps.CID, size int64, origin string) error {
	d := rt.dur
	if d == nil {
		return ErrNotDurable
	}
	d.mu.Lock()
	if have, ok := d.k.Root(name); ok && have.CID == c {
		seq := d.k.Seq
		d.mu.Unlock()
		return d.wait(ctx, seq)
	}
	seq, err := d.commit(nil, &space.Root{Header: space.Header{Origin: origin}, Name: name, CID: c, Size: size})
	d.unlock()
	if err != nil {
		return err
	}
	return d.wait(ctx, seq)
}

// IsRoot reports whether a root of the space with a name that begins with prefix
// names the lump.
func (rt *Runtime) IsRoot(prefix string, c lumps.CID) bool {
	if rt.dur == nil {
		return false
	}
	rt.dur.mu.Lock()
	defer rt.dur.mu.Unlock()
	return rt.dur.k.IsRoot(prefix, c)
}

// Head returns the seq of the last event.
func (rt *Runtime) Head() uint64 {
	if rt.dur == nil {
		return 0
	}
	rt.dur.mu.Lock()
	defer rt.dur.mu.Unlock()
	return rt.dur.k.Seq
}

// Quiesce waits until every durable process has executed what was accepted for
// it, and all that follows from it.
func (rt *Runtime) Quiesce(ctx context.Context) error {
	if rt.dur == nil {
		return nil
	}
	return rt.dur.await(ctx, 0)
}
