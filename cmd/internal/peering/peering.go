package peering

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"hearth/cmd/internal/exit"
	"hearth/cmd/internal/version"
	"hearth/cmd/internal/world"
	"hearth/journal/space"
	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/peer"
	"hearth/runtime/peer/mirror"
	"hearth/runtime/peer/secure"
	"hearth/runtime/peer/transport"
	"hearth/runtime/peer/trust"
)

// SpaceName is the name under which a client's guests find the root of the server
// that it is connected to.
const SpaceName = "hearth.Space"

// Options say how a running world meets peers.
type Options struct {
	Program string
	Listen  []string // addresses; none: it does not listen
	Proxies []netip.Prefix
	Root    string   // what peers are given; RootView if empty
	Share   []string // native services that the view shows
	Connect *Connect // nil: it dials nobody
}

// Connect says where a client joins.
type Connect struct {
	Link     trust.Link
	Password []byte
	Pin      peer.Pin
	// Ask is asked whether the key of a server that is not known is the right one;
	// nil where nobody can be.
	Ask func(keyID string) (bool, error)
	// Joined is told of every connection. May be nil.
	Joined func(*peer.Conn)
}

// Peering is a running world among peers.
type Peering struct {
	*Files
	Node *peer.Node
	rt   *runtime.Runtime
	log  *slog.Logger

	server   *peer.Server
	links    []trust.Link
	roots    *roots
	mirrored *mirror.Repository
	ctx      context.Context
	cancel   context.CancelFunc
	wg       sync.WaitGroup
	ended    chan error // why the client gave up
}

// Start opens the node of a running world, listens and joins. What it cannot
// listen at is an error; who cannot be joined is not. files are nil for a world
// that does neither.
func Start(w *world.World, rt *runtime.Runtime, files *Files, o Options, log *slog.Logger) (*Peering, error) {
	if o.Root == "" {
		o.Root = RootView
	}
	p := &Peering{Files: files, rt: rt, log: log, ended: make(chan error, 1)}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	if files != nil {
		p.mirrored = repository(w, rt, files.Space)
	}
	p.roots = newRoots(rt, log, o.Root, o.Share)
	p.Node = peer.NewNode(peer.Options{
		Runtime: rt, Program: version.Of(o.Program), Root: p.roots.root, Logger: log,
		Connected: p.connected, Disconnected: p.disconnected, Mirror: p.mirror,
	})
	rt.Serve(runtime.Service{Name: "hearth.init.Server", Handle: p.roots.hook(p.Node.Conns)})
	rt.Serve(runtime.Service{Name: "hearth.init.Client", Handle: p.roots.hook(p.Node.Conns)})
	for _, name := range o.Share {
		if c, ok := rt.Lookup(name); !ok || c.Ref.Kind != space.RefService {
			p.Close()
			return nil, exit.Usagef("--share: there is no native service %s; guests are shown anyway", name)
		}
	}
	if len(o.Listen) > 0 {
		if err := p.listen(o); err != nil {
			p.Close()
			return nil, err
		}
	}
	if o.Connect != nil {
		p.join(o.Connect)
	}
	return p, nil
}

func (p *Peering) listen(o Options) error {
	keys, err := p.Keys(secure.DefaultKSF)
	if err != nil {
		return err
	}
	list, err := p.Credentials.List()
	if err != nil {
		return err
	}
	if len(list) == 0 {
		p.log.Warn("nobody can connect yet: set a password with hearth-server passwd, or invite somebody with hearth-ctl invite")
	}
	p.server = peer.NewServer(peer.ServerOptions{
		Node: p.Node, Identity: p.Identity, Space: p.Space, Keys: keys, Credentials: p.Credentials, Access: p.Access,
	})
	var lns []net.Listener
	for _, addr := range o.Listen {
		ln, err := transport.Listen(addr, transport.Options{
			TrustedProxies: o.Proxies, Admit: p.Access.CheckAddr,
			Refused: func(a netip.Addr, err error) { p.log.Debug("a connection was refused", "address", a, "error", err) },
		})
		if err != nil {
			for _, ln := range lns {
				ln.Close()
			}
			return fmt.Errorf("listening at %s: %w", addr, err)
		}
		lns = append(lns, ln)
		p.links = append(p.links, transport.Links(ln.Addr(), p.Space, p.Key())...)
	}
	for _, ln := range lns {
		p.wg.Add(1)
		go func() {
			defer p.wg.Done()
			if err := p.server.Serve(ln); err != nil {
				p.log.Error("no more peers are accepted", "address", ln.Addr(), "error", err)
			}
		}()
	}
	p.wg.Add(1)
	go func() {
		defer p.wg.Done()
		p.recheck()
	}()
	return nil
}

// recheckEvery is how long a peer may stay that another program has blocked. What
// hearth-ctl does through this one takes effect at once.
const recheckEvery = 2 * time.Second

func (p *Peering) recheck() {
	t := time.NewTicker(recheckEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			p.server.Recheck()
		case <-p.ctx.Done():
			return
		}
	}
}

// join keeps connected to a server.
func (p *Peering) join(c *Connect) {
	d := &peer.Client{
		Node: p.Node, Link: c.Link, Identity: p.Identity, Password: c.Password, Pin: c.Pin,
		Connected: func(k *peer.Conn) {
			p.log.Info("joined", "link", c.Link.String(), "server", k.Info().Program)
			if c.Joined != nil {
				c.Joined(k)
			}
		},
		Lost: func(err error, next time.Duration) {
			p.log.Warn("not connected", "link", c.Link.String(), "error", err, "next", next.Round(time.Millisecond))
		},
	}
	p.wg.Add(1)
	go func() {
		defer p.wg.Done()
		err := d.Run(p.ctx)
		for c.Ask != nil && errors.Is(err, trust.ErrUnknownServer) {
			if d.Pin, err = c.asked(err); err == nil {
				err = d.Run(p.ctx)
			}
		}
		if err != nil {
			p.ended <- err
		}
	}()
}

// asked has a person compare the key of a server that is not known. No connection
// waits for that: it takes longer than a handshake may.
func (c *Connect) asked(err error) (peer.Pin, error) {
	var unknown *trust.UnknownServerError
	if !errors.As(err, &unknown) {
		return nil, err
	}
	id := trust.KeyID(unknown.Key)
	ok, err := c.Ask(id)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, trust.ErrNotAccepted
	}
	return Pin(c.Link, id)
}

// Ended tells why a client gave up for good.
func (p *Peering) Ended() <-chan error { return p.ended }

// Links are where the world can be joined.
func (p *Peering) Links() []trust.Link { return p.links }

func (p *Peering) connected(c *peer.Conn) {
	if c.Info().Server && c.Root().Ref.Kind != 0 {
		root := c.Root()
		root.Perms &= caps.Send | caps.Monitor
		p.rt.Register(SpaceName, root)
	}
	p.roots.connected(c)
}

func (p *Peering) disconnected(c *peer.Conn, err error) {
	i := c.Info()
	level := slog.LevelInfo
	if errors.Is(err, peer.ErrProtocol) || errors.Is(err, peer.ErrSlow) {
		level = slog.LevelWarn
	}
	p.log.Log(context.Background(), level, "a peer left", "peer", i.Name(), "credential", i.Credential, "reason", err)
}

// Close leaves every peer in order.
func (p *Peering) Close() {
	p.cancel()
	if p.server != nil {
		p.server.Close()
	}
	p.wg.Wait()
	p.Node.Close()
}
