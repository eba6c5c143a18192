package mirror

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"hearth/lumps"
	"hearth/lumps/want"
)

// Session is a connection to a server that gave us a mirror's rights.
type Session interface {
	// Open begins a stream to the other side's Serve.
	Open(ctx context.Context) (io.ReadWriteCloser, error)
	// Source gives blocks of the other side: the block exchange.
	Source() want.Source
	// Offers is the Provider of our side of that exchange.
	Offers() *Offers
}

// counted is a Source that counts what its connection carries; *want.Exchange
// is one.
type counted interface{ Stats() want.Stats }

// call is a request to the other side.
type call struct {
	*wire
	stream io.ReadWriteCloser
	ctx    context.Context
	stop   func() bool
	quiet  *time.Timer
}

// ask opens a stream and sends a request. The stream ends with ctx, or when the
// other side is silent for too long.
func ask(ctx context.Context, s Session, op string, body any) (*call, error) {
	stream, err := s.Open(ctx)
	if err != nil {
		return nil, err
	}
	c := &call{stream: stream, ctx: ctx}
	c.stop = context.AfterFunc(ctx, func() { stream.Close() })
	c.quiet = time.AfterFunc(silence, func() { stream.Close() })
	c.wire = &wire{rw: &heard{stream, c.quiet}}
	if err := c.request(op, body); err != nil {
		return nil, errors.Join(c.because(err), c.close())
	}
	return c, nil
}

// heard notes that the other side lives.
type heard struct {
	io.ReadWriter
	quiet *time.Timer
}

func (h *heard) Read(p []byte) (int, error) {
	n, err := h.ReadWriter.Read(p)
	if n > 0 {
		h.quiet.Reset(silence)
	}
	return n, err
}

// because returns why a call failed: the end of its context closes the stream.
func (c *call) because(err error) error {
	if err != nil && c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	return err
}

func (c *call) close() error {
	c.stop()
	c.quiet.Stop()
	return c.stream.Close()
}

// single asks and takes one answer.
func single(ctx context.Context, s Session, r *Result, op string, body any, is string, v any, progress func(progressAnswer)) error {
	c, err := ask(ctx, s, op, body)
	if err != nil {
		return err
	}
	err = c.because(c.expect(is, v, progress))
	r.Wire += c.in + c.out
	r.RoundTrips += c.turns
	return errors.Join(err, c.close())
}

// measure adds what the block exchange carries while f runs.
func measured(s Session, r *Result, f func() error) error {
	x, ok := s.Source().(counted)
	if !ok {
		return f()
	}
	before := x.Stats()
	err := f()
	after := x.Stats()
	r.Wire += after.BytesIn + after.PartialIn + after.BytesOut - before.BytesIn - before.PartialIn - before.BytesOut
	return err
}

// counter is progress that one goroutine makes and another tells.
type counter struct{ blocks, bytes atomic.Int64 }

func (c *counter) set(p Progress) {
	c.blocks.Store(p.Blocks)
	c.bytes.Store(p.Bytes)
}

func (c *counter) get() Progress {
	return Progress{Blocks: c.blocks.Load(), Bytes: c.bytes.Load()}
}

// World is what a server tells of its world.
type World struct {
	Name     string
	Writable bool      // takes pushes from us
	Head     lumps.CID // its newest snapshot, zero if it has none
	Seq      uint64    // of the snapshot
	Time     time.Time // when it was taken
	Roots    []Root    // those that were asked for; the zero CID: it is not there

	path []lumps.CID
}

// Root is a root of the other side.
type Root struct {
	Name string
	CID  lumps.CID
}

// Describe asks for the newest snapshot, which is taken now if fresh and the
// space has moved, and for roots by name.
func Describe(ctx context.Context, s Session, fresh bool, roots ...string) (World, error) {
	var r Result
	return describe(ctx, s, &r, describeRequest{Fresh: fresh, Roots: roots})
}

func describe(ctx context.Context, s Session, r *Result, q describeRequest) (World, error) {
	if err := q.check(); err != nil {
		return World{}, err
	}
	var a worldAnswer
	if err := single(ctx, s, r, opDescribe, q, isWorld, &a, nil); err != nil {
		return World{}, err
	}
	return a.world(), nil
}

func (a *worldAnswer) world() World {
	w := World{Name: a.Name, Writable: a.Writable, Head: a.Head, Seq: a.Seq, Time: time.Unix(0, a.Time), path: a.Path}
	for _, r := range a.Roots {
		w.Roots = append(w.Roots, Root{Name: r.Name, CID: r.At})
	}
	return w
}
