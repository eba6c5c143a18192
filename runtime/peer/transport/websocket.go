package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/coder/websocket"
)

const (
	// subprotocol is what both ends of a WebSocket agree to speak.
	subprotocol = "hearth"
	// maxMessage is the largest message that is written. A reader of the library
	// waits for a frame to fill its buffer, so that frames must not be much longer
	// than a record: on 50 Mbit/s this is 3 ms.
	maxMessage = 16 << 10
	// readLimit is the largest message that is taken. Messages are read as a stream
	// and cost no memory; this is so that one which never ends is seen as a fault.
	readLimit = 1 << 20
)

// webConn is a stream over the binary messages of a WebSocket. A deadline that
// passes within a frame leaves the stream broken in its direction, as a write that
// was cut short does on any connection.
//
// It is not the library's own adapter because that one makes a context and a timer
// for each frame, waits up to ten seconds in Close, and does not say the addresses.
type webConn struct {
	ws     *websocket.Conn
	wire   *wire
	remote net.Addr

	readMu sync.Mutex // guards reading: the message being read and what ended it
	reader io.Reader
	readed error

	writeMu sync.Mutex // guards writing and what ended it
	wrote   error

	closeMu sync.Mutex // guards closed, and the deadlines from being set after it
	closed  bool
}

func newWebConn(ws *websocket.Conn, w *wire, remote net.Addr) *webConn {
	ws.SetReadLimit(readLimit)
	w.unbounded()
	return &webConn{ws: ws, wire: w, remote: remote}
}

func (c *webConn) Read(p []byte) (int, error) {
	c.readMu.Lock()
	defer c.readMu.Unlock()
	if c.readed != nil || len(p) == 0 {
		return 0, c.readed
	}
	for {
		if c.reader == nil {
			kind, r, err := c.ws.Reader(context.Background())
			if err == nil && kind != websocket.MessageBinary {
				err = errors.New("a text message came, and Hearth sends none")
			}
			if err != nil {
				c.readed = c.because(err, io.EOF)
				return 0, c.readed
			}
			c.reader = r
		}
		n, err := c.reader.Read(p)
		if err == io.EOF {
			c.reader = nil
		} else if err != nil {
			c.readed = c.because(err, io.ErrUnexpectedEOF)
			return n, c.readed
		}
		if n > 0 {
			return n, nil
		}
	}
}

func (c *webConn) Write(p []byte) (n int, err error) {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	if c.wrote != nil {
		return 0, c.wrote
	}
	c.wire.hold()
	for err == nil && n < len(p) {
		m := min(len(p)-n, maxMessage)
		if err = c.ws.Write(context.Background(), websocket.MessageBinary, p[n:n+m]); err == nil {
			n += m
		}
	}
	// What was gathered and did not leave was not written. How much of it the peer
	// has nobody can say; the stream is at its end anyway.
	if flushed := c.wire.release(); flushed != nil {
		n, err = 0, flushed
	}
	if err != nil {
		c.wrote = c.because(err, syscall.EPIPE)
	}
	return n, c.wrote
}

// because turns an error of the library into what a connection returns. ended is
// for a peer that closed.
func (c *webConn) because(err, ended error) error {
	c.closeMu.Lock()
	defer c.closeMu.Unlock()
	status := websocket.CloseStatus(err)
	switch {
	case c.closed:
		return net.ErrClosed
	case errors.Is(err, os.ErrDeadlineExceeded):
		return os.ErrDeadlineExceeded
	case status == websocket.StatusNormalClosure, status == websocket.StatusGoingAway:
		return ended
	case errors.Is(err, net.ErrClosed), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return ended
	}
	return fmt.Errorf("the WebSocket failed: %w", err)
}

// Close tells the peer and closes without waiting for its answer, as TCP does.
func (c *webConn) Close() error {
	c.closeMu.Lock()
	if c.closed {
		c.closeMu.Unlock()
		return net.ErrClosed
	}
	c.closed = true
	// Ends what is under way: a reader at once, so that the library does not wait
	// for the peer, a writer when its patience is over.
	c.wire.SetReadDeadline(time.Unix(1, 0))
	c.wire.SetWriteDeadline(time.Now().Add(closePatience))
	c.closeMu.Unlock()
	c.ws.Close(websocket.StatusNormalClosure, "")
	return nil
}

// NetConn returns the connection beneath: TCP, or TLS, which has a NetConn itself.
func (c *webConn) NetConn() net.Conn { return c.wire.Conn }

func (c *webConn) LocalAddr() net.Addr  { return c.wire.LocalAddr() }
func (c *webConn) RemoteAddr() net.Addr { return c.remote }

func (c *webConn) SetDeadline(t time.Time) error { return c.deadline(c.wire.SetDeadline, t) }

func (c *webConn) SetReadDeadline(t time.Time) error { return c.deadline(c.wire.SetReadDeadline, t) }

func (c *webConn) SetWriteDeadline(t time.Time) error { return c.deadline(c.wire.SetWriteDeadline, t) }

func (c *webConn) deadline(set func(time.Time) error, t time.Time) error {
	c.closeMu.Lock()
	defer c.closeMu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	return set(t)
}
