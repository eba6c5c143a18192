package space

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"hearth/journal"
	"hearth/lumps"
	"hearth/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCheckClean(t *testing.T) {
	w := newWorld(t)
	clean(t, w.world(), true)
	w.live(4)
	sum := clean(t, w.world(), true)
	if sum.Events != w.k.Seq || sum.Snapshots != 4 || sum.Segments < 5 || sum.Blocks < 50 || sum.Bytes < 500000 || sum.Lumps < 10 {
		t.Errorf("checked %+v of %d events", sum, w.k.Seq)
	}
	quick := clean(t, w.world(), false)
	if quick.Blocks != sum.Blocks || quick.Bytes != 0 {
		t.Errorf("without reading data %+v, with it %+v", quick, sum)
	}
	// A snapshot that never became the newest is looked at all the same, and may
	// be gone.
	c, s := w.snapshotOnly("orphan")
	if sum := clean(t, w.world(), true); sum.Snapshots != 5 {
		t.Errorf("%d snapshots", sum.Snapshots)
	}
	w.check(w.store.Remove(context.Background(), c, s.State))
	w.check(w.store.RemoveLump(context.Background(), c))
	if sum := clean(t, w.world(), true); sum.Snapshots != 4 {
		t.Errorf("%d snapshots", sum.Snapshots)
	}
}

// forgeSnapshot replaces the newest snapshot by a changed one.
func (w *testWorld) forge(change func(s *Snapshot, st *State)) lumps.CID {
	ctx := context.Background()
	head, err := w.store.Root(ctx, RootSnapshot)
	w.check(err)
	s, err := LoadSnapshot(ctx, Getter(w.store), head)
	w.check(err)
	st, err := s.Load(ctx, Getter(w.store))
	w.check(err)
	change(s, st)
	if st.Kernel != nil {
		s.State, err = st.Encode(w.blockPut)
		w.check(err)
	}
	c, err := EncodeSnapshot(s, w.blockPut)
	w.check(err)
	w.check(w.store.SetRoot(ctx, RootSnapshot, c))
	return c
}

