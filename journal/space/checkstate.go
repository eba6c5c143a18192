package space

import (
	"bytes"
	"fmt"

	"hearth/lumps"
)

// load reads a whole state where there is no fold to compare it with. It returns
// nil where that is a fault.
func (c *checker) load(s placed) (*State, error) {
	c.sum.Snapshots++
	st, err := s.Load(c.ctx, c.get)
	if err != nil {
		if !isFault(err) {
			return nil, err
		}
		c.fault(s.Seq, s.State, fmt.Errorf("snapshot %s of event %d: %w", s.cid, s.Seq, err))
		return nil, nil
	}
	for _, p := range st.Kernel.Processes() {
		c.uses(p, st.Images[p.PID])
	}
	return st, nil
}

// uses notes what a process of a snapshot names.
func (c *checker) uses(p *Process, im *Image) {
	if c.program != nil {
		c.program(p.Program)
	}
	by := fmt.Sprintf("process %d", p.PID)
	c.need(p.Program.Module, by)
	c.need(p.Program.Code, by)
	c.need(p.Program.Image, by)
	for _, h := range im.Held {
		c.need(h, by)
	}
}

// compare holds a snapshot against the kernel that the fold made of its history.
func (c *checker) compare(s placed, k *Kernel) error {
	c.sum.Snapshots++
	bad := func(what string) {
		c.fault(s.Seq, s.cid, fmt.Errorf("snapshot %s of event %d has other %s than its history gives", s.cid, s.Seq, what))
	}
	if s.Clock != k.Time || !sameEpoch(&s.Epoch, &k.Epoch) {
		bad("clock or epoch")
	}
	n, err := loadStateNode(c.ctx, c.get, s.State)
	if err == nil {
		var want stateNode
		if err = k.encode(&want, func(lumps.CID, []byte) error { return nil }); err != nil {
			return err
		}
		for _, part := range []struct {
			name     string
			got, exp lumps.CID
		}{
			{"names", n.Names, want.Names}, {"roots", n.Roots, want.Roots}, {"monitors", n.Monitors, want.Monitors},
			{"links", n.Links, want.Links}, {"timers", n.Timers, want.Timers}, {"keys", n.Keys, want.Keys},
		} {
			if part.got != part.exp {
				bad(part.name)
			}
		}
		err = c.processes(n, k, bad)
	}
	if err == nil {
		err = c.outbox(s, n)
	}
	if err != nil {
		if !isFault(err) {
			return err
		}
		c.fault(s.Seq, s.State, fmt.Errorf("snapshot %s of event %d: %w", s.cid, s.Seq, err))
	}
	return nil
}

func sameEpoch(a, b *EpochInfo) bool {
	return a.Number == b.Number && a.Seq == b.Seq && a.Limits == b.Limits &&
		bytes.Equal(a.Entropy, b.Entropy) && bytes.Equal(a.Space, b.Space) && bytes.Equal(a.Branch, b.Branch)
}

// processes looks at the images that changed since the snapshot before, and
// compares who is alive.
func (c *checker) processes(n *stateNode, k *Kernel, bad func(string)) error {
	for ch, err := range diffTrees(c.ctx, c.get, c.get, c.mirrorRoot, n.Processes) {
		if err == nil && len(ch.Key) != 8 {
			err = badState("a process under a key of %d bytes", len(ch.Key))
		}
		if err == nil {
			err = c.process(ch)
		}
		if err != nil {
			c.mirror, c.mirrorRoot = map[uint64]*mirrored{}, lumps.CID{}
			return err
		}
	}
	c.mirrorRoot = n.Processes
	same := len(c.mirror) == len(k.procs)
	for pid, p := range c.mirror {
		q := k.procs[pid]
		same = same && q != nil && p.Program == q.Program && p.Parent == q.Parent && p.Service == q.Service
	}
	if !same {
		bad("processes")
	}
	return nil
}

func (c *checker) process(ch change) error {
	if ch.New == nil {
		delete(c.mirror, idOf(entry{Key: ch.Key}))
		return nil
	}
	r, err := decodeProcess(entry{Key: ch.Key, Value: ch.New})
	if err != nil {
		return err
	}
	c.sum.Processes++
	im, err := r.Image.image(c.ctx, c.get)
	if err == nil {
		err = im.Validate(r.Process.Program.Limits)
	}
	if err == nil {
		// That the tree is one, where it was not seen before. Whether the pages are
		// there is seen with all blocks.
		var last PageTree
		if m := c.mirror[r.Process.PID]; m != nil {
			last = m.memory
		}
		_, err = diffPages(c.ctx, c.get, c.get, &last, &r.Image.Memory)
	}
	if err != nil {
		return fmt.Errorf("process %d: %w", r.Process.PID, err)
	}
	c.uses(r.Process, im)
	c.mirror[r.Process.PID] = &mirrored{r.Process, r.Image.Memory}
	return nil
}

// outbox checks that the effects without an event have causes up to the
// snapshot. What they should be, only executing the guests tells.
func (c *checker) outbox(s placed, n *stateNode) error {
	l := stateLoader{ctx: c.ctx, get: c.get, state: &State{}}
	for e, err := range walkTree(c.ctx, c.get, n.Outbox) {
		if err != nil {
			return err
		}
		if len(e.Key) != 20 || idOf(e) > s.Seq {
			return badState("an effect of an event that is not in it")
		}
		if err := l.outbox(e); err != nil {
			return err
		}
	}
	return nil
}
