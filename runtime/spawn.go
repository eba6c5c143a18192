package runtime

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime/caps"
)

// SpawnRequest says what to run.
type SpawnRequest struct {
	Module  lumps.CID
	Durable bool
	// OrTransient takes a blocking module as a transient process where Durable would
	// refuse it.
	OrTransient bool
	Service     string       // register it under this name
	Caps        []Capability // its table from handle 0; nil: the registry
	Arg         []byte       // its first message, where HasArg
	HasArg      bool
	Limits      space.Limits // zero fields get the default
	Entry       int64        // entry point of a blocking guest; -1: run
	Origin      string       // who asks
	Key         string       // the same key spawns once
	Parent      uint64
}

func (q *SpawnRequest) limits() space.Limits {
	l, d := q.Limits, space.DefaultLimits
	set := func(v *uint32, d uint32) {
		if *v == 0 || *v > d*16 {
			*v = d
		}
	}
	set(&l.Pages, d.Pages)
	l.Pages = min(l.Pages, 65536)
	set(&l.Depth, d.Depth)
	set(&l.Table, d.Table)
	set(&l.Boxes, d.Boxes)
	set(&l.Held, d.Held)
	if l.Fuel == 0 {
		l.Fuel = d.Fuel
	}
	return l
}

// Spawn starts a process and returns its PID and a capability with all
// permissions. A durable one is on disk when Spawn returns.
func (rt *Runtime) Spawn(ctx context.Context, q SpawnRequest) (uint64, Capability, error) {
	if len(q.Service) > space.MaxName || len(q.Arg) > space.MaxMessage || len(q.Key) > space.MaxKey {
		return 0, Capability{}, ErrTooLarge
	}
	if q.Caps == nil {
		q.Caps = rt.initial
	}
	if !q.Durable {
		return rt.spawnTransient(ctx, &q)
	}
	if rt.dur == nil {
		return 0, Capability{}, ErrNotDurable
	}
	ev, err := rt.spawnEvent(ctx, &q)
	if err != nil {
		return 0, Capability{}, err
	}
	d := rt.dur
	d.mu.Lock()
	if q.Key != "" {
		if seq, ok := d.k.Key(q.Key); ok {
			d.unlock()
			return seq, durableCap(seq), d.wait(ctx, seq)
		}
	}
	seq, err := d.commit(nil, ev)
	d.unlock()
	runtime.KeepAlive(q.Caps) // now the table of the process has the proxies among them
	if err != nil {
		return 0, Capability{}, err
	}
	return seq, durableCap(seq), d.wait(ctx, seq)
}

// prepare makes a module ready to run. One that is not here is asked of peers.
func (rt *Runtime) prepare(ctx context.Context, module lumps.CID, limits space.Limits, durable bool) (Code, error) {
	code, err := rt.engine.Prepare(ctx, module, limits, durable)
	if isNotFound(err) && rt.Ensure(ctx, module) == nil {
		return rt.engine.Prepare(ctx, module, limits, durable)
	}
	return code, err
}

func durableCap(pid uint64) Capability {
	return Capability{Ref: space.Ref{Kind: space.RefDurable, Process: pid}, Perms: caps.All}
}

// spawnEvent prepares the module; its lumps are durable on return.
func (rt *Runtime) spawnEvent(ctx context.Context, q *SpawnRequest) (*space.Spawn, error) {
	code, err := rt.prepare(ctx, q.Module, q.limits(), true)
	if err != nil {
		return nil, err
	}
	rt.mu.Lock()
	if rt.codes[code.Program()] == nil {
		rt.codes[code.Program()] = code
	}
	rt.mu.Unlock()
	return &space.Spawn{
		Header: space.Header{Origin: q.Origin}, Program: code.Program(), Parent: q.Parent, Service: q.Service,
		Table: plainCaps(q.Caps), Arg: q.Arg, HasArg: q.HasArg, Key: q.Key,
	}, nil
}

