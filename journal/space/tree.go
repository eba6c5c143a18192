package space

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"github.com/fxamacker/cbor/v2"
	"github.com/zeebo/blake3"

	"hearth/lumps"
)

// A tree is a sorted map as a DAG. A node is a dag-cbor list:
//
//	leaf   [0, [[key, value], ...]]            key bytes, value any dag-cbor
//	inner  [h, [[first key, link, count], ...]]  h is the height, count the entries below
//
// Where a node ends is decided by its last key alone: a key whose hash has at
// least 4(h+1) trailing zero bits ends the nodes of the heights 0 to h. So the
// same map is the same DAG however it came about, an ordinary key that comes or
// goes changes one node of each height, and a key that ends nodes splits or joins
// one of each.
//
// Keys can be chosen by guests, so nodes end too behind maxFan entries or
// maxLeaf bytes: the first never happens by chance (once in 10^29 nodes), the
// second only where values are large. What follows such a place in the same run
// shifts with a change before it; the next key that ends a node stops that.
const (
	fanBits = 4 // a node has 16 entries on average
	maxFan  = 1024
	maxLeaf = 64 << 10
	// entryHead is what an entry takes beside its key and value.
	entryHead = 4
	// maxHeight bounds the recursion of readers: 16^12 entries are more than fit.
	maxHeight = 12
	// maxKey is the longest key: a name's, and then some.
	maxKey = 512
	// maxValue keeps a leaf a block: it ends with the entry that reaches maxLeaf.
	maxValue = lumps.MaxBlock - maxLeaf - 2*maxKey
)

// entry is a key and its value of a tree.
type entry struct {
	_     struct{} `cbor:",toarray"`
	Key   []byte
	Value cbor.RawMessage
}

type branch struct {
	_     struct{} `cbor:",toarray"`
	First []byte
	Link  lumps.CID
	Count uint64
}

type leafNode struct {
	_       struct{} `cbor:",toarray"`
	Height  uint8
	Entries []entry
}

type innerNode struct {
	_        struct{} `cbor:",toarray"`
	Height   uint8
	Branches []branch
}

// Put receives the blocks of what is encoded, children before parents. The data
// belongs to the receiver.
type Put func(c lumps.CID, data []byte) error

// Get returns a verified block.
type Get func(ctx context.Context, c lumps.CID) ([]byte, error)

func putNode(put Put, v any) (lumps.CID, error) {
	data, err := lumps.Marshal(v)
	if err != nil {
		return lumps.CID{}, err
	}
	if len(data) > lumps.MaxBlock {
		return lumps.CID{}, fmt.Errorf("a part of the state needs a block of %d bytes, and %d is the limit", len(data), lumps.MaxBlock)
	}
	c := lumps.Sum(lumps.DagCBOR, data)
	return c, put(c, data)
}

// rank is how many heights of nodes end behind key.
func rank(key []byte) uint8 {
	sum := blake3.Sum256(key)
	v := binary.LittleEndian.Uint64(sum[:])
	r := uint8(0)
	for r <= maxHeight && v&(1<<fanBits-1) == 0 {
		r++
		v >>= fanBits
	}
	return r
}

// buildTree stores entries, which must be sorted by key without repeats. The
// root of an empty tree is the zero CID.
func buildTree(entries []entry, put Put) (lumps.CID, error) {
	if len(entries) == 0 {
		return lumps.CID{}, nil
	}
	type part struct {
		branch
		rank uint8 // of its last key
	}
	var level []part
	start, size := 0, 0
	for i := range entries {
		e := &entries[i]
		if i > 0 && bytes.Compare(entries[i-1].Key, e.Key) >= 0 {
			return lumps.CID{}, fmt.Errorf("key %x twice or out of order: %w", e.Key, ErrBadState)
		}
		if len(e.Key) > maxKey || len(e.Value) > maxValue {
			return lumps.CID{}, fmt.Errorf("a value of %d bytes under a key of %d: %w", len(e.Value), len(e.Key), errTooLarge)
		}
		size += len(e.Key) + len(e.Value) + entryHead
		r := rank(e.Key)
		if r > 0 || i-start+1 == maxFan || size >= maxLeaf || i == len(entries)-1 {
			c, err := putNode(put, leafNode{Entries: entries[start : i+1]})
			if err != nil {
				return lumps.CID{}, err
			}
			level = append(level, part{branch{First: entries[start].Key, Link: c, Count: uint64(i + 1 - start)}, r})
			start, size = i+1, 0
		}
	}
	for h := uint8(1); len(level) > 1; h++ {
		if h > maxHeight {
			return lumps.CID{}, fmt.Errorf("a tree of more than %d heights: %w", maxHeight, errTooLarge)
		}
		up := level[:0:0]
		node := innerNode{Height: h}
		var count uint64
		for i, p := range level {
			node.Branches = append(node.Branches, p.branch)
			count += p.Count
			if p.rank > h || len(node.Branches) == maxFan || i == len(level)-1 {
				c, err := putNode(put, node)
				if err != nil {
					return lumps.CID{}, err
				}
				up = append(up, part{branch{First: node.Branches[0].First, Link: c, Count: count}, p.rank})
				node.Branches, count = node.Branches[:0], 0
			}
		}
		level = up
	}
	return level[0].Link, nil
}

