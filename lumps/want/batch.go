package want

import (
	"context"
	"sync"
	"time"

	"hearth/store"
)

const (
	// A batch is put when it has so many bytes or blocks: enough that the sync of a
	// Put is a small part of it,
	batchBytes  = 4 << 20
	batchBlocks = 2048
	// or when its first block has waited so long: what a kill may cost.
	batchWait = 200 * time.Millisecond
)

// batch gathers verified blocks into few Puts. While one is being put the next is
// gathered; beyond that who adds waits.
type batch struct {
	to store.Blocks

	mu     sync.Mutex // guards all below
	change *sync.Cond
	blocks []store.Block
	bytes  int
	since  time.Time // the first of blocks came
	closed bool      // nothing more comes
	failed error
	stored int64
	puts   int64
}

func (b *batch) init(to store.Blocks) {
	b.to = to
	b.change = sync.NewCond(&b.mu)
}

func (b *batch) full() bool { return b.bytes >= batchBytes || len(b.blocks) >= batchBlocks }

// add takes a block over, and waits while there is a full batch. It does not look
// at a context: what was verified is worth its place whatever has ended.
func (b *batch) add(k store.Block) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.full() && b.failed == nil {
		b.change.Wait()
	}
	if b.failed != nil {
		return b.failed
	}
	if len(b.blocks) == 0 {
		b.since = time.Now()
		b.change.Broadcast()
	}
	b.blocks = append(b.blocks, k)
	b.bytes += len(k.Data)
	if b.full() {
		b.change.Broadcast()
	}
	return nil
}

// close says that nothing more comes.
func (b *batch) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.change.Broadcast()
}

// write puts batches until close, or until a Put fails.
func (b *batch) write(ctx context.Context) error {
	wake := time.AfterFunc(time.Hour, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.change.Broadcast()
	})
	defer wake.Stop()
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		for !b.closed && !b.full() && (len(b.blocks) == 0 || time.Since(b.since) < batchWait) {
			if len(b.blocks) > 0 {
				wake.Reset(batchWait - time.Since(b.since))
			}
			b.change.Wait()
		}
		if len(b.blocks) == 0 {
			return nil
		}
		blocks := b.blocks
		b.blocks, b.bytes = nil, 0
		b.change.Broadcast()
		b.mu.Unlock()
		err := b.to.Put(ctx, blocks...)
		b.mu.Lock()
		if err != nil {
			b.failed = err
			b.change.Broadcast()
			return err
		}
		b.stored += int64(len(blocks))
		b.puts++
	}
}

func (b *batch) count() (stored, puts int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.stored, b.puts
}
