package peer

import (
	"sync"
	"time"

	"hearth/lumps"
	"hearth/lumps/want"
)

// memory is what is remembered of a peer, by its key: so that one that was cut off
// can go on where it was, in both directions.
type memory struct {
	grants   grants         // what it may load
	named    named          // what may be asked of it
	partials *want.Partials // beginnings of blocks that were cut off

	// Guarded by the node's mu.
	users    int       // connections
	deadline time.Time // when it is forgotten, while there is none
}

// remember returns the memory of a key, and forgets peers long gone. The caller
// holds mu.
func (n *Node) remember(key string) *memory {
	now := time.Now()
	for k, m := range n.memories {
		if m.users == 0 && now.After(m.deadline) {
			delete(n.memories, k)
		}
	}
	m := n.memories[key]
	if m == nil {
		m = &memory{partials: want.NewPartials(MaxPartials)}
		m.grants.init(n, MaxGrants)
		n.memories[key] = m
	}
	m.users++
	return m
}

// release is called when a connection with the peer has ended.
func (n *Node) release(m *memory) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if m.users--; m.users == 0 {
		m.deadline = time.Now().Add(memoryKept)
	}
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
