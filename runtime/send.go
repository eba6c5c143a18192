package runtime

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime/caps"
)

// Port is a mailbox of the host: what the local control interface and native
// code receive signals with.
type Port struct {
	rt *Runtime
	p  *Process
}

// NewPort returns a port whose receive is called for every signal, from any
// goroutine, in the sender's call: it must be quick, take no lock under which it
// sends, and keep nothing of the signal.
func (rt *Runtime) NewPort(receive func(s *Signal)) *Port {
	p := rt.newProcess(rt.transientPID(), space.DefaultLimits)
	p.native = &Service{}
	p.boxes[0].sink = receive
	rt.procs.add(p)
	return &Port{rt, p}
}

// Cap returns a capability to the port.
func (o *Port) Cap(perms caps.Perms) Capability { return o.p.self(perms) }

// Close ends the port; who monitors it hears of that.
func (o *Port) Close() { o.p.end(nil, &Trap{Reason: space.ReasonNormal}) }

// Target returns a capability to a process or to what a name is bound to.
func (rt *Runtime) Target(pid uint64, service string) (Capability, error) {
	if service != "" {
		c, ok := rt.Lookup(service)
		if !ok {
			return c, fmt.Errorf("%w: %s", ErrNoService, service)
		}
		return c, nil
	}
	p := rt.process(pid)
	if p == nil {
		return Capability{}, fmt.Errorf("%w: %d", ErrNoProcess, pid)
	}
	if !p.Durable() {
		return p.self(caps.All), nil
	}
	return durableCap(pid), nil
}

// Message is what the host sends.
type Message struct {
	Data   []byte
	Caps   []Capability
	Lumps  []lumps.CID
	Key    string // for durable receivers: the same key counts once
	Origin string
	// Peer is set for what a peer sent, as PeerOf identifies it: for services, which hear
	// of who asks (Request.Sender). Without it the message is of this program.
	Peer string
}

// sender is who a service hears that a message is of.
func (m *Message) sender() Sender { return Sender{Host: m.Peer == "", Peer: m.Peer} }

// Send sends a message from outside. To a durable process it is on disk when Send
// returns; seq is its place in the journal, and dup says that its key was accepted
// before, at that place.
func (rt *Runtime) Send(ctx context.Context, to Capability, m Message) (seq uint64, dup bool, err error) {
	if len(m.Data) > space.MaxMessage {
		return 0, false, ErrTooLarge
	}
	if to.Ref.Kind == space.RefDurable && rt.dur != nil {
		d := rt.dur
		seq, dup, err = d.accept(nil, d.messageTo(to.Ref, m.Data, m.Caps, m.Lumps, m.Origin, m.Key))
		runtime.KeepAlive(m.Caps)
		if err != nil {
			return 0, false, err
		}
		return seq, dup, d.wait(ctx, seq)
	}
	return 0, false, rt.deliver(nil, to, m.Data, m.Caps, m.Lumps, m.Origin, m.sender())
}

// Reply is the answer to a Call.
type Reply struct {
	Data  []byte
	Caps  []Capability
	Lumps []lumps.CID
}

// Call sends a message with a reply capability in front of its capabilities and
// waits for the first answer. ErrNoReply says that the receiver ended without
// one.
func (rt *Runtime) Call(ctx context.Context, to Capability, m Message) (Reply, error) {
	var once sync.Once
	got := make(chan Reply, 1)
	port := rt.NewPort(func(s *Signal) {
		if s.Kind == SignalMessage {
			once.Do(func() { got <- Reply{bytes.Clone(s.Data), slices.Clone(s.Caps), s.Lumps} })
		}
	})
	defer port.Close()
	ended := make(chan struct{}, 1)
	end := &watcher{call: func(string) {
		select {
		case ended <- struct{}{}:
		default:
		}
	}}
	rt.monitor(nil, to, end)
	defer rt.demonitor(to, end)
	m.Caps = append([]Capability{port.Cap(caps.Send | caps.Monitor)}, m.Caps...)
	if _, dup, err := rt.Send(ctx, to, m); err != nil {
		return Reply{}, err
	} else if dup {
		return Reply{}, ErrDuplicate
	}
	select {
	case r := <-got:
		return r, nil
	case <-ctx.Done():
		return Reply{}, ctx.Err()
	case <-ended:
	case <-rt.Failed():
		return Reply{}, rt.Err()
	case <-rt.ctx.Done():
		return Reply{}, ErrStopped
	}
	// The answer may have been sent right before the end.
	select {
	case r := <-got:
		return r, nil
	default:
		return Reply{}, ErrNoReply
	}
}
