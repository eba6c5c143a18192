package runtime

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"hearth/journal"
	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime/caps"
	"hearth/store"
)

// RegistryName is the service that handle 0 of every process reaches by
// convention.
const RegistryName = "hearth.Registry"

// Options configure a runtime.
type Options struct {
	Store   store.Store
	Engine  func(rt *Runtime) (Engine, error)
	Journal *journal.Journal // nil: no durable processes
	Logger  *slog.Logger
	Workers int // 0: one for each processor
	// Versions go into the epoch event.
	Versions map[string]string
	// SnapshotEvery and SnapshotEvents say when a changed space is snapshotted by
	// itself; zero is the default, negative is never.
	SnapshotEvery  time.Duration
	SnapshotEvents int64
	// Services are started before anything is replayed.
	Services []Service
	// Branch begins a fork: it is set in the first epoch of a copied history.
	Branch []byte
	// Now is the clock, Unix nanoseconds; nil is the system's.
	Now func() int64
	// Crumbs is a file that remembers what was executed when the server crashed in a
	// replay; "" for none.
	Crumbs string
	// IgnoreSnapshots replays the whole journal.
	IgnoreSnapshots bool
}

// Runtime runs the processes of one space.
type Runtime struct {
	opts   Options
	store  store.Store
	engine Engine
	log    *slog.Logger
	sched  *scheduler
	logs   *logs
	dur    *durable // nil without a journal
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup // goroutines of services and blocking guests

	services services
	boxID    atomic.Uint64
	nextPID  atomic.Uint64
	epoch    atomic.Uint64

	procs   processTable // transient ones
	proxies sync.Map     // PID -> weak.Pointer[Process]: stand-ins for mailboxes of other peers
	tying   sync.Mutex   // held while a peer is told of watches and links; before Process.mu
	source  lumpSource

	mu      sync.RWMutex          // guards what follows
	names   map[string]Capability // of transients; durable names are in the kernel
	codes   map[space.Program]Code
	initial []Capability // what a table begins with: handle 0 is the registry

	snapMu         sync.Mutex // one snapshot at a time
	snapSoon       chan struct{}
	snapshotEvents uint64
}

// New returns a runtime without durable processes, or the base of one with them:
// Open is for that.
func New(o Options) (*Runtime, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	rt := &Runtime{
		opts: o, store: o.Store, log: o.Logger, logs: newLogs(),
		names: map[string]Capability{}, codes: map[space.Program]Code{},
	}
	rt.services.by = map[string]*nativeProcess{}
	rt.snapSoon = make(chan struct{}, 1)
	rt.snapshotEvents = DefaultSnapshotEvents
	if o.SnapshotEvents != 0 {
		rt.snapshotEvents = uint64(o.SnapshotEvents) // negative is never reached
	}
	rt.ctx, rt.cancel = context.WithCancel(context.Background())
	engine, err := o.Engine(rt)
	if err != nil {
		rt.cancel()
		return nil, err
	}
	rt.engine = engine
	rt.sched = newScheduler(o.Workers)
	for _, s := range o.Services {
		rt.Serve(s)
	}
	rt.initial = []Capability{rt.resolve(space.Cap{Ref: space.Ref{Kind: space.RefService, Service: RegistryName}, Perms: uint8(caps.Send)})}
	return rt, nil
}

func (rt *Runtime) now() int64 {
	if rt.opts.Now != nil {
		return rt.opts.Now()
	}
	return time.Now().UnixNano()
}

// Now is the clock of the runtime, Unix nanoseconds.
func (rt *Runtime) Now() int64 { return rt.now() }

// Store is where the lumps of the space are.
func (rt *Runtime) Store() store.Store { return rt.store }

// Failed is closed when the durable world stopped because the machine failed;
// Err says why. The program should end.
func (rt *Runtime) Failed() <-chan struct{} {
	if rt.dur == nil {
		return nil
	}
	return rt.dur.failed
}

// Err is why the durable world stopped, or nil.
func (rt *Runtime) Err() error {
	if rt.dur == nil {
		return nil
	}
	return rt.dur.err()
}

func (rt *Runtime) transientPID() uint64 {
	return space.TransientPID(rt.epoch.Load(), rt.nextPID.Add(1))
}

