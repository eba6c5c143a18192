package runtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"hearth/journal"
	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime/caps"
	"hearth/store"
)

// snapshotJob is a snapshot that is being taken: the state at the seq `at`. Every
// process captures as it passes at; nothing stops.
type snapshotJob struct {
	at     uint64
	kernel *space.Kernel
	outbox []space.Effect // guarded by durable.mu

	mu      sync.Mutex
	images  map[uint64]*space.Image
	waiting map[uint64]struct{} // processes that have not passed at
	blocks  []store.Block
	bytes   int
	done    chan struct{}

	outcome atomic.Int32 // of storing what was captured
}

const (
	snapshotPending = iota
	snapshotStored
	snapshotFailed
)

// isStored reports whether what a process captured for the job is in the store:
// until then nobody may do without it. Nil is a job of an earlier run.
func (j *snapshotJob) isStored() bool { return j == nil || j.outcome.Load() == snapshotStored }

// isWanted reports whether a process has still to capture for the job.
func (j *snapshotJob) isWanted(p *Process) bool {
	return j != nil && j != p.dur.captured && p.pid <= j.at
}

// flushBytes is how much of a snapshot is kept in memory before it is stored.
const flushBytes = 16 << 20

func (j *snapshotJob) captured(pid uint64, im *space.Image) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.kernel.Process(pid) != nil {
		j.images[pid] = im
	}
	j.passed(pid)
}

// left notes that a process ended at or before at.
func (j *snapshotJob) left(pid uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.passed(pid)
}

func (j *snapshotJob) passed(pid uint64) {
	if _, ok := j.waiting[pid]; ok {
		delete(j.waiting, pid)
		if len(j.waiting) == 0 {
			close(j.done)
		}
	}
}

// put collects a block of the snapshot.
func (j *snapshotJob) put(ctx context.Context, s store.Store, c lumps.CID, data []byte) error {
	j.mu.Lock()
	j.blocks = append(j.blocks, store.Block{CID: c, Data: data})
	j.bytes += len(data)
	var full []store.Block
	if j.bytes > flushBytes {
		full, j.blocks, j.bytes = j.blocks, nil, 0
	}
	j.mu.Unlock()
	if full == nil {
		return nil
	}
	return s.Put(ctx, full...)
}

// capture gives the snapshot the state of a process between two events.
func (dp *durableProcess) capture(job *snapshotJob) error {
	p := dp.p
	if dp.captured != nil && dp.captured.outcome.Load() == snapshotFailed {
		// Nobody knows which pages of the last image are stored.
		dp.dirty, dp.pages = true, []lumps.CID{}
	}
	dp.captured = job
	if dp.dirty {
		im, err := dp.imageNow(func(c lumps.CID, data []byte) error { return job.put(context.Background(), p.rt.store, c, data) })
		if err != nil {
			return err
		}
		dp.image, dp.dirty = im, false
	}
	job.captured(p.pid, dp.image)
	return nil
}

// imageNow makes the image of a process that does not execute. Pages that are as
// in the last image are not stored again.
func (dp *durableProcess) imageNow(put space.Put) (*space.Image, error) {
	p := dp.p
	im := &space.Image{Fuel: p.fuel.Load(), Ended: dp.done}
	if dp.done {
		return im, nil
	}
	p.table.Each(func(h uint32, ref space.Ref, _ *Mailbox, perms caps.Perms, n uint32) {
		im.Table = append(im.Table, space.Slot{Handle: h, Cap: space.Cap{Ref: ref, Perms: uint8(perms)}, Count: n})
	})
	for _, b := range p.boxes[1:] {
		if b != nil {
			im.Boxes = append(im.Boxes, space.Box{Handle: b.handle, ID: b.ref.Mailbox})
		}
	}
	p.lumps.save(im)
	if p.body == nil {
		im.Memory, im.Globals = dp.image.Memory, dp.image.Globals
		return im, nil
	}
	mem := p.body.Memory()
	if dp.pages == nil && !dp.fresh {
		pages, err := dp.image.Memory.Load(context.Background(), space.Getter(p.rt.store))
		if err != nil {
			return nil, err
		}
		dp.pages = pages
	}
	pages, err := PageCIDs(mem, dp.pages, put)
	if err != nil {
		return nil, err
	}
	dp.pages, dp.fresh = pages, false
	if im.Memory, err = space.BuildPages(pages, put); err != nil {
		return nil, err
	}
	im.Globals = bytes.Clone(p.body.Globals())
	return im, nil
}

