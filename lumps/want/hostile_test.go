package want

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"hearth/lumps"
	"hearth/store/mem"
)

// Every lie of a provider ends the exchange, and the block is not given.
func TestHostileProvider(t *testing.T) {
	data := bytesOf(1, 40_000)
	c := lumps.Sum(lumps.Raw, data)
	chunkOf := func(ref uint32, total, offset, n int) []byte {
		return appendChunk(nil, chunk{ref: ref, total: uint32(total), offset: uint32(offset)}, bytesOf(1, 40_000)[offset:][:n])
	}
	right := func(ref uint32) []byte { return chunkOf(ref, 40_000, 0, maxChunk) }
	for _, lie := range []struct {
		name  string
		bytes func(ref uint32) (data, control []byte)
	}{
		{"data that was not asked for", func(ref uint32) ([]byte, []byte) { return right(ref + 1), nil }},
		{"a block too long", func(ref uint32) ([]byte, []byte) { return chunkOf(ref, lumps.MaxBlock+1, 0, 100), nil }},
		{"a chunk too long", func(ref uint32) ([]byte, []byte) { return chunkOf(ref, 40_000, 0, maxChunk+1), nil }},
		{"an empty chunk", func(ref uint32) ([]byte, []byte) { return chunkOf(ref, 40_000, 0, 0), nil }},
		{"a chunk past the end", func(ref uint32) ([]byte, []byte) { return chunkOf(ref, 100, 0, 101), nil }},
		{"a wrong first offset", func(ref uint32) ([]byte, []byte) { return chunkOf(ref, 40_000, 1, 100), nil }},
		{"a gap", func(ref uint32) ([]byte, []byte) {
			return append(right(ref), chunkOf(ref, 40_000, maxChunk+1, 100)...), nil
		}},
		{"the same chunk twice", func(ref uint32) ([]byte, []byte) { return append(right(ref), right(ref)...), nil }},
		{"another length", func(ref uint32) ([]byte, []byte) {
			return append(right(ref), chunkOf(ref, 39_999, maxChunk, 100)...), nil
		}},
		{"the wrong bytes", func(ref uint32) ([]byte, []byte) { return chunkOf(ref, 100, 0, 100), nil }},
		{"no bytes", func(ref uint32) ([]byte, []byte) { return chunkOf(ref, 0, 0, 0), nil }},
		{"a stop of what goes on", func(ref uint32) ([]byte, []byte) { return appendStop(right(ref), ref), nil }},
		{"a stop of nothing", func(ref uint32) ([]byte, []byte) { return appendStop(nil, ref+1), nil }},
		{"an unknown data frame", func(uint32) ([]byte, []byte) { return []byte{9}, nil }},
		{"HAVE for data", func(ref uint32) ([]byte, []byte) { return nil, appendRefs(nil, kindHave, []uint32{ref}) }},
		{"an answer to nothing", func(ref uint32) ([]byte, []byte) { return nil, appendRefs(nil, kindDontHave, []uint32{ref + 1}) }},
		{"two answers", func(ref uint32) ([]byte, []byte) { return nil, appendRefs(nil, kindDontHave, []uint32{ref, ref}) }},
		{"an unknown control frame", func(uint32) ([]byte, []byte) { return nil, []byte{9, 0, 1} }},
		{"an empty control frame", func(uint32) ([]byte, []byte) { return nil, []byte{kindDontHave, 0, 0} }},
	} {
		t.Run(lie.name, func(t *testing.T) {
			r := newRaw(t, Options{})
			got := make(chan error, 1)
			go func() {
				_, err := r.Get(within(t), c)
				got <- err
			}()
			data, control := lie.bytes(r.want(t).ref)
			r.data.Write(data)
			r.control.Write(control)
			r.ended(t, ErrProtocol)
			if err := <-got; err == nil {
				t.Error("Get gave the block")
			} else if lie.name != "two answers" && !errors.Is(err, ErrProtocol) {
				t.Errorf("Get: %v", err)
			}
			if r.Stats().BlocksIn != 0 {
				t.Error("the block counts as received")
			}
		})
	}
}

