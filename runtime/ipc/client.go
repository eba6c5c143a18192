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
)

// Client is a connection to a server. Its methods may be called from many
// goroutines; calls are pipelined.
type Client struct {
	nc   net.Conn
	out  *outbox
	read chan struct{} // closed when the reader has ended

	mu    sync.Mutex // guards what follows
	next  uint64
	calls map[uint64]*pending
	err   error // why no call can be made any more
}

// pending is a call that waits. Items and the answer come through one channel,
// in the order in which they were sent.
type pending struct {
	got  chan answer
	gone chan struct{} // closed when nobody waits any more
}

type answer struct {
	item   []byte
	result []byte
	err    error
}

// Dial connects to the server that listens at path.
func Dial(ctx context.Context, path string) (*Client, error) {
	var d net.Dialer
	nc, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		if noListener(err) {
			return nil, fmt.Errorf("%w: nobody listens on %s", ErrNoServer, path)
		}
		return nil, err
	}
	return NewClient(nc), nil
}

// NewClient returns a client on a connection, which it closes.
func NewClient(nc net.Conn) *Client {
	c := &Client{nc: nc, out: newOutbox(nc), calls: map[uint64]*pending{}, read: make(chan struct{})}
	go c.receive()
	return c
}

// Close ends the connection. Open calls fail.
func (c *Client) Close() error {
	c.fail(ErrLost)
	err := c.nc.Close()
	<-c.read
	<-c.out.done
	return err
}

// fail ends every call, now and later.
func (c *Client) fail(err error) {
	c.mu.Lock()
	if c.err == nil {
		c.err = err
	}
	err = c.err
	calls := c.calls
	c.calls = nil
	c.mu.Unlock()
	c.out.fail(err)
	for _, p := range calls {
		p.put(answer{err: err})
	}
}

func (p *pending) put(a answer) {
	select {
	case p.got <- a:
	case <-p.gone:
	}
}

// receive hands what comes to the calls.
func (c *Client) receive() {
	defer close(c.read)
	r := bufio.NewReaderSize(c.nc, 32<<10)
	var buf []byte
	for {
		line, err := readLine(r, &buf)
		if err == nil {
			err = c.handle(line)
		}
		if err != nil {
			if !errors.Is(err, ErrLost) && KindOf(err).Name == "internal" {
				err = ErrLost
			}
			c.fail(err)
			c.nc.Close()
			return
		}
	}
}

