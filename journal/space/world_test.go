package space

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"testing"

	"hearth/journal"
	"hearth/lumps"
	"hearth/store"
	"hearth/store/mem"
)

// testWorld is a space without guests: what a process would have done by
// executing a message is to count it in its memory.
type testWorld struct {
	t      testing.TB
	dir    string
	store  store.Store
	j      *journal.Journal
	k      *Kernel
	pages  map[uint64][]lumps.CID
	counts map[uint64]uint64
	stack  []Effect
	clock  int64
	taken  []lumps.CID // snapshots
}

func journalOptions(a *Archive) journal.Options {
	o := journal.Options{Logger: slog.New(slog.DiscardHandler), FillAhead: -1}
	if a != nil {
		o.Archive = a
	}
	return o
}

func newWorld(t testing.TB) *testWorld {
	w := &testWorld{t: t, dir: t.TempDir(), store: mem.New(), k: NewKernel(), pages: map[uint64][]lumps.CID{}, counts: map[uint64]uint64{}, clock: 1e18}
	w.open()
	w.commit(&Genesis{Format: Format, Space: make([]byte, 16), Branch: make([]byte, 16), Limits: DefaultLimits})
	w.commit(&Epoch{Number: 1, Entropy: make([]byte, 32), Versions: map[string]string{"hearth": "test"}})
	return w
}

func (w *testWorld) open() {
	a := NewArchive(w.store)
	j, _, err := journal.Open(w.dir, journalOptions(a))
	if err != nil {
		w.t.Fatal(err)
	}
	a.Know(j.Segments())
	w.j = j
	w.t.Cleanup(func() { j.Close() })
}

func (w *testWorld) world() World { return World{w.store, w.j} }

func (w *testWorld) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// commit gives an event its place, and then the events of what the kernel causes.
func (w *testWorld) commit(e Event) uint64 {
	w.t.Helper()
	seq := w.place(e)
	for len(w.stack) > 0 {
		e := w.stack[0]
		w.stack = w.stack[1:]
		if e.Kind == EffectMessage && e.To.Ref.Kind != RefDurable || w.k.Settled(&e) {
			continue
		}
		w.place(e.Event())
	}
	return seq
}

func (w *testWorld) place(e Event) uint64 {
	w.t.Helper()
	body, err := Encode(e)
	w.check(err)
	w.clock++
	seq, err := w.j.Submit(uint16(e.Kind()), w.clock, body)
	w.check(err)
	HeaderOf(e).Seq, HeaderOf(e).Time = seq, w.clock
	out, err := w.k.Apply(e)
	w.check(err)
	w.stack = append(w.stack, out.Effects...)
	if m, ok := e.(*Message); ok && out.Deliver != 0 {
		w.counts[out.Deliver]++
		w.pages[out.Deliver][m.Seq%uint64(len(w.pages[out.Deliver]))] = w.put(binary.BigEndian.AppendUint64(make([]byte, PageSize-8), m.Seq))
	}
	if out.Spawned != nil {
		w.pages[out.Spawned.PID] = make([]lumps.CID, 100)
	}
	return seq
}

// put stores a small lump.
func (w *testWorld) put(data []byte) lumps.CID {
	c := lumps.Sum(lumps.Raw, data)
	w.check(w.store.Put(context.Background(), store.Block{CID: c, Data: data}))
	return c
}

// file stores a file.
func (w *testWorld) file(data []byte) store.Lump {
	l, err := store.PutLump(context.Background(), w.store, bytes.NewReader(data), store.KindFile)
	w.check(err)
	return l
}

// spawn begins a process of a module that is stored.
func (w *testWorld) spawn(name string, limits Limits) uint64 {
	im, err := EncodeImage(&Image{}, func(c lumps.CID, data []byte) error {
		return w.store.Put(context.Background(), store.Block{CID: c, Data: data})
	})
	w.check(err)
	p := Program{Module: w.file([]byte("module " + name)).CID, Code: w.file([]byte("code " + name)).CID, Image: im, Rewriter: 1, ABI: 1, Limits: limits}
	return w.commit(&Spawn{Program: p, Service: name})
}

func (w *testWorld) send(pid uint64, body string, named ...lumps.CID) uint64 {
	return w.commit(&Message{Header: Header{Origin: "test"}, To: durableRef(pid, 0), Body: []byte(body), Lumps: named})
}

