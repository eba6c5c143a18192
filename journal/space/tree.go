package space

import (
	"bytes"
	"context"
	"encoding/binary"
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
// Where a node ends is decided by the keys alone: behind a key whose hash has
// its low bits zero at that height, and at the latest behind maxFan entries. So
// the same map is the same DAG however it came about, and two maps that differ
// in one entry share all nodes but those on the way to it.
const (
	fanBits = 4  // a node has 16 entries on average
	maxFan  = 64 // and never more than this
	// maxHeight bounds the recursion of readers: 16^12 entries are more than fit.
	maxHeight = 12
)

// Entry is a key and its value of a tree.
type Entry struct {
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
	Entries []Entry
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
	c := lumps.Sum(lumps.DagCBOR, data)
	return c, put(c, data)
}

// endsNode says whether a node of height h ends behind key.
func endsNode(key []byte, h uint8) bool {
	sum := blake3.Sum256(key)
	return binary.LittleEndian.Uint64(sum[:])>>(uint(h)*fanBits)&(1<<fanBits-1) == 0
}

// buildTree stores entries, which must be sorted by key without repeats. The
// root of an empty tree is the zero CID.
func buildTree(entries []Entry, put Put) (lumps.CID, error) {
	if len(entries) == 0 {
		return lumps.CID{}, nil
	}
	var level []branch
	start := 0
	for i := range entries {
		if n := i - start + 1; n == maxFan || endsNode(entries[i].Key, 0) || i == len(entries)-1 {
			c, err := putNode(put, leafNode{Entries: entries[start : i+1]})
			if err != nil {
				return lumps.CID{}, err
			}
			level = append(level, branch{First: entries[start].Key, Link: c, Count: uint64(n)})
			start = i + 1
		}
	}
	for h := uint8(1); len(level) > 1; h++ {
		var up []branch
		start := 0
		for i := range level {
			if n := i - start + 1; n == maxFan || endsNode(level[i].First, h) && n > 1 || i == len(level)-1 {
				c, err := putNode(put, innerNode{Height: h, Branches: level[start : i+1]})
				if err != nil {
					return lumps.CID{}, err
				}
				var count uint64
				for _, b := range level[start : i+1] {
					count += b.Count
				}
				up = append(up, branch{First: level[start].First, Link: c, Count: count})
				start = i + 1
			}
		}
		level = up
	}
	return level[0].Link, nil
}

// node is a decoded node of either kind.
type node struct {
	height   uint8
	entries  []Entry
	branches []branch
}

func loadNode(ctx context.Context, get Get, c lumps.CID, height int) (*node, error) {
	data, err := get(ctx, c)
	if err != nil {
		return nil, err
	}
	if len(data) < 2 || data[0] != 0x82 {
		return nil, fmt.Errorf("%s is no tree node: %w", c, ErrBadState)
	}
	n := &node{height: data[1]}
	if n.height > maxHeight || height >= 0 && int(n.height) != height {
		return nil, fmt.Errorf("%s is a tree node of height %d in a place of height %d: %w", c, n.height, height, ErrBadState)
	}
	if n.height == 0 {
		var l leafNode
		if err := lumps.Unmarshal(data, &l); err != nil {
			return nil, fmt.Errorf("%s: %w (%v)", c, ErrBadState, err)
		}
		n.entries = l.Entries
		return n, nil
	}
	var in innerNode
	if err := lumps.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("%s: %w (%v)", c, ErrBadState, err)
	}
	n.branches = in.Branches
	return n, nil
}

// walkTree yields the entries of a tree in order.
func walkTree(ctx context.Context, get Get, root lumps.CID) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if root.IsZero() {
			return
		}
		var last []byte
		var walk func(c lumps.CID, height int) bool
		walk = func(c lumps.CID, height int) bool {
			n, err := loadNode(ctx, get, c, height)
			if err != nil {
				yield(Entry{}, err)
				return false
			}
			for _, e := range n.entries {
				if last != nil && bytes.Compare(last, e.Key) >= 0 {
					yield(Entry{}, fmt.Errorf("%s has its keys out of order: %w", c, ErrBadState))
					return false
				}
				last = e.Key
				if !yield(e, nil) {
					return false
				}
			}
			for _, b := range n.branches {
				if !walk(b.Link, int(n.height)-1) {
					return false
				}
			}
			return true
		}
		walk(root, -1)
	}
}

