package peer

import (
	"context"
	"errors"
	"fmt"
	goruntime "runtime"
	"slices"
	"sync/atomic"

	"hearth/lumps"
	"hearth/lumps/want"
	"hearth/runtime"
	"hearth/store"
)

// Block serves a block to the peer, if it may have it. One that is not here yet,
// but may be had from another peer, is fetched.
func (c *Conn) Block(ctx context.Context, cid lumps.CID) ([]byte, error) {
	if !c.memory.grants.may(ctx, cid) && !c.node.public(cid) {
		return nil, want.ErrDenied
	}
	b, err := c.node.block(ctx, c, cid)
	if err == nil {
		c.memory.grants.served(cid, b)
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
	lump := cid
	if !n.isNamed(cid) {
		lump = c.memory.grants.of(cid) // of which a part may have come before
	}
	if n.isNamed(lump) && (lump == cid || !n.rt.HasLump(lump)) {
		if n.fetches(lump, c) != nil {
			return nil, &store.NotFoundError{CID: cid}
		}
		if err := n.Fetch(ctx, lump); err != nil {
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

// isNamed reports whether a connected peer has named c.
func (n *Node) isNamed(c lumps.CID) bool {
	x, _ := n.Find(c.Digest())
	return x == c
}

// Find returns the lump that a connected peer named and that has the digest.
func (n *Node) Find(d lumps.Digest) (lumps.CID, bool) {
	for _, c := range n.Conns() {
		if x := c.memory.named.get(d); !x.IsZero() {
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
		case p.memory.named.get(c.Digest()) == c:
			from = append(from, p)
		case p.info.Server:
			servers = append(servers, p)
		}
	}
	return append(from, servers...)
}

func (n *Node) bring(ctx context.Context, c lumps.CID, from []*Conn) error {
	s := n.rt.Store()
	f := want.Fetch{Roots: []lumps.CID{c}, To: &bounded{Store: s, lump: c}}
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

// bounded is a store that takes no more of a lump than a peer may send.
type bounded struct {
	store.Store
	lump          lumps.CID
	blocks, bytes atomic.Int64
}

func (b *bounded) Put(ctx context.Context, blocks ...store.Block) error {
	n := int64(0)
	for _, x := range blocks {
		n += int64(len(x.Data))
	}
	if b.bytes.Add(n) > MaxLump || b.blocks.Add(int64(len(blocks))) > MaxLumpBlocks {
		return &TooLargeError{b.lump}
	}
	return b.Store.Put(ctx, blocks...)
}

// TooLargeError reports a lump of a peer that goes beyond MaxLump or MaxLumpBlocks.
type TooLargeError struct{ Lump lumps.CID }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("lump %s is larger than %d MiB or %d blocks, so it is not fetched from a peer; move it with hearth-ctl sync", e.Lump, MaxLump>>20, MaxLumpBlocks)
}

// offered takes the news that the peer lets us have a lump for a mailbox, and
// fetches it; one for a mailbox of another peer is offered there.
func (c *Conn) offered(to runtime.Capability, cid lumps.CID) {
	onward := func() {
		if im, ok := runtime.RemoteOf(to).(*imported); ok {
			im.offer(cid, c.memory)
		}
		goruntime.KeepAlive(to.Box) // the offer must not follow the release
	}
	c.memory.named.add([]lumps.CID{cid})
	if c.node.rt.HasLump(cid) {
		onward()
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
		onward()
	}()
}
