package store

import (
	"context"
	"io"
	"sync"

	"hearth/lumps"
)

const (
	// putBatch is how many bytes of blocks are put at a time: some milliseconds of
	// writing for one sync.
	putBatch = 4 << 20
	// putBatches is how many batches there are: one is filled while another is
	// written, and one more evens out their speeds.
	putBatches = 3
)

// PutLump cuts what r yields into blocks, puts them, and records the lump. On
// return all of it is durable. After an error blocks may be left that no lump
// names; a collector removes them.
func PutLump(ctx context.Context, s Store, r io.Reader, kind Kind) (Lump, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p := putter{ctx: ctx, cancel: cancel, s: s}
	built, err := lumps.Build(r, p.add)
	if werr := p.finish(err == nil); err == nil {
		err = werr
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause // the first of what went wrong
	}
	if err != nil {
		return Lump{}, err
	}
	l := Lump{CID: built.CID, Size: built.Size, Blocks: built.Blocks, Kind: kind}
	return l, s.AddLump(ctx, l)
}

// putter hands batches to a goroutine that puts them in order, so that children
// are stored before their parents. A lump of one batch needs no goroutine.
type putter struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	s      Store
	batch  *batch
	full   chan *batch // nil until the first batch is full
	empty  chan *batch
	work   sync.WaitGroup
}

type batch struct {
	bytes  []byte
	blocks []Block
}

func (p *putter) add(c lumps.CID, block []byte) error {
	if p.batch != nil && len(p.batch.bytes)+len(block) > cap(p.batch.bytes) {
		if err := p.send(); err != nil {
			return err
		}
	}
	if p.batch == nil {
		// Small lumps are common: the first batch grows with its blocks.
		p.batch = &batch{bytes: make([]byte, 0, max(len(block), 4096))}
		if len(block) >= lumps.MinChunk {
			p.batch.bytes = make([]byte, 0, putBatch)
		}
	}
	b := p.batch
	from := len(b.bytes)
	b.bytes = append(b.bytes, block...)
	b.blocks = append(b.blocks, Block{c, b.bytes[from:len(b.bytes):len(b.bytes)]})
	return p.ctx.Err()
}

// send hands the batch over and takes an empty one.
func (p *putter) send() error {
	if p.full == nil {
		p.full, p.empty = make(chan *batch), make(chan *batch, putBatches)
		for range putBatches - 1 {
			p.empty <- &batch{bytes: make([]byte, 0, putBatch)}
		}
		p.work.Go(p.put)
	}
	select {
	case p.full <- p.batch:
	case <-p.ctx.Done():
		return p.ctx.Err()
	}
	select {
	case p.batch = <-p.empty:
		return nil
	case <-p.ctx.Done():
		return p.ctx.Err()
	}
}

func (p *putter) put() {
	for b := range p.full {
		if err := p.s.Put(p.ctx, b.blocks...); err != nil {
			p.cancel(err)
			return
		}
		b.bytes, b.blocks = b.bytes[:0], b.blocks[:0]
		p.empty <- b
	}
}

// finish waits for what was sent and, if all went well, puts the rest.
func (p *putter) finish(ok bool) error {
	if p.full != nil {
		close(p.full)
		p.work.Wait()
	}
	if !ok || p.ctx.Err() != nil || p.batch == nil {
		return nil
	}
	return p.s.Put(p.ctx, p.batch.blocks...)
}
