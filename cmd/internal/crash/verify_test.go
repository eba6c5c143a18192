package crash

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"hearth/runtime/ipc"
)

// prove shows, on a server that has just restored the space, that nothing was lost
// and nothing doubled.
func (l *load) prove(c *ipc.Client) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := l.ledger.settleFrom(ctx, c); err != nil {
		return err
	}
	if err := l.lastWord(ctx, c); err != nil {
		return err
	}
	for _, proof := range []func(context.Context, *ipc.Client) error{
		l.proveChains, l.proveCounters, l.proveRoom, l.proveUsher, l.proveParent, l.proveLumps, l.proveProcesses,
	} {
		if err := eventually(ctx, c, proof); err != nil {
			return err
		}
	}
	return nil
}

// settling is how long what was caused may take to happen.
const settling = 20 * time.Second

// eventually tries a proof until it succeeds. That is sound, because what is lost
// never comes and what was counted twice stays counted.
func eventually(ctx context.Context, c *ipc.Client, proof func(context.Context, *ipc.Client) error) error {
	for begin, wait := time.Now(), time.Millisecond; ; wait *= 2 {
		err := proof(ctx, c)
		if err == nil || time.Since(begin) > settling {
			return err
		}
		time.Sleep(min(wait, time.Second))
	}
}

// settleFrom reads the journal behind what was read before and judges every open
// message.
func (l *ledger) settleFrom(ctx context.Context, c *ipc.Client) error {
	if err := c.Journal(ctx, ipc.JournalParams{From: l.settled + 1}, l.read); err != nil {
		return fmt.Errorf("reading the journal: %w", err)
	}
	return l.settle()
}

// lastWord speaks in the room, so that members who heard nothing yet end.
func (l *load) lastWord(ctx context.Context, c *ipc.Client) error {
	m := &message{id: l.ledger.id(), to: "room", sinks: []*sink{l.ledger.sink("ear0"), l.ledger.sink("ear1")}}
	m.body = fmt.Sprintf("say %d", m.id)
	l.ledger.sending(m)
	if _, err := ask(ctx, c, "room", m.body); err != nil {
		return err
	}
	l.ledger.acknowledged(m, 0)
	return l.ledger.settleFrom(ctx, c)
}

// A chain forwards each number once, and its end counts each once.
func (l *load) proveChains(ctx context.Context, c *ipc.Client) error {
	for _, n := range []string{"0", "1"} {
		want := l.ledger.sink("end" + n)
		end, err := check[relayCounts](ctx, c, "end"+n)
		if err != nil {
			return err
		}
		if err := counted(want, end); err != nil {
			return err
		}
		for _, hop := range []string{"link" + n, "mid" + n} {
			r, err := check[relayCounts](ctx, c, hop)
			if err != nil {
				return err
			}
			if r.Forwarded != want.n {
				return fmt.Errorf("%s forwarded %d numbers of %d", hop, r.Forwarded, want.n)
			}
		}
	}
	return nil
}

// counted compares what a relay counted with what the journal holds for it.
func counted(want *sink, got relayCounts) error {
	if checksum := fmt.Sprintf("%016x", want.checksum); got.Counted != want.n || got.Distinct != want.n || got.Duplicates != 0 || got.Checksum != checksum {
		return fmt.Errorf("%s counted %d numbers, %d of them different and %d doubled, checksum %s; the journal holds %d with checksum %s",
			want.name, got.Counted, got.Distinct, got.Duplicates, got.Checksum, want.n, checksum)
	}
	return nil
}

func (l *load) proveCounters(ctx context.Context, c *ipc.Client) error {
	for _, name := range []string{"tally", "gopher"} {
		k := l.ledger.sink(name)
		got, err := ask(ctx, c, name, "get")
		if err != nil {
			return err
		}
		if got != fmt.Sprint(k.sum) {
			return fmt.Errorf("%s counted to %s; the journal holds additions to %d", name, got, k.sum)
		}
		if k.shown > k.sum {
			return fmt.Errorf("%s showed %d before the crash and knows of %d", name, k.shown, k.sum)
		}
	}
	return nil
}

