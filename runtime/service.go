package runtime

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime/caps"
)

// Service is a native process that is reached by name. Its handler is called
// with one request at a time, on a goroutine of its own, so it may block.
type Service struct {
	Name string
	// Folded says that a request of a durable process is answered exactly once,
	// even when the server is killed in between: the answer is part of the history.
	// Other services are devices, which see a request at most once.
	Folded bool
	Handle func(ctx context.Context, r *Request)
}

// Request is a message to a service.
type Request struct {
	Data  []byte
	Caps  []Capability // the first is the reply address
	Lumps []lumps.CID
	// From says who asked, for logs and origins.
	From string
	// Durable reports a request of a durable process whose answer is an event.
	Durable bool
	// Sender is who sent the request, whoever the reply address belongs to.
	Sender Sender

	rt    *Runtime
	to    string
	cause space.Cause
	done  bool
}

// Sender is who sent a request, as the runtime knows it: nothing in a message changes
// it, so that a service can permit by it. The zero Sender is not known and should be
// permitted nothing.
type Sender struct {
	Host    bool      // this program itself, or who controls it through its socket
	Process uint64    // a process of this runtime; 0: none
	Module  lumps.CID // what that process is an instance of; zero: not known
	Peer    string    // the peer that it came from, as PeerOf identifies it
}

// Runtime returns the runtime that the request came through.
func (r *Request) Runtime() *Runtime { return r.rt }

// ReplyTo returns the reply address; false where the message has none.
func (r *Request) ReplyTo() (Capability, bool) {
	if len(r.Caps) == 0 || !r.Caps[0].Perms.Has(caps.Send) {
		return Capability{}, false
	}
	return r.Caps[0], true
}

// Args returns the capabilities behind the reply address.
func (r *Request) Args() []Capability {
	if len(r.Caps) == 0 {
		return nil
	}
	return r.Caps[1:]
}

// Reply answers. A second answer to a durable request is dropped.
func (r *Request) Reply(data []byte, cs ...Capability) { r.ReplyNaming(nil, data, cs...) }

// ReplyNaming answers with a message that names lumps, and so grants them.
func (r *Request) ReplyNaming(named []lumps.CID, data []byte, cs ...Capability) {
	to, ok := r.ReplyTo()
	if !r.Durable {
		r.done = true
		if ok {
			r.rt.deliver(nil, to, data, cs, named, r.to, Sender{})
		}
		return
	}
	if r.done {
		return
	}
	r.done = true
	d := r.rt.dur
	ev := func(k *space.Kernel) space.Event {
		if ok && to.Ref.Kind == space.RefDurable && k.Alive(to.Ref) {
			return d.messageTo(to.Ref, data, cs, named, r.to, "")
		}
		return &space.Resolved{}
	}
	seq, err := d.outcome(r.cause, ev)
	if err == nil && ok && to.Ref.Kind != space.RefDurable && seq > 0 {
		d.held.add(d, seq, func() { r.rt.deliver(nil, to, data, cs, named, r.to, Sender{}) })
	}
	runtime.KeepAlive(cs)
}

// Drop ends a request that gets no answer.
func (r *Request) Drop(reason string) {
	if r.Durable && !r.done {
		r.rt.dur.outcome(r.cause, func(*space.Kernel) space.Event { return &space.Resolved{Reason: reason} })
	}
	r.done = true
}

// Outcome answers a durable request with an event of its own kind. The event is
// made under the appender's lock.
func (r *Request) Outcome(ev func(k *space.Kernel) space.Event) {
	if !r.done {
		r.done = true
		r.rt.dur.outcome(r.cause, ev)
	}
}

// services are the native processes, by name.
type services struct {
	mu sync.RWMutex
	by map[string]*nativeProcess
}

type nativeProcess struct {
	svc  *Service
	proc *Process
}

// Serve starts a native service. Starting one under a name that is taken is an
// error of the program, and panics.
func (rt *Runtime) Serve(s Service) {
	p := rt.newProcess(0, space.DefaultLimits)
	p.native, p.service = &s, s.Name
	p.cond = sync.NewCond(&p.mu)
	p.boxes[0].ref = space.Ref{Kind: space.RefService, Service: s.Name}
	rt.services.mu.Lock()
	if rt.services.by[s.Name] != nil {
		panic("runtime: service " + s.Name + " is started twice")
	}
	rt.services.by[s.Name] = &nativeProcess{&s, p}
	rt.services.mu.Unlock()
	rt.wg.Add(1)
	go func() {
		defer rt.wg.Done()
		p.serve(rt.ctx)
	}()
}

// NewService starts a native process without a name, reached by its capability
// alone. It lives until the runtime stops or somebody kills it.
func (rt *Runtime) NewService(handle func(ctx context.Context, r *Request)) *Port {
	p := rt.newProcess(rt.transientPID(), space.DefaultLimits)
	p.native = &Service{Handle: handle}
	p.cond = sync.NewCond(&p.mu)
	rt.procs.add(p)
	rt.wg.Add(1)
	go func() {
		defer rt.wg.Done()
		p.serve(rt.ctx)
		p.end(nil, &Trap{Reason: space.ReasonNormal})
	}()
	return &Port{rt, p}
}

func (p *Process) serve(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() {
		p.mu.Lock()
		p.cond.Broadcast()
		p.mu.Unlock()
	})
	defer stop()
	for {
		p.mu.Lock()
		for p.head == len(p.queue) && ctx.Err() == nil && !p.killed.Load() {
			p.state = StateIdle
			p.queue, p.head = p.queue[:0], 0
			p.cond.Wait()
		}
		if ctx.Err() != nil || p.killed.Load() {
			p.mu.Unlock()
			return
		}
		s := p.queue[p.head]
		p.queue[p.head] = nil
		p.head++
		p.bytes -= len(s.Data)
		p.state = StateRunning
		p.mu.Unlock()
		if s.Kind == SignalMessage {
			r := s.request
			if r == nil {
				r = &Request{rt: p.rt, to: p.native.Name, Data: append([]byte(nil), s.Data...), Caps: slices.Clone(s.Caps), Lumps: s.Lumps, From: "a process"}
				if s.sender != nil {
					r.Sender = *s.sender
				}
			}
			p.native.Handle(ctx, r)
		}
		s.free()
	}
}

func (rt *Runtime) service(name string) *nativeProcess {
	rt.services.mu.RLock()
	defer rt.services.mu.RUnlock()
	return rt.services.by[name]
}

// requestOf is the request that an effect of a durable process makes.
func (rt *Runtime) requestOf(e *space.Effect) *Request {
	r := &Request{rt: rt, to: e.To.Ref.Service, cause: e.Cause, Durable: true, Data: e.Body, Lumps: e.Lumps,
		From: fmt.Sprintf("process %d", e.Cause.Process), Sender: rt.dur.sender(e.Cause.Process)}
	if !e.Blob.IsZero() {
		data, err := rt.readLump(context.Background(), e.Blob)
		if err != nil {
			rt.dur.fail(&HostError{Op: "reading a request", Err: err})
		}
		r.Data = data
	}
	for _, c := range e.Caps {
		r.Caps = append(r.Caps, rt.resolve(c))
	}
	return r
}

// serve hands a durable request to its service.
func (rt *Runtime) serve(r *Request) {
	n := rt.service(r.to)
	if n == nil {
		r.Drop("no such service")
		return
	}
	s := newSignal(nil)
	s.request = r
	if err := n.proc.push(nil, n.proc.boxes[0], s); err != nil {
		r.Drop("busy")
	}
}
