package runtime

import (
	"context"
	"fmt"
	"slices"

	"hearth/journal/space"
)

// deliverOutside sends a message of the durable world to somebody outside.
func (d *durable) deliverOutside(e *space.Effect, from Sender) {
	body := e.Body
	if !e.Blob.IsZero() {
		data, err := d.rt.readLump(context.Background(), e.Blob)
		if err != nil {
			d.rt.log.Warn("a message could not leave the space", "lump", e.Blob, "error", err)
			return
		}
		body = data
	}
	cs := make([]Capability, len(e.Caps))
	for i, c := range e.Caps {
		cs[i] = d.rt.resolve(c)
	}
	d.rt.deliver(nil, d.rt.resolve(e.To), body, cs, e.Lumps, fmt.Sprintf("process %d", e.Cause.Process), from)
}

// tellWatchers lets transient watchers hear of the end of a durable process.
func (d *durable) tellWatchers(x *space.Exit) {
	list := d.watch[x.Process]
	delete(d.watch, x.Process)
	reason := x.Reason
	for _, wt := range list {
		d.held.add(d, x.Seq, func() {
			if wt.call != nil {
				wt.call(reason)
				return
			}
			s := newSignal(nil)
			s.Kind, s.one[0] = SignalDown, wt.cap
			wt.box.proc.push(nil, wt.box, s)
		})
	}
}

// watchDurable registers a transient interest. It reports false where the process
// has ended.
func (d *durable) watchDurable(pid uint64, wt *watcher) bool {
	d.mu.Lock()
	defer d.unlock()
	if d.k.Process(pid) == nil {
		return false
	}
	d.watch[pid] = append(d.watch[pid], wt)
	return true
}

// unwatchDurable takes an interest back.
func (d *durable) unwatchDurable(pid uint64, wt *watcher) {
	d.mu.Lock()
	defer d.unlock()
	list := d.watch[pid]
	if i := slices.Index(list, wt); i >= 0 {
		d.watch[pid] = slices.Delete(list, i, i+1)
	}
	if len(d.watch[pid]) == 0 {
		delete(d.watch, pid)
	}
}

// watchTransient makes the end of a monitored transient process an event.
func (d *durable) watchTransient(id uint64) {
	m := d.k.Monitor(id)
	if m == nil || m.Target.Ref.Kind != space.RefTransient {
		return
	}
	cb := func(reason string) {
		d.mu.Lock()
		defer d.unlock()
		if m := d.k.Monitor(id); m != nil {
			d.commit(nil, &space.Down{Header: space.Header{Origin: "runtime"}, To: m.By, Monitor: id, Cap: m.Target, Reason: reason})
		}
	}
	if p := d.rt.transient(m.Target.Ref.Process); p != nil {
		// Not from here: the process may be gone already, and cb takes mu.
		go p.watch(nil, &watcher{call: cb})
	} else {
		go cb("noproc")
	}
}