// Change is an entry that two trees do not share: Old or New is nil where one
// has no such key.
type Change struct {
	Key      []byte
	Old, New cbor.RawMessage
}

// diffTrees yields what differs between two trees in the order of the keys. It
// reads no node that both share.
func diffTrees(ctx context.Context, getA, getB Get, a, b lumps.CID) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		ca, cb := &cursor{get: getA}, &cursor{get: getB}
		if a == b {
			return
		}
		ca.push(a, -1)
		cb.push(b, -1)
		for {
			// Whole subtrees that start at the same place and are equal are skipped.
			for skipEqual(ca, cb) {
			}
			ea, err := ca.peek(ctx)
			if err != nil {
				yield(Change{}, err)
				return
			}
			eb, err := cb.peek(ctx)
			if err != nil {
				yield(Change{}, err)
				return
			}
			if ea == nil && eb == nil {
				if len(ca.todo) == 0 && len(cb.todo) == 0 {
					return
				}
				continue
			}
			order := 0
			switch {
			case ea == nil && len(ca.todo) == 0:
				order = 1
			case eb == nil && len(cb.todo) == 0:
				order = -1
			case ea == nil:
				ca.open(ctx)
				continue
			case eb == nil:
				cb.open(ctx)
				continue
			default:
				order = bytes.Compare(ea.Key, eb.Key)
			}
			var ch Change
			switch {
			case order < 0:
				ch = Change{Key: ea.Key, Old: ea.Value}
				ca.next()
			case order > 0:
				ch = Change{Key: eb.Key, New: eb.Value}
				cb.next()
			default:
				ca.next()
				cb.next()
				if bytes.Equal(ea.Value, eb.Value) {
					continue
				}
				ch = Change{Key: ea.Key, Old: ea.Value, New: eb.Value}
			}
			if !yield(ch, nil) {
				return
			}
		}
	}
}

// cursor walks a tree in order, opening a node only when it must.
type cursor struct {
	get     Get
	entries []Entry   // of the open leaf
	todo    []subtree // stack, next on top
	err     error
}

type subtree struct {
	link   lumps.CID
	height int // -1: unknown
}

func (c *cursor) push(root lumps.CID, height int) {
	if !root.IsZero() {
		c.todo = append(c.todo, subtree{root, height})
	}
}

func (c *cursor) next() { c.entries = c.entries[1:] }

// skipEqual drops the next subtree of both where it is the same one.
func skipEqual(a, b *cursor) bool {
	if len(a.entries) > 0 || len(b.entries) > 0 || len(a.todo) == 0 || len(b.todo) == 0 {
		return false
	}
	ta, tb := a.todo[len(a.todo)-1], b.todo[len(b.todo)-1]
	if ta.link != tb.link {
		return false
	}
	a.todo, b.todo = a.todo[:len(a.todo)-1], b.todo[:len(b.todo)-1]
	return true
}

// open replaces the next subtree by its children.
func (c *cursor) open(ctx context.Context) {
	t := c.todo[len(c.todo)-1]
	c.todo = c.todo[:len(c.todo)-1]
	n, err := loadNode(ctx, c.get, t.link, t.height)
	if err != nil {
		c.err = err
		return
	}
	c.entries = n.entries
	for i := len(n.branches) - 1; i >= 0; i-- {
		c.push(n.branches[i].Link, int(n.height)-1)
	}
}

// peek returns the next entry where a leaf is open, and otherwise opens one
// level of the next subtree, so that equal subtrees can be skipped in between.
func (c *cursor) peek(ctx context.Context) (*Entry, error) {
	if c.err == nil && len(c.entries) == 0 && len(c.todo) > 0 {
		c.open(ctx)
	}
	if c.err != nil {
		return nil, c.err
	}
	if len(c.entries) == 0 {
		return nil, nil
	}
	return &c.entries[0], nil
}
