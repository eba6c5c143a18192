package peer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	goruntime "runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/lumps/want"
	"hearth/runtime"
	"hearth/runtime/peer/mux"
	"hearth/runtime/peer/trust"
)

// PublicPrefix begins the names of roots of the space whose lumps every peer may
// load.
const PublicPrefix = "public/"

// Options configure a node.
type Options struct {
	Runtime *runtime.Runtime
	// Program is the name that this side gives itself.
	Program string
	// Root chooses the capability that a peer is given when it connects. nil, or a
	// zero capability, is none.
	Root func(Info) runtime.Capability
	// Connected is called for every connection that stands, before messages of it
	// are read, and Disconnected when it has ended. May be nil.
	Connected    func(*Conn)
	Disconnected func(*Conn, error)
	// Mirror serves a stream that a peer with a mirror's credential opened to the
	// mirror service; nil refuses, as others are refused.
	Mirror func(ctx context.Context, c *Conn, s io.ReadWriteCloser)
	// MaxExports is how many mailboxes a peer may hold capabilities to, and send
	// capabilities to; 0 is MaxExports.
	MaxExports int
	Logger     *slog.Logger
	Mux        mux.Options
}

// Node holds the connections of one runtime and is where its lumps come from.
type Node struct {
	o      Options
	rt     *runtime.Runtime
	log    *slog.Logger
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
	lastID atomic.Uint64
	// collecting is set while imports are collected and for a while behind it.
	collecting atomic.Bool

	mu       sync.Mutex
	conns    map[uint64]*Conn
	memories map[string]*memory // by key
	coming   map[lumps.CID]*fetch
	closed   bool
}

// NewNode returns a node without connections.
func NewNode(o Options) *Node {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.MaxExports == 0 {
		o.MaxExports = MaxExports
	}
	n := &Node{o: o, rt: o.Runtime, log: o.Logger, conns: map[uint64]*Conn{}, memories: map[string]*memory{}, coming: map[lumps.CID]*fetch{}}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	n.rt.SetLumpSource(n)
	return n
}

// Conns returns the connections by age.
func (n *Node) Conns() []*Conn {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := make([]*Conn, 0, len(n.conns))
	for _, c := range n.conns {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b *Conn) int { return cmp.Compare(a.info.ID, b.info.ID) })
	return out
}

// Kick ends the connections that a key id, the beginning of one, a credential or
// the number of a connection names, and returns how many.
func (n *Node) Kick(who, reason string) (int, error) {
	if reason == "" {
		reason = ErrKicked.Error()
	}
	var hit []*Conn
	keys := map[string]bool{}
	for _, c := range n.Conns() {
		id := trust.KeyID(c.info.Key)
		switch {
		case fmt.Sprint(c.info.ID) == who, c.info.Credential == who && who != "":
		case len(who) >= 4 && strings.HasPrefix(id, strings.ToUpper(who)):
			keys[id] = true
		default:
			continue
		}
		hit = append(hit, c)
	}
	if len(hit) == 0 {
		return 0, fmt.Errorf("%w: %s", ErrNoPeer, who)
	}
	if len(keys) > 1 {
		return 0, fmt.Errorf("%w: %s is the beginning of %d keys; give more of it", ErrNoPeer, who, len(keys))
	}
	for _, c := range hit {
		c.fail(ErrKicked, reason)
	}
	return len(hit), nil
}

// Check ends the connections that ok no longer admits.
func (n *Node) Check(ok func(Info) error) {
	for _, c := range n.Conns() {
		if err := ok(c.info); err != nil {
			c.fail(err, "you are no longer admitted")
		}
	}
}

// Close ends all connections in order and waits for them.
func (n *Node) Close() {
	n.mu.Lock()
	n.closed = true
	n.mu.Unlock()
	n.rt.SetLumpSource(nil)
	for _, c := range n.Conns() {
		c.Close("the peer stops")
	}
	n.cancel()
	n.wg.Wait()
}

// Attach says more of a connection that is to be attached.
type Attach struct {
	Info Info
	// Dialed is set at the end that dialed.
	Dialed bool
	// Blocks serves what the peer asks for in the place of the node's rules: for a
	// mirror, which reads everything. May be nil.
	Blocks want.Provider
}

// Attach makes a connection of a secured one, which it takes over. When it returns,
// hellos are exchanged and messages are read.
func (n *Node) Attach(ctx context.Context, sc io.ReadWriteCloser, a Attach) (*Conn, error) {
	n.mu.Lock()
	if n.closed || len(n.conns) >= MaxPeers {
		closed := n.closed
		n.mu.Unlock()
		sc.Close()
		if closed {
			return nil, ErrClosed
		}
		return nil, ErrPeers
	}
	c := &Conn{
		node: n, info: a.Info, done: make(chan struct{}), offers: make(chan struct{}, MaxOffers),
		exports: map[uint64]*export{}, numbers: map[space.Ref]uint64{}, imports: map[uint64]*imported{},
		memory: n.remember(string(a.Info.Key)),
	}
	n.wg.Add(1)
	n.mu.Unlock()
	c.name = c.info.Name()
	c.origin = "peer " + c.name
	c.peer = trust.KeyID(c.info.Key)
	c.info.ID, c.info.Since = n.lastID.Add(1), time.Now()
	if nc, ok := sc.(net.Conn); ok {
		mux.Tune(nc)
	}
	c.mux = mux.New(sc, a.Dialed, n.o.Mux)
	r, err := c.greet(ctx, a)
	if err == nil {
		n.mu.Lock()
		if n.closed {
			err = ErrClosed
		} else {
			n.conns[c.info.ID] = c
		}
		n.mu.Unlock()
	}
	if err != nil {
		c.mux.Close(closing(err))
		if c.want != nil {
			c.want.Close()
		}
		n.release(c.memory)
		n.wg.Done()
		return nil, err
	}
	if n.o.Connected != nil {
		n.o.Connected(c)
	}
	n.wg.Add(1)
	go func() {
		defer n.wg.Done()
		c.accept()
	}()
	n.wg.Add(1)
	go func() {
		defer n.wg.Done()
		<-c.want.Done()
		if err := c.want.Err(); !errors.Is(err, want.ErrProtocol) {
			// It ended with the session, which will say why, or the peer ended it alone.
			select {
			case <-c.mux.Done():
				return
			case <-time.After(time.Second):
			}
		}
		c.fail(c.want.Err(), "the exchange of blocks ended")
	}()
	go func() {
		defer n.wg.Done()
		c.run(r)
	}()
	return c, nil
}

