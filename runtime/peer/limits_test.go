package peer

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"hearth/lumps"
	"hearth/store"
)

// anything is a store that takes everything and keeps nothing.
type anything struct{ store.Store }

func (anything) Put(context.Context, ...store.Block) error { return nil }

// A peer cannot fill the disk with a lump: there are bounds for its bytes and for
// its blocks.
func TestBoundsOfALump(t *testing.T) {
	cid := lumps.Sum(lumps.DagPB, []byte("root"))
	for name, size := range map[string]int{"bytes": 1 << 20, "blocks": 1} {
		t.Run(name, func(t *testing.T) {
			b := &bounded{Store: anything{}, lump: cid}
			most := min(MaxLump/size, MaxLumpBlocks)
			block := store.Block{Data: make([]byte, size)}
			for i := range most {
				if err := b.Put(context.Background(), block); err != nil {
					t.Fatalf("block %d of %d: %v", i, most, err)
				}
			}
			err := b.Put(context.Background(), block)
			var large *TooLargeError
			if !errors.As(err, &large) || large.Lump != cid {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// What was named long ago makes room for what is served now.
func TestGrantsMakeRoom(t *testing.T) {
	var g grants
	g.init(nil, 64)
	name := func(i int) lumps.CID { return lumps.Sum(lumps.Raw, fmt.Append(nil, i)) }
	for i := range 63 {
		g.add([]lumps.CID{name(i)}, nil)
	}
	l := lumps.Sum(lumps.DagPB, []byte("new"))
	g.add([]lumps.CID{l}, nil)
	g.mu.Lock()
	g.reached(g.blocks[l], []lumps.CID{name(1000), name(1001)})
	g.mu.Unlock()
	for _, c := range []lumps.CID{l, name(1000), name(1001), name(62)} {
		if !g.has(c) {
			t.Errorf("%s is not granted", c)
		}
	}
	if g.has(name(0)) || len(g.blocks) > 64 {
		t.Errorf("%d grants, the first one among them: %v", len(g.blocks), g.has(name(0)))
	}
	if g.of(name(1001)) != l {
		t.Error("it is not known what a block is a part of")
	}
}

// Naming the same lump by peers that only pass it on and by somebody here: the
// latter counts at once.
func TestGrantsByWhom(t *testing.T) {
	var g grants
	g.init(nil, 64)
	c := lumps.Sum(lumps.Raw, []byte("x"))
	for range maxVia + 2 {
		g.add([]lumps.CID{c}, new(memory))
	}
	if g.has(c) || len(g.blocks[c].via) != maxVia {
		t.Errorf("granted %v, %d peers", g.has(c), len(g.blocks[c].via))
	}
	g.add([]lumps.CID{c}, nil)
	if !g.has(c) {
		t.Error("not granted")
	}
	g.add([]lumps.CID{c}, new(memory))
	if !g.has(c) {
		t.Error("a word of another took it away")
	}
}