// Each fault is found and named, and nothing else is.
func TestCheckFinds(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct {
		harm func(w *testWorld)
		want []string // parts of the faults, in order
	}{
		"another history": {func(w *testWorld) { w.forge(func(s *Snapshot, _ *State) { s.Chain[3]++ }) }, []string{"is of another history"}},
		"another clock":   {func(w *testWorld) { w.forge(func(s *Snapshot, _ *State) { s.Clock++ }) }, []string{"other clock or epoch"}},
		"another epoch":   {func(w *testWorld) { w.forge(func(s *Snapshot, _ *State) { s.Epoch.Entropy[0]++ }) }, []string{"other clock or epoch"}},
		"another name":    {func(w *testWorld) { w.forge(func(_ *Snapshot, st *State) { st.Kernel.setName("x", durableTo(3)) }) }, []string{"other names"}},
		"another root":    {func(w *testWorld) { w.forge(func(_ *Snapshot, st *State) { delete(st.Kernel.roots, "scene") }) }, []string{"other roots"}},
		"another monitor": {func(w *testWorld) {
			w.forge(func(_ *Snapshot, st *State) {
				st.Kernel.addMonitor(&Monitor{ID: 4, By: durableRef(3, 0), Target: durableTo(4)})
			})
		}, []string{"other monitors"}},
		"another link": {func(w *testWorld) { w.forge(func(_ *Snapshot, st *State) { st.Kernel.link(3, 4) }) }, []string{"other links"}},
		"another timer": {func(w *testWorld) {
			w.forge(func(_ *Snapshot, st *State) { st.Kernel.dropTimer(st.Kernel.NextTimer().ID) })
		}, []string{"other timers"}},
		"another key": {func(w *testWorld) { w.forge(func(_ *Snapshot, st *State) { st.Kernel.addKey("x", 5) }) }, []string{"other keys"}},
		"a process less": {func(w *testWorld) {
			w.forge(func(_ *Snapshot, st *State) {
				p := st.Kernel.procs[3]
				delete(st.Kernel.procs, 3)
				st.Kernel.procs[4].Parent = p.PID
			})
		}, []string{"other processes"}},
		"another program": {func(w *testWorld) { w.forge(func(_ *Snapshot, st *State) { st.Kernel.procs[3].Program.ABI++ }) }, []string{"other processes"}},
		"a future effect": {func(w *testWorld) {
			w.forge(func(s *Snapshot, st *State) {
				st.Outbox = []Effect{{Kind: EffectMessage, Cause: Cause{Process: 3, Seq: s.Seq + 1}, To: durableTo(3)}}
			})
		}, []string{"an effect of an event that is not in it"}},
		"no state": {func(w *testWorld) {
			w.forge(func(s *Snapshot, st *State) { st.Kernel = nil; s.State = lumps.Sum(lumps.DagCBOR, []byte("nothing")) })
		}, []string{"of event"}},
		"a snapshot ahead": {func(w *testWorld) { w.forge(func(s *Snapshot, _ *State) { s.Seq = 1e6 }) }, []string{"and the journal ends at"}},
		"no snapshot": {func(w *testWorld) {
			w.check(w.store.SetRoot(ctx, RootSnapshot, lumps.Sum(lumps.DagCBOR, []byte("nothing"))))
		}, []string{"cannot be used"}},
		"a missing lump":   {func(w *testWorld) { w.check(w.store.Remove(ctx, lumps.Sum(lumps.Raw, []byte("lump 1")))) }, []string{"is missing"}},
		"a missing module": {func(w *testWorld) { w.check(w.store.Remove(ctx, lumps.Sum(lumps.Raw, []byte("module a")))) }, []string{"is missing"}},
		"a missing page": {func(w *testWorld) {
			for _, c := range w.pages[3] {
				if !c.IsZero() {
					w.check(w.store.Remove(ctx, c))
				}
			}
		}, []string{"is missing", "is missing", "is missing"}},
		"a missing leaf": {func(w *testWorld) {
			r, _ := w.k.Root("scene")
			data, err := w.store.Get(ctx, r.CID)
			w.check(err)
			links, err := lumps.Links(r.CID, data)
			w.check(err)
			w.check(w.store.Remove(ctx, links[1]))
		}, []string{"is missing"}},
		"a lump of the catalogue": {func(w *testWorld) {
			l := w.file([]byte("only loaded"))
			w.check(w.store.Remove(ctx, l.CID))
		}, []string{"the catalogue of lumps needs it"}},
		"a bad event": {func(w *testWorld) {
			_, err := w.j.Append(ctx, uint16(KindMessage), w.clock, []byte("no event"))
			w.check(err)
			_, err = w.j.Append(ctx, 99, w.clock, nil)
			w.check(err)
		}, []string{"message: not an event", "kind 99"}},
		"an impossible event": {func(w *testWorld) {
			_, err := w.j.Append(ctx, uint16(KindGenesis), w.clock, mustBody(sampleEvents()["genesis"]))
			w.check(err)
		}, []string{"is a genesis"}},
		"a false checkpoint": {func(w *testWorld) {
			w.commit(&Checkpoint{Snapshot: w.taken[0], At: 5, State: lumps.Sum(lumps.DagCBOR, nil)})
			w.commit(&Checkpoint{Snapshot: w.taken[0], At: w.k.Seq + 9, State: lumps.Sum(lumps.DagCBOR, nil)})
			w.commit(&Checkpoint{Snapshot: w.put([]byte("text")), At: 5, State: lumps.Sum(lumps.DagCBOR, nil)})
			w.check(w.j.Wait(ctx, w.k.Seq))
		}, []string{"is not the one of event", "which comes later", "not a snapshot"}},
		"a missing segment": {func(w *testWorld) {
			m, err := LoadManifest(ctx, Getter(w.store), w.j.Segments()[1].CID)
			w.check(err)
			w.check(w.store.Remove(ctx, m.Bytes))
		}, []string{"no lump", "cannot be read", "is missing"}},
		"a missing manifest": {func(w *testWorld) {
			w.check(w.store.Remove(ctx, w.j.Segments()[1].CID))
		}, []string{"no lump", "the manifest of", "cannot be read"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.live(3)
			c.harm(w)
			_, fs := faults(t, w.world(), true)
			for i, f := range fs {
				if i >= len(c.want) || !strings.Contains(f.Error(), c.want[i]) {
					t.Errorf("fault %d: %v", i, f)
				}
			}
			if len(fs) < len(c.want) {
				t.Errorf("%d faults, and %d were to be found", len(fs), len(c.want))
			}
			_, quick := faults(t, w.world(), false)
			if len(quick) != len(fs) {
				t.Errorf("without reading data there are %d faults: %v", len(quick), quick)
			}
		})
	}
}

