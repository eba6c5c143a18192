package runtime

import (
	"time"

	"hearth/journal/space"
)

// SleepFor answers a request after a time, with the given body: for a durable
// request by a timer in the state, which a restart does not lose.
func (r *Request) SleepFor(nanoseconds int64, body []byte, cs ...Capability) {
	to, ok := r.ReplyTo()
	if !ok {
		r.Drop("no reply address")
		return
	}
	rt := r.rt
	if r.Durable && to.Ref.Kind == space.RefDurable {
		r.Outcome(func(k *space.Kernel) space.Event {
			due := max(k.Time, rt.now()) + max(0, nanoseconds)
			return &space.Timer{Due: due, To: to.plain(), Body: body, Caps: plainCaps(cs)}
		})
		return
	}
	rt.after(nanoseconds, func() { r.Reply(body, cs...) })
}

// after calls f later, unless the runtime stops first.
func (rt *Runtime) after(nanoseconds int64, f func()) {
	time.AfterFunc(time.Duration(max(0, nanoseconds)), func() {
		if rt.ctx.Err() == nil {
			f()
		}
	})
}

// armTimer wakes the appender when the next timer is due. The caller holds mu.
func (d *durable) armTimer() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	t := d.k.NextTimer()
	if t == nil || d.closed {
		return
	}
	d.timer = time.AfterFunc(time.Duration(max(0, t.Due-d.rt.now())), d.fireTimers)
}

func (d *durable) fireTimers() {
	d.mu.Lock()
	defer d.unlock()
	if d.closed || d.replay != nil {
		return
	}
	now := d.rt.now()
	for {
		t := d.k.NextTimer()
		if t == nil || t.Due > now {
			break
		}
		m := &space.Message{Header: space.Header{Origin: "timer"}, To: t.To.Ref, Body: t.Body, Caps: t.Caps, Timer: t.ID}
		if _, err := d.commit(nil, m); err != nil {
			return
		}
	}
	d.armTimer()
}
