package crash

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime/ipc"
	"hearth/store"
	"hearth/store/bolt"
)

// killed makes a world with a history, whose server was killed in the middle of it.
func killed(t *testing.T, rng *rand.Rand, calm bool, flags ...string) *load {
	t.Helper()
	v := &victim{load: newLoad(newPlace(t, flags...)), rng: rng, tally: &tally{}}
	v.calm, v.rough = calm, calm // no snapshot at its end either
	for i := range 3 {
		s, err := v.p.start()
		if err == nil && i == 0 {
			err = v.found()
		}
		for done := false; err == nil && !done; {
			done, err = v.burden(s)
			if err == nil && !done { // it was stopped in an orderly way
				s, err = v.p.start()
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return v.load
}

// copy makes another place with a copy of the world.
func (p *place) copy(t *testing.T, flags ...string) *place {
	t.Helper()
	q := newPlace(t, flags...)
	if err := os.CopyFS(q.world(), os.DirFS(p.world())); err != nil {
		t.Fatal(err)
	}
	return q
}

// openStore opens the store of a stopped world.
func (p *place) openStore(t *testing.T) *bolt.Store {
	t.Helper()
	s, _, err := bolt.Open(p.world()+"/store", bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// beginFrom makes a snapshot the newest of a stopped world; the zero CID takes all
// of them away.
func (p *place) beginFrom(t *testing.T, c lumps.CID) {
	t.Helper()
	ctx := context.Background()
	s := p.openStore(t)
	if err := s.SetRoot(ctx, space.RootSnapshot, c); err != nil {
		t.Fatal(err)
	}
	if c.IsZero() {
		var gone []lumps.CID
		for l, err := range s.Lumps(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			if l.Kind == store.KindSnapshot {
				gone = append(gone, l.CID)
			}
		}
		for _, c := range gone {
			if err := s.RemoveLump(ctx, c); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Remove(ctx, gone...); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// object runs hearth-ctl with --json and decodes the one object that it prints.
func object[T any](t *testing.T, p *place, args ...string) (v T) {
	t.Helper()
	out, err := p.ctlOK(append(args, "--json")...)
	if err == nil {
		err = json.Unmarshal([]byte(out), &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// One history is one state: with one worker and with many, from the beginning and
// from any snapshot, wherever those stood, and without any.
func TestOneHistoryIsOneState(t *testing.T) {
	worlds := 2
	if os.Getenv("HEARTH_SOAK") != "" {
		worlds = 50
	}
	rng := rand.New(rand.NewPCG(newSeed(t), 1))
	for tried := 0; worlds > 0; tried++ {
		if tried == 100 {
			t.Fatal("hardly any world got its snapshots")
		}
		l := killed(t, rng, false, "--snapshot-events", strconv.Itoa(20+rng.IntN(80)), "--workers", strconv.Itoa(1+rng.IntN(4)))
		p := l.p
		replay := func(procs int, args ...string) ipc.Replayed {
			q := *p
			q.env = []string{fmt.Sprintf("GOMAXPROCS=%d", procs)}
			return object[ipc.Replayed](t, &q, append([]string{"replay"}, args...)...)
		}
		want := replay(1)
		if got := replay(8); got != want {
			t.Errorf("one worker comes to %+v, many to %+v", want, got)
		}
		var history []ipc.Snapshot
		out, err := p.ctlOK("history", "--json")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out) {
			var s ipc.Snapshot
			if err := json.Unmarshal([]byte(line), &s); err != nil {
				t.Fatal(err)
			}
			history = append(history, s)
		}
		t.Logf("%d events, %d snapshots", want.Seq, len(history))
		if len(history) < 3 { // it was killed before each: this one shows too little
			continue
		}
		worlds--
		from := []ipc.Snapshot{{}, history[0], history[len(history)-1]}
		for _, i := range rng.Perm(len(history))[:3] {
			s := history[i]
			from = append(from, s)
			if got := replay(1+rng.IntN(4), "--to", strconv.FormatUint(s.Seq, 10)); got.State != s.State || got.Compared != s.Seq {
				t.Errorf("running came to %s at event %d, the replay to %+v", s.State, s.Seq, got)
			}
		}
		for _, s := range from {
			q := p.copy(t)
			q.beginFrom(t, s.CID)
			q.env = []string{fmt.Sprintf("GOMAXPROCS=%d", 1+rng.IntN(8))}
			if got := object[ipc.Snapshot](t, q, "snapshot"); got.State != want.State || got.Seq != want.Seq {
				t.Errorf("from the snapshot at event %d one comes to %s at %d, from the beginning to %s at %d", s.Seq, got.State, got.Seq, want.State, want.Seq)
			}
		}
		// And life goes on from there.
		q := p.copy(t, "--workers", "1")
		q.beginFrom(t, lumps.CID{})
		_, c := started(t, q)
		if err := l.prove(c); err != nil {
			t.Errorf("without snapshots: %v", err)
		}
		if err := l.proveState(c); err != nil {
			t.Errorf("without snapshots: %v", err)
		}
		if err := l.proveData(c); err != nil {
			t.Errorf("without snapshots: %v", err)
		}
		c.Close()
	}
}
