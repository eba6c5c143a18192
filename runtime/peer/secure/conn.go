package secure

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha512"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A Conn is a secured connection. One goroutine reads while others write. Every
// fault but a read deadline is final for its direction, a record that is not
// genuine for both.
//
// Lock order: reading before life; writing before life.
type Conn struct {
	conn     net.Conn
	peer     Peer
	suite    uint8
	exporter []byte

	reading sync.Mutex // guards in, r, readErr
	in      *half
	r       reader
	readErr error

	writing  sync.Mutex // guards out, writeErr
	out      *half
	writeErr error

	life    sync.Mutex // guards deadlines against Close, which sets its own
	closing atomic.Bool
	broken  atomic.Bool // a record was not genuine
	ended   atomic.Bool // the peer closed
}

func newConn(c net.Conn, suite uint8, write, read, exporter []byte, peer Peer) *Conn {
	return &Conn{conn: c, peer: peer, suite: suite, exporter: exporter,
		in: newHalf(suite, read), out: newHalf(suite, write)}
}

// Peer returns who is at the other end.
func (c *Conn) Peer() Peer {
	p := c.peer
	p.Key = ed25519.PublicKey(slices.Clone(p.Key))
	return p
}

// Suite names the cipher that protects the records.
func (c *Conn) Suite() string {
	if c.suite == suiteAESGCM {
		return "AES-256-GCM"
	}
	return "ChaCha20-Poly1305"
}

// NetConn returns the connection beneath, for the options of its socket. Nothing
// may be read from or written to it.
func (c *Conn) NetConn() net.Conn { return c.conn }

func (c *Conn) LocalAddr() net.Addr  { return c.conn.LocalAddr() }
func (c *Conn) RemoteAddr() net.Addr { return c.conn.RemoteAddr() }

// ExporterSize is the length of what Exporter returns.
const ExporterSize = 32

// Exporter returns bytes that both ends of this connection, and nobody else,
// derive from the label: to bind what is agreed elsewhere to this connection.
func (c *Conn) Exporter(label string) []byte {
	b, err := hkdf.Expand(sha512.New, c.exporter, labelExporter+"\x00"+label, ExporterSize)
	if err != nil {
		panic(err) // only for a length that ExporterSize is not
	}
	return b
}

// Read reads what the peer wrote. It returns io.EOF only where the peer closed the
// connection, ErrTruncated where it merely ended, ErrRecord where it is not what the
// peer wrote. After a deadline reading may go on.
func (c *Conn) Read(p []byte) (int, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	n := 0
	for n < len(p) {
		if len(c.r.plain) > 0 {
			m := copy(p[n:], c.r.plain)
			c.r.plain = c.r.plain[m:]
			n += m
			continue
		}
		if c.readErr != nil {
			break
		}
		record, err := c.r.next()
		switch {
		case err != nil:
			c.fail(err)
		case record != nil:
			c.accept(record)
		case n > 0:
			return n, nil // do not wait while there is something to return
		default:
			if err := c.fill(); err != nil {
				return 0, err
			}
		}
	}
	if n > 0 || len(p) == 0 {
		return n, nil
	}
	return 0, c.readErr
}

// accept opens a record and takes it in.
func (c *Conn) accept(record []byte) {
	typ, payload, err := c.in.open(record)
	switch {
	case err != nil:
		c.fail(err)
	case typ == typeData && len(payload) > 0:
		c.r.plain = payload
	case typ == typeClose && len(payload) == 0:
		c.ended.Store(true)
		c.readErr = io.EOF
		c.r.release()
	default:
		c.fail(ErrRecord) // unknown, or empty: a peer does not send these
	}
}

// fail drops the connection over a record.
func (c *Conn) fail(err error) {
	c.readErr = err
	c.broken.Store(true)
	c.r.release()
	c.conn.Close()
}

// fill waits for bytes. It returns what is not final and keeps what is.
func (c *Conn) fill() error {
	if c.closing.Load() {
		c.readErr = ErrClosed
		return nil
	}
	n, err := c.r.fill(c.conn)
	if n > 0 || err == nil {
		return nil
	}
	switch {
	case c.closing.Load():
		c.readErr = ErrClosed
	case errors.Is(err, os.ErrDeadlineExceeded):
		return err
	case errors.Is(err, io.EOF):
		c.readErr = ErrTruncated
	default:
		c.readErr = fmt.Errorf("%w: %w", ErrTruncated, err)
	}
	c.r.release()
	return nil
}