// process returns a live process of either kind.
func (rt *Runtime) process(pid uint64) *Process {
	if space.IsTransient(pid) || rt.dur == nil {
		return rt.procs.get(pid)
	}
	rt.dur.mu.Lock()
	defer rt.dur.mu.Unlock()
	if rt.dur.k.Process(pid) == nil {
		return nil
	}
	return rt.dur.procs[pid]
}

// gone forgets a transient process that ended.
func (rt *Runtime) gone(p *Process, why *Trap) {
	if p.remote == nil {
		rt.procs.remove(p.pid)
	}
	if p.named.Load() {
		rt.mu.Lock()
		for n, c := range rt.names {
			if c.Box != nil && c.Box.proc == p {
				delete(rt.names, n)
			}
		}
		rt.mu.Unlock()
	}
	if p.remote != nil {
		return
	}
	if why.Reason != space.ReasonNormal {
		rt.log.Debug("a process ended", "pid", p.pid, "reason", why.Reason, "detail", why.Detail)
		p.addLog(LogLine{Time: rt.now(), PID: p.pid, Level: LogError, Module: "hearth", Text: why.Error()})
	}
	if p.logged.Load() {
		rt.logs.end(p.pid)
	}
}

// resolve finds the live mailbox behind a capability of the durable world.
func (rt *Runtime) resolve(c space.Cap) Capability {
	out := Capability{Ref: c.Ref, Perms: caps.Perms(c.Perms)}
	switch c.Ref.Kind {
	case space.RefService:
		if n := rt.service(c.Ref.Service); n != nil {
			out.Box = n.proc.boxes[0]
		}
	case space.RefTransient:
		if p := rt.transient(c.Ref.Process); p != nil {
			p.mu.Lock()
			for _, b := range p.boxes {
				if b != nil && b.ref == c.Ref {
					out.Box = b
				}
			}
			p.mu.Unlock()
		}
	}
	return out
}

// deliver sends a message from outside the durable world to anybody.
func (rt *Runtime) deliver(w *Worker, to Capability, data []byte, cs []Capability, named []lumps.CID, origin string, from Sender) error {
	if to.Ref.Kind == space.RefDurable {
		if rt.dur == nil {
			return nil
		}
		_, _, err := rt.dur.accept(w, rt.dur.messageTo(to.Ref, bytes.Clone(data), cs, named, origin, ""))
		runtime.KeepAlive(cs)
		return err
	}
	if to.Box == nil {
		to = rt.resolve(to.plain())
	}
	if to.Box == nil {
		return ErrNoProcess
	}
	s := newSignal(data)
	if len(cs) > 0 {
		s.Caps = append(s.one[:0], cs...)
		for i, c := range s.Caps {
			if c.Box == nil && c.Ref.Kind != space.RefDurable {
				s.Caps[i] = rt.resolve(c.plain())
			}
		}
	}
	s.Lumps = named
	if n := to.Box.proc.native; n != nil && n.Handle != nil {
		who := from // moves to the heap only here
		s.sender = &who
	}
	return to.Box.proc.push(w, to.Box, s)
}

// monitor tells a watcher when what a capability reaches ends.
func (rt *Runtime) monitor(w *Worker, c Capability, x *watcher) {
	switch {
	case c.Ref.Kind == space.RefDurable && rt.dur != nil:
		if rt.dur.watchDurable(c.Ref.Process, x) {
			return
		}
	case c.Ref.Kind == space.RefService:
		return // services do not end
	default:
		if c.Box == nil {
			c = rt.resolve(c.plain())
		}
		if c.Box != nil {
			c.Box.proc.watch(w, x)
			return
		}
	}
	dead := &Process{rt: rt, ended: true}
	dead.watch(w, x)
}

// demonitor takes back what monitor did, where the end has not come.
func (rt *Runtime) demonitor(c Capability, x *watcher) {
	if c.Ref.Kind == space.RefDurable && rt.dur != nil {
		rt.dur.unwatchDurable(c.Ref.Process, x)
	} else if c = rt.resolve(c.plain()); c.Box != nil {
		c.Box.proc.unwatch(x)
	}
}

