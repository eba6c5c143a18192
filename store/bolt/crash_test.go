package bolt

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"hearth/lumps"
	"hearth/store"
	"hearth/store/storetest"
)

// tape records what happens to the pack files, and when the database was
// flushed and calls were acknowledged, so that the disk after a loss of power at
// any moment can be made.
type tape struct {
	mu     sync.Mutex
	events []event
}

type event struct {
	pack  string
	off   int64
	data  []byte // of a write
	sync  bool
	index []byte // the database after a flush
	ack   *state
}

// state is what was acknowledged.
type state struct {
	blocks []store.Block
	root   lumps.CID
	lumps  []lumps.CID
}

func (t *tape) add(e event) {
	t.mu.Lock()
	t.events = append(t.events, e)
	t.mu.Unlock()
}

type taped struct {
	file
	name string
	tape *tape
}

func (f taped) WriteAt(b []byte, off int64) (int, error) {
	f.tape.add(event{pack: f.name, off: off, data: append([]byte(nil), b...)})
	return f.file.WriteAt(b, off)
}

func (f taped) Sync() error {
	f.tape.add(event{pack: f.name, sync: true})
	return nil
}

func (t *tape) wrap(name string, f file) file { return taped{f, name, t} }

const sector = 512

// disk makes the folder of a store as it may be after a loss of power behind the
// first n events: what was synced is there, of the writes since then each sector
// may have arrived or not, and the size may be ahead of the bytes.
func (t *tape) disk(dir string, n int, salt uint32, rnd *rand.Rand) (acked state, err error) {
	type image struct{ synced, now []byte }
	packs := map[string]*image{}
	var index []byte
	for _, e := range t.events[:n] {
		if e.ack != nil {
			acked = *e.ack
		}
		if e.index != nil {
			index = e.index
		}
		if e.pack == "" {
			continue
		}
		p := packs[e.pack]
		if p == nil {
			number, _ := packNumber(e.pack)
			h := appendPackHeader(nil, number, salt)
			p = &image{h, append([]byte(nil), h...)}
			packs[e.pack] = p
		}
		if e.sync {
			p.synced = append([]byte(nil), p.now...)
			continue
		}
		if end := e.off + int64(len(e.data)); end > int64(len(p.now)) {
			p.now = append(p.now, make([]byte, end-int64(len(p.now)))...)
		}
		copy(p.now[e.off:], e.data)
	}
	if err := os.MkdirAll(filepath.Join(dir, "packs"), 0o700); err != nil {
		return acked, err
	}
	for name, p := range packs {
		out := append([]byte(nil), p.synced...)
		if len(p.now) > len(p.synced) {
			size := len(p.synced) + rnd.IntN(len(p.now)-len(p.synced)+1)
			out = append(out, make([]byte, size-len(out))...)
			for at := len(p.synced); at < size; {
				end := min(size, (at/sector+1)*sector)
				if rnd.IntN(3) > 0 {
					copy(out[at:end], p.now[at:])
				}
				at = end
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "packs", name), out, 0o600); err != nil {
			return acked, err
		}
	}
	if rnd.IntN(5) > 0 && index != nil {
		err = os.WriteFile(filepath.Join(dir, "index.db"), index, 0o600)
	}
	return acked, err
}

// recordHistory runs a history on a store whose packs are taped.
func recordHistory(t *testing.T, spoil func(file) file) (*tape, uint32) {
	tp := &tape{}
	s, _ := mustOpen(t, t.TempDir(), Options{PackSize: 8000, FlushEntries: 1 << 20, noSync: true,
		wrap: func(name string, f file) file { return spoil(tp.wrap(name, f)) }})
	var now state
	for i := range 25 {
		bs := storetest.Blocks(uint64(i), 1+i%4, 100+i*97)
		if err := s.Put(ctx, bs...); err != nil {
			t.Fatal(err)
		}
		now.blocks = append(now.blocks, bs...)
		ack := func() { c := now; tp.add(event{ack: &c}) }
		ack()
		if err := s.SetRoot(ctx, "head", bs[0].CID); err != nil {
			t.Fatal(err)
		}
		now.root = bs[0].CID
		ack()
		if err := s.AddLump(ctx, store.Lump{CID: bs[0].CID, Blocks: 1}); err != nil {
			t.Fatal(err)
		}
		now.lumps = append(now.lumps, bs[0].CID)
		ack()
		if i%6 == 5 {
			if err := s.do(ctx, &request{flush: true, done: make(chan error, 1)}); err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(s.indexPath())
			if err != nil {
				t.Fatal(err)
			}
			tp.add(event{index: b})
		}
	}
	return tp, s.salt
}

// violations counts the crash states after which something acknowledged is gone.
func violations(t *testing.T, tp *tape, salt uint32, each int) (states, bad int) {
	root := t.TempDir()
	rnd := rand.New(rand.NewPCG(3, 4))
	for n := 1; n <= len(tp.events); n++ {
		for range each {
			states++
			dir := filepath.Join(root, fmt.Sprint(states))
			acked, err := tp.disk(dir, n, salt, rnd)
			if err != nil {
				t.Fatal(err)
			}
			s, _, err := Open(dir, Options{noSync: true})
			if err != nil {
				bad++
				continue
			}
			if !holdsAll(s, acked) {
				bad++
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			os.RemoveAll(dir)
		}
	}
	return states, bad
}

func holdsAll(s *Store, want state) bool {
	for _, b := range want.blocks {
		if _, err := s.Get(ctx, b.CID); err != nil {
			return false
		}
	}
	for _, c := range want.lumps {
		if _, err := s.Lump(ctx, c); err != nil {
			return false
		}
	}
	// The root may be the one of a call that was not acknowledged yet.
	c, err := s.Root(ctx, "head")
	if want.root.IsZero() {
		return true
	}
	if err != nil {
		return false
	}
	if c == want.root {
		return true
	}
	ok, err := s.Has(ctx, c)
	return ok && err == nil
}

// What was acknowledged survives a loss of power at any moment, whatever part of
// the unsynced writes arrived. That a store without its sync is caught shows that
// the test would see a fault.
func TestLossOfPower(t *testing.T) {
	each := 1
	if os.Getenv("HEARTH_SOAK") != "" {
		each = 60
	}
	tp, salt := recordHistory(t, func(f file) file { return f })
	if states, bad := violations(t, tp, salt, each); bad > 0 {
		t.Errorf("%d of %d states lost something", bad, states)
	} else {
		t.Logf("%d states", states)
	}
	tp, salt = recordHistory(t, func(f file) file { return deaf{f} })
	if states, bad := violations(t, tp, salt, 1); bad < states/10 {
		t.Errorf("without sync only %d of %d states lost something: the test is blind", bad, states)
	}
}

// deaf forgets to sync.
type deaf struct{ file }

func (deaf) Sync() error { return nil }