func (w *testWorld) state() *State {
	st := &State{Kernel: w.k.Clone(), Images: map[uint64]*Image{}}
	for _, p := range w.k.Processes() {
		tree, err := BuildPages(w.pages[p.PID], w.blockPut)
		w.check(err)
		st.Images[p.PID] = &Image{Memory: tree, Globals: binary.LittleEndian.AppendUint64(nil, w.counts[p.PID]), Fuel: w.counts[p.PID] * 10}
	}
	return st
}

func (w *testWorld) blockPut(c lumps.CID, data []byte) error {
	return w.store.Put(context.Background(), store.Block{CID: c, Data: data})
}

// snapshot takes a snapshot as the runtime does.
func (w *testWorld) snapshot(text string) lumps.CID {
	c, _ := w.snapshotOnly(text)
	w.check(w.store.SetRoot(context.Background(), RootSnapshot, c))
	return c
}

// snapshotOnly is a server that ends before the snapshot becomes the newest.
func (w *testWorld) snapshotOnly(text string) (lumps.CID, *Snapshot) {
	w.t.Helper()
	ctx := context.Background()
	state, err := w.state().Encode(w.blockPut)
	w.check(err)
	at := w.k.Seq
	seg, err := w.j.Seal(ctx)
	w.check(err)
	w.check(w.j.Archived(ctx))
	for _, s := range w.j.Segments() {
		if s.Last == at {
			seg = s
		}
	}
	parent, _ := w.store.Root(ctx, RootSnapshot)
	_, hash := w.j.Durable()
	s := &Snapshot{State: state, Seq: at, Chain: hash[:], Time: w.clock, Clock: w.k.Time, Text: text, Parent: parent, Journal: seg.CID, Epoch: w.k.Epoch}
	c, err := EncodeSnapshot(s, w.blockPut)
	w.check(err)
	w.check(w.store.AddLump(ctx, store.Lump{CID: c, Size: 1, Blocks: 1, Kind: store.KindSnapshot}))
	w.commit(&Checkpoint{Snapshot: c, At: at, State: state})
	w.check(w.j.Wait(ctx, w.k.Seq))
	w.taken = append(w.taken, c)
	return c, s
}

// live fills a world with a bit of everything, and takes snapshots on the way.
func (w *testWorld) live(snapshots int) {
	a := w.spawn("a", DefaultLimits)
	b := w.spawn("b", Limits{Pages: 16, Fuel: 1000, Depth: 100, Table: 10, Boxes: 10, Held: 10})
	scene := w.file(bytes.Repeat([]byte("scene"), 300000))
	w.commit(&Root{Name: "scene", CID: scene.CID, Size: scene.Size})
	for i := range snapshots {
		w.send(a, fmt.Sprint("hello ", i), w.file(fmt.Append(nil, "lump ", i)).CID)
		c := w.spawn(fmt.Sprint("child", i), DefaultLimits)
		w.commit(&Watch{By: durableRef(a, 0), Target: durableTo(c)})
		w.commit(&Link{Process: b, Target: durableTo(c)})
		w.commit(&Timer{Due: 2e18, To: durableTo(b), Body: []byte("tick")})
		w.commit(&Message{To: durableRef(b, 0), Key: fmt.Sprint("key", i), Blob: w.file(bytes.Repeat([]byte{byte(i)}, 50000)).CID})
		if i%2 == 1 {
			w.commit(&Exit{Process: c, Reason: ReasonNormal})
		}
		w.snapshot(fmt.Sprint("snapshot ", i))
	}
	w.send(a, "after the last snapshot")
	w.check(w.j.Wait(context.Background(), w.k.Seq))
}

// faults runs Check.
func faults(t testing.TB, w World, readData bool) (Checked, []Fault) {
	t.Helper()
	var fs []Fault
	sum, err := Check(context.Background(), w, readData, func(f Fault) { fs = append(fs, f) })
	if err != nil {
		t.Fatal(err)
	}
	if sum.Faults != len(fs) {
		t.Errorf("%d faults were counted and %d reported", sum.Faults, len(fs))
	}
	return sum, fs
}

func clean(t testing.TB, w World, readData bool) Checked {
	t.Helper()
	sum, fs := faults(t, w, readData)
	for _, f := range fs {
		t.Errorf("fault: %v", f)
	}
	return sum
}

// catalogueOf is the catalogue as text.
func catalogueOf(t testing.TB, s store.Store) map[lumps.CID]store.Lump {
	m := map[lumps.CID]store.Lump{}
	for l, err := range s.Lumps(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		m[l.CID] = l
	}
	return m
}

func sortedCIDs(m map[lumps.CID]store.Lump) []lumps.CID {
	return slices.SortedFunc(maps.Keys(m), func(a, b lumps.CID) int { return cmp.Compare(a.String(), b.String()) })
}
