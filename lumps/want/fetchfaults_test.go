package want

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"hearth/lumps"
	"hearth/store"
	"hearth/store/mem"
)

// full is a store whose disk is full after some Puts.
type full struct {
	store.Blocks
	room atomic.Int64
}

var errFull = errors.New("no space left on device")

func (f *full) Put(ctx context.Context, blocks ...store.Block) error {
	if f.room.Add(int64(-len(blocks))) < 0 {
		return errFull
	}
	return f.Blocks.Put(ctx, blocks...)
}

// A full disk is told, what was put before is whole, and with room the next try
// goes on from there.
func TestFetchOntoAFullDisk(t *testing.T) {
	from, to := mem.New(), mem.New()
	root, all := world(t, from)
	p := newPair(t, tcpPipe, Options{}, serving(from))
	disk := &full{Blocks: to}
	f := &Fetch{Roots: []lumps.CID{root}, To: disk, From: []Source{p.ours}}
	s, err := f.Run(within(t))
	if !errors.Is(err, errFull) || s.Stored != 0 {
		t.Fatalf("%+v, %v", s, err)
	}
	for info, err := range to.List(bg) {
		t.Errorf("%v is there after a Put that failed, %v", info, err)
	}
	disk.room.Store(int64(len(all)))
	if s, err = f.Run(within(t)); err != nil || s.Stored != int64(len(all)) {
		t.Errorf("with room: %+v, %v", s, err)
	}
	complete(t, to, root, all)
}

func TestFetchWhatNobodyHas(t *testing.T) {
	from, to := mem.New(), mem.New()
	root, all := world(t, from)
	lost := all[len(all)/2]
	if err := from.Remove(bg, lost); err != nil {
		t.Fatal(err)
	}
	p := newPair(t, memPipe, Options{}, serving(from))
	_, err := (&Fetch{Roots: []lumps.CID{root}, To: to, From: []Source{p.ours, mem.New()}}).Run(within(t))
	if !errors.Is(err, store.ErrNotFound) || !bytes.Contains([]byte(err.Error()), []byte(lost.String())) {
		t.Errorf("%v", err)
	}
	if _, err = (&Fetch{Roots: []lumps.CID{lost}, To: to}).Run(within(t)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("of no source: %v", err)
	}
	if _, err = (&Fetch{Roots: []lumps.CID{{}}, To: to, From: []Source{from}}).Run(within(t)); !errors.Is(err, lumps.ErrBadCID) {
		t.Errorf("of no CID: %v", err)
	}
	p.theirs.Close()
	<-p.ours.Done()
	if _, err = (&Fetch{Roots: []lumps.CID{lost}, To: to, From: []Source{p.ours}}).Run(within(t)); !errors.Is(err, ErrClosed) || errors.Is(err, store.ErrNotFound) {
		t.Errorf("of a source that is closed: %v", err)
	}
}

// sourceFunc is a Source of one function.
type sourceFunc func(ctx context.Context, c lumps.CID) ([]byte, error)

func (f sourceFunc) Get(ctx context.Context, c lumps.CID) ([]byte, error) { return f(ctx, c) }

// A source that lies is passed over and left; nothing of it is stored.
func TestFetchFromALiar(t *testing.T) {
	from, to := mem.New(), mem.New()
	root, all := world(t, from)
	var lies atomic.Int64
	liar := sourceFunc(func(context.Context, lumps.CID) ([]byte, error) {
		lies.Add(1)
		return []byte("a lie"), nil
	})
	f := &Fetch{Roots: []lumps.CID{root}, To: to, From: []Source{liar, from}, Parallel: 4}
	if _, err := f.Run(within(t)); err != nil {
		t.Fatal(err)
	}
	complete(t, to, root, all)
	if n := lies.Load(); n > leaveAfter+4 {
		t.Errorf("the liar was asked %d times", n)
	}
	var mismatch *store.MismatchError
	if _, err := (&Fetch{Roots: []lumps.CID{root}, To: mem.New(), From: []Source{liar}}).Run(within(t)); !errors.As(err, &mismatch) {
		t.Errorf("of a liar alone: %v", err)
	}
}

// A block that hashes right and is no DAG ends the walk.
func TestFetchOfAMalformedDAG(t *testing.T) {
	from, to := mem.New(), mem.New()
	data := []byte("no dag-cbor")
	c := lumps.Sum(lumps.DagCBOR, data)
	if err := from.Put(bg, store.Block{CID: c, Data: data}); err != nil {
		t.Fatal(err)
	}
	var format *lumps.FormatError
	if _, err := (&Fetch{Roots: []lumps.CID{c}, To: to, From: []Source{from}}).Run(within(t)); !errors.As(err, &format) {
		t.Errorf("%v", err)
	}
	if has, _ := to.Has(bg, c); has {
		t.Error("it was stored")
	}
}

// damaged is a store in which some blocks lie damaged until they are removed.
type damaged struct {
	store.Blocks
	mu   sync.Mutex
	cids map[lumps.CID]bool
}

func (d *damaged) Get(ctx context.Context, c lumps.CID) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cids[c] {
		return nil, &store.CorruptError{CID: c}
	}
	return d.Blocks.Get(ctx, c)
}

func (d *damaged) Remove(ctx context.Context, cids ...lumps.CID) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range cids {
		delete(d.cids, c)
	}
	return d.Blocks.Remove(ctx, cids...)
}

func TestFetchMends(t *testing.T) {
	from, to := mem.New(), mem.New()
	root, all := world(t, from)
	if _, err := (&Fetch{Roots: []lumps.CID{root}, To: to, From: []Source{from}}).Run(within(t)); err != nil {
		t.Fatal(err)
	}
	disk := &damaged{Blocks: to, cids: map[lumps.CID]bool{root: true, all[1]: true}}
	s, err := (&Fetch{Roots: []lumps.CID{root}, To: disk, From: []Source{from}}).Run(within(t))
	if err != nil || s.Blocks != 2 || len(disk.cids) != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	complete(t, to, root, all)
	disk.cids[root] = true
	if _, err = (&Fetch{Roots: []lumps.CID{root}, To: disk, From: []Source{mem.New()}}).Run(within(t)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("what nobody can mend: %v", err)
	}
	if has, _ := to.Has(bg, root); !has {
		t.Error("what is damaged was removed with nothing to take its place")
	}
}
