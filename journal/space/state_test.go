package space

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"hearth/lumps"
	"hearth/store"
)

// sampleState has something in every tree, and a process whose lists are trees.
func sampleState(t testing.TB, b *blocks) *State {
	k := NewKernel()
	seq := uint64(0)
	fold := func(e Event) {
		seq++
		HeaderOf(e).Seq, HeaderOf(e).Time = seq, int64(seq)
		if _, err := k.Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	fold(&Genesis{Format: Format, Space: []byte("0123456789abcdef"), Branch: []byte("fedcba9876543210"), Limits: DefaultLimits})
	fold(&Epoch{Number: 1, Entropy: make([]byte, 32)})
	fold(&Spawn{Program: testProgram("a"), Service: "a", Key: "spawn a"})
	fold(&Spawn{Program: testProgram("b"), Parent: 3})
	fold(&Spawn{Program: testProgram("c"), Parent: 3})
	fold(&Link{Process: 3, Target: durableTo(4)})
	fold(&Watch{By: durableRef(4, 9), Target: transientTo(1, 2)})
	fold(&Timer{Due: 1e18, To: durableTo(3), Body: []byte("tick"), Caps: []Cap{durableTo(4)}})
	fold(&Root{Name: "scene", CID: cidOf("scene"), Size: 12})
	fold(&Message{To: durableRef(3, 0), Key: "once"})
	im := &Image{Globals: []byte("01234567"), Fuel: 99}
	pages := make([]lumps.CID, 200)
	for i := 0; i < len(pages); i += 7 {
		pages[i] = cidOf(fmt.Sprint("page", i))
	}
	var err error
	if im.Memory, err = BuildPages(pages, b.put); err != nil {
		t.Fatal(err)
	}
	for i := range uint32(100) {
		im.Table = append(im.Table, Slot{Handle: i, Cap: durableTo(uint64(i)), Count: 1 + i})
		im.Boxes = append(im.Boxes, Box{Handle: i + 1, ID: uint64(i) << 20})
		im.Lumps = append(im.Lumps, LumpSlot{Handle: i, Lump: cidOf(fmt.Sprint(i))})
		im.Held = append(im.Held, cidOf(fmt.Sprint(i)))
	}
	slices.SortFunc(im.Held, func(a, b lumps.CID) int { return bytes.Compare(a[:], b[:]) })
	small := &Image{Table: im.Table[:2], Boxes: im.Boxes[:1], Lumps: im.Lumps[:1], Held: im.Held[:3]}
	return &State{Kernel: k, Images: map[uint64]*Image{3: im, 4: small, 5: {Ended: true}}, Outbox: []Effect{
		{Cause: Cause{Process: 3, Seq: 10, Index: 0}, Kind: EffectMessage, To: durableTo(4), Body: []byte("waits"), Lumps: []lumps.CID{cidOf("l")}},
		{Cause: Cause{Process: 3, Seq: 10, Index: 1}, Kind: EffectRequest, To: Cap{Ref: Ref{Kind: RefService, Service: "spawn"}}, Caps: []Cap{durableTo(3)}},
		{Cause: Cause{Process: 0, Seq: 10, Index: 0}, Kind: EffectDown, By: durableRef(3, 1), To: durableTo(9), Monitor: 8, Reason: ReasonTrap},
	}}
}

var stateCmp = cmp.Options{
	cmpopts.EquateEmpty(), cmp.AllowUnexported(Kernel{}),
	cmpopts.IgnoreFields(Process{}, "Table"), // the image has it
	cmp.Comparer(func(a, b PageTree) bool {
		return a.Pages == b.Pages && a.Height == b.Height && slices.Equal(a.Root, b.Root)
	}),
}

// A state is what it was before it was stored, all its blocks are dag-cbor for
// everybody, and storing it again changes nothing.
func TestStateRoundTrip(t *testing.T) {
	ctx := context.Background()
	b := newBlocks()
	st := sampleState(t, b)
	c, err := st.Encode(b.put)
	if err != nil {
		t.Fatal(err)
	}
	s := Snapshot{State: c, Seq: st.Kernel.Seq, Clock: st.Kernel.Time, Time: 7, Text: "before the party", Chain: make([]byte, 32), Epoch: st.Kernel.Epoch}
	sc, err := EncodeSnapshot(&s, b.put)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "state.golden", fmt.Sprintf("state %s\nsnapshot %s\n", c, sc))
	for c, data := range b.m {
		if c.Codec() == lumps.DagCBOR {
			strictDagCBOR(t, c.String(), data)
		}
	}
	snap, err := LoadSnapshot(ctx, b.get, sc)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&s, snap, stateCmp); d != "" {
		t.Error(d)
	}
	back, err := snap.Load(ctx, b.get)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(st.Outbox, func(a, b Effect) int { return bytes.Compare(outboxKey(a.Cause), outboxKey(b.Cause)) })
	if d := cmp.Diff(st, back, stateCmp); d != "" {
		t.Error(d)
	}
	again, err := back.Encode(b.put)
	if err != nil || again != c {
		t.Errorf("stored again it is %s, %v; it was %s", again, err, c)
	}
	if back.Kernel.NextTimer() == nil || len(back.Kernel.watched) != 1 {
		t.Error("the indexes were not made")
	}
}

