package peer

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"hearth/lumps"
	"hearth/lumps/want"
	"hearth/runtime"
	"hearth/store"
)

// grants are the lumps that one peer may load: by its key, so that a peer that was
// cut off can go on where it was.
type grants struct {
	node *Node
	key  string

	mu       sync.Mutex
	granted  map[lumps.CID]bool // true: what it reaches is granted too
	order    []lumps.CID        // named ones, oldest first, for the bound
	users    int                // connections
	deadline time.Time          // when they are forgotten, while there is none
}

// add grants lumps and returns those that could be.
func (g *grants) add(cids []lumps.CID) []lumps.CID {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range cids {
		if _, ok := g.granted[c]; ok {
			continue
		}
		if len(g.granted) >= MaxGrants {
			// What was named long ago goes, with all that it reached: an honest peer has
			// loaded it.
			clear(g.granted)
			for _, old := range g.order[len(g.order)/2:] {
				g.granted[old] = false
			}
			g.order = append([]lumps.CID(nil), g.order[len(g.order)/2:]...)
		}
		g.granted[c] = false
		g.order = append(g.order, c)
	}
	return cids
}

// may reports whether the peer may load a block.
func (g *grants) may(ctx context.Context, c lumps.CID) bool {
	g.mu.Lock()
	_, ok := g.granted[c]
	var roots []lumps.CID
	if !ok {
		for r, reached := range g.granted {
			if !reached && r.Codec() != lumps.Raw {
				roots = append(roots, r)
			}
		}
	}
	g.mu.Unlock()
	if ok || len(roots) == 0 {
		return ok
	}
	// What the named ones reach, as far as it is here. It is walked once.
	g.reach(ctx, roots)
	g.mu.Lock()
	defer g.mu.Unlock()
	_, ok = g.granted[c]
	return ok
}

func (g *grants) reach(ctx context.Context, roots []lumps.CID) {
	for _, r := range roots {
		var found []lumps.CID
		err := store.Reach(ctx, g.node.rt.Store(), []lumps.CID{r}, func(c lumps.CID) (bool, error) {
			if found = append(found, c); len(found) > MaxGrants/2 {
				return false, errTooMany
			}
			return true, nil
		})
		g.mu.Lock()
		for _, c := range found {
			if _, ok := g.granted[c]; !ok && len(g.granted) < MaxGrants {
				g.granted[c] = true
			}
		}
		if err == nil {
			g.granted[r] = true
		}
		g.mu.Unlock()
	}
}

var errTooMany = errors.New("too many blocks")

// served grants what a served block links to.
func (g *grants) served(c lumps.CID, block []byte) {
	links, err := lumps.Links(c, block)
	if err != nil || len(links) == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, l := range links {
		if _, ok := g.granted[l]; !ok && len(g.granted) < MaxGrants {
			g.granted[l] = false
		}
	}
}

// release is called when a connection with the peer has ended.
func (g *grants) release() {
	g.node.mu.Lock()
	defer g.node.mu.Unlock()
	if g.users--; g.users == 0 {
		g.deadline = time.Now().Add(grantsKept)
	}
}

// grantsOf returns the grants of a key, and forgets those of peers long gone. The
// caller holds mu.
func (n *Node) grantsOf(key string) *grants {
	now := time.Now()
	for k, g := range n.grants {
		if g.users == 0 && now.After(g.deadline) {
			delete(n.grants, k)
		}
	}
	g := n.grants[key]
	if g == nil {
		g = &grants{node: n, key: key, granted: map[lumps.CID]bool{}}
		n.grants[key] = g
	}
	g.users++
	return g
}

// Block serves a block to the peer, if it may have it. One that is not here yet,
// but may be had from another peer, is fetched.
func (c *Conn) Block(ctx context.Context, cid lumps.CID) ([]byte, error) {
	if c.everything {
		return c.node.rt.Store().Get(ctx, cid)
	}
	if !c.grants.may(ctx, cid) && !c.node.public(cid) {
		return nil, want.ErrDenied
	}
	b, err := c.node.block(ctx, c, cid)
	if err == nil {
		c.grants.served(cid, b)
	}
	return b, err
}