// A provider that begins more blocks than it may, to fill the memory of the asker.
func TestHostileProviderBeginsAll(t *testing.T) {
	r := newRaw(t, Options{})
	for i := range maxOpen + 1 {
		go r.Get(within(t), lumps.Sum(lumps.Raw, bytesOf(uint64(i), 100)))
		ref := r.want(t).ref
		r.data.Write(appendChunk(nil, chunk{ref: ref, total: lumps.MaxBlock}, []byte{1}))
	}
	r.ended(t, ErrProtocol)
	if held := r.ask.open; held > maxOpen {
		t.Errorf("%d blocks are held", held)
	}
}

// A stream that ends within a frame is not one that was closed in order.
func TestTruncated(t *testing.T) {
	for name, send := range map[string]func(r *raw){
		"control": func(r *raw) { r.control.Write([]byte{kindCancel, 0}); r.control.Close() },
		"data":    func(r *raw) { r.data.Write([]byte{kindData, 0}); r.data.Close() },
	} {
		r := newRaw(t, Options{})
		send(r)
		r.ended(t, io.ErrUnexpectedEOF)
		if errors.Is(r.Err(), ErrClosed) {
			t.Errorf("%s: %v", name, r.Err())
		}
	}
	r := newRaw(t, Options{})
	r.data.Close()
	r.ended(t, ErrClosed)
}

func TestHostileAsker(t *testing.T) {
	s := mem.New()
	c := stock(t, s, 1, 1, 100)[0]
	entry := func(change func(b []byte)) []byte {
		b := appendWant(appendHead(nil, kindWant, 1), wantEntry{ref: 7, cid: c})
		change(b[headLen:])
		return b
	}
	held := newGate(s)
	for name, b := range map[string][]byte{
		"no CID":            entry(func(b []byte) { b[10] = 9 }),
		"unknown flags":     entry(func(b []byte) { b[4] = 2 }),
		"unknown priority":  entry(func(b []byte) { b[5] = levels }),
		"an offset too far": entry(func(b []byte) { binary.BigEndian.PutUint32(b[6:], lumps.MaxBlock) }),
		"a want twice":      slices.Concat(entry(func([]byte) {}), entry(func([]byte) {})),
		"raised too high":   append(appendHead(nil, kindRaise, 1), 0, 0, 0, 7, levels),
		"too many entries":  appendHead(nil, kindWant, maxInOne+1),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRaw(t, Options{Provider: held})
			r.control.Write(b)
			r.ended(t, ErrProtocol)
		})
	}
	t.Run("cancels of nothing", func(t *testing.T) {
		r := newRaw(t, serving(s))
		r.control.Write(appendRefs(nil, kindCancel, make([]uint32, 5000)))
		r.control.Write(append(appendHead(nil, kindRaise, 1), 0, 0, 0, 99, 2))
		r.control.Write(entry(func([]byte) {}))
		b := make([]byte, 1+dataLen+100)
		if _, err := io.ReadFull(r.data, b); err != nil {
			t.Fatal(err)
		}
		if !lumps.Verify(c, b[1+dataLen:]) {
			t.Error("it is not served")
		}
	})
}

// An asker that floods is told BUSY while it reads, and left when it does not; at
// no time does it hold more than its share of memory.
func TestFlood(t *testing.T) {
	s := mem.New()
	cids := stock(t, s, 1, 8, lumps.MaxBlock)
	r := newRaw(t, Options{Provider: ProviderFunc(s.Get), MaxServed: 100, Concurrency: 4})
	over := make(chan struct{})
	go func() {
		defer close(over)
		for ref := uint32(0); ; {
			b := appendHead(nil, kindWant, maxInOne)
			for range maxInOne {
				b = appendWant(b, wantEntry{ref: ref, cid: cids[ref%8]})
				ref++
			}
			if _, err := r.control.Write(b); err != nil {
				return
			}
		}
	}()
	for ended := false; !ended; {
		select {
		case <-r.Done():
			ended = true
		case <-time.After(time.Millisecond):
		}
		r.serve.mu.Lock()
		if n := len(r.serve.served); n > 100 {
			t.Errorf("%d wants are held", n)
		}
		if most := maxReady + 4*lumps.MaxBlock; r.serve.ready[0] > most {
			t.Errorf("%d bytes are held for a peer that reads nothing", r.serve.ready[0])
		}
		r.serve.mu.Unlock()
	}
	r.ended(t, ErrProtocol)
	<-over
}
