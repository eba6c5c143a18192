package peer

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"hearth/journal/space"
	"hearth/lumps/want"
	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/peer/mux"
	"hearth/runtime/peer/trust"
)

// The kinds of streams.
const (
	streamMessages = 'm'
	streamWants    = 'w'
	streamData     = 'd'
	streamMirror   = 's'
)

// Why a stream that the peer opened is reset at once.
const (
	codeUnknown  = mux.CodeUser     // its kind is not known
	codeNoMirror = mux.CodeUser + 1 // the mirror service is not for this peer
)

var (
	// ErrSlow reports a peer that did not take what was sent to it.
	ErrSlow = fmt.Errorf("the peer takes nothing: %d MiB wait for it", MaxWaiting>>20)
	// ErrKicked reports a connection that somebody ended.
	ErrKicked = errors.New("the connection was ended by an operator")
	// ErrClosed reports the use of a connection that has ended.
	ErrClosed = errors.New("the connection to the peer has ended")
	// ErrNoPeer reports a peer that is not connected.
	ErrNoPeer = errors.New("no such peer is connected")
	// ErrPeers reports a server at its limit of connections.
	ErrPeers = fmt.Errorf("more than %d peers are connected; try again later", MaxPeers)
)

// Info says who is at the other end of a connection.
type Info struct {
	ID         uint64 // of the connection, while the node runs
	Key        ed25519.PublicKey
	Credential string // with which a client came; "" for a server
	Role       trust.Role
	Program    string // as the peer calls itself
	Addr       net.Addr
	Since      time.Time
	Server     bool // we dialed it
}

// Name is a short name for logs: the beginning of the key's id.
func (i *Info) Name() string {
	id := trust.KeyID(i.Key)
	return id[:min(len(id), 7)]
}

// Conn is a connection with a peer.
type Conn struct {
	node   *Node
	info   Info
	name   string // for logs
	origin string // for events
	peer   string // the whole of its key
	mux    *mux.Session
	out    *mux.Stream // messages
	want   *want.Exchange
	root   runtime.Capability // what the peer gave

	memory *memory
	held   held
	offers chan struct{} // one for each offered lump that is fetched

	denied     atomic.Uint64 // uses of capabilities that were not permitted
	lost       atomic.Uint64 // messages to mailboxes that stayed long
	messagesIn atomic.Uint64

	// mu guards what follows. Frames are sent under it, so their order is that of
	// the changes to the tables.
	mu          sync.Mutex
	exports     map[uint64]*export
	numbers     map[space.Ref]uint64
	lastExport  uint64
	tooMany     bool // exports; somebody was told
	imports     map[uint64]*imported
	made        int // proxies
	buf         []byte
	descriptors []descriptor
	full        *runtime.FullError // while too much waits
	open        chan struct{}      // that of full
	messagesOut uint64
	err         error

	done chan struct{}
}

// Info says who is at the other end.
func (c *Conn) Info() Info { return c.info }

// Root is the capability that the peer gave when it connected; its Ref is zero if
// it gave none.
func (c *Conn) Root() runtime.Capability { return c.root }

// Done is closed when the connection has ended and everything that depended on it
// was told.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err is why it ended, nil before.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Close ends the connection in order: the peer is told the reason.
func (c *Conn) Close(reason string) { c.fail(ErrClosed, reason) }

// Exchange is where blocks are asked for.
func (c *Conn) Exchange() *want.Exchange { return c.want }

// RTT is the measured time of a round trip, 0 before the first measurement.
func (c *Conn) RTT() time.Duration { return c.mux.RTT() }

// fail ends the connection; the first reason counts.
func (c *Conn) fail(err error, reason string) {
	c.mu.Lock()
	if c.err == nil {
		c.err = err
		c.mu.Unlock()
		go c.mux.Close(reason)
		return
	}
	c.mu.Unlock()
}

// send sends a frame that was built on buf. The caller holds mu. A *FullError
// says that senders should wait.
func (c *Conn) send(b []byte) error {
	if cap(b) <= 64<<10 {
		c.buf = b[:0]
	}
	if c.err != nil {
		return nil
	}
	waiting, err := c.out.Append(endFrame(b))
	switch {
	case err != nil:
		return nil // the session says why
	case waiting > MaxWaiting:
		c.err = ErrSlow
		go c.mux.Close(ErrSlow.Error())
		return nil
	case waiting > Full:
		if c.full == nil {
			c.open = make(chan struct{})
			c.full = &runtime.FullError{Drained: c.open}
		}
		return c.full
	case c.full != nil:
		return c.full // until it has drained: room for one message is none for all who wait
	}
	return nil
}

