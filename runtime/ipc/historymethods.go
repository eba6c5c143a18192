package ipc

import (
	"fmt"
	"time"

	"hearth/journal"
	"hearth/journal/space"
	"hearth/runtime"
)

func (k *call) snapshot() (any, error) {
	var p snapshotParams
	if err := k.read(&p); err != nil {
		return nil, err
	}
	if rt := k.s.w.Runtime; rt != nil {
		i, err := rt.Snapshot(k.ctx, p.Text)
		if err != nil {
			return nil, err
		}
		return Snapshot{CID: i.CID, Parent: i.Parent, State: i.State, Seq: i.Seq, Time: time.Unix(0, i.Time).UTC(), Text: i.Text}, nil
	}
	return k.s.w.snapshotStopped(k.ctx, p.Text)
}

func (k *call) journal() (any, error) {
	var p JournalParams
	if err := k.read(&p); err != nil {
		return nil, err
	}
	j := k.s.w.Journal
	p.From = max(p.From, j.First())
	records := j.Records
	if p.Follow && k.s.w.Runtime != nil {
		records = j.Follow
	}
	for r, err := range records(k.ctx, p.From) {
		if err != nil {
			return nil, err
		}
		if err := k.item(eventOf(r)); err != nil {
			return nil, err
		}
	}
	return done{}, k.ctx.Err()
}

func (k *call) replay() (any, error) {
	var p replayParams
	if err := k.read(&p); err != nil {
		return nil, err
	}
	head, _ := k.s.w.Journal.Durable()
	if p.To > head {
		return nil, fmt.Errorf("event %d: %w; the last one is %d", p.To, journal.ErrNotFound, head)
	}
	if p.To == 0 {
		p.To = head
	}
	o := k.s.w.replayOptions()
	o.IgnoreSnapshots = true
	r, err := runtime.Replay(k.ctx, o, p.To)
	if err != nil {
		return nil, err
	}
	out := Replayed{State: r.State, Seq: r.Seq}
	if out.Compared, err = k.s.w.compare(k.ctx, r); err != nil {
		return nil, err
	}
	return out, nil
}

func (k *call) state() (any, error) {
	r, err := k.s.w.now(k.ctx)
	if err != nil {
		return nil, err
	}
	return Replayed{State: r.State, Seq: r.Seq}, nil
}

func snapshotOf(c space.Snapshot) Snapshot {
	return Snapshot{Parent: c.Parent, State: c.State, Seq: c.Seq, Time: time.Unix(0, c.Time).UTC(), Text: c.Text}
}
