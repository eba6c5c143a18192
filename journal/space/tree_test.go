package space

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"hearth/lumps"
	"hearth/store"
)

// blocks is a store of blocks that counts what is read.
type blocks struct {
	m     map[lumps.CID][]byte
	reads map[lumps.CID]int
}

func newBlocks() *blocks {
	return &blocks{m: map[lumps.CID][]byte{}, reads: map[lumps.CID]int{}}
}

func (b *blocks) put(c lumps.CID, data []byte) error {
	if len(data) > lumps.MaxBlock {
		return store.ErrTooLarge
	}
	b.m[c] = data
	return nil
}

func (b *blocks) get(_ context.Context, c lumps.CID) ([]byte, error) {
	b.reads[c]++
	data, ok := b.m[c]
	if !ok {
		return nil, &store.NotFoundError{CID: c}
	}
	return data, nil
}

func raw(t interface{ Fatal(...any) }, v any) []byte {
	data, err := lumps.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func entriesFrom(t interface{ Fatal(...any) }, m map[string]uint64) []entry {
	var es []entry
	for _, k := range slices.Sorted(maps.Keys(m)) {
		es = append(es, entry{Key: []byte(k), Value: raw(t, m[k])})
	}
	return es
}

func build(t interface{ Fatal(...any) }, b *blocks, m map[string]uint64) lumps.CID {
	c, err := buildTree(entriesFrom(t, m), b.put)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func reachable(t interface{ Fatal(...any) }, b *blocks, root lumps.CID) map[lumps.CID]bool {
	seen := map[lumps.CID]bool{}
	stack := []lumps.CID{root}
	for len(stack) > 0 {
		c := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if c.IsZero() || seen[c] {
			continue
		}
		seen[c] = true
		links, err := lumps.Links(c, b.m[c])
		if err != nil {
			t.Fatal(err)
		}
		stack = append(stack, links...)
	}
	return seen
}

func be(v uint64) string { return string(binary.BigEndian.AppendUint64(nil, v)) }

func genMap(t *rapid.T, name string) map[string]uint64 {
	n := rapid.SampledFrom([]int{0, 1, 2, 17, 100, 600}).Draw(t, name+" size")
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, name+" seed"), 0))
	m := map[string]uint64{}
	for range n {
		m[be(r.Uint64N(2000))] = r.Uint64N(5)
	}
	return m
}

// A tree yields the map that it was built from, and two trees the difference of
// their maps.
func TestTreeIsMap(t *testing.T) {
	ctx := context.Background()
	rapid.Check(t, func(t *rapid.T) {
		b := newBlocks()
		ma, mb := genMap(t, "a"), genMap(t, "b")
		if rapid.Bool().Draw(t, "related") {
			mb = maps.Clone(ma)
			for range rapid.IntRange(0, 5).Draw(t, "changes") {
				k := be(rapid.Uint64Range(0, 2000).Draw(t, "key"))
				if _, ok := mb[k]; ok && rapid.Bool().Draw(t, "remove") {
					delete(mb, k)
				} else {
					mb[k] = rapid.Uint64Range(0, 5).Draw(t, "value")
				}
			}
		}
		ra, rb := build(t, b, ma), build(t, b, mb)
		got := map[string]uint64{}
		last := ""
		for e, err := range walkTree(ctx, b.get, ra) {
			if err != nil {
				t.Fatal(err)
			}
			if len(got) > 0 && last >= string(e.Key) {
				t.Fatalf("key %x comes behind %x", e.Key, last)
			}
			last = string(e.Key)
			var v uint64
			if err := lumps.Unmarshal(e.Value, &v); err != nil {
				t.Fatal(err)
			}
			got[last] = v
		}
		if !maps.Equal(got, ma) {
			t.Fatalf("walked %v\nbuilt  %v", got, ma)
		}
		if (ra == rb) != maps.Equal(ma, mb) {
			t.Fatalf("trees equal: %v, maps equal: %v", ra == rb, maps.Equal(ma, mb))
		}
		for ch, err := range diffTrees(ctx, b.get, b.get, ra, rb) {
			if err != nil {
				t.Fatal(err)
			}
			k := string(ch.Key)
			va, ina := ma[k]
			vb, inb := mb[k]
			if ina != (ch.Old != nil) || inb != (ch.New != nil) || ina && inb && va == vb || !ina && !inb {
				t.Fatalf("key %x: a %v %v, b %v %v, reported %x to %x", k, ina, va, inb, vb, ch.Old, ch.New)
			}
			if inb {
				ma[k] = vb
			} else {
				delete(ma, k)
			}
		}
		if !maps.Equal(ma, mb) {
			t.Fatal("the difference does not lead from one map to the other")
		}
	})
}