func (c *Client) handle(line []byte) error {
	f, err := parseFrame(line)
	if err != nil {
		return fmt.Errorf("%w: the server sent what is no answer (%w)", ErrLost, err)
	}
	if string(f.method) == "item" {
		var id uint64
		var item []byte
		err := eachMember(f.params, func(key, value []byte) (err error) {
			switch string(key) {
			case "call":
				id, err = strconv.ParseUint(string(value), 10, 64)
			case "item":
				item = value
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("%w: the server sent an item that cannot be read", ErrLost)
		}
		c.mu.Lock()
		p := c.calls[id]
		c.mu.Unlock()
		if p != nil {
			p.put(answer{item: bytes.Clone(item)})
		}
		return nil
	}
	if f.method != nil {
		return nil // a notification of a later version
	}
	id, err := strconv.ParseUint(string(f.id), 10, 64)
	if err != nil {
		if f.fault != nil {
			return parseError(f.fault) // about the connection
		}
		return fmt.Errorf("%w: the server answered a call that was not made", ErrLost)
	}
	c.mu.Lock()
	p := c.calls[id]
	delete(c.calls, id)
	c.mu.Unlock()
	if p == nil {
		return nil // it was cancelled
	}
	if f.fault != nil {
		p.put(answer{err: parseError(f.fault)})
	} else {
		p.put(answer{result: bytes.Clone(f.result)})
	}
	return nil
}

// start sends a request. items is how many answers may wait.
func (c *Client) start(method string, params any, items int) (uint64, *pending, error) {
	var body []byte
	if params != nil {
		var err error
		if body, err = json.Marshal(params); err != nil {
			return 0, nil, err
		}
	}
	p := &pending{got: make(chan answer, items+1), gone: make(chan struct{})}
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return 0, nil, c.err
	}
	c.next++
	id := c.next
	c.calls[id] = p
	c.mu.Unlock()
	err := c.out.put(func(b []byte) []byte {
		var text [20]byte
		return appendCall(b, strconv.AppendUint(text[:0], id, 10), method, body)
	})
	if err != nil {
		c.forget(id, p)
		return 0, nil, c.why(err)
	}
	return id, p, nil
}

// why prefers the reason for which the connection ended to what a write met.
func (c *Client) why(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	return fmt.Errorf("%w: %w", ErrLost, err)
}

// forget ends a call that nobody waits for any more.
func (c *Client) forget(id uint64, p *pending) {
	c.mu.Lock()
	_, open := c.calls[id]
	delete(c.calls, id)
	c.mu.Unlock()
	close(p.gone)
	if open {
		c.out.put(func(b []byte) []byte {
			return appendCall(b, nil, "cancel", fmt.Appendf(nil, `{"call":%d}`, id))
		})
	}
}

// Call makes a call and waits for its answer.
func (c *Client) Call(ctx context.Context, method string, params, result any) error {
	return c.Stream(ctx, method, params, nil, result)
}

// Stream makes a call and gives its items to item, whose error ends it.
func (c *Client) Stream(ctx context.Context, method string, params any, item func(raw []byte) error, result any) error {
	buffer := 0
	if item != nil {
		buffer = 16
	}
	id, p, err := c.start(method, params, buffer)
	if err != nil {
		return err
	}
	defer c.forget(id, p)
	return p.wait(ctx, item, result)
}

func (p *pending) wait(ctx context.Context, item func(raw []byte) error, result any) error {
	for {
		var a answer
		select {
		case a = <-p.got:
		case <-ctx.Done():
			return ctx.Err()
		}
		switch {
		case a.err != nil:
			return a.err
		case a.item != nil:
			if item == nil {
				continue
			}
			if err := item(a.item); err != nil {
				return err
			}
		default:
			if result == nil {
				return nil
			}
			if err := json.Unmarshal(a.result, result); err != nil {
				return fmt.Errorf("the server's answer cannot be read: %w", err)
			}
			return nil
		}
	}
}

// readPiece fills buf, but for the last piece. Unlike io.ReadFull it tells the end
// of what is read (io.EOF) from a reader that was cut off (io.ErrUnexpectedEOF):
// half a file must not become a lump.
func readPiece(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var k int
		k, err = r.Read(buf[n:])
		n += k
	}
	return n, err
}

// Upload makes a call and sends what r yields behind it.
func (c *Client) Upload(ctx context.Context, method string, params any, r io.Reader, result any) error {
	id, p, err := c.start(method, params, 0)
	if err != nil {
		return err
	}
	defer c.forget(id, p)
	var text [20]byte
	idText := strconv.AppendUint(text[:0], id, 10)
	buf := make([]byte, PieceSize)
	for {
		n, rerr := readPiece(r, buf)
		if n > 0 {
			if err := c.out.put(func(b []byte) []byte { return appendPiece(b, idText, buf[:n]) }); err != nil {
				return c.why(err)
			}
		}
		if rerr == io.EOF {
			break
		}
		if rerr != nil {
			return rerr
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if len(p.got) > 0 { // an answer before the end is an error
			return p.wait(ctx, nil, result)
		}
	}
	err = c.out.put(func(b []byte) []byte {
		return appendCall(b, nil, "end", fmt.Appendf(nil, `{"call":%d}`, id))
	})
	if err != nil {
		return c.why(err)
	}
	return p.wait(ctx, nil, result)
}
