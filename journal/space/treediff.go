package space

import (
	"bytes"
	"context"
	"iter"

	"github.com/fxamacker/cbor/v2"

	"hearth/lumps"
)

// change is an entry that two trees do not share: Old or New is nil where one
// has no such key.
type change struct {
	Key      []byte
	Old, New cbor.RawMessage
}

// diffTrees yields what differs between two trees in the order of the keys. It
// reads the roots, and then only nodes that the other tree does not have at the
// same key.
func diffTrees(ctx context.Context, getA, getB Get, a, b lumps.CID) iter.Seq2[change, error] {
	return func(yield func(change, error) bool) {
		if a == b {
			return
		}
		ca, cb := &cursor{get: getA}, &cursor{get: getB}
		ca.start(a)
		cb.start(b)
		for {
			if err := align(ctx, ca, cb); err != nil {
				yield(change{}, err)
				return
			}
			ka, kb := ca.key(), cb.key()
			var ch change
			switch order := compareKeys(ka, kb); {
			case ka == nil && kb == nil:
				return
			case order < 0:
				ch = change{Key: ka, Old: ca.entries[0].Value}
				ca.next()
			case order > 0:
				ch = change{Key: kb, New: cb.entries[0].Value}
				cb.next()
			default:
				ch = change{Key: ka, Old: ca.entries[0].Value, New: cb.entries[0].Value}
				ca.next()
				cb.next()
				if bytes.Equal(ch.Old, ch.New) {
					continue
				}
			}
			if !yield(ch, nil) {
				return
			}
		}
	}
}

// align opens subtrees and skips shared ones until the smaller next key of both
// is that of an entry, and so is the other's where it is the same.
func align(ctx context.Context, a, b *cursor) error {
	for {
		ka, kb := a.key(), b.key()
		var err error
		switch order := compareKeys(ka, kb); {
		case ka == nil && kb == nil:
			return nil
		case order < 0:
			if len(a.entries) > 0 {
				return nil
			}
			err = a.open(ctx)
		case order > 0:
			if len(b.entries) > 0 {
				return nil
			}
			err = b.open(ctx)
		case len(a.entries) > 0 && len(b.entries) > 0:
			return nil
		case len(a.entries) > 0:
			err = b.open(ctx)
		case len(b.entries) > 0:
			err = a.open(ctx)
		default:
			// Both stand before a subtree that begins with the same key: only one of
			// the same height can be the same.
			ta, tb := a.top(), b.top()
			switch {
			case ta.link == tb.link:
				a.drop()
				b.drop()
			case ta.height > tb.height:
				err = a.open(ctx)
			case ta.height < tb.height:
				err = b.open(ctx)
			default:
				if err = a.open(ctx); err == nil {
					err = b.open(ctx)
				}
			}
		}
		if err != nil {
			return err
		}
	}
}

// compareKeys orders keys; nil is behind all.
func compareKeys(a, b []byte) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return bytes.Compare(a, b)
}

// cursor walks a tree in order, opening a node only when it is told.
type cursor struct {
	get     Get
	entries []entry   // what is left of the open leaf
	stack   []subtree // stack, next on top
	root    bool      // the stack is the root alone, whose first key is unknown
}

func (c *cursor) start(root lumps.CID) {
	if !root.IsZero() {
		c.stack = append(c.stack, subtree{link: root, height: -1})
		c.root = true
	}
}

// key returns the next key, nil at the end. That of an unread root is the empty
// key, which is before all others.
func (c *cursor) key() []byte {
	switch {
	case len(c.entries) > 0:
		return c.entries[0].Key
	case len(c.stack) == 0:
		return nil
	case c.root:
		return []byte{}
	}
	return c.top().first
}

func (c *cursor) next() { c.entries = c.entries[1:] }

func (c *cursor) top() *subtree { return &c.stack[len(c.stack)-1] }

func (c *cursor) drop() {
	c.stack = c.stack[:len(c.stack)-1]
	c.root = false
}

// open replaces the next subtree by its children.
func (c *cursor) open(ctx context.Context) error {
	s := *c.top()
	n, err := s.load(ctx, c.get)
	if err != nil {
		return err
	}
	c.drop()
	c.entries = n.entries
	for i := len(n.branches) - 1; i >= 0; i-- {
		c.stack = append(c.stack, s.child(n, i))
	}
	return nil
}
