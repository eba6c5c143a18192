package device

import (
	"encoding/binary"
	"fmt"
	"time"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/raw"
)

// maxSpans bounds the spans of a frame: a renderer has some tens of passes.
const maxSpans = 256

// Span is a named part of a frame and how long the device took for it.
type Span struct {
	Name     string
	Duration time.Duration
}

// Timers measure parts of frames on the device's own clock. What a frame took is
// known when its slot is begun again; nothing ever waits for it. The device writes its
// ticks into memory that the program reads, since drivers may wait for all that was
// submitted when they are asked for them. On a device without a clock there are no
// spans.
type Timers struct {
	d     *Device
	pool  vk.QueryPool
	ticks chunk // of each slot, two for each span
	spans int
	slots []timerSlot
	cur   int
	last  []Span
	done  [1]raw.BufferBarrier
}

type timerSlot struct {
	names []string
	used  bool
}

// tickBytes is the size of what a query writes.
const tickBytes = 8

// NewTimers makes timers for frames of f, with at most spans spans each.
func (d *Device) NewTimers(f *Frames, spans int) (*Timers, error) {
	if spans < 1 || spans > maxSpans {
		return nil, fmt.Errorf("%d timers of a frame: 1 to %d can be", spans, maxSpans)
	}
	t := &Timers{d: d, spans: spans, slots: make([]timerSlot, f.Len()), pool: vk.NullQueryPool}
	if d.Limits.TimestampPeriod == 0 {
		return t, nil
	}
	n := 2 * spans * f.Len()
	ci := &vk.QueryPoolCreateInfo{SType: vk.StructureTypeQueryPoolCreateInfo, QueryType: vk.QueryTypeTimestamp, QueryCount: uint32(n)}
	defer ci.Free()
	var p vk.QueryPool
	if err := d.check("vkCreateQueryPool", vk.CreateQueryPool(d.Handle, ci, nil, &p)); err != nil {
		return nil, err
	}
	var err error
	if t.ticks, err = newChunk(d, uint64(tickBytes*n)); err != nil {
		d.Destroy(p)
		return nil, err
	}
	t.pool = p
	return t, nil
}

// Close destroys the timers when the frames that use them have been executed.
func (t *Timers) Close() {
	if t.pool == vk.NullQueryPool {
		return
	}
	t.d.Destroy(t.pool)
	t.pool = vk.NullQueryPool
	d, ticks := t.d, t.ticks
	d.Defer(func() { ticks.destroy(d) })
}

// Begin reads what the frame that used this slot before took, and begins to
// measure this one. Call it first in a frame.
func (t *Timers) Begin(fr *Frame) {
	if t.pool == vk.NullQueryPool {
		return
	}
	t.cur = fr.Index
	s := &t.slots[t.cur]
	if s.used {
		t.read(s.names)
	}
	s.names, s.used = s.names[:0], true
	fr.Stream.ResetQueries(t.pool, t.first(), uint32(2*t.spans))
}

// first is the first query of the current slot.
func (t *Timers) first() uint32 { return uint32(t.cur * 2 * t.spans) }

// written is where the device writes the ticks of so many spans of the current slot.
func (t *Timers) written(spans int) []byte {
	at := int(t.first()) * tickBytes
	return t.ticks.bytes[at : at+2*spans*tickBytes]
}

// Finish has the device write down what was measured. Call it last in a frame,
// outside of a rendering.
func (t *Timers) Finish(s *raw.Stream) {
	n := 0
	if t.pool != vk.NullQueryPool {
		n = len(t.slots[t.cur].names)
	}
	if n == 0 {
		return
	}
	b, at := t.written(n), uint64(t.first())*tickBytes
	clear(b) // a frame that is abandoned now writes nothing
	s.CopyQueries(t.pool, t.first(), uint32(2*n), t.ticks.buffer, at)
	t.done[0] = raw.BufferBarrier{Buffer: t.ticks.buffer, Offset: at, Size: uint64(len(b)),
		SrcStage: raw.StageTransfer, SrcAccess: raw.AccessTransferWrite, DstStage: raw.StageHost, DstAccess: raw.AccessHostRead}
	s.Barriers(nil, t.done[:], nil)
}

// read turns ticks into spans; clocks of fewer than 64 bits wrap.
func (t *Timers) read(names []string) {
	ticks := t.written(len(names))
	at := func(i int) uint64 { return binary.NativeEndian.Uint64(ticks[i*tickBytes:]) }
	if len(names) == 0 || at(0) == 0 && at(1) == 0 {
		return
	}
	mask := ^uint64(0)
	if b := t.d.Limits.TimestampBits; b < 64 {
		mask = 1<<b - 1
	}
	t.last = t.last[:0]
	for i, n := range names {
		took := (at(2*i+1) - at(2*i)) & mask
		t.last = append(t.last, Span{n, time.Duration(float64(took) * t.d.Limits.TimestampPeriod)})
	}
}

// Start starts a span and returns its number for End. Spans beyond the number that
// the timers were made for are not measured.
func (t *Timers) Start(s *raw.Stream, name string) int {
	sl := &t.slots[t.cur]
	if t.pool == vk.NullQueryPool || !sl.used || len(sl.names) == t.spans {
		return -1
	}
	i := len(sl.names)
	sl.names = append(sl.names, name)
	s.WriteTimestamp(raw.StageAll, t.pool, uint32(t.cur*2*t.spans+2*i))
	return i
}

// End ends a span. Every span that was started must be ended within its frame: the device waits for it.
func (t *Timers) End(s *raw.Stream, span int) {
	if span >= 0 {
		s.WriteTimestamp(raw.StageAll, t.pool, uint32(t.cur*2*t.spans+2*span+1))
	}
}

// Spans are what the frame before took, as last read; valid until the next Begin.
func (t *Timers) Spans() []Span { return t.last }