// An entry that comes, goes or changes touches one node of each height, and a
// few where its key ends nodes. A diff reads those and no others.
func TestTreeChangeIsLocal(t *testing.T) {
	ctx := context.Background()
	const n = 5000
	b := newBlocks()
	m := map[string]uint64{}
	r := rand.New(rand.NewPCG(1, 2))
	for range n {
		m[be(r.Uint64N(1<<40))] = 1
	}
	base := build(t, b, m)
	have := reachable(t, b, base)
	var total, worst, reads int
	const rounds = 150
	keys := slices.Sorted(maps.Keys(m))
	for i := range rounds {
		k := be(r.Uint64N(1 << 40))
		change := maps.Clone(m)
		switch i % 3 {
		case 0:
			change[k] = 7
		case 1:
			k = keys[r.IntN(len(keys))]
			change[k] = 7
		default:
			k = keys[r.IntN(len(keys))]
			delete(change, k)
		}
		root := build(t, b, change)
		fresh := 0
		for c := range reachable(t, b, root) {
			if !have[c] {
				fresh++
			}
		}
		total += fresh
		worst = max(worst, fresh)
		clear(b.reads)
		var found int
		for ch, err := range diffTrees(ctx, b.get, b.get, base, root) {
			if err != nil || string(ch.Key) != k {
				t.Fatalf("key %x: %+v %v", k, ch, err)
			}
			found++
		}
		if found != 1 {
			t.Fatalf("%d differences", found)
		}
		reads = max(reads, len(b.reads))
		for c, times := range b.reads {
			if times > 1 {
				t.Fatalf("node %s read %d times", c, times)
			}
		}
	}
	height := int(b.m[base][1])
	t.Logf("%d entries, height %d: %.2f nodes written for one change, %d at most; %d read at most", n, height, float64(total)/rounds, worst, reads)
	if avg := float64(total) / rounds; avg > float64(height+2) || worst > 3*(height+1) || reads > 6*(height+1) {
		t.Errorf("%.2f nodes a change, %d at most, %d read: more than a tree of height %d should need", avg, worst, reads, height)
	}
}

// Keys that were ground so that none ends a node, and values of any size, give
// nodes that are blocks.
func TestTreeNodesStayBlocks(t *testing.T) {
	ctx := context.Background()
	var entries []entry
	for i := uint64(0); len(entries) < 3*maxFan; i++ {
		if k := be64(i); rank(k) == 0 {
			entries = append(entries, entry{Key: k, Value: raw(t, i)})
		}
	}
	for i := range 40 {
		entries = append(entries, entry{Key: be64(1<<62, uint64(i)), Value: raw(t, make([]byte, i*maxLeaf/10))})
	}
	entries = append(entries, entry{Key: be64(1<<62, 1<<62), Value: raw(t, make([]byte, maxValue-5))})
	b := newBlocks()
	root, err := buildTree(entries, b.put)
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for e, err := range walkTree(ctx, b.get, root) {
		if err != nil || !bytes.Equal(e.Key, entries[i].Key) || !bytes.Equal(e.Value, entries[i].Value) {
			t.Fatalf("entry %d: %x, %v", i, e.Key, err)
		}
		i++
	}
	if i != len(entries) {
		t.Errorf("%d entries of %d", i, len(entries))
	}
	for _, e := range []entry{
		{Key: []byte("k"), Value: raw(t, make([]byte, maxValue))},
		{Key: make([]byte, maxKey+1), Value: raw(t, 1)},
	} {
		if _, err := buildTree([]entry{e}, b.put); !errors.Is(err, errTooLarge) {
			t.Errorf("an entry of %d and %d bytes: %v", len(e.Key), len(e.Value), err)
		}
	}
	twice := []entry{{Key: []byte("k"), Value: raw(t, 1)}, {Key: []byte("k"), Value: raw(t, 1)}}
	if _, err := buildTree(twice, b.put); !errors.Is(err, ErrBadState) {
		t.Errorf("a key twice: %v", err)
	}
}

