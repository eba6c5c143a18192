package transport

import (
	"bufio"
	"crypto/tls"
	"io"
	"math"
	"net"
	"sync"
	"time"
)

const (
	// wireRead is how much one read of the socket takes at most into the buffer;
	// what is asked for in larger pieces is read directly.
	wireRead = 16 << 10
	// wireWrite is how much of a write of several frames is gathered for one write
	// to the socket.
	wireWrite = 32 << 10
	// maxHeader bounds a request or an answer of HTTP, with room for what proxies add.
	maxHeader = 16 << 10
	// closePatience is how long Close tries to say goodbye to a peer that does not
	// read.
	closePatience = 100 * time.Millisecond
)

// wire is what WebSocket frames travel on. The library writes a frame in pieces of
// its own small buffer; between hold and release they are gathered.
type wire struct {
	net.Conn // TCP, or TLS on it
	limit    *io.LimitedReader
	r        *bufio.Reader

	mu   sync.Mutex // guards what follows, and keeps writes whole
	held bool
	out  []byte
	err  error // of a write that was gathered
}

func newWire(c net.Conn) *wire {
	limit := &io.LimitedReader{R: c, N: maxHeader}
	return &wire{Conn: c, limit: limit, r: bufio.NewReaderSize(limit, wireRead)}
}

// unbounded ends the limit on what is read, which is for the HTTP before the frames.
func (w *wire) unbounded() { w.limit.N = math.MaxInt64 }

func (w *wire) Read(p []byte) (int, error) { return w.r.Read(p) }

func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.held {
		return w.Conn.Write(p)
	}
	if w.err == nil && len(w.out)+len(p) > wireWrite {
		w.flush()
	}
	if w.err == nil && len(p) >= wireWrite {
		_, w.err = w.Conn.Write(p)
	} else if w.err == nil {
		w.out = append(w.out, p...)
	}
	if w.err != nil {
		return 0, w.err
	}
	return len(p), nil
}

// hold gathers writes until release. Frames that another goroutine writes
// meanwhile, such as answers to pings, wait for it too.
func (w *wire) hold() {
	w.mu.Lock()
	w.held = true
	w.mu.Unlock()
}

// release writes what was gathered.
func (w *wire) release() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = false
	w.flush()
	return w.err
}

func (w *wire) flush() {
	if w.err == nil && len(w.out) > 0 {
		_, w.err = w.Conn.Write(w.out)
	}
	w.out = w.out[:0]
}

// Close closes within closePatience. TLS says goodbye first, which blocks behind a
// peer that does not read.
func (w *wire) Close() error {
	t, ok := w.Conn.(*tls.Conn)
	if !ok {
		return w.Conn.Close()
	}
	timer := time.AfterFunc(closePatience, func() { t.NetConn().Close() })
	defer timer.Stop()
	return t.Close()
}
