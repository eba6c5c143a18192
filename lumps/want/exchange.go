package want

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"

	"hearth/lumps"
)

// A Provider says what the other side may be served.
type Provider interface {
	// Block returns the bytes of a block that this peer may have. An error that
	// wraps store.ErrNotFound or ErrDenied becomes DONT_HAVE, so that the asker
	// cannot tell them apart: knowing a hash is no authority. Any other becomes
	// FAILED. It may block while the block is fetched from elsewhere, but not from
	// the peer that asks. It is called from up to Options.Concurrency goroutines
	// for each priority, and its context ends with the want.
	Block(ctx context.Context, c lumps.CID) ([]byte, error)
}

// A Haver is a Provider that can say whether a block would be given without
// reading it. Without it, asking whether costs as much as asking.
type Haver interface {
	Has(ctx context.Context, c lumps.CID) (bool, error)
}

// ProviderFunc is a Provider of one function, such as a store's Get.
type ProviderFunc func(ctx context.Context, c lumps.CID) ([]byte, error)

// Block calls f.
func (f ProviderFunc) Block(ctx context.Context, c lumps.CID) ([]byte, error) { return f(ctx, c) }

const (
	// DefaultMaxWants is how many of our wants may be unanswered: enough that a
	// link of 50 Mbit/s and 30 ms is full with blocks of 4 KiB several times over.
	DefaultMaxWants = 256
	// DefaultMaxServed is how many of their wants wait: four such askers.
	DefaultMaxServed = 1024
	// DefaultConcurrency is how many of their wants are with the Provider at once:
	// enough for a few that wait on a third peer beside those that a store answers.
	DefaultConcurrency = 16
	// mostWants bounds MaxWants, and with it the answers that an honest peer can
	// make us queue.
	mostWants = 16 << 10
)

// Options of an Exchange. The zero value serves nothing.
type Options struct {
	Provider    Provider     // nil answers every want with DONT_HAVE
	Partials    *Partials    // nil starts a cut transfer again from its beginning
	MaxWants    int          // of ours unanswered, 64 more for each higher priority; DefaultMaxWants
	MaxServed   int          // of theirs unanswered, likewise, beyond which BUSY; DefaultMaxServed
	Concurrency int          // calls of Provider at once, for each priority; DefaultConcurrency
	Logger      *slog.Logger // nil is silent
}

// Stats counts what an exchange did.
type Stats struct {
	BlocksIn, BytesIn   int64 // blocks received whole and verified, and their bytes
	BlocksOut, BytesOut int64 // blocks sent whole, and bytes of blocks sent
	PartialIn           int64 // bytes received of blocks that are not whole
	Wants               int64 // ours sent, repetitions after BUSY included
	Coalesced           int64 // Gets that joined another for the same block
	DontHaves           int64 // ours that the peer did not give
	Served, Refused     int64 // theirs taken, and of them not given
	Busy                int64 // theirs turned away because the queue was full
}

// An Exchange asks a peer for blocks and serves it blocks. Its methods may be
// called from many goroutines.
type Exchange struct {
	control, data io.ReadWriteCloser
	log           *slog.Logger

	ask   asker
	serve server

	ctx         context.Context // ends with the exchange; that of every call of the Provider
	cancel      context.CancelFunc
	wakeControl chan struct{} // there may be something for the control stream
	loops       sync.WaitGroup
	done        chan struct{}

	endOnce sync.Once
	mu      sync.Mutex // guards err
	err     error
}

// New starts an exchange over two streams of one connection. It runs until Close,
// until the peer ends it, or until an error, and closes the streams then, which
// must end the reads and writes that are under way. Close must be called in any
// case.
func New(control, data io.ReadWriteCloser, o Options) *Exchange {
	x := &Exchange{
		control:     control,
		data:        data,
		log:         o.Logger,
		wakeControl: make(chan struct{}, 1),
		done:        make(chan struct{}),
	}
	if x.log == nil {
		x.log = slog.New(slog.DiscardHandler)
	}
	x.ctx, x.cancel = context.WithCancel(context.Background())
	x.ask.init(x, orDefault(o.MaxWants, DefaultMaxWants, mostWants), o.Partials)
	x.serve.init(x, o.Provider, orDefault(o.MaxServed, DefaultMaxServed, mostWants), orDefault(o.Concurrency, DefaultConcurrency, mostWants))
	for _, loop := range []func() error{x.readControl, x.readData, x.writeControl, x.serve.write} {
		x.loops.Go(func() { x.end(loop()) })
	}
	go func() {
		x.loops.Wait()
		x.ask.fail()
		close(x.done)
	}()
	return x
}

func orDefault(n, def, most int) int {
	if n <= 0 {
		return def
	}
	return min(n, most)
}

// Done is closed when the exchange has ended.
func (x *Exchange) Done() <-chan struct{} { return x.done }

// Err returns why the exchange ended, or nil while it runs: ErrClosed if it was
// closed here or there, ErrProtocol if the peer broke the rules, and otherwise
// what the streams said.
func (x *Exchange) Err() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.err
}

// Close ends the exchange, and returns when all of it has stopped, calls of the
// Provider included.
func (x *Exchange) Close() error {
	x.end(ErrClosed)
	<-x.done
	x.serve.calls.Wait()
	return nil
}

// end begins the end; the first reason stays.
func (x *Exchange) end(err error) {
	x.endOnce.Do(func() {
		switch {
		case errors.Is(err, ErrClosed):
		case errors.Is(err, io.EOF):
			err = fmt.Errorf("%w by the peer", ErrClosed)
		case errors.Is(err, ErrProtocol):
			x.log.Warn("block exchange ended", "error", err)
		default:
			err = fmt.Errorf("block exchange: %w", err)
		}
		x.mu.Lock()
		x.err = err
		x.mu.Unlock()
		x.cancel()
		x.control.Close()
		x.data.Close()
		x.ask.refuse(err)
		x.serve.stop()
	})
}

// Stats returns what the exchange did so far.
func (x *Exchange) Stats() Stats {
	var s Stats
	x.ask.count(&s)
	x.serve.count(&s)
	return s
}

func (x *Exchange) readControl() error {
	return readControl(bufio.NewReaderSize(x.control, bufferLen), x)
}

func (x *Exchange) readData() error {
	return readData(bufio.NewReaderSize(x.data, bufferLen), &x.ask)
}

// writeControl sends answers, which others wait for, before our wants.
func (x *Exchange) writeControl() error {
	var b []byte
	for {
		b = x.serve.answers(b[:0])
		b = x.ask.wants(b)
		if len(b) > 0 {
			if _, err := x.control.Write(b); err != nil {
				return err
			}
			continue
		}
		select {
		case <-x.wakeControl:
		case <-x.ctx.Done():
			return ErrClosed
		}
	}
}

func (x *Exchange) wake() {
	select {
	case x.wakeControl <- struct{}{}:
	default:
	}
}

func (x *Exchange) wanted(w wantEntry) error             { return x.serve.wanted(w) }
func (x *Exchange) cancelled(ref uint32)                 { x.serve.cancelled(ref) }
func (x *Exchange) raised(ref uint32, p Priority)        { x.serve.raised(ref, p) }
func (x *Exchange) answered(kind byte, ref uint32) error { return x.ask.answered(kind, ref) }