// One byte of a journaled message changed is found, and the fold goes on behind
// the damage, from the snapshot there.
func TestCheckDamagedSegment(t *testing.T) {
	w := newWorld(t)
	a := w.spawn("a", DefaultLimits)
	w.send(a, "the first message of all")
	w.snapshot("1")
	w.check(w.j.Close())
	// Without an archive the segments stay files.
	dir := t.TempDir()
	j, _, err := journal.Open(dir, journal.Options{FillAhead: -1})
	w.check(err)
	w.j, w.k = j, NewKernel()
	w.commit(&Genesis{Format: Format, Space: make([]byte, 16), Branch: make([]byte, 16), Limits: DefaultLimits})
	w.commit(&Epoch{Number: 1, Entropy: make([]byte, 32)})
	a = w.spawn("a", DefaultLimits)
	bad := w.send(a, "a message that will be damaged")
	_, err = j.Seal(t.Context())
	w.check(err)
	w.commit(&Register{Name: "lost", Cap: durableTo(a)})
	w.check(w.store.SetRoot(t.Context(), RootSnapshot, lumps.CID{}))
	st, err := w.state().Encode(w.blockPut)
	w.check(err)
	w.check(j.Wait(t.Context(), w.k.Seq))
	_, hash := j.Durable()
	c, err := EncodeSnapshot(&Snapshot{State: st, Seq: w.k.Seq, Chain: hash[:], Clock: w.k.Time, Epoch: w.k.Epoch}, w.blockPut)
	w.check(err)
	w.check(w.store.SetRoot(t.Context(), RootSnapshot, c))
	w.send(a, "later")
	w.check(j.Close())
	seg := filepath.Join(dir, "00000000000000000001.seg")
	data, err := os.ReadFile(seg)
	w.check(err)
	at := bytes.Index(data, []byte("will be damaged"))
	data[at] ^= 1
	w.check(os.WriteFile(seg, data, 0o666))
	ro, _, err := journal.OpenReadOnly(dir, journal.Options{})
	w.check(err)
	defer ro.Close()
	sum, fs := faults(t, World{w.store, ro}, true)
	if len(fs) != 1 || fs[0].Seq != bad || sum.Snapshots != 1 {
		t.Errorf("%+v, faults: %v", sum, fs)
	}
	var d *journal.DamageError
	if len(fs) > 0 && !errors.As(fs[0], &d) {
		t.Errorf("%v", fs[0])
	}
}

// Bytes that do not hash to their name are found only by reading them.
func TestCheckReadsData(t *testing.T) {
	w := newWorld(t)
	w.live(1)
	bad := &lyingStore{w.store, lumps.Sum(lumps.Raw, []byte("lump 0"))}
	world := World{bad, w.j}
	clean(t, world, false)
	_, fs := faults(t, world, true)
	var ce *store.CorruptError
	if len(fs) != 1 || fs[0].CID != bad.cid || !errors.As(fs[0], &ce) {
		t.Errorf("%v", fs)
	}
}

// lyingStore has one damaged block.
type lyingStore struct {
	store.Store
	cid lumps.CID
}

func (s *lyingStore) Get(ctx context.Context, c lumps.CID) ([]byte, error) {
	if c == s.cid {
		return nil, &store.CorruptError{CID: c, Pack: "1.pack", Offset: 7}
	}
	return s.Store.Get(ctx, c)
}

// A store that cannot be read is no damage.
func TestCheckPassesErrorsOn(t *testing.T) {
	w := newWorld(t)
	w.live(2)
	w.check(w.store.Close())
	if _, err := Check(t.Context(), w.world(), true, func(f Fault) { t.Error(f) }); !errors.Is(err, store.ErrClosed) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w = newWorld(t)
	w.live(2)
	if _, err := Check(ctx, w.world(), true, func(f Fault) { t.Error(f) }); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// History whose beginning was cut off goes on from the snapshot at the cut.
func TestCheckCutHistory(t *testing.T) {
	w := newWorld(t)
	w.live(2)
	ctx := t.Context()
	head, err := w.store.Root(ctx, RootSnapshot)
	w.check(err)
	s, err := LoadSnapshot(ctx, Getter(w.store), head)
	w.check(err)
	cut := func(from *Snapshot) *journal.Journal {
		dir := t.TempDir()
		w.check(journal.Create(dir, journal.Options{}, journal.Origin{Seq: from.Seq, Time: from.Clock, Hash: [32]byte(from.Chain)}))
		j, _, err := journal.Open(dir, journalOptions(nil))
		w.check(err)
		t.Cleanup(func() { j.Close() })
		for rec, err := range w.j.Records(ctx, from.Seq+1) {
			w.check(err)
			_, err = j.Append(ctx, rec.Kind, rec.Time, bytes.Clone(rec.Body))
			w.check(err)
		}
		return j
	}
	j := cut(s)
	if sum := clean(t, World{w.store, j}, true); sum.Events != w.k.Seq-s.Seq || sum.Snapshots != 2 {
		t.Errorf("%+v", sum)
	}
	w.check(w.store.SetRoot(ctx, RootSnapshot, s.Parent))
	_, fs := faults(t, World{w.store, j}, false)
	if len(fs) != 1 || !strings.Contains(fs[0].Error(), "no snapshot stands before it") {
		t.Errorf("%v", fs)
	}
}
