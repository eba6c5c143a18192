package want

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"hearth/lumps"
	"hearth/store"
	"hearth/store/mem"
)

// script is a stream that says what is in it and then ends, and takes everything.
type script struct {
	*bytes.Reader
}

func (s script) Write(b []byte) (int, error) { return len(b), nil }
func (s script) Close() error                { return nil }

// silent is a stream that says nothing until it is closed.
type silent struct{ closed chan struct{} }

func (s silent) Read([]byte) (int, error)    { <-s.closed; return 0, io.EOF }
func (s silent) Write(b []byte) (int, error) { return len(b), nil }
func (s silent) Close() error {
	select {
	case <-s.closed:
	default:
		close(s.closed)
	}
	return nil
}

// Whatever a peer writes on the control stream, the exchange serves it or ends.
func FuzzControl(f *testing.F) {
	s := mem.New()
	small, large := stock(f, s, 1, 1, 100)[0], stock(f, s, 2, 1, 50_000)[0]
	absent := lumps.Sum(lumps.Raw, []byte("absent"))
	var wants []byte
	for i, c := range []lumps.CID{small, large, absent} {
		wants = appendWant(wants, wantEntry{ref: uint32(i), priority: Priority(i), onlyHas: i == 2, offset: uint32(i * 20_000), cid: c})
	}
	f.Add(append(appendHead(nil, kindWant, 3), wants...))
	f.Add(append(append(appendHead(nil, kindWant, 3), wants...), appendRefs(nil, kindCancel, []uint32{1, 0, 9})...))
	f.Add(append(append(append(appendHead(nil, kindWant, 3), wants...), appendHead(nil, kindRaise, 1)...), 0, 0, 0, 0, 2))
	for kind := kindHave; kind <= kindFailed; kind++ {
		f.Add(appendRefs(nil, byte(kind), []uint32{0}))
	}
	f.Add([]byte{kindWant, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		x := New(script{bytes.NewReader(b)}, silent{make(chan struct{})}, Options{Provider: ProviderFunc(s.Get), MaxServed: 8, Concurrency: 2})
		<-x.Done()
		x.Close()
		if err := x.Err(); !errors.Is(err, ErrProtocol) && !errors.Is(err, ErrClosed) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("ended with %v", err)
		}
	})
}

// Whatever a peer writes on the data stream, what a Get returns is the block.
func FuzzData(f *testing.F) {
	blocks := [][]byte{{}, bytesOf(1, 100), bytesOf(2, maxChunk+100)}
	var right []byte
	for ref, data := range blocks {
		for off := 0; off == 0 || off < len(data); off += maxChunk {
			n := min(len(data)-off, maxChunk)
			c := appendChunk(nil, chunk{ref: uint32(ref), total: uint32(len(data)), offset: uint32(off)}, data[off:off+n])
			f.Add(c)
			right = append(right, c...)
		}
	}
	f.Add(right)
	f.Add(appendStop(slices.Clone(right[:200]), 2))
	f.Add(appendStop(nil, 3))
	f.Fuzz(func(t *testing.T, b []byte) {
		x := &Exchange{wakeControl: make(chan struct{}, 1)}
		x.ask.init(x, 16, NewPartials(0))
		var calls []*call
		for _, data := range blocks {
			k, err := x.ask.begin(context.Background(), lumps.Sum(lumps.Raw, data), false)
			if err != nil {
				t.Fatal(err)
			}
			calls = append(calls, k)
		}
		x.ask.wants(nil) // gives them refs from 0
		err := readData(bufio.NewReader(bytes.NewReader(b)), &x.ask)
		if !errors.Is(err, ErrProtocol) && err != io.EOF && err != io.ErrUnexpectedEOF {
			t.Fatalf("ended with %v", err)
		}
		for i, k := range calls {
			select {
			case <-k.done:
				if k.err == nil && !bytes.Equal(k.data, blocks[i]) {
					t.Fatalf("block %d came wrong", i)
				}
			default:
			}
		}
		x.ask.refuse(ErrClosed)
		x.ask.fail()
		for _, k := range calls {
			<-k.done
		}
		if x.ask.partials.Bytes() > 3*lumps.MaxBlock {
			t.Fatalf("%d bytes are kept", x.ask.partials.Bytes())
		}
	})
}

var _ Source = (store.Blocks)(nil)