// SpawnFor answers a request with a new process: the body of the reply and the
// child's capability, or failed where there is none. For a durable request this
// is one event.
func (r *Request) SpawnFor(ctx context.Context, q SpawnRequest, reply, failed []byte) {
	rt := r.rt
	if q.Caps == nil {
		q.Caps = []Capability{}
	}
	var ev *space.Spawn
	var err error
	if r.Durable && q.Durable {
		if ev, err = rt.spawnEvent(ctx, &q); errors.Is(err, ErrBlocking) && q.OrTransient {
			q.Durable = false
		}
	}
	if !r.Durable || !q.Durable {
		_, c, err := rt.Spawn(ctx, q)
		if err != nil {
			rt.log.Info("a process could not be spawned", "module", q.Module, "for", r.From, "error", err)
			r.Reply(failed)
			return
		}
		r.Reply(reply, c)
		return
	}
	if err != nil {
		if !errors.Is(err, ErrBadModule) && !errors.Is(err, ErrBlocking) {
			rt.log.Warn("a process could not be spawned", "module", q.Module, "for", r.From, "error", err)
		}
		ev = &space.Spawn{Failed: err.Error()}
		reply = failed
	}
	to, ok := r.ReplyTo()
	r.Outcome(func(*space.Kernel) space.Event {
		if ok {
			ev.Reply = &space.Reply{To: to.plain(), Body: reply}
		}
		return ev
	})
	runtime.KeepAlive(q.Caps)
}

func (rt *Runtime) spawnTransient(ctx context.Context, q *SpawnRequest) (uint64, Capability, error) {
	limits := q.limits()
	code, err := rt.prepare(ctx, q.Module, limits, false)
	if err != nil {
		return 0, Capability{}, err
	}
	p, err := rt.start(ctx, code, q, limits)
	if err != nil {
		return 0, Capability{}, err
	}
	return p.pid, p.self(caps.All), nil
}

// start makes a transient process of code.
func (rt *Runtime) start(ctx context.Context, code Code, q *SpawnRequest, limits space.Limits) (*Process, error) {
	p := rt.newProcess(rt.transientPID(), limits)
	p.module, p.service, p.parent, p.entry = q.Module, q.Service, q.Parent, q.Entry
	for i := range q.Caps {
		c := &q.Caps[i]
		if _, err := p.table.Add(c.Ref, c.Box, c.Perms); err != nil {
			return nil, err
		}
	}
	p.memory.Store(int64(code.MemorySize()))
	if code.Blocking() {
		body, err := code.New(ctx, p, nil)
		if err != nil {
			return nil, err
		}
		p.body = body
		p.cond = sync.NewCond(&p.mu)
	} else {
		p.code = code // what is never told anything needs no instance
	}
	rt.procs.add(p)
	if q.Service != "" {
		rt.Register(q.Service, p.self(caps.Send|caps.Monitor))
	}
	if q.HasArg {
		p.push(nil, p.boxes[0], newSignal(q.Arg))
	}
	if p.cond != nil {
		p.mu.Lock()
		p.state = StateRunning
		p.mu.Unlock()
		rt.wg.Add(1)
		go func() {
			defer rt.wg.Done()
			err := p.body.Run(rt.ctx)
			if err == nil {
				err = Exit(0)
			}
			p.end(nil, asTrap(err))
		}()
	}
	return p, nil
}

// Kill ends a process from outside. A durable one is ended on disk when Kill
// returns, behind what was sent to it before.
func (rt *Runtime) Kill(ctx context.Context, pid uint64, origin string) error {
	if space.IsTransient(pid) || rt.dur == nil {
		p := rt.procs.get(pid)
		if p == nil {
			return ErrNoProcess
		}
		if p.native != nil {
			return fmt.Errorf("%w: %s is a native service and cannot be killed", ErrNoProcess, p.service)
		}
		p.kill(nil, &Trap{Reason: space.ReasonKilled, Detail: "killed by " + origin})
		return nil
	}
	seq, err := rt.dur.killProcess(pid, origin, "")
	if err != nil {
		return err
	}
	return rt.dur.wait(ctx, seq)
}

// newBody makes the instance of a process. Where that fails, perhaps for want of
// memory, others give back what they can spare first.
func (rt *Runtime) newBody(code Code, p *Process, im *space.Image) (Body, error) {
	ctx := context.Background()
	body, err := code.New(ctx, p, im)
	if err == nil {
		return body, nil
	}
	rt.Rest()
	rt.Rest()
	return code.New(ctx, p, im)
}