// greet opens the streams and exchanges hellos.
func (c *Conn) greet(ctx context.Context, a Attach) (*frames, error) {
	ctx, cancel := context.WithTimeout(ctx, helloTimeout)
	defer cancel()
	defer context.AfterFunc(c.node.ctx, cancel)()
	defer context.AfterFunc(ctx, func() { c.mux.Close("no hello came in time") })()
	streams, err := openStreams(ctx, c.mux, a.Dialed)
	if err != nil {
		return nil, err
	}
	c.out = streams[0]
	c.out.OnDrained(drained, c.drained)
	provider := a.Blocks
	if provider == nil {
		provider = c
	}
	c.want = want.New(streams[1], streams[2], want.Options{Provider: provider, Partials: c.memory.partials})

	mine := hello{version: version, program: c.node.o.Program}
	var root runtime.Capability
	if c.node.o.Root != nil {
		root = c.node.o.Root(c.info)
	}
	c.mu.Lock()
	if root.Ref.Kind != 0 {
		mine.root = c.describe(root)
	}
	c.send(mine.append(appendFrame(nil, opHello)))
	c.mu.Unlock()

	r := newFrames(c.out)
	h, err := readHello(c.mux, r)
	if err != nil {
		return nil, err
	}
	c.info.Program = h.program
	if h.root.kind != capDead {
		if h.root.kind != capTheir {
			return nil, broken("its root is not its own")
		}
		c.mu.Lock()
		c.root, err = c.take(h.root)
		c.mu.Unlock()
	}
	return r, err
}

// openStreams opens or accepts the streams that every connection has: messages,
// wants, data.
func openStreams(ctx context.Context, m *mux.Session, dialed bool) (out [3]*mux.Stream, err error) {
	for i, k := range [3]struct {
		kind  byte
		class mux.Class
	}{{streamMessages, mux.Interactive}, {streamWants, mux.Interactive}, {streamData, mux.Bulk}} {
		if dialed {
			out[i], err = m.Open(k.kind, k.class)
		} else if out[i], err = m.Accept(ctx); err == nil && out[i].Kind() != k.kind {
			err = broken("it opens a stream of kind %q where %q must come", out[i].Kind(), k.kind)
		}
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// readHello reads what a peer begins with.
func readHello(m *mux.Session, r *frames) (h hello, err error) {
	op, body, err := r.next()
	if err != nil {
		if why := m.Err(); why != nil {
			err = why
		}
		return h, err
	}
	if op != opHello {
		return h, broken("it does not begin with a hello")
	}
	if h, err = parseHello(body); err == nil && h.version != version {
		err = broken("it speaks version %d of the messages, this is version %d", h.version, version)
	}
	return h, err
}

// accept takes the streams that the peer opens later.
func (c *Conn) accept() {
	for {
		s, err := c.mux.Accept(c.node.ctx)
		if err != nil {
			return
		}
		switch {
		case s.Kind() != streamMirror:
			s.Reset(codeUnknown)
			continue
		case c.node.o.Mirror == nil || c.info.Server || c.info.Role != trust.Mirror:
			c.node.log.Info("a peer without a mirror's credential asked for the mirror service", "peer", c.name)
			s.Reset(codeNoMirror)
			continue
		}
		c.node.wg.Add(1)
		go func() {
			defer c.node.wg.Done()
			defer s.Close()
			c.node.o.Mirror(c.node.ctx, c, s)
		}()
	}
}

// left forgets a connection that has ended.
func (n *Node) left(c *Conn, err error) {
	n.mu.Lock()
	delete(n.conns, c.info.ID)
	n.mu.Unlock()
	if n.o.Disconnected != nil {
		n.o.Disconnected(c, err)
	}
}

// public reports whether everybody may load a lump.
func (n *Node) public(cid lumps.CID) bool { return n.rt.IsRoot(PublicPrefix, cid) }

// collect looks for imports that nobody holds, unless somebody has just looked.
func (n *Node) collect() {
	if !n.collecting.CompareAndSwap(false, true) {
		return
	}
	go func() { // on its own, as the collector is
		begun := time.Now()
		goruntime.GC()
		time.AfterFunc((collectShare-1)*time.Since(begun), func() { n.collecting.Store(false) })
	}()
}
