package peer

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"hearth/lumps"
	"hearth/lumps/want"
	"hearth/store"
)

// grants are the lumps that one peer may load: those that messages to it named, and
// what they reach.
type grants struct {
	node *Node
	max  int // blocks that are remembered

	walking sync.Mutex // held while a lump is walked

	mu     sync.Mutex // guards what follows
	blocks map[lumps.CID]*grant
	named  []*grant // oldest first
}

// grant is a lump that was named to the peer.
type grant struct {
	cid lumps.CID
	// via are the peers whose messages named it, where they were only passed on: it
	// counts when one of them has shown that it has the lump. Then, and where
	// somebody here named it, there are none.
	via     []*memory
	refused bool      // none of via has it
	whole   bool      // what it reaches is granted
	walked  time.Time // when that was last tried
}

func (g *grants) init(n *Node, most int) { g.node, g.max, g.blocks = n, most, map[lumps.CID]*grant{} }

// add grants lumps that a message names; via is the peer whose message it was, nil
// for one of somebody here.
func (g *grants) add(cids []lumps.CID, via *memory) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range cids {
		r := g.blocks[c]
		if r == nil || r.cid != c || r.refused {
			r = &grant{cid: c}
			if via != nil {
				r.via = []*memory{via}
			}
			g.room()
			g.blocks[c] = r
			g.named = append(g.named, r)
			continue
		}
		switch {
		case via == nil:
			r.via = nil
		case len(r.via) > 0 && len(r.via) < maxVia && !slices.Contains(r.via, via):
			r.via = append(r.via, via)
		}
	}
}

// room forgets what was named long ago, with all that it reached, where too much is
// remembered: an honest peer has loaded it. The caller holds mu.
func (g *grants) room() {
	if len(g.blocks) < g.max && len(g.named) < g.max {
		return
	}
	g.named = slices.Clone(g.named[len(g.named)/2:])
	clear(g.blocks)
	for _, r := range g.named {
		r.whole, r.walked = false, time.Time{}
		g.blocks[r.cid] = r
	}
}

// served grants what a served block links to.
func (g *grants) served(c lumps.CID, block []byte) {
	links, err := lumps.Links(c, block)
	if err != nil || len(links) == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.blocks[c]
	if r == nil {
		r = &grant{cid: c} // a public one, or one that was forgotten meanwhile
	}
	g.reached(r, links)
}

// reached grants blocks that a granted lump reaches. The caller holds mu.
func (g *grants) reached(r *grant, cids []lumps.CID) {
	for _, c := range cids {
		if have := g.blocks[c]; have == nil || have.refused {
			g.room()
			g.blocks[c] = r
		}
	}
}

// of returns the lump with which a block was granted, zero where it was not.
func (g *grants) of(c lumps.CID) lumps.CID {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r := g.blocks[c]; r != nil {
		return r.cid
	}
	return lumps.CID{}
}

// has reports a block that the peer may load, as far as that is known without a look
// at lumps or peers.
func (g *grants) has(c lumps.CID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.blocks[c]
	return r != nil && !r.refused && len(r.via) == 0
}

// may reports whether the peer may load a block.
func (g *grants) may(ctx context.Context, c lumps.CID) bool {
	for {
		r := g.find(ctx, c)
		if r == nil {
			return false
		}
		g.mu.Lock()
		via := slices.Clone(r.via)
		g.mu.Unlock()
		if len(via) == 0 {
			return true
		}
		shown, sure := g.node.anyHas(ctx, via, r.cid)
		if !shown && !sure {
			return false
		}
		g.mu.Lock()
		if shown {
			r.via = nil
		} else if len(r.via) == len(via) {
			r.refused = true
		}
		g.mu.Unlock()
	}
}

// find returns with what a block is granted. What the named lumps reach, as far as
// it is here, is found by walking them, once: that is for a peer that has a part of
// a lump already, and asks for what lies below it.
func (g *grants) find(ctx context.Context, c lumps.CID) *grant {
	look := func() (r *grant, unknown []*grant) {
		g.mu.Lock()
		defer g.mu.Unlock()
		if r := g.blocks[c]; r != nil && !r.refused {
			return r, nil
		}
		for _, r := range g.named {
			if !r.whole && !r.refused && r.cid.Codec() != lumps.Raw && time.Since(r.walked) > walkAgain {
				unknown = append(unknown, r)
			}
		}
		return nil, unknown
	}
	if r, unknown := look(); r != nil || len(unknown) == 0 {
		return r
	}
	g.walking.Lock()
	defer g.walking.Unlock()
	r, unknown := look() // somebody else may have walked
	if r != nil {
		return r
	}
	for _, r := range unknown {
		g.walk(ctx, r)
	}
	r, _ = look()
	return r
}

func (g *grants) walk(ctx context.Context, r *grant) {
	var found []lumps.CID
	err := store.Reach(ctx, g.node.rt.Store(), []lumps.CID{r.cid}, func(c lumps.CID) (bool, error) {
		if found = append(found, c); len(found) > g.max/2 {
			return false, errTooMany
		}
		return true, nil
	})
	g.mu.Lock()
	defer g.mu.Unlock()
	g.reached(r, found)
	r.whole, r.walked = err == nil, time.Now()
}

var errTooMany = errors.New("too many blocks")

// anyHas asks the peers whose messages named a lump to show that one of them has it:
// who knows no more than a CID cannot have it passed on, and then loaded by a friend.
// What is shown is the first block, which names what else there is. sure is false
// where one of them is not here to answer.
func (n *Node) anyHas(ctx context.Context, peers []*memory, c lumps.CID) (shown, sure bool) {
	sure = true
	for _, m := range peers {
		shown, known := n.shows(ctx, m, c)
		if shown {
			return true, true
		}
		sure = sure && known
	}
	return false, sure
}

// shows reports whether a peer has a lump, by the rights that it has or by asking
// for the lump's first block, and notes that it has.
func (n *Node) shows(ctx context.Context, m *memory, c lumps.CID) (shown, sure bool) {
	if m.grants.has(c) || n.public(c) {
		return true, true
	}
	ctx, cancel := context.WithTimeout(ctx, showTimeout)
	defer cancel()
	for _, p := range n.Conns() {
		if p.memory != m {
			continue
		}
		_, err := p.want.Get(want.WithPriority(ctx, want.Urgent), c)
		if err == nil {
			m.grants.add([]lumps.CID{c}, nil)
			return true, true
		}
		sure = sure || errors.Is(err, store.ErrNotFound)
	}
	return false, sure
}
