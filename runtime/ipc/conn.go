package ipc

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"hearth/runtime"
)

// conn is the server's end of a connection. One goroutine reads and dispatches,
// one writes, one acknowledges messages as the disk has them, and every other
// call has its own.
type conn struct {
	s      *Server
	nc     net.Conn
	origin string
	out    *outbox
	ctx    context.Context
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup // calls

	mu    sync.Mutex // guards calls
	calls map[string]*call

	acks  chan ack // made with the first message; the reader's own
	acked chan struct{}
}

// ack is a message that was accepted and waits for the disk.
type ack struct {
	id  []byte
	seq uint64
	dup bool
}

// call is a request that is being worked on.
type call struct {
	*conn
	id     []byte
	params []byte
	ctx    context.Context
	cancel context.CancelFunc
	long   bool
	// pieces are what a client sends behind its request. The reader of the
	// connection is the only one that sends and closes.
	pieces chan []byte
	ended  bool // pieces is closed; the reader's own
	rest   []byte
}

func newConn(s *Server, nc net.Conn, origin string) *conn {
	c := &conn{s: s, nc: nc, origin: origin, calls: map[string]*call{}, out: newOutbox(nc), acked: make(chan struct{})}
	c.ctx, c.cancel = context.WithCancelCause(s.ctx)
	return c
}

// hurry makes a connection end although its client does not.
func (c *conn) hurry() {
	now := time.Now()
	c.nc.SetReadDeadline(now)
	c.nc.SetWriteDeadline(now.Add(closeGrace))
}

func (c *conn) serve() {
	c.read()
	// Answers that are on their way still go out to a client that only closed its
	// half. What might go on for ever ends.
	c.mu.Lock()
	for _, k := range c.calls {
		if k.long {
			k.cancel()
		}
		if k.pieces != nil && !k.ended {
			k.cancel()
		}
	}
	c.mu.Unlock()
	c.wg.Wait()
	if c.acks != nil {
		close(c.acks)
		<-c.acked
	}
	c.out.finish()
	<-c.out.done
	c.cancel(nil)
	c.nc.Close()
}