// Who was in the room heard each word once. Who died has left.
func (l *load) proveRoom(ctx context.Context, c *ipc.Client) error {
	for _, name := range []string{"ear0", "ear1"} {
		k := l.ledger.sink(name)
		got, err := check[relayCounts](ctx, c, k.name)
		if err != nil {
			return err
		}
		if err := counted(k, got); err != nil {
			return err
		}
	}
	who, err := ask(ctx, c, "room", "who")
	if err == nil && who != "2" {
		err = fmt.Errorf("the room has %s members; only its two ears live", who)
	}
	return err
}

// Every appointment was kept and every introduction made.
func (l *load) proveUsher(ctx context.Context, c *ipc.Client) error {
	u, err := check[usherCounts](ctx, c, "usher")
	want := l.ledger.sink("usher").n + uint64(len(introductions))
	if err == nil && (u.Passed != want || u.Failed != 0 || u.Busy != 0) {
		err = fmt.Errorf("the usher says %+v; the journal holds %d errands", u, want)
	}
	return err
}

// Every child was born once, and its parent heard of its end once.
func (l *load) proveParent(ctx context.Context, c *ipc.Client) error {
	r, err := check[relayCounts](ctx, c, "parent")
	want := l.ledger.sink("parent").n
	if err == nil && (r.Spawned != want || r.Downs != want || r.Failed != 0) {
		err = fmt.Errorf("the parent started %d children, failed %d times and heard of %d ends; the journal holds %d requests", r.Spawned, r.Failed, r.Downs, want)
	}
	return err
}

// sampled is how many lumps a proof reads.
const sampled = 8

func (l *load) proveLumps(ctx context.Context, c *ipc.Client) error {
	n := 0
	for id, want := range l.kept {
		got, err := ask(ctx, c, "keeper", "load "+id)
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("the keeper has %.40q for %s, which was %.40q", got, id, want)
		}
		if n++; n == sampled {
			break
		}
	}
	n = 0
	for cid, want := range l.stored {
		var got bytes.Buffer
		if err := c.GetLump(ctx, cid, &got); err != nil {
			return fmt.Errorf("the lump %s was stored: %w", cid, err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			return fmt.Errorf("the lump %s has other bytes than were stored", cid)
		}
		if n++; n == sampled {
			break
		}
	}
	return nil
}

// Who was said to be started lives, who was said to be killed does not.
func (l *load) proveProcesses(ctx context.Context, c *ipc.Client) error {
	there := map[uint64]bool{}
	err := c.Processes(ctx, func(p ipc.Process) error {
		there[p.PID] = true
		return nil
	})
	if err != nil {
		return err
	}
	for pid := range l.living {
		if !there[pid] {
			return fmt.Errorf("process %d was started and is not there", pid)
		}
	}
	for pid := range l.ended {
		if there[pid] {
			return fmt.Errorf("process %d was killed and is there", pid)
		}
	}
	return nil
}

// proveState takes a snapshot and has the history executed again without any: both
// must come to the same state.
func (l *load) proveState(c *ipc.Client) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	snap, err := c.Snapshot(ctx, "proof")
	if err != nil {
		return err
	}
	r, err := c.Replay(ctx, snap.Seq)
	if err != nil {
		return fmt.Errorf("replay to event %d: %w", snap.Seq, err)
	}
	if r.State != snap.State || r.Seq != snap.Seq {
		return fmt.Errorf("running came to the state %s at event %d, the replay to %s at %d", snap.State, snap.Seq, r.State, r.Seq)
	}
	if r.Compared == 0 {
		return fmt.Errorf("the replay to event %d found no snapshot to compare with", snap.Seq)
	}
	return nil
}

// proveData has every byte of the world read and verified.
func (l *load) proveData(c *ipc.Client) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var faults []string
	sum, err := c.Check(ctx, ipc.CheckParams{ReadData: true}, func(f ipc.Fault) error {
		faults = append(faults, f.Fault)
		return nil
	})
	if err == nil && (sum.Faults != 0 || len(faults) != 0) {
		err = fmt.Errorf("check found %d faults: %q", sum.Faults, faults)
	}
	if err == nil && (sum.Events == 0 || sum.Bytes == 0) {
		err = fmt.Errorf("check read nothing: %+v", sum)
	}
	return err
}