// drained lets senders go on.
func (c *Conn) drained() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.full != nil {
		close(c.open)
		c.full, c.open = nil, nil
	}
}

// run reads the peer's messages to the end of the connection.
func (c *Conn) run(r *frames) {
	err := c.read(r)
	c.mu.Lock()
	if c.err == nil {
		c.err = err
		if why := c.mux.Err(); why != nil && !errors.Is(err, ErrProtocol) {
			c.err = why
		}
	}
	err = c.err
	c.mu.Unlock()
	c.mux.Close(closing(err))
	c.drained()
	c.want.Close()
	c.held.close()
	c.dropImports()
	c.dropExports()
	c.node.release(c.memory)
	c.node.left(c, err)
	close(c.done)
}

// closing is what a peer is told of an end.
func closing(err error) string {
	s := err.Error()
	return s[:min(len(s), maxReason)]
}

func (c *Conn) read(r *frames) error {
	var m message
	for {
		op, body, err := r.next()
		if err != nil {
			return err
		}
		if op == opSend {
			if err := c.receive(&m, body); err != nil {
				return err
			}
			continue
		}
		if err := c.handle(op, body); err != nil {
			return err
		}
	}
}

// receive takes a message in.
func (c *Conn) receive(m *message, body []byte) error {
	if err := m.parse(body); err != nil {
		return err
	}
	c.messagesIn.Add(1)
	msg := runtime.Message{Data: m.body, Lumps: m.lumps, Origin: c.origin, Peer: c.peer}
	c.mu.Lock()
	e := c.exports[m.target]
	if e == nil {
		c.mu.Unlock()
		return broken("it sends to capability %d, which it does not hold", m.target)
	}
	to, perms := e.cap, e.perms
	for _, d := range m.caps {
		get := c.take
		if d.kind == capOurs {
			get = c.home
		}
		x, err := get(d)
		if err != nil {
			c.mu.Unlock()
			return err
		}
		msg.Caps = append(msg.Caps, x)
	}
	c.mu.Unlock()
	if !perms.Has(caps.Send) {
		c.denied.Add(1)
		return nil
	}
	to.Perms = perms
	c.memory.named.add(m.lumps)
	c.deliver(e, to, msg)
	return nil
}

// handle takes any frame but a message.
func (c *Conn) handle(op byte, body []byte) error {
	cur := cursor{b: body}
	switch op {
	case opRelease:
		return c.released(body)
	case opDown:
		id := cur.uvarint("number")
		if len(cur.b) > maxReason {
			cur.fail("reason")
		}
		if cur.err != nil {
			return cur.err
		}
		return c.down(id, string(cur.b))
	case opOffer:
		id := cur.uvarint("number")
		if cur.err != nil {
			return cur.err
		}
		e, err := c.exported(id, caps.Send)
		for len(cur.b) > 0 && cur.err == nil && err == nil {
			if cid := cur.cid(); cur.err == nil && e != nil {
				c.offered(e.cap, cid)
			}
		}
		return errors.Join(err, cur.err)
	case opWatch, opUnwatch, opKill, opLink, opUnlink, opFailed:
	default:
		return broken("a frame of unknown kind %d", op)
	}
	id := cur.id()
	if cur.err != nil {
		return cur.err
	}
	var needs caps.Perms
	switch op {
	case opWatch:
		needs = caps.Monitor
	case opKill:
		needs = caps.Kill
	case opLink, opFailed:
		needs = caps.Link
	}
	e, err := c.exported(id, needs)
	if err != nil || e == nil {
		return err
	}
	switch op {
	case opWatch:
		c.watch(e, true, false)
	case opUnwatch:
		c.unwatch(e, true, false)
	case opKill:
		c.node.rt.KillCapability(e.cap, false, c.origin)
	case opLink:
		c.watch(e, false, true)
	case opUnlink:
		c.unwatch(e, false, true)
	case opFailed:
		c.node.rt.KillCapability(e.cap, true, c.origin)
	}
	return nil
}

// Stats are the figures of a connection.
type Stats struct {
	Exports, Imports        int // mailboxes that capabilities are held to, there and here
	MessagesIn, MessagesOut uint64
	Denied                  uint64 // uses of capabilities that they did not permit
	Lost                    uint64 // messages to mailboxes here that stayed full
}

// Stats returns figures of this moment.
func (c *Conn) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Stats{len(c.exports), len(c.imports), c.messagesIn.Load(), c.messagesOut, c.denied.Load(), c.lost.Load()}
}