// killRef ends what a reference reaches.
func (rt *Runtime) killRef(w *Worker, r space.Ref, box *Mailbox, why *Trap) {
	switch r.Kind {
	case space.RefDurable:
		if rt.dur != nil {
			rt.dur.killProcess(r.Process, "process", why.Detail)
		}
	case space.RefTransient:
		if box == nil {
			if p := rt.transient(r.Process); p != nil {
				p.kill(w, why)
			}
		} else {
			box.proc.kill(w, why)
		}
	}
}

// ---- lumps

func (rt *Runtime) putLump(ctx context.Context, data []byte) (store.Lump, error) {
	return store.PutLump(ctx, rt.store, bytes.NewReader(data), store.KindFile)
}

// haveLump reports a lump that cannot be named to a durable process, because it is
// not here as a whole: to hold a lump is to be able to load it, for ever.
func (rt *Runtime) haveLump(c lumps.CID) error {
	if c.Codec() == lumps.DagPB {
		_, err := rt.store.Lump(context.Background(), c)
		if isNotFound(err) {
			return &store.NotFoundError{CID: c}
		}
		return err
	}
	ok, err := rt.store.Has(context.Background(), c)
	if err == nil && !ok {
		err = &store.NotFoundError{CID: c}
	}
	return err
}

// readLump returns all bytes of a lump.
func (rt *Runtime) readLump(ctx context.Context, c lumps.CID) ([]byte, error) {
	r, err := store.OpenLump(ctx, rt.store, c)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// FindDigest finds the stored lump of a digest: a digest alone may name a block
// under several codecs, and then a file wins over plain bytes. One that a peer
// named is fetched.
func (rt *Runtime) FindDigest(ctx context.Context, d lumps.Digest) (lumps.CID, error) {
	for _, hash := range []byte{lumps.BLAKE3, lumps.SHA256} {
		for _, codec := range []byte{lumps.DagPB, lumps.Raw, lumps.DagCBOR} {
			c := lumps.FromDigest(codec, hash, d)
			if _, err := rt.store.Lump(ctx, c); err == nil {
				return c, nil
			} else if !errors.Is(err, store.ErrNotFound) {
				return lumps.CID{}, err
			}
		}
	}
	c := lumps.FromDigest(lumps.Raw, lumps.BLAKE3, d)
	if ok, err := rt.store.Has(ctx, c); err != nil {
		return lumps.CID{}, err
	} else if ok {
		return c, nil
	}
	if src := rt.lumpSource(); src != nil {
		if named, ok := src.Find(d); ok {
			return named, rt.Ensure(ctx, named)
		}
	}
	return lumps.CID{}, &store.NotFoundError{CID: c}
}

// code returns the code of a durable program, opened once.
func (rt *Runtime) code(ctx context.Context, prog space.Program) (Code, error) {
	rt.mu.RLock()
	c := rt.codes[prog]
	rt.mu.RUnlock()
	if c != nil {
		return c, nil
	}
	c, err := rt.engine.Open(ctx, prog)
	if err != nil {
		return nil, err
	}
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if have := rt.codes[prog]; have != nil {
		return have, nil
	}
	rt.codes[prog] = c
	return c, nil
}

// stopTransients ends everything that lives in this epoch only.
func (rt *Runtime) stopTransients() {
	rt.cancel()
	for _, p := range rt.procs.all() {
		p.kill(nil, &Trap{Reason: space.ReasonKilled, Detail: "the server stops"})
	}
}

// Close stops the runtime without a snapshot: what was acknowledged is in the
// journal. Shutdown is the orderly way.
func (rt *Runtime) Close() error {
	if rt.dur != nil {
		rt.dur.mu.Lock()
		rt.dur.closed = true
		if rt.dur.timer != nil {
			rt.dur.timer.Stop()
		}
		rt.dur.mu.Unlock()
	}
	rt.stopTransients()
	rt.wg.Wait()
	rt.sched.close()
	if rt.dur != nil {
		for _, p := range rt.dur.procs {
			if p.body != nil {
				p.body.Close()
				p.body = nil
			}
		}
	}
	if rt.dur != nil && rt.dur.crumbs != nil {
		rt.dur.crumbs.close()
		rt.dur.crumbs = nil
	}
	return rt.engine.Close()
}