// A tree that no writer makes is refused, however it is entered.
func TestTreeHostile(t *testing.T) {
	ctx := context.Background()
	one := []entry{{Key: []byte("b"), Value: raw(t, 1)}}
	for name, make := range map[string]func(put Put) lumps.CID{
		"an empty leaf": func(put Put) lumps.CID { c, _ := putNode(put, leafNode{Entries: []entry{}}); return c },
		"an empty node": func(put Put) lumps.CID { c, _ := putNode(put, innerNode{Height: 1, Branches: []branch{}}); return c },
		"keys that fall": func(put Put) lumps.CID {
			c, _ := putNode(put, leafNode{Entries: []entry{one[0], {Key: []byte("a"), Value: raw(t, 1)}}})
			return c
		},
		"a false first key": func(put Put) lumps.CID {
			l, _ := putNode(put, leafNode{Entries: one})
			c, _ := putNode(put, innerNode{Height: 1, Branches: []branch{{First: []byte("a"), Link: l, Count: 1}}})
			return c
		},
		"a false count": func(put Put) lumps.CID {
			l, _ := putNode(put, leafNode{Entries: one})
			c, _ := putNode(put, innerNode{Height: 1, Branches: []branch{{First: []byte("b"), Link: l, Count: 2}}})
			return c
		},
		"a false height": func(put Put) lumps.CID {
			l, _ := putNode(put, leafNode{Entries: one})
			c, _ := putNode(put, innerNode{Height: 2, Branches: []branch{{First: []byte("b"), Link: l, Count: 1}}})
			return c
		},
		"nodes that overlap": func(put Put) lumps.CID {
			l, _ := putNode(put, leafNode{Entries: []entry{{Key: []byte("b"), Value: raw(t, 1)}, {Key: []byte("d"), Value: raw(t, 1)}}})
			m, _ := putNode(put, leafNode{Entries: []entry{{Key: []byte("c"), Value: raw(t, 1)}}})
			c, _ := putNode(put, innerNode{Height: 1, Branches: []branch{{First: []byte("b"), Link: l, Count: 2}, {First: []byte("c"), Link: m, Count: 1}}})
			return c
		},
		"a height beyond all": func(put Put) lumps.CID {
			c, _ := putNode(put, leafNode{Entries: one})
			for h := uint8(1); h <= maxHeight+1; h++ {
				c, _ = putNode(put, innerNode{Height: h, Branches: []branch{{First: []byte("b"), Link: c, Count: 1}}})
			}
			return c
		},
		"bytes": func(put Put) lumps.CID { c, _ := putNode(put, []byte("no node")); return c },
		"a raw block": func(put Put) lumps.CID {
			c := lumps.Sum(lumps.Raw, []byte{0x82, 0, 0x80})
			put(c, []byte{0x82, 0, 0x80})
			return c
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBlocks()
			root := make(b.put)
			other := build(t, b, map[string]uint64{"b": 2, "z": 1})
			var err error
			for _, err = range walkTree(ctx, b.get, root) {
				if err != nil {
					break
				}
			}
			if !errors.Is(err, ErrBadState) {
				t.Errorf("walked it: %v", err)
			}
			for _, err = range diffTrees(ctx, b.get, b.get, root, other) {
				if err != nil {
					break
				}
			}
			if !errors.Is(err, ErrBadState) {
				t.Errorf("compared it: %v", err)
			}
		})
	}
	b := newBlocks()
	absent := lumps.Sum(lumps.DagCBOR, []byte("absent"))
	for _, err := range walkTree(ctx, b.get, absent) {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a node that is not there: %v", err)
		}
	}
}

func BenchmarkTree(b *testing.B) {
	for _, n := range []int{1000, 65536} {
		b.Run(fmt.Sprintf("build-%d", n), func(b *testing.B) {
			var entries []entry
			for i := range n {
				entries = append(entries, entry{Key: be64(uint64(i) * 7), Value: raw(b, fmt.Sprint("key", i))})
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := buildTree(entries, func(lumps.CID, []byte) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/entry")
		})
	}
}
