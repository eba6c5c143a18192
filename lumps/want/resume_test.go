package want

import (
	"errors"
	"testing"

	"hearth/lumps"
	"hearth/store/mem"
)

// A large block whose transfer is cut goes on where it ended, over as many
// exchanges as it takes.
func TestResumeOfOneBlock(t *testing.T) {
	s := mem.New()
	c := stock(t, s, 1, 1, lumps.MaxBlock)[0]
	partials := NewPartials(0)
	var sent int64
	for cuts := 0; ; cuts++ {
		p := newPair(t, memPipe, Options{Partials: partials}, serving(s))
		p.theirData.cutAfter(200_000)
		got, err := p.ours.Get(within(t), c)
		p.ours.Close()
		p.theirs.Close()
		sent += int64(p.theirData.bytes())
		if err == nil {
			if !lumps.Verify(c, got) || cuts < 4 {
				t.Errorf("after %d cuts", cuts)
			}
			break
		}
		if cuts > 10 {
			t.Fatal(err)
		}
	}
	// A cut may lose the chunk that it went through, and headers.
	if sent > lumps.MaxBlock+6*(maxChunk+1000) {
		t.Errorf("%d bytes were sent for a block of %d", sent, lumps.MaxBlock)
	}
	if partials.Bytes() != 0 {
		t.Errorf("%d bytes are kept of a block that is whole", partials.Bytes())
	}
}

// A liar who sends a wrong beginning and is cut must not get an honest peer, who
// goes on from there, the blame.
func TestPoisonedPartial(t *testing.T) {
	s := mem.New()
	c := stock(t, s, 1, 1, 300_000)[0]
	for name, size := range map[string]int{"shorter": 100_000, "longer": 400_000} {
		partials := NewPartials(0)
		partials.keep(c, bytesOf(99, size))
		p := newPair(t, memPipe, Options{Partials: partials}, serving(s))
		if got, err := p.ours.Get(within(t), c); err != nil || !lumps.Verify(c, got) {
			t.Errorf("a lie that is %s: %v", name, err)
		}
		if p.ours.Err() != nil || partials.Bytes() != 0 {
			t.Errorf("a lie that is %s: %v, %d bytes left", name, p.ours.Err(), partials.Bytes())
		}
	}
}

// What came before a DONT_HAVE stays for a peer that has the block.
func TestPartialOutlivesRefusal(t *testing.T) {
	c := stock(t, mem.New(), 1, 1, 300_000)[0]
	partials := NewPartials(0)
	partials.keep(c, bytesOf(100_000, 100_000))
	p := newPair(t, memPipe, Options{Partials: partials}, Options{})
	if _, err := p.ours.Get(within(t), c); err == nil {
		t.Fatal("a peer without the block gave it")
	}
	if partials.Bytes() != 100_000 {
		t.Errorf("%d bytes are left", partials.Bytes())
	}
}

func TestPartialsAreBounded(t *testing.T) {
	p := NewPartials(10_000)
	var cids []lumps.CID
	for i := range 20 {
		data := bytesOf(uint64(i), 1000)
		cids = append(cids, lumps.Sum(lumps.Raw, data))
		p.keep(cids[i], data)
		if p.Bytes() > 10_000 {
			t.Fatalf("%d bytes", p.Bytes())
		}
	}
	if p.take(cids[9]) != nil || p.take(cids[19]) == nil || p.take(cids[19]) != nil {
		t.Error("not the oldest was forgotten")
	}
	p.keep(cids[0], make([]byte, 10_001))
	p.keep(cids[1], nil)
	p.keep(cids[10], make([]byte, 10)) // less than there is
	if p.Bytes() != 9000 || len(p.take(cids[10])) != 1000 {
		t.Errorf("%d bytes", p.Bytes())
	}
	var none *Partials
	none.keep(cids[0], []byte{1})
	if none.take(cids[0]) != nil {
		t.Error("none keeps")
	}
}

// An error of the link is told as it is.
func TestCutIsNoClose(t *testing.T) {
	s := mem.New()
	c := stock(t, s, 1, 1, 300_000)[0]
	p := newPair(t, tcpPipe, Options{}, serving(s))
	p.theirData.cutAfter(100_000)
	if _, err := p.ours.Get(within(t), c); err == nil {
		t.Fatal("a block came over a link that was cut")
	}
	<-p.theirs.Done()
	if err := p.theirs.Err(); err == nil || errors.Is(err, ErrClosed) || errors.Is(err, ErrProtocol) {
		t.Errorf("%v", err)
	}
}