// read handles lines until there are no more.
func (c *conn) read() {
	r := bufio.NewReaderSize(c.nc, 32<<10)
	var buf []byte
	for {
		line, err := readLine(r, &buf)
		if err != nil {
			if errors.Is(err, ErrLineTooLong) {
				c.fail(nil, codeRequest, err)
			}
			return
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		f, err := parseFrame(line)
		if err != nil {
			code := codeRequest
			if errors.Is(err, errSyntax) || errors.Is(err, errDeep) {
				code = codeParse
			}
			c.fail(nil, code, fmt.Errorf("%w: %w", ErrUsage, err))
			continue
		}
		if f.method == nil {
			c.fail(f.id, codeRequest, fmt.Errorf("%w: a request needs a method", ErrUsage))
			continue
		}
		if f.id == nil {
			c.notified(&f)
			continue
		}
		c.request(&f)
		if c.ctx.Err() != nil {
			return
		}
	}
}

func (c *conn) fail(id []byte, code int, err error) {
	c.out.put(func(b []byte) []byte { return appendError(b, id, code, err) })
}

// request starts the work on a request.
func (c *conn) request(f *frame) {
	if string(f.method) == "send" && c.post(f) {
		return
	}
	m, ok := methods[string(f.method)]
	if !ok {
		c.fail(f.id, codeNoMethod, fmt.Errorf("%w: %q", ErrNoMethod, clip(f.method)))
		return
	}
	k := &call{conn: c, id: bytes.Clone(f.id), params: bytes.Clone(f.params), long: m.long}
	if m.upload {
		k.pieces = make(chan []byte, 4)
	}
	c.mu.Lock()
	if len(c.calls) >= maxCalls {
		c.mu.Unlock()
		c.fail(f.id, codeServer, ErrCalls)
		return
	}
	if c.calls[string(k.id)] != nil {
		c.mu.Unlock()
		c.fail(f.id, codeRequest, fmt.Errorf("%w: the id is that of an open call", ErrUsage))
		return
	}
	k.ctx, k.cancel = context.WithCancel(c.ctx)
	c.calls[string(k.id)] = k
	c.mu.Unlock()
	c.wg.Go(func() { k.run(m.do) })
}

func (k *call) run(do func(*call) (any, error)) {
	result, err := do(k)
	if cause := context.Cause(k.ctx); err != nil && cause != nil && errors.Is(err, context.Canceled) {
		err = cause
	}
	var body []byte
	if err == nil {
		if body, err = json.Marshal(result); err != nil {
			err = fmt.Errorf("%w: %w", ErrInternal, err)
		}
	}
	// The id is free before the answer goes out: who has the answer may use it.
	k.cancel()
	k.mu.Lock()
	delete(k.calls, string(k.id))
	k.mu.Unlock()
	if err != nil {
		code := codeServer
		if errors.Is(err, ErrUsage) {
			code = codeBadParams
		}
		k.fail(k.id, code, err)
		return
	}
	k.out.put(func(b []byte) []byte { return appendResult(b, k.id, body) })
}

// read decodes the params of a call.
func (k *call) read(into any) error {
	if len(k.params) == 0 {
		return nil
	}
	if err := json.Unmarshal(k.params, into); err != nil {
		return badParams(err)
	}
	return nil
}

// badParams keeps what the params themselves object to, such as a CID of an
// unsupported kind, and calls everything else bad usage.
func badParams(err error) error {
	if k := KindOf(err); k.Name != "internal" {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUsage, err)
}

// item sends one of many answers.
func (k *call) item(v any) error {
	if err := k.ctx.Err(); err != nil {
		return err
	}
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return k.out.put(func(b []byte) []byte { return appendItem(b, k.id, body) })
}

// Write sends bytes as items.
func (k *call) Write(p []byte) (int, error) {
	for at := 0; at < len(p); at += PieceSize {
		if err := k.ctx.Err(); err != nil {
			return at, err
		}
		piece := p[at:min(at+PieceSize, len(p))]
		if err := k.out.put(func(b []byte) []byte { return appendPieceItem(b, k.id, piece) }); err != nil {
			return at, err
		}
	}
	return len(p), nil
}

// Read reads what the client sends behind its request.
func (k *call) Read(p []byte) (int, error) {
	for len(k.rest) == 0 {
		select {
		case piece, ok := <-k.pieces:
			if !ok {
				return 0, io.EOF
			}
			k.rest = piece
		case <-k.ctx.Done():
			return 0, k.ctx.Err()
		}
	}
	n := copy(p, k.rest)
	k.rest = k.rest[n:]
	return n, nil
}

// notified handles what a client sends about an open call. What is about no open
// call is about one that has ended, and is dropped.
func (c *conn) notified(f *frame) {
	var id, data []byte
	hasData := false
	err := eachMember(f.params, func(key, value []byte) error {
		var err error
		switch string(key) {
		case "call":
			id = value
		case "data":
			hasData = true
			data, err = decodeBytes(value)
		}
		return err
	})
	c.mu.Lock()
	k := c.calls[string(id)]
	c.mu.Unlock()
	if k == nil {
		return
	}
	switch string(f.method) {
	case "cancel":
		k.cancel()
	case "end":
		if k.pieces != nil && !k.ended {
			k.ended = true
			close(k.pieces)
		}
	case "data":
		if err != nil || !hasData || len(data) == 0 || k.pieces == nil || k.ended {
			if err != nil {
				k.cancel() // a hole would go unnoticed
			}
			return
		}
		select {
		case k.pieces <- data:
		case <-k.ctx.Done():
		}
	}
}

// ---- messages without wait

// post accepts a message in the order of the lines, and reports whether it was
// one for it: a sender that waits for a reply gets a call of its own.
func (c *conn) post(f *frame) bool {
	if c.s.w.Runtime == nil {
		return false
	}
	var p SendParams
	if err := p.scan(f.params); err != nil {
		c.fail(f.id, codeBadParams, badParams(err))
		return true
	}
	if p.Wait {
		return false
	}
	seq, dup, err := c.accept(&p)
	if err != nil {
		c.fail(f.id, codeServer, err)
		return true
	}
	if c.acks == nil {
		c.acks = make(chan ack, maxAcks)
		go c.acknowledge()
	}
	c.acks <- ack{bytes.Clone(f.id), seq, dup}
	return true
}

// scan reads the params of a send: by hand, because there are so many of them.
func (p *SendParams) scan(params []byte) error {
	if len(params) == 0 {
		return fmt.Errorf("%w: a message needs a receiver", ErrUsage)
	}
	return eachMember(params, func(key, value []byte) (err error) {
		switch string(key) {
		case "pid":
			p.PID, err = strconv.ParseUint(string(value), 10, 64)
		case "data":
			p.Data, err = decodeBytes(value)
		case "service":
			err = json.Unmarshal(value, &p.Service)
		case "lumps":
			err = json.Unmarshal(value, &p.Lumps)
		case "key":
			err = json.Unmarshal(value, &p.Key)
		case "wait":
			err = json.Unmarshal(value, &p.Wait)
		case "timeout":
			err = json.Unmarshal(value, &p.Timeout)
		}
		return err
	})
}

// accept gives a message its place.
func (c *conn) accept(p *SendParams) (seq uint64, dup bool, err error) {
	rt := c.s.w.Runtime
	to, err := rt.Target(p.PID, p.Service)
	if err != nil {
		return 0, false, err
	}
	if err := c.haveLumps(p.Lumps); err != nil {
		return 0, false, err
	}
	return rt.Accept(to, runtime.Message{Data: p.Data, Lumps: p.Lumps, Key: p.Key, Origin: c.origin})
}

// acknowledge answers messages when they are on disk, as many at a time as there
// are.
func (c *conn) acknowledge() {
	defer close(c.acked)
	batch := make([]ack, 0, 64)
	for a := range c.acks {
		batch = append(batch[:0], a)
		last := a.seq
	gather:
		for len(batch) < cap(batch) {
			select {
			case a, ok := <-c.acks:
				if !ok {
					break gather
				}
				batch = append(batch, a)
				last = max(last, a.seq)
			default:
				break gather
			}
		}
		// Not the connection's context: what was accepted is answered.
		err := c.s.w.Runtime.Durable(context.Background(), last)
		c.out.put(func(b []byte) []byte {
			for i := range batch {
				if err != nil {
					b = appendError(b, batch[i].id, codeServer, err)
				} else {
					b = appendAck(b, &batch[i])
				}
			}
			return b
		})
	}
}

func appendAck(b []byte, a *ack) []byte {
	b = append(b, `{"jsonrpc":"2.0","id":`...)
	b = append(b, a.id...)
	b = append(b, `,"result":{`...)
	if a.seq != 0 {
		b = append(b, `"seq":`...)
		b = strconv.AppendUint(b, a.seq, 10)
	}
	if a.dup {
		b = append(b, `,"duplicate":true`...)
	}
	return append(b, "}}\n"...)
}

func clip(b []byte) []byte { return b[:min(len(b), 80)] }
