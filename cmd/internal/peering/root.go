package peering

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"

	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/native"
	"hearth/runtime/peer"
	"hearth/runtime/peer/trust"
)

// Names of roots that are no service.
const (
	// RootView is a registry that shows the names of guests, and of native services
	// that are shared, and binds none.
	RootView = "view"
	// RootShared is a registry that shows the native services that are shared, and
	// nothing else: no guest is reached.
	RootShared = "shared"
	// RootRegistry is the registry itself: peers may bind names and reach everything.
	RootRegistry = "registry"
	// RootNothing gives a peer nothing.
	RootNothing = "nothing"
)

// roots chooses what a peer is given, and lets guests choose and hear.
type roots struct {
	rt     *runtime.Runtime
	log    *slog.Logger
	choice string
	view   runtime.Capability
	shared runtime.Capability

	mu     sync.Mutex
	chosen runtime.Capability // by a guest, before all else
	hears  []listener         // who is told of the roots of peers
}

// listener is a guest that hears of the roots of peers. forget ends the watch on it.
type listener struct {
	to     runtime.Capability
	forget func()
}

// newRoots makes the views. shared are native services that they show.
func newRoots(rt *runtime.Runtime, log *slog.Logger, choice string, shared []string) *roots {
	r := &roots{rt: rt, log: log, choice: choice}
	view := func(guests bool) runtime.Capability {
		return rt.NewService(native.RegistryView(func(name string, native bool) bool {
			if native {
				return slices.Contains(shared, name)
			}
			return guests
		})).Cap(caps.Send | caps.Monitor)
	}
	r.view, r.shared = view(true), view(false)
	return r
}

// root is what a peer is given.
func (r *roots) root(i peer.Info) runtime.Capability {
	if i.Role == trust.Mirror {
		return runtime.Capability{} // it comes for the lumps
	}
	r.mu.Lock()
	chosen := r.chosen
	r.mu.Unlock()
	if chosen.Ref.Kind != 0 {
		return chosen
	}
	name := r.choice
	switch name {
	case RootNothing:
		return runtime.Capability{}
	case RootView:
		return r.view
	case RootShared:
		return r.shared
	case RootRegistry:
		name = runtime.RegistryName
	}
	c, ok := r.rt.Lookup(name)
	if !ok {
		r.log.Warn("a peer is given nothing: the service that is its root is not there", "service", name, "peer", i.Name())
	}
	return c
}

// hook serves hearth.init.Server or hearth.init.Client:
//
//	a message with a capability behind the reply address: peers are given it when
//	they connect from now on, until it ends or the server does; the answer is null
//	a message with the reply address alone: it gets a message {"peer":KEY ID,
//	"credential":NAME} with the root capability of every peer that connects, those
//	first that are connected
func (r *roots) hook(conns func() []*peer.Conn) func(context.Context, *runtime.Request) {
	return func(_ context.Context, q *runtime.Request) {
		if args := q.Args(); len(args) > 0 {
			r.choose(args[0])
			q.Reply([]byte("null"))
			return
		}
		to, ok := q.ReplyTo()
		if !ok {
			q.Drop("nobody to tell")
			return
		}
		r.listen(to)
		for _, c := range conns() {
			r.tell(c, to)
		}
	}
}

// choose has peers given c when they connect, until what it reaches has ended.
func (r *roots) choose(c runtime.Capability) {
	r.mu.Lock()
	r.chosen = c
	r.mu.Unlock()
	r.rt.Monitor(c, func(string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.chosen.Ref == c.Ref {
			r.chosen = runtime.Capability{}
		}
	})
}

// listen has a guest told of peers until it ends, once however often it asks.
func (r *roots) listen(to runtime.Capability) {
	same := func(l listener) bool { return l.to.Ref == to.Ref }
	r.mu.Lock()
	if slices.ContainsFunc(r.hears, same) {
		r.mu.Unlock()
		return
	}
	if len(r.hears) == maxHears {
		defer r.hears[0].forget()
		r.hears = slices.Delete(r.hears, 0, 1)
	}
	r.hears = append(r.hears, listener{to, func() {}})
	r.mu.Unlock()
	// Not under mu: a guest that has ended is told of at once.
	forget := r.rt.Monitor(to, func(string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.hears = slices.DeleteFunc(r.hears, same)
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := slices.IndexFunc(r.hears, same); i >= 0 {
		r.hears[i].forget = forget
	}
}

// maxHears is how many guests hear of peers: the latest.
const maxHears = 64

// connected tells the guests that want to hear of a peer.
func (r *roots) connected(c *peer.Conn) {
	r.mu.Lock()
	hears := slices.Clone(r.hears)
	r.mu.Unlock()
	for _, l := range hears {
		r.tell(c, l.to)
	}
}

func (r *roots) tell(c *peer.Conn, to runtime.Capability) {
	if c.Root().Ref.Kind == 0 {
		return
	}
	i := c.Info()
	b, err := json.Marshal(map[string]string{"peer": trust.KeyID(i.Key), "credential": i.Credential})
	if err != nil {
		return
	}
	if _, _, err := r.rt.Accept(to, runtime.Message{Data: b, Caps: []runtime.Capability{c.Root()}, Lumps: []lumps.CID{}, Origin: "hearth.init"}); err != nil {
		r.log.Debug("a guest could not be told of a peer", "error", err)
	}
}
