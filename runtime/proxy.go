package runtime

import (
	"context"
	"runtime"
	"sync"
	"weak"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime/caps"
	"hearth/store"
)

// Remote is a mailbox on another peer, as whoever holds the connection to it sees
// it. A proxy stands for it among the processes here. The methods are called from
// any goroutine, in the sender's call: they must not block, and may not send under
// a lock under which they are called.
type Remote interface {
	// Deliver sends a message on and keeps nothing of s. A *FullError says that it
	// was taken and that the sender should wait before the next one.
	Deliver(s *Signal) error
	// Watch says whether somebody here wants to hear of its end; perhaps again.
	Watch(on bool)
	// Link says whether an end here is tied to its end; perhaps again.
	Link(on bool)
	// Offer tells its peer to fetch a lump, and lets it.
	Offer(c lumps.CID)
	// Kill ends it: because somebody here may and wants to or, with linked, since a
	// linked process here failed.
	Kill(linked bool)
}

// FullError reports a way out that is full. What was sent is on its way; who sends
// more should wait for Drained to be closed.
type FullError struct{ Drained <-chan struct{} }

func (*FullError) Error() string { return "the way to the peer is full; wait" }

// Proxy stands for a mailbox of another peer: a process without a body, whose
// messages go to a Remote and whose end comes from there. It lives as long as
// something here holds a capability to it or watches it: the table of processes
// holds it weakly, and Go's collector finds out.
type Proxy struct{ p *Process }

// WeakProxy refers to a proxy without keeping it.
type WeakProxy struct{ p weak.Pointer[Process] }

// Proxy returns the proxy while somebody holds it.
func (w WeakProxy) Proxy() (Proxy, bool) {
	p := w.p.Value()
	return Proxy{p}, p != nil
}

// NewProxy makes a proxy. released is called, on a goroutine of the collector,
// when nobody holds it any more; neither it nor r may hold the proxy.
func (rt *Runtime) NewProxy(r Remote, released func()) Proxy {
	p := rt.newProcess(rt.transientPID(), space.DefaultLimits)
	p.native, p.remote = &proxyService, r
	pid := p.pid
	rt.proxies.Store(pid, weak.Make(p))
	runtime.AddCleanup(p, func(f func()) {
		rt.proxies.Delete(pid)
		f()
	}, released)
	return Proxy{p}
}

// tie tells the peer whether somebody here watches or is linked to what a proxy
// stands for: what holds when it is told, since two changes at once may come here
// in either order.
func (p *Process) tie() {
	p.rt.tying.Lock()
	defer p.rt.tying.Unlock()
	p.mu.Lock()
	ended, watched, linked := p.ended, len(p.watchers) > 0, len(p.links) > 0
	p.mu.Unlock()
	if !ended {
		p.remote.Watch(watched)
		p.remote.Link(linked)
	}
	runtime.KeepAlive(p)
}

// offer has the peer fetch a lump.
func (p *Process) offer(c lumps.CID) {
	p.remote.Offer(c)
	runtime.KeepAlive(p)
}

var proxyService Service

// Weak returns a reference that does not keep the proxy.
func (x Proxy) Weak() WeakProxy { return WeakProxy{weak.Make(x.p)} }

// Cap returns a capability to what the proxy stands for.
func (x Proxy) Cap(perms caps.Perms) Capability { return x.p.self(perms) }

// End ends the proxy: who watches it hears of that, once. A proxy that has ended
// takes messages and forgets them.
func (x Proxy) End(reason string) { x.p.end(nil, &Trap{Reason: reason}) }

// RemoteOf returns what a capability reaches through a proxy, or nil.
func RemoteOf(c Capability) Remote {
	if c.Box == nil {
		return nil
	}
	return c.Box.proc.remote
}

// OriginOf names the peer that has what c reaches, as the origins of its messages
// do; "" where it is here. So a service tells whom a reply address belongs to.
func OriginOf(c Capability) string {
	if r, ok := RemoteOf(c).(interface{ Origin() string }); ok {
		return r.Origin()
	}
	return ""
}

// PeerOf identifies the peer that has what c reaches by the whole of its key, which
// the short name of OriginOf does not; "" where it is here. So a service remembers what
// a peer may do.
func PeerOf(c Capability) string {
	if r, ok := RemoteOf(c).(interface{ Peer() string }); ok {
		return r.Peer()
	}
	return ""
}

// proxy finds a proxy that somebody still holds.
func (rt *Runtime) proxy(pid uint64) *Process {
	if w, ok := rt.proxies.Load(pid); ok {
		return w.(weak.Pointer[Process]).Value()
	}
	return nil
}

// transient finds a live transient process, or a proxy.
func (rt *Runtime) transient(pid uint64) *Process {
	if p := rt.procs.get(pid); p != nil {
		return p
	}
	return rt.proxy(pid)
}

// proxyBox is the mailbox of a proxy that r refers to, or nil. What durable
// processes hold by its reference keeps a proxy alive through this pointer.
func (rt *Runtime) proxyBox(r space.Ref) *Mailbox {
	if r.Kind != space.RefTransient {
		return nil
	}
	if p := rt.proxy(r.Process); p != nil {
		return &p.parentBox
	}
	return nil
}