// PageCIDs names the pages of a memory and puts those that are not in last. The
// memory is read, not kept.
func PageCIDs(mem []byte, last []lumps.CID, put space.Put) ([]lumps.CID, error) {
	pages := make([]lumps.CID, len(mem)/space.PageSize)
	for i := range pages {
		page := mem[i*space.PageSize : (i+1)*space.PageSize]
		if isZero(page) {
			continue
		}
		c := lumps.Sum(lumps.Raw, page)
		pages[i] = c
		if i < len(last) && last[i] == c {
			continue
		}
		if err := put(c, bytes.Clone(page)); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

var zeroPage [space.PageSize]byte

func isZero(page []byte) bool { return page[0] == 0 && bytes.Equal(page, zeroPage[:]) }

// SnapshotInfo tells of a snapshot that was taken.
type SnapshotInfo struct {
	CID    lumps.CID `json:"cid"`
	State  lumps.CID `json:"state"`
	Seq    uint64    `json:"seq"`
	Parent lumps.CID `json:"parent"`
	Time   int64     `json:"time"`
	Text   string    `json:"text"`
}

// begin fixes what a snapshot is of. The caller holds d.mu.
func (d *durable) begin() *snapshotJob {
	job := &snapshotJob{at: d.k.Seq, kernel: d.k.Clone(), images: map[uint64]*space.Image{},
		waiting: map[uint64]struct{}{}, done: make(chan struct{})}
	for _, e := range d.pending {
		job.outbox = append(job.outbox, *e)
	}
	if d.replay != nil {
		job.outbox = append(job.outbox, d.replay.outbox()...)
	}
	for pid := range d.procs {
		job.waiting[pid] = struct{}{}
	}
	if len(job.waiting) == 0 {
		close(job.done)
	}
	d.snap = job
	d.passing.Store(job)
	return job
}

// poke makes idle processes look for a snapshot.
func (d *durable) poke(job *snapshotJob) {
	d.mu.Lock()
	job.mu.Lock()
	procs := make([]*Process, 0, len(job.waiting))
	for pid := range job.waiting {
		if p := d.procs[pid]; p != nil {
			procs = append(procs, p)
		}
	}
	job.mu.Unlock()
	d.mu.Unlock()
	for _, p := range procs {
		p.mu.Lock()
		wake := p.state == StateIdle
		if wake {
			p.state = StateReady
		}
		p.mu.Unlock()
		if wake {
			p.rt.sched.ready(nil, p)
		}
	}
}

// capture waits for every process and stores the state.
func (d *durable) finish(ctx context.Context, job *snapshotJob) (state lumps.CID, err error) {
	d.poke(job)
	defer func() {
		if err != nil {
			job.outcome.Store(snapshotFailed)
		} else {
			job.outcome.Store(snapshotStored)
		}
		d.mu.Lock()
		d.snap = nil
		d.passing.Store(nil)
		d.mu.Unlock()
	}()
	select {
	case <-job.done:
	case <-d.failed:
		return lumps.CID{}, d.failure
	case <-ctx.Done():
		return lumps.CID{}, ctx.Err()
	}
	d.mu.Lock()
	outbox := job.outbox
	d.mu.Unlock()
	st := space.State{Kernel: job.kernel, Images: job.images, Outbox: outbox}
	state, err = st.Encode(func(c lumps.CID, data []byte) error { return job.put(ctx, d.rt.store, c, data) })
	if err != nil {
		return lumps.CID{}, err
	}
	return state, d.rt.store.Put(ctx, job.blocks...)
}

// Snapshot takes a snapshot of the whole space while it runs.
func (rt *Runtime) Snapshot(ctx context.Context, text string) (SnapshotInfo, error) {
	d := rt.dur
	if d == nil {
		return SnapshotInfo{}, ErrNotDurable
	}
	rt.snapMu.Lock()
	defer rt.snapMu.Unlock()
	parent, err := rt.store.Root(ctx, space.RootSnapshot)
	if err != nil && !isNotFound(err) {
		return SnapshotInfo{}, err
	}
	d.mu.Lock()
	if err := d.err(); err != nil {
		d.mu.Unlock()
		return SnapshotInfo{}, err
	}
	job := d.begin()
	sealed, err := d.j.SealLater()
	d.events.Store(0)
	d.mu.Unlock()
	if err != nil {
		d.fail(err)
		return SnapshotInfo{}, err
	}
	state, err := d.finish(ctx, job)
	if err != nil {
		return SnapshotInfo{}, fmt.Errorf("the snapshot was not taken: %w", err)
	}
	if err := sealed(ctx); err != nil {
		return SnapshotInfo{}, err
	}
	if err := d.wait(ctx, job.at); err != nil {
		return SnapshotInfo{}, err
	}
	rec, err := d.j.Record(ctx, job.at)
	if err != nil {
		return SnapshotInfo{}, err
	}
	segments, err := rt.archivedSegments(ctx, job.at)
	if err != nil {
		return SnapshotInfo{}, err
	}
	snap := &space.Snapshot{State: state, Seq: job.at, Chain: rec.Hash[:], Time: time.Now().UnixNano(), Clock: job.kernel.Time,
		Text: text, Parent: parent, Journal: segments, Epoch: job.kernel.Epoch}
	var blocks []store.Block
	c, err := space.EncodeSnapshot(snap, func(c lumps.CID, data []byte) error {
		blocks = append(blocks, store.Block{CID: c, Data: data})
		return nil
	})
	if err != nil {
		return SnapshotInfo{}, err
	}
	if err := rt.store.Put(ctx, blocks...); err != nil {
		return SnapshotInfo{}, err
	}
	if err := rt.store.AddLump(ctx, store.Lump{CID: c, Size: int64(len(blocks[0].Data)), Blocks: 1, Kind: store.KindSnapshot}); err != nil {
		return SnapshotInfo{}, err
	}
	d.mu.Lock()
	seq, err := d.commit(nil, &space.Checkpoint{Snapshot: c, At: job.at, State: state})
	d.unlock()
	if err != nil {
		return SnapshotInfo{}, err
	}
	if err := d.wait(ctx, seq); err != nil {
		return SnapshotInfo{}, err
	}
	if err := rt.store.SetRoot(ctx, space.RootSnapshot, c); err != nil {
		return SnapshotInfo{}, err
	}
	rt.log.Info("snapshot taken", "cid", c, "seq", job.at, "processes", len(job.images))
	return SnapshotInfo{CID: c, State: state, Seq: job.at, Parent: parent, Time: snap.Time, Text: text}, nil
}

// archivedSegments returns the manifest of the segment that ends at or before a
// seq, when it is in the archive.
func (rt *Runtime) archivedSegments(ctx context.Context, at uint64) (lumps.CID, error) {
	j := rt.dur.j
	if err := j.Archived(ctx); err != nil {
		if errors.Is(err, journal.ErrNoArchive) {
			return lumps.CID{}, nil
		}
		return lumps.CID{}, err
	}
	var last lumps.CID
	for _, s := range j.Segments() {
		if s.Last <= at {
			last = s.CID
		}
	}
	return last, nil
}

func isNotFound(err error) bool { return errors.Is(err, store.ErrNotFound) }

// snapshotLoop takes snapshots of a space that changes.
func (rt *Runtime) snapshotLoop() {
	every := rt.opts.SnapshotEvery
	if every == 0 {
		every = DefaultSnapshotEvery
	}
	var tick <-chan time.Time
	if every > 0 {
		t := time.NewTicker(every)
		defer t.Stop()
		tick = t.C
	}
	for {
		select {
		case <-rt.ctx.Done():
			return
		case <-rt.dur.failed:
			return
		case <-rt.snapSoon:
		case <-tick:
			if rt.dur.events.Load() == 0 {
				continue
			}
		}
		if _, err := rt.Snapshot(rt.ctx, ""); err != nil && rt.ctx.Err() == nil {
			rt.log.Error("a snapshot failed", "error", err)
		}
	}
}

// Shutdown stops the processes that live in this epoch only, takes a snapshot
// and closes.
func (rt *Runtime) Shutdown(ctx context.Context) error {
	var err error
	if rt.dur != nil && rt.dur.err() == nil {
		_, err = rt.Snapshot(ctx, "")
	}
	return errors.Join(err, rt.Close())
}