// errTooLarge reports a part of a state that no block holds.
var errTooLarge = errors.New("too large for the state of a space")

// node is a decoded node of either kind, never empty, its keys ascending.
type node struct {
	height   uint8
	entries  []entry
	branches []branch
}

// first is the smallest key at or below the node.
func (n *node) first() []byte {
	if n.height == 0 {
		return n.entries[0].Key
	}
	return n.branches[0].First
}

// count is how many entries are at or below the node, as it says.
func (n *node) count() uint64 {
	if n.height == 0 {
		return uint64(len(n.entries))
	}
	var sum uint64
	for _, b := range n.branches {
		sum += b.Count
	}
	return sum
}

// subtree is a place where a node is expected.
type subtree struct {
	link   lumps.CID
	height int // -1: a root, whatever height it has
	first  []byte
	limit  []byte // its keys are smaller; nil: no limit
	count  uint64
}

// child is the place that the i-th branch of n, loaded from s, leads to.
func (s *subtree) child(n *node, i int) subtree {
	b := &n.branches[i]
	c := subtree{link: b.Link, height: int(n.height) - 1, first: b.First, limit: s.limit, count: b.Count}
	if i+1 < len(n.branches) {
		c.limit = n.branches[i+1].First
	}
	return c
}

// load reads the node of a place and compares it with what the parent says.
func (s *subtree) load(ctx context.Context, get Get) (*node, error) {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("tree node %s: %s: %w", s.link, fmt.Sprintf(format, args...), ErrBadState)
	}
	if s.link.Codec() != lumps.DagCBOR {
		return nil, bad("it is not dag-cbor")
	}
	data, err := get(ctx, s.link)
	if err != nil {
		return nil, err
	}
	if len(data) < 2 || data[0] != 0x82 {
		return nil, bad("it is no list of two")
	}
	n := &node{height: data[1]}
	if n.height > maxHeight || s.height >= 0 && int(n.height) != s.height {
		return nil, bad("height %d in a place of height %d", n.height, s.height)
	}
	var last []byte
	ascends := func(key []byte) error {
		if last != nil && bytes.Compare(last, key) >= 0 || len(key) > maxKey {
			return bad("its keys are out of order")
		}
		last = key
		return nil
	}
	if n.height == 0 {
		var l leafNode
		if err := lumps.Unmarshal(data, &l); err != nil {
			return nil, bad("%v", err)
		}
		n.entries = l.Entries
	} else {
		var in innerNode
		if err := lumps.Unmarshal(data, &in); err != nil {
			return nil, bad("%v", err)
		}
		n.branches = in.Branches
	}
	// An empty node would let a few blocks stand for an endless walk.
	if k := len(n.entries) + len(n.branches); k == 0 || k > maxFan {
		return nil, bad("it has %d entries", k)
	}
	for i := range n.entries {
		if n.entries[i].Key == nil {
			n.entries[i].Key = []byte{}
		}
		if err := ascends(n.entries[i].Key); err != nil {
			return nil, err
		}
	}
	for i := range n.branches {
		b := &n.branches[i]
		if b.First == nil {
			b.First = []byte{}
		}
		if err := ascends(b.First); err != nil {
			return nil, err
		}
		if b.Count == 0 || b.Count > 1<<40 {
			return nil, bad("a branch of %d entries", b.Count)
		}
	}
	if s.limit != nil && bytes.Compare(last, s.limit) >= 0 {
		return nil, bad("its keys reach into the node behind it")
	}
	if s.height >= 0 && (!bytes.Equal(s.first, n.first()) || s.count != n.count()) {
		return nil, bad("its parent says something else of it")
	}
	return n, nil
}

// walkTree yields the entries of a tree in order.
func walkTree(ctx context.Context, get Get, root lumps.CID) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		if root.IsZero() {
			return
		}
		var walk func(s subtree) bool
		walk = func(s subtree) bool {
			n, err := s.load(ctx, get)
			if err != nil {
				yield(entry{}, err)
				return false
			}
			for _, e := range n.entries {
				if !yield(e, nil) {
					return false
				}
			}
			for i := range n.branches {
				if !walk(s.child(n, i)) {
					return false
				}
			}
			return true
		}
		walk(subtree{link: root, height: -1})
	}
}