// keepProxies returns the proxies among capabilities, to be held until somebody
// has taken them into a table.
func (rt *Runtime) keepProxies(cs []space.Cap) (keep []*Mailbox) {
	for i := range cs {
		if b := rt.proxyBox(cs[i].Ref); b != nil {
			keep = append(keep, b)
		}
	}
	return keep
}

// Monitor calls ended, once, when what c reaches ends, or at once if it has. The
// call must be quick. cancel takes the interest back.
func (rt *Runtime) Monitor(c Capability, ended func(reason string)) (cancel func()) {
	x := &watcher{call: ended}
	rt.monitor(nil, c, x)
	return func() { rt.demonitor(c, x) }
}

// KillCapability ends what c reaches, whatever c permits: that is the caller's to
// have looked at. linked says that a linked process failed.
func (rt *Runtime) KillCapability(c Capability, linked bool, origin string) {
	why := &Trap{Reason: space.ReasonKilled, Detail: "killed by " + origin}
	if linked {
		why = &Trap{Reason: space.ReasonLinked, Detail: "a linked process of " + origin + " ended"}
	}
	rt.killRef(nil, c.Ref, c.Box, why)
}

// Waiting returns how many signals wait for the process that c reaches.
func (rt *Runtime) Waiting(c Capability) int {
	switch c.Ref.Kind {
	case space.RefDurable:
		if p := rt.process(c.Ref.Process); p != nil {
			return p.queued()
		}
	default:
		if c.Box == nil {
			c = rt.resolve(c.plain())
		}
		if c.Box != nil {
			return c.Box.proc.queued()
		}
	}
	return 0
}

// stalled makes a process wait until a way out has room. A handler is not called
// again before; one that sends more in the same call waits here, as blocking guests
// do. It returns why the process must end, where it must.
func (p *Process) stalled(w *Worker, err error) error {
	full, ok := err.(*FullError)
	if !ok || p.dur != nil {
		return nil
	}
	if p.cond == nil {
		again := p.stall != nil
		p.stall = full.Drained
		if !again {
			return nil
		}
		w.leave()
	}
	select {
	case <-full.Drained:
	case <-p.rt.ctx.Done():
	case <-p.killSoon():
	}
	if why := p.Killed(); why != nil {
		return why // or it would fill the way out to the end of its slice
	}
	return nil
}

// killSoon is closed when a blocking guest was killed.
func (p *Process) killSoon() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dying == nil {
		p.dying = make(chan struct{})
		if p.killed.Load() {
			close(p.dying)
		}
	}
	return p.dying
}

// park takes a handler process whose way out is full from the workers until there
// is room. It reports false where there is room already.
func (p *Process) park() bool {
	drained := p.stall
	p.stall = nil
	select {
	case <-drained:
		return false
	default:
	}
	dying := p.killSoon()
	go func() {
		select {
		case <-drained:
		case <-dying:
		case <-p.rt.ctx.Done():
		}
		p.rt.sched.put(p)
	}()
	return true
}

// LumpSource brings lumps from elsewhere: from peers.
type LumpSource interface {
	// Fetch returns when the whole lump is in the store, or an error that wraps
	// store.ErrNotFound where nobody has it for us.
	Fetch(ctx context.Context, c lumps.CID) error
	// Find returns the lump that a peer named and that has the given digest.
	Find(d lumps.Digest) (lumps.CID, bool)
}

type lumpSource struct {
	mu  sync.RWMutex
	src LumpSource
}

// SetLumpSource says who is asked for lumps that are not here; nil is nobody.
func (rt *Runtime) SetLumpSource(s LumpSource) {
	rt.source.mu.Lock()
	rt.source.src = s
	rt.source.mu.Unlock()
}

func (rt *Runtime) lumpSource() LumpSource {
	rt.source.mu.RLock()
	defer rt.source.mu.RUnlock()
	return rt.source.src
}

// Ensure returns nil when the whole lump is here, fetched if need be. An error
// wraps store.ErrNotFound where it cannot be had.
func (rt *Runtime) Ensure(ctx context.Context, c lumps.CID) error {
	err := rt.haveLump(c)
	if !isNotFound(err) {
		return err
	}
	src := rt.lumpSource()
	if src == nil {
		return err
	}
	if w, ok := ctx.(*Worker); ok {
		w.leave()
		ctx = rt.ctx
	}
	ctx, cancel := context.WithTimeout(ctx, FetchTimeout)
	defer cancel()
	if err := src.Fetch(ctx, c); err != nil {
		if ctx.Err() != nil {
			return &store.NotFoundError{CID: c}
		}
		return err
	}
	return rt.haveLump(c)
}

// leave gives the worker's place to another goroutine: what follows may take long.
func (w *Worker) leave() {
	w.share()
	if !w.detached {
		w.detached = true
		w.s.start()
	}
}

// HasLump reports whether the whole lump is here.
func (rt *Runtime) HasLump(c lumps.CID) bool { return rt.haveLump(c) == nil }