// Write seals p into records and sends them, as many as fit at once. After an
// error, a deadline included, nothing more can be written.
func (c *Conn) Write(p []byte) (int, error) {
	one := [1][]byte{p}
	return c.write(one[:])
}

// WriteBuffers writes all of them in order, as one Write of their concatenation
// does, without the caller having to make it.
func (c *Conn) WriteBuffers(bufs [][]byte) (int, error) { return c.write(bufs) }

func (c *Conn) write(bufs [][]byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	w := writers.Get().(*writer)
	defer writers.Put(w)
	total, skip := 0, 0
	for {
		if err := c.writable(); err != nil {
			return total, err
		}
		n := 0
		n, bufs, skip = w.pack(c.out, bufs, skip)
		if n == 0 {
			return total, nil
		}
		if _, err := c.conn.Write(w.b); err != nil {
			// Part of a record may have gone out, so nothing can follow it.
			c.writeErr = err
			if c.closing.Load() {
				return total, ErrClosed
			}
			return total, err
		}
		total += n
	}
}

func (c *Conn) writable() error {
	switch {
	case c.closing.Load() || c.ended.Load():
		return ErrClosed
	case c.broken.Load():
		return ErrRecord
	}
	return c.writeErr
}

const (
	// closeTimeout bounds Close where the peer reads nothing.
	closeTimeout = time.Second
	// lingerTimeout bounds how long Close takes in what a peer sends that has not
	// heard of it yet.
	lingerTimeout = 3 * time.Second
	// lingerQuiet is how long Close waits for the end of a peer that sends nothing,
	// and lingerBusy for more of one that does. Closing a socket with bytes unread
	// resets it, and the close record with it.
	lingerQuiet = 20 * time.Millisecond
	lingerBusy  = 500 * time.Millisecond
)

// Close tells the peer that this is the end, and ends. What was written before is
// delivered as far as the peer takes it within seconds. Blocked calls return.
func (c *Conn) Close() error {
	if !c.shut(time.Now().Add(closeTimeout)) {
		return nil
	}
	c.writing.Lock()
	if c.writeErr == nil && !c.broken.Load() {
		w := writers.Get().(*writer)
		w.close(c.out)
		_, c.writeErr = c.conn.Write(w.b)
		writers.Put(w)
	}
	c.writing.Unlock()
	if !c.reading.TryLock() {
		c.conn.SetReadDeadline(past)
		c.reading.Lock()
	}
	c.r.release()
	if c.readErr == nil {
		c.readErr = ErrClosed
		linger(c.conn, lingerTimeout)
	}
	c.reading.Unlock()
	return c.conn.Close()
}

// Abort ends the connection at once. The peer sees ErrTruncated.
func (c *Conn) Abort() {
	c.shut(past)
	c.conn.Close()
}

// shut begins the end, once. Blocked writers have until the deadline.
func (c *Conn) shut(write time.Time) bool {
	c.life.Lock()
	defer c.life.Unlock()
	if c.closing.Swap(true) {
		return false
	}
	c.conn.SetWriteDeadline(write)
	return true
}

func (c *Conn) SetDeadline(t time.Time) error      { return c.setDeadline(c.conn.SetDeadline, t) }
func (c *Conn) SetReadDeadline(t time.Time) error  { return c.setDeadline(c.conn.SetReadDeadline, t) }
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.setDeadline(c.conn.SetWriteDeadline, t) }

func (c *Conn) setDeadline(set func(time.Time) error, t time.Time) error {
	c.life.Lock()
	defer c.life.Unlock()
	if c.closing.Load() {
		return ErrClosed
	}
	return set(t)
}

// linger lets the peer hear the last words of a socket: it ends the outgoing half
// and takes in what still comes, until the peer ends, pauses or the limit is over.
// What runs on another connection, as WebSocket does, has no half to end; what has
// neither, as a pipe, loses nothing by a close.
func linger(c net.Conn, limit time.Duration) {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		if half.CloseWrite() != nil {
			return
		}
	} else if _, ok := c.(interface{ NetConn() net.Conn }); !ok {
		return
	}
	b := largeReads.Get().(*[largeRead]byte)
	defer largeReads.Put(b)
	wait := lingerQuiet
	for end := time.Now().Add(limit); time.Now().Before(end); wait = lingerBusy {
		c.SetReadDeadline(earlier(end, time.Now().Add(wait)))
		if _, err := c.Read(b[:]); err != nil {
			return
		}
	}
}
