package space

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hearth/lumps"
	"hearth/store"
)

func TestHistory(t *testing.T) {
	w := newWorld(t)
	w.live(3)
	i := len(w.taken)
	for e, err := range History(t.Context(), w.store, w.taken[i-1]) {
		w.check(err)
		i--
		s, err := LoadSnapshot(t.Context(), Getter(w.store), w.taken[i])
		w.check(err)
		want := Entry{CID: w.taken[i], Parent: s.Parent, State: s.State, Seq: s.Seq, Time: s.Time, Text: s.Text}
		if e != want || i > 0 && e.Parent != w.taken[i-1] || e.Text == "" || e.Seq == 0 {
			t.Errorf("%+v, want %+v", e, want)
		}
	}
	if i != 0 {
		t.Errorf("%d snapshots are missing", i)
	}
	for range History(t.Context(), w.store, lumps.CID{}) {
		t.Error("nothing has a history")
	}
	w.check(w.store.Remove(t.Context(), w.taken[1]))
	var n int
	var last error
	for _, last = range History(t.Context(), w.store, w.taken[2]) {
		n++
	}
	if n != 2 || !errors.Is(last, store.ErrNotFound) {
		t.Errorf("with a hole: %d entries, %v", n, last)
	}
	// Parents that stand behind their children end, too.
	b := newBlocks()
	p, _ := EncodeSnapshot(&Snapshot{State: cidOf("s"), Seq: 9, Chain: make([]byte, 32)}, b.put)
	c, _ := EncodeSnapshot(&Snapshot{State: cidOf("s"), Seq: 8, Chain: make([]byte, 32), Parent: p}, b.put)
	var err error
	for _, s := range snapshots(t.Context(), b.get, c) {
		err = s.err
	}
	if !errors.Is(err, ErrBadState) {
		t.Errorf("a parent of a later event: %v", err)
	}
}

func side(t *testing.T, w *testWorld, st *State) Side {
	t.Helper()
	c, err := st.Encode(w.blockPut)
	w.check(err)
	return Side{Getter(w.store), c}
}

func diffLines(t *testing.T, a, b Side) []string {
	t.Helper()
	var out []string
	for d, err := range Diff(t.Context(), a, b) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, d.String())
	}
	return out
}

func TestDiff(t *testing.T) {
	w := newWorld(t)
	w.live(2)
	before := side(t, w, w.state())
	if lines := diffLines(t, before, before); len(lines) != 0 {
		t.Errorf("a state differs from itself: %q", lines)
	}
	head := w.k.Clone()
	d := w.spawn("d", DefaultLimits)
	w.send(3, "one page more")
	w.send(d, "first")
	w.commit(&Exit{Process: 4, Reason: ReasonNormal})
	w.commit(&Register{Name: "child0", Cap: durableTo(3)})
	w.commit(&Root{Name: "scene", CID: cidOf("other scene"), Size: 7})
	w.commit(&Root{Name: "new", CID: cidOf("new"), Size: 8})
	w.commit(&Message{To: durableRef(3, 0), Key: "another key"})
	st := w.state()
	st.Outbox = append(st.Outbox, Effect{Kind: EffectRequest, Cause: Cause{Process: 3, Seq: 4}})
	after := side(t, w, st)
	lines := diffLines(t, before, after)
	old, _ := head.Root("scene")
	want := []string{
		"~ process 3 409600 bytes, 8192 of them in 2 pages differ: memory, globals, fuel",
		"- process 4 409600 bytes",
		"+ process " + itoa(d) + " 409600 bytes",
		"- service b 4",
		"~ service child0 ",
		"+ service d " + itoa(d),
		"+ root new 8 bytes " + cidOf("new").String(),
		"~ root scene 1500000 -> 7 bytes " + old.CID.String() + " -> " + cidOf("other scene").String(),
		"~ links 0 added, 1 removed, 0 changed",
		"~ timers 0 added, 2 removed, 0 changed",
		"~ keys 1 added, 0 removed, 0 changed",
		"~ outbox 1 added, 0 removed, 0 changed",
	}
	if len(lines) != len(want) {
		t.Errorf("%d lines:\n%s", len(lines), strings.Join(lines, "\n"))
	}
	for i, l := range lines {
		if i < len(want) && !strings.HasPrefix(l, want[i]) {
			t.Errorf("got  %s\nwant %s", l, want[i])
		}
	}
	back := diffLines(t, after, before)
	if len(back) != len(lines) || back[1][0] != '+' || back[2][0] != '-' {
		t.Errorf("the other way round:\n%s", strings.Join(back, "\n"))
	}
}

func itoa(pid uint64) string { return durableRef(pid, 0).String() }