// block returns a block of the store, or of a lump that is on its way. A peer that
// we are asking ourselves does not wait for the answer that it owes us.
func (n *Node) block(ctx context.Context, c *Conn, cid lumps.CID) ([]byte, error) {
	s := n.rt.Store()
	b, err := s.Get(ctx, cid)
	if !errors.Is(err, store.ErrNotFound) {
		return b, err
	}
	if n.isNamed(cid) {
		if n.fetches(cid, c) != nil {
			return nil, &store.NotFoundError{CID: cid}
		}
		if err := n.Fetch(ctx, cid); err != nil {
			return nil, err
		}
		return s.Get(ctx, cid)
	}
	// A part of a lump: it comes if one that is fetched now holds it.
	for _, f := range n.fetches(lumps.CID{}, nil) {
		if slices.Contains(f.from, c) {
			continue
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if b, err := s.Get(ctx, cid); !errors.Is(err, store.ErrNotFound) {
			return b, err
		}
	}
	return nil, &store.NotFoundError{CID: cid}
}

// named are the lumps that a peer has named, the latest ones.
type named struct {
	mu    sync.Mutex
	by    map[lumps.Digest]lumps.CID
	order []lumps.Digest
	next  int
}

func (m *named) add(cids []lumps.CID) {
	if len(cids) == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.by == nil {
		m.by = map[lumps.Digest]lumps.CID{}
	}
	for _, c := range cids {
		d := c.Digest()
		if _, ok := m.by[d]; !ok {
			if len(m.order) < MaxNamed {
				m.order = append(m.order, d)
			} else {
				delete(m.by, m.order[m.next])
				m.order[m.next] = d
				m.next = (m.next + 1) % MaxNamed
			}
		}
		m.by[d] = c
	}
}

func (m *named) get(d lumps.Digest) lumps.CID {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.by[d]
}

// isNamed reports whether a connected peer has named c.
func (n *Node) isNamed(c lumps.CID) bool {
	x, _ := n.Find(c.Digest())
	return x == c
}

// Find returns the lump that a connected peer named and that has the digest.
func (n *Node) Find(d lumps.Digest) (lumps.CID, bool) {
	for _, c := range n.Conns() {
		if x := c.named.get(d); !x.IsZero() {
			return x, true
		}
	}
	return lumps.CID{}, false
}

// fetch is a lump on its way.
type fetch struct {
	from []*Conn // who is asked
	done chan struct{}
	err  error
}

// fetches returns those that go on: of one lump, where one is given, and from one
// peer, where one is given.
func (n *Node) fetches(cid lumps.CID, from *Conn) (out []*fetch) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for c, f := range n.coming {
		if (cid.IsZero() || c == cid) && (from == nil || slices.Contains(f.from, from)) {
			out = append(out, f)
		}
	}
	return out
}

// Fetch returns when the whole lump is in the store: from the peers that named it
// and, on a client, from the server. Whoever asks for the same lump meanwhile
// waits with the first.
func (n *Node) Fetch(ctx context.Context, c lumps.CID) error {
	from := n.sources(c)
	if len(from) == 0 {
		return &store.NotFoundError{CID: c}
	}
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return ErrClosed
	}
	f := n.coming[c]
	if f == nil {
		f = &fetch{from: from, done: make(chan struct{})}
		n.coming[c] = f
		n.wg.Add(1)
		go func() {
			defer n.wg.Done()
			// Its own time: who asked first may go away, and others wait.
			ctx, cancel := context.WithTimeout(n.ctx, 2*runtime.FetchTimeout)
			defer cancel()
			f.err = n.bring(ctx, c, from)
			n.mu.Lock()
			delete(n.coming, c)
			n.mu.Unlock()
			close(f.done)
		}()
	}
	n.mu.Unlock()
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sources are the peers that may have a lump for us: who named it, then servers.
func (n *Node) sources(c lumps.CID) (from []*Conn) {
	var servers []*Conn
	for _, p := range n.Conns() {
		switch {
		case p.named.get(c.Digest()) == c:
			from = append(from, p)
		case p.info.Server:
			servers = append(servers, p)
		}
	}
	return append(from, servers...)
}

func (n *Node) bring(ctx context.Context, c lumps.CID, from []*Conn) error {
	s := n.rt.Store()
	f := want.Fetch{Roots: []lumps.CID{c}, To: s}
	for _, p := range from {
		f.From = append(f.From, p.want)
	}
	if _, err := f.Run(ctx); err != nil {
		return err
	}
	var blocks int64
	err := store.Reach(ctx, s, []lumps.CID{c}, func(lumps.CID) (bool, error) { blocks++; return true, nil })
	if err != nil {
		return err
	}
	r, err := store.OpenLump(ctx, s, c)
	if err != nil {
		return err
	}
	return s.AddLump(ctx, store.Lump{CID: c, Size: r.Size(), Blocks: blocks, Kind: store.KindFile})
}

// offered takes the news that the peer lets us have a lump for a mailbox, and
// fetches it; one for a mailbox of another peer is offered there.
func (c *Conn) offered(to runtime.Capability, cid lumps.CID) {
	onward := runtime.RemoteOf(to)
	c.named.add([]lumps.CID{cid})
	if c.node.rt.HasLump(cid) {
		if onward != nil {
			onward.Offer(cid)
		}
		return
	}
	select {
	case c.offers <- struct{}{}:
	default:
		return // it is asked for when somebody wants it
	}
	c.node.wg.Add(1)
	go func() {
		defer c.node.wg.Done()
		defer func() { <-c.offers }()
		if err := c.node.Fetch(c.node.ctx, cid); err != nil {
			c.node.log.Info("an offered lump did not come", "peer", c.name, "lump", cid, "error", err)
			return
		}
		if onward != nil {
			onward.Offer(cid)
		}
	}()
}