// Everything that the state reaches is found by links alone.
func TestStateLinks(t *testing.T) {
	b := newBlocks()
	st := sampleState(t, b)
	c, err := st.Encode(b.put)
	if err != nil {
		t.Fatal(err)
	}
	found := map[lumps.CID]bool{}
	stack := []lumps.CID{c}
	for len(stack) > 0 {
		c := stack[0]
		stack = stack[1:]
		found[c] = true
		links, err := lumps.Links(c, b.m[c])
		if err != nil && b.m[c] != nil {
			t.Fatal(err)
		}
		stack = append(stack, links...)
	}
	var want []lumps.CID
	for _, p := range st.Kernel.Processes() {
		want = append(want, p.Program.Module, p.Program.Code, p.Program.Image)
		want = append(want, st.Images[p.PID].Held...)
	}
	want = append(want, cidOf("page0"), cidOf("page196"), cidOf("scene"), cidOf("l"), cidOf("7"))
	for _, c := range want {
		if !found[c] {
			t.Errorf("%s is not reached", c)
		}
	}
}

// Outbox effects that need no event any more are no part of the state.
func TestStateLeavesSettledOut(t *testing.T) {
	b := newBlocks()
	st := sampleState(t, b)
	want, _ := st.Encode(b.put)
	st.Outbox = append(st.Outbox, Effect{Cause: Cause{Process: 3, Seq: 10, Index: 7}, Kind: EffectMessage, To: durableTo(99)})
	if got, err := st.Encode(b.put); err != nil || got != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
}