// Every part of a process that can change is named.
func TestDiffParts(t *testing.T) {
	b := newBlocks()
	base := sampleState(t, b)
	enc := func() Side {
		c, err := base.Encode(b.put)
		if err != nil {
			t.Fatal(err)
		}
		return Side{b.get, c}
	}
	before := enc()
	for want, change := range map[string]func(p *Process, im *Image){
		"module":       func(p *Process, _ *Image) { p.Program.Module = cidOf("other") },
		"program":      func(p *Process, _ *Image) { p.Program.ABI++ },
		"parent":       func(p *Process, _ *Image) { p.Parent = 9 },
		"service":      func(p *Process, _ *Image) { p.Service = "z" },
		"globals":      func(_ *Process, im *Image) { im.Globals = make([]byte, 16) },
		"capabilities": func(_ *Process, im *Image) { im.Table = slices.Clone(im.Table); im.Table[70].Count++ },
		"mailboxes":    func(_ *Process, im *Image) { im.Boxes = im.Boxes[1:] },
		"lumps":        func(_ *Process, im *Image) { im.Held = im.Held[1:] },
		"fuel":         func(_ *Process, im *Image) { im.Fuel++ },
		"end":          func(_ *Process, im *Image) { im.Ended = true },
		"memory":       func(_ *Process, im *Image) { im.Memory.Pages++ },
	} {
		p, im := *base.Kernel.procs[3], *base.Images[3]
		keepP, keepI := base.Kernel.procs[3], base.Images[3]
		change(&p, &im)
		base.Kernel.procs[3], base.Images[3] = &p, &im
		after := enc()
		base.Kernel.procs[3], base.Images[3] = keepP, keepI
		var ds []Difference
		for d, err := range Diff(t.Context(), before, after) {
			if err != nil {
				t.Fatal(err)
			}
			ds = append(ds, d)
		}
		if len(ds) != 1 || ds[0].Name != "3" || !slices.Equal(ds[0].Parts, []string{want}) || ds[0].Pages != 0 {
			t.Errorf("%s: %v", want, ds)
		}
	}
}

// A comparison reads what differs, not the world.
func TestDiffReadsLittle(t *testing.T) {
	b := newBlocks()
	k := NewKernel()
	st := &State{Kernel: k, Images: map[uint64]*Image{}}
	pages := make([]lumps.CID, 5000)
	for i := range pages {
		pages[i] = cidOf("full")
	}
	shared, err := BuildPages(pages, b.put)
	if err != nil {
		t.Fatal(err)
	}
	for pid := uint64(1); pid <= 3000; pid++ {
		k.procs[pid] = &Process{PID: pid, Program: testProgram("p")}
		st.Images[pid] = &Image{Memory: shared}
	}
	before, err := st.Encode(b.put)
	if err != nil {
		t.Fatal(err)
	}
	pages[4321] = cidOf("changed")
	changed, err := BuildPages(pages, b.put)
	if err != nil {
		t.Fatal(err)
	}
	st.Images[1500] = &Image{Memory: changed}
	k.setName("new", durableTo(7))
	after, err := st.Encode(b.put)
	if err != nil {
		t.Fatal(err)
	}
	clear(b.reads)
	var lines []string
	for d, err := range Diff(t.Context(), Side{b.get, before}, Side{b.get, after}) {
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, d.String())
	}
	reads := 0
	for _, n := range b.reads {
		reads += n
	}
	t.Logf("%d of %d blocks were read for %q", reads, len(b.m), lines)
	// Two states; on each side three or four nodes down to the process, two down to
	// the page; one name.
	if len(lines) != 2 || reads > 2+8+4+1 {
		t.Errorf("%d blocks of %d were read for %q", reads, len(b.m), lines)
	}
}

func TestDiffPages(t *testing.T) {
	ctx := context.Background()
	rapid.Check(t, func(t *rapid.T) {
		b := newBlocks()
		pa := genPages(t)
		pb := slices.Clone(pa)
		if rapid.Bool().Draw(t, "unrelated") {
			pb = genPages(t)
		} else if len(pb) > 0 {
			pb[rapid.IntRange(0, len(pb)-1).Draw(t, "changed")] = cidOf("changed")
			if rapid.Bool().Draw(t, "grow") {
				pb = append(pb, make([]lumps.CID, rapid.SampledFrom([]int{1, 64, 5000}).Draw(t, "by"))...)
			}
		}
		var want int64
		for i := range max(len(pa), len(pb)) {
			var ca, cb lumps.CID
			if i < len(pa) {
				ca = pa[i]
			}
			if i < len(pb) {
				cb = pb[i]
			}
			if ca != cb {
				want++
			}
		}
		ta, err := BuildPages(pa, b.put)
		if err != nil {
			t.Fatal(err)
		}
		tb, err := BuildPages(pb, b.put)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := diffPages(ctx, b.get, b.get, &ta, &tb); err != nil || got != want {
			t.Fatalf("%d pages differ, %v; counted %d", got, err, want)
		}
	})
}

func TestDiffErrors(t *testing.T) {
	b := newBlocks()
	st := sampleState(t, b)
	c, err := st.Encode(b.put)
	if err != nil {
		t.Fatal(err)
	}
	absent := lumps.Sum(lumps.DagCBOR, []byte("absent"))
	for _, sides := range [][2]lumps.CID{{c, absent}, {absent, c}} {
		var last error
		for _, last = range Diff(t.Context(), Side{b.get, sides[0]}, Side{b.get, sides[1]}) {
		}
		if !errors.Is(last, store.ErrNotFound) {
			t.Errorf("%v", last)
		}
	}
	bad := with(t, b, c, "Processes", be64(4), 7)
	var last error
	for _, last = range Diff(t.Context(), Side{b.get, c}, Side{b.get, bad}) {
	}
	if !errors.Is(last, ErrBadState) {
		t.Errorf("%v", last)
	}
}
