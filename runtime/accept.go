package runtime

import (
	"context"
	"runtime"

	"hearth/journal/space"
)

// Accept takes a message in as Send does, and does not wait for the disk: for a
// durable receiver it counts when Durable returns for its seq. A caller that
// accepts one message behind another decides their order.
func (rt *Runtime) Accept(to Capability, m Message) (seq uint64, dup bool, err error) {
	if len(m.Data) > space.MaxMessage {
		return 0, false, ErrTooLarge
	}
	if to.Ref.Kind == space.RefDurable && rt.dur != nil {
		d := rt.dur
		// The event names its capabilities by reference: until it waits for its
		// process, which holds the proxies among them, the caller's must stay.
		defer runtime.KeepAlive(m.Caps)
		return d.accept(nil, d.messageTo(to.Ref, m.Data, m.Caps, m.Lumps, m.Origin, m.Key))
	}
	return 0, false, rt.deliver(nil, to, m.Data, m.Caps, m.Lumps, m.Origin, m.sender())
}

// Durable returns when every event up to seq is on disk.
func (rt *Runtime) Durable(ctx context.Context, seq uint64) error {
	if rt.dur == nil || seq == 0 {
		return nil
	}
	return rt.dur.wait(ctx, seq)
}