// The state does not depend on the order in which its parts came about.
func TestStateOfEqualHistories(t *testing.T) {
	run := func(names []string, keys []int) lumps.CID {
		h := begin(t)
		for _, n := range names {
			h.fold(&Register{Name: n, Cap: durableTo(3)})
		}
		for range keys {
			h.fold(&Resolved{})
		}
		st := State{Kernel: h.k, Images: map[uint64]*Image{3: {}, 4: {}, 5: {}}}
		c, err := st.Encode(func(lumps.CID, []byte) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if a, b := run([]string{"x", "y", "z"}, nil), run([]string{"z", "x", "y"}, make([]int, 9)); a != b {
		t.Errorf("%s and %s", a, b)
	}
}

func TestStateEncodeRefuses(t *testing.T) {
	b := newBlocks()
	st := sampleState(t, b)
	delete(st.Images, 4)
	if _, err := st.Encode(b.put); !errors.Is(err, ErrBadState) {
		t.Errorf("a process without an image: %v", err)
	}
	for name, im := range map[string]*Image{
		"slots out of order":      {Table: []Slot{{Handle: 2, Count: 1}, {Handle: 1, Count: 1}}},
		"a held lump twice":       {Held: []lumps.CID{cidOf("a"), cidOf("a")}},
		"a large list of repeats": {Boxes: make([]Box, maxInlineList+1)},
	} {
		if _, err := EncodeImage(im, b.put); !errors.Is(err, ErrBadState) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := EncodeImage(&Image{Globals: make([]byte, maxGlobals+8)}, b.put); !errors.Is(err, errTooLarge) {
		t.Errorf("too many globals: %v", err)
	}
	full := errors.New("no room")
	if _, err := st.Encode(func(lumps.CID, []byte) error { return full }); err == nil {
		t.Error("a store without room took the state")
	}
}

// with changes one entry of one tree of a state.
func with(t *testing.T, b *blocks, state lumps.CID, part string, key []byte, v any) lumps.CID {
	t.Helper()
	n, err := loadStateNode(t.Context(), b.get, state)
	if err != nil {
		t.Fatal(err)
	}
	root := reflect.ValueOf(n).Elem().FieldByName(part).Addr().Interface().(*lumps.CID)
	var entries []entry
	for e, err := range walkTree(t.Context(), b.get, *root) {
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(e.Key, key) {
			entries = append(entries, e)
		}
	}
	entries = append(entries, entry{Key: key, Value: raw(t, v)})
	if *root, err = sortedTree(entries, b.put); err != nil {
		t.Fatal(err)
	}
	c, err := putNode(b.put, n)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Nothing enters that a fold could not have made.
func TestStateLoadRefuses(t *testing.T) {
	b := newBlocks()
	st := sampleState(t, b)
	good, err := st.Encode(b.put)
	if err != nil {
		t.Fatal(err)
	}
	record := func(change func(p *Process, r *imageRecord)) processRecord {
		p := Process{Program: testProgram("a")}
		r := imageRecord{Memory: PageTree{Root: []lumps.CID{}}}
		change(&p, &r)
		return processRecord{&p, &r}
	}
	table := func(slots ...Slot) []byte { return raw(t, slots) }
	longTree, _ := buildTree([]entry{{Key: []byte("\x00\x00\x00\x01"), Value: raw(t, Slot{Handle: 1, Count: 1})}}, b.put)
	var many []Slot
	for i := range uint32(maxInlineList + 1) {
		many = append(many, Slot{Handle: i, Count: 1})
	}
	pid := be64(4)
	for name, c := range map[string]lumps.CID{
		"a short key":          with(t, b, good, "Processes", []byte("k"), record(func(*Process, *imageRecord) {})),
		"a process of no kind": with(t, b, good, "Processes", be64(0), record(func(*Process, *imageRecord) {})),
		"a transient process":  with(t, b, good, "Processes", be64(TransientPID(1, 1)), record(func(*Process, *imageRecord) {})),
		"a process in half":    with(t, b, good, "Processes", pid, map[string]any{"process": Process{}}),
		"no process":           with(t, b, good, "Processes", pid, 7),
		"a long service":       with(t, b, good, "Processes", pid, record(func(p *Process, _ *imageRecord) { p.Service = string(make([]byte, MaxName+1)) })),
		"half a global":        with(t, b, good, "Processes", pid, record(func(_ *Process, r *imageRecord) { r.Globals = make([]byte, 9) })),
		"a memory over limits": with(t, b, good, "Processes", pid, record(func(p *Process, r *imageRecord) { p.Program.Limits.Pages = 1; r.Memory.Pages = 17 })),
		"a low memory tree":    with(t, b, good, "Processes", pid, record(func(_ *Process, r *imageRecord) { r.Memory.Pages = 65 })),
		"a high memory tree":   with(t, b, good, "Processes", pid, record(func(_ *Process, r *imageRecord) { r.Memory.Height = 1 })),
		"a wide memory tree":   with(t, b, good, "Processes", pid, record(func(_ *Process, r *imageRecord) { r.Memory.Pages = 64; r.Memory.Root = make([]lumps.CID, 65) })),
		"zeros at an end":      with(t, b, good, "Processes", pid, record(func(_ *Process, r *imageRecord) { r.Memory.Pages = 64; r.Memory.Root = make([]lumps.CID, 2) })),
		"a handle over limits": with(t, b, good, "Processes", pid, record(func(p *Process, r *imageRecord) {
			p.Program.Limits.Table = 9
			r.Table = table(Slot{Handle: 9, Count: 1})
		})),
		"the largest handle": with(t, b, good, "Processes", pid, record(func(p *Process, r *imageRecord) {
			p.Program.Limits.Table = 1<<32 - 1
			r.Table = table(Slot{Handle: 1<<32 - 2, Count: 1})
		})),
		"no references":   with(t, b, good, "Processes", pid, record(func(_ *Process, r *imageRecord) { r.Table = table(Slot{Handle: 1}) })),
		"odd permissions": with(t, b, good, "Processes", pid, record(func(_ *Process, r *imageRecord) { r.Table = table(Slot{Handle: 1, Count: 1, Cap: Cap{Perms: 16}}) })),
		"an odd reference": with(t, b, good, "Processes", pid, record(func(_ *Process, r *imageRecord) {
			r.Table = table(Slot{Handle: 1, Count: 1, Cap: Cap{Ref: Ref{Kind: 4}}})
		})),
		"slots out of order": with(t, b, good, "Processes", pid, record(func(_ *Process, r *imageRecord) {
			r.Table = table(Slot{Handle: 2, Count: 1}, Slot{Handle: 1, Count: 1})
		})),
		"an empty list":        with(t, b, good, "Processes", pid, record(func(_ *Process, r *imageRecord) { r.Table = raw(t, []Slot{}) })),
		"a long list in place": with(t, b, good, "Processes", pid, record(func(_ *Process, r *imageRecord) { r.Table = table(many...) })),
		"a short list as tree": with(t, b, good, "Processes", pid, record(func(_ *Process, r *imageRecord) { r.Table = raw(t, longTree) })),
		"a list of no kind":    with(t, b, good, "Processes", pid, record(func(_ *Process, r *imageRecord) { r.Table = raw(t, "x") })),
		"the parent mailbox":   with(t, b, good, "Processes", pid, record(func(_ *Process, r *imageRecord) { r.Boxes = raw(t, []Box{{Handle: 0}}) })),
		"a mailbox too far":    with(t, b, good, "Processes", pid, record(func(_ *Process, r *imageRecord) { r.Boxes = raw(t, []Box{{Handle: DefaultLimits.Boxes}}) })),
		"a lump too far": with(t, b, good, "Processes", pid, record(func(_ *Process, r *imageRecord) {
			r.Lumps = raw(t, []LumpSlot{{Handle: DefaultLimits.Held, Lump: cidOf("l")}})
		})),
		"a handle to no lump": with(t, b, good, "Processes", pid, record(func(_ *Process, r *imageRecord) { r.Lumps = raw(t, []LumpSlot{{Handle: 1}}) })),
		"no lump held":        with(t, b, good, "Processes", pid, record(func(_ *Process, r *imageRecord) { r.Held = raw(t, []lumps.CID{{}}) })),
		"a name of the dead":  with(t, b, good, "Names", []byte("n"), durableTo(99)),
		"a name of a service": with(t, b, good, "Names", []byte("n"), Cap{Ref: Ref{Kind: RefService, Service: "s"}}),
		"a long name":         with(t, b, good, "Names", make([]byte, MaxName+1), durableTo(3)),
		"an empty root":       with(t, b, good, "Roots", []byte("r"), RootValue{}),
		"a monitor of nobody": with(t, b, good, "Monitors", be64(8), Monitor{By: durableRef(99, 0), Target: durableTo(3)}),
		"a link to the dead":  with(t, b, good, "Links", be64(3, 99), nil),
		"a link to itself":    with(t, b, good, "Links", be64(3, 3), nil),
		"a link backwards":    with(t, b, good, "Links", be64(5, 3), nil),
		"a link with more":    with(t, b, good, "Links", be64(3, 5), 1),
		"no timer":            with(t, b, good, "Timers", be64(9), "x"),
		"an odd timer":        with(t, b, good, "Timers", be64(9), PendingTimer{To: Cap{Perms: 255}}),
		"a key twice":         with(t, b, good, "Keys", be64(11), "once"),
		"a long key":          with(t, b, good, "Keys", be64(11), string(make([]byte, MaxKey+1))),
		"no key":              with(t, b, good, "Keys", be64(11), 1),
		"an odd effect":       with(t, b, good, "Outbox", outboxKey(Cause{Seq: 9}), Effect{Cause: Cause{Seq: 9}, Kind: 99}),
		"an effect elsewhere": with(t, b, good, "Outbox", outboxKey(Cause{Seq: 9}), Effect{Cause: Cause{Seq: 8}, Kind: EffectExit}),
		"raw bytes":           cidOf("raw"),
	} {
		if _, err := LoadState(t.Context(), b.get, c); !errors.Is(err, ErrBadState) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for c := range b.m {
		if c == good || c.Codec() == lumps.Raw {
			continue
		}
		less := &blocks{m: maps.Clone(b.m), reads: map[lumps.CID]int{}}
		delete(less.m, c)
		// Only what the state reaches matters, and then the cause is told.
		if _, err := LoadState(t.Context(), less.get, good); err != nil && (!errors.Is(err, store.ErrNotFound) || errors.Is(err, ErrBadState)) {
			t.Errorf("without %s: %v", c, err)
		}
	}
}

func TestFormatsAhead(t *testing.T) {
	b := newBlocks()
	put := func(v any) lumps.CID {
		c, err := putNode(b.put, v)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	var fe *FormatError
	ahead := map[string]any{"format": Format + 1, "seq": "not even a number", "processes": 1}
	if _, err := LoadState(t.Context(), b.get, put(ahead)); !errors.As(err, &fe) || fe.Found != Format+1 {
		t.Errorf("state: %v", err)
	}
	ahead["hearth"] = "snapshot"
	if _, err := LoadSnapshot(t.Context(), b.get, put(ahead)); !errors.As(err, &fe) {
		t.Errorf("snapshot: %v", err)
	}
	ahead["hearth"] = "segment"
	if _, err := LoadManifest(t.Context(), b.get, put(ahead)); !errors.As(err, &fe) {
		t.Errorf("manifest: %v", err)
	}
}

func TestSnapshotRefuses(t *testing.T) {
	b := newBlocks()
	good := Snapshot{State: cidOf("s"), Seq: 3, Chain: make([]byte, 32)}
	change := func(f func(s *Snapshot)) lumps.CID {
		s := good
		if _, err := EncodeSnapshot(&s, b.put); err != nil {
			t.Fatal(err)
		}
		f(&s)
		c, err := putNode(b.put, s)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if _, err := LoadSnapshot(t.Context(), b.get, change(func(*Snapshot) {})); err != nil {
		t.Fatal(err)
	}
	text := lumps.Sum(lumps.Raw, []byte("text"))
	b.put(text, []byte("text"))
	for name, c := range map[string]lumps.CID{
		"another mark":   change(func(s *Snapshot) { s.Hearth = "segment" }),
		"no format":      change(func(s *Snapshot) { s.Format = 0 }),
		"a short chain":  change(func(s *Snapshot) { s.Chain = s.Chain[:31] }),
		"no seq":         change(func(s *Snapshot) { s.Seq = 0 }),
		"no state":       change(func(s *Snapshot) { s.State = lumps.CID{} }),
		"a future epoch": change(func(s *Snapshot) { s.Epoch.Seq = 4 }),
		"raw bytes":      text,
	} {
		if _, err := LoadSnapshot(t.Context(), b.get, c); !errors.Is(err, ErrBadState) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := LoadSnapshot(t.Context(), b.get, lumps.Sum(lumps.DagCBOR, nil)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an absent one: %v", err)
	}
}

func genPages(t *rapid.T) []lumps.CID {
	n := rapid.SampledFrom([]int{0, 1, 63, 64, 65, 127, 4095, 4096, 4097, 5000}).Draw(t, "size")
	pages := make([]lumps.CID, n)
	if n == 0 {
		return pages
	}
	for range rapid.SampledFrom([]int{0, 1, 5, 200}).Draw(t, "pages") {
		pages[rapid.IntRange(0, n-1).Draw(t, "page")] = cidOf(fmt.Sprint(rapid.IntRange(0, 9).Draw(t, "content")))
	}
	return pages
}

func TestPageTree(t *testing.T) {
	ctx := context.Background()
	rapid.Check(t, func(t *rapid.T) {
		b := newBlocks()
		pages := genPages(t)
		tree, err := BuildPages(pages, b.put)
		if err != nil {
			t.Fatal(err)
		}
		for _, data := range b.m {
			if len(data) > maxPageNode {
				t.Fatalf("a node of %d bytes", len(data))
			}
		}
		data, err := lumps.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		var back PageTree
		if err := lumps.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		got, err := back.Load(ctx, b.get)
		if err != nil || !slices.Equal(got, pages) {
			t.Fatalf("%d pages of height %d: %v", tree.Pages, tree.Height, err)
		}
	})
	if _, err := BuildPages(make([]lumps.CID, maxPages+1), newBlocks().put); !errors.Is(err, errTooLarge) {
		t.Errorf("more than 4 GiB: %v", err)
	}
	tree, err := BuildPages(make([]lumps.CID, maxPages), newBlocks().put)
	if err != nil || tree.Height != 3 || tree.validate() != nil {
		t.Errorf("4 GiB of zeros: %+v, %v", tree, err)
	}
}

func TestPageTreeRefuses(t *testing.T) {
	b := newBlocks()
	node := func(v any) lumps.CID { c, _ := putNode(b.put, v); return c }
	page, sub := cidOf("page"), lumps.Sum(lumps.DagCBOR, []byte("nobody"))
	full := make([]lumps.CID, 64)
	for i := range full {
		full[i] = page
	}
	for name, tree := range map[string]PageTree{
		"a page beyond":    {Pages: 3, Root: full[:4]},
		"a node beyond":    {Pages: 66, Height: 1, Root: []lumps.CID{node(full), node(full[:3])}},
		"a page as a node": {Pages: 66, Height: 1, Root: []lumps.CID{page}},
		"a node as a page": {Pages: 1, Root: []lumps.CID{sub}},
		"no list":          {Pages: 66, Height: 1, Root: []lumps.CID{node("x")}},
		"an empty node":    {Pages: 66, Height: 1, Root: []lumps.CID{node([]lumps.CID{})}},
		"zeros at an end":  {Pages: 66, Height: 1, Root: []lumps.CID{node([]lumps.CID{page, {}})}},
		"a wide node":      {Pages: 66, Height: 1, Root: []lumps.CID{node(append(full, page))}},
		"a long node":      {Pages: 66, Height: 1, Root: []lumps.CID{node(make([]byte, maxPageNode))}},
		"too much memory":  {Pages: maxPages + 1, Height: 3},
		"a false height":   {Pages: 64, Height: 1, Root: []lumps.CID{node(full)}},
	} {
		if _, err := tree.Load(t.Context(), b.get); !errors.Is(err, ErrBadState) {
			t.Errorf("%s: %v", name, err)
		}
	}
	tree := PageTree{Pages: 66, Height: 1, Root: []lumps.CID{sub}}
	if _, err := tree.Load(t.Context(), b.get); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an absent node: %v", err)
	}
}

func TestImageAlone(t *testing.T) {
	b := newBlocks()
	im := sampleState(t, b).Images[3]
	c, err := EncodeImage(im, b.put)
	if err != nil {
		t.Fatal(err)
	}
	back, err := LoadImage(t.Context(), b.get, c)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(im, back, stateCmp); d != "" {
		t.Error(d)
	}
	if err := back.Validate(DefaultLimits); err != nil {
		t.Error(err)
	}
	one := *im
	one.Table = slices.Clone(im.Table)
	one.Table[50].Count++
	before := len(b.m)
	if _, err := EncodeImage(&one, b.put); err != nil {
		t.Fatal(err)
	}
	if n := len(b.m) - before; n > 4 {
		t.Errorf("a capability more costs %d blocks of a table of %d", n, len(im.Table))
	}
	text := cidOf("text")
	b.put(text, []byte("text"))
	bad, _ := putNode(b.put, 7)
	for _, c := range []lumps.CID{text, bad} {
		if _, err := LoadImage(t.Context(), b.get, c); !errors.Is(err, ErrBadState) {
			t.Errorf("%s: %v", c, err)
		}
	}
}

func BenchmarkState(b *testing.B) {
	bl := newBlocks()
	k := NewKernel()
	st := &State{Kernel: k, Images: map[uint64]*Image{}}
	pages := make([]lumps.CID, 16)
	for pid := uint64(1); pid <= 1000; pid++ {
		for i := range pages {
			pages[i] = cidOf(fmt.Sprint(pid, i))
		}
		tree, _ := BuildPages(pages, bl.put)
		k.procs[pid] = &Process{PID: pid, Program: testProgram("p")}
		st.Images[pid] = &Image{Memory: tree, Globals: make([]byte, 16), Table: []Slot{{Cap: durableTo(1), Count: 1}}}
	}
	b.Run("encode-1000", func(b *testing.B) {
		b.ReportAllocs()
		var n int
		for b.Loop() {
			n = 0
			if _, err := st.Encode(func(lumps.CID, []byte) error { n++; return nil }); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(n), "blocks")
	})
	c, _ := st.Encode(bl.put)
	b.Run("load-1000", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := LoadState(b.Context(), bl.get, c); err != nil {
				b.Fatal(err)
			}
		}
	})
}
