package device

import (
	"fmt"
	"time"
	"unsafe"

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
// known when its slot is begun again; nothing ever waits for it. On a device
// without a clock there are no spans.
type Timers struct {
	d     *Device
	pool  vk.QueryPool
	spans int
	slots []timerSlot
	cur   int
	last  []Span
	ticks []uint64
}

type timerSlot struct {
	names []string
	used  bool
}

// NewTimers makes timers for frames of f, with at most spans spans each.
func (d *Device) NewTimers(f *Frames, spans int) (*Timers, error) {
	if spans < 1 || spans > maxSpans {
		return nil, fmt.Errorf("%d timers of a frame: 1 to %d can be", spans, maxSpans)
	}
	t := &Timers{d: d, spans: spans, slots: make([]timerSlot, f.Len()), ticks: make([]uint64, 2*spans), pool: vk.NullQueryPool}
	if d.Limits.TimestampPeriod == 0 {
		return t, nil
	}
	ci := &vk.QueryPoolCreateInfo{SType: vk.StructureTypeQueryPoolCreateInfo, QueryType: vk.QueryTypeTimestamp, QueryCount: uint32(2 * spans * f.Len())}
	defer ci.Free()
	var p vk.QueryPool
	if err := d.check("vkCreateQueryPool", vk.CreateQueryPool(d.Handle, ci, nil, &p)); err != nil {
		return nil, err
	}
	t.pool = p
	return t, nil
}

// Close destroys the timers when the frames that use them have been executed.
func (t *Timers) Close() {
	if t.pool != vk.NullQueryPool {
		t.d.Destroy(t.pool)
		t.pool = vk.NullQueryPool
	}
}

// Begin reads what the frame that used this slot before took, and begins to
// measure this one. Call it first in a frame.
func (t *Timers) Begin(fr *Frame) error {
	if t.pool == vk.NullQueryPool {
		return nil
	}
	t.cur = fr.Index
	s := &t.slots[t.cur]
	first := uint32(t.cur * 2 * t.spans)
	if n := len(s.names); s.used && n > 0 {
		r := vk.GetQueryPoolResults(t.d.Handle, t.pool, first, uint32(2*n), uint(16*n), unsafe.Pointer(&t.ticks[0]), 8, vk.QueryResultFlags(vk.QueryResult64Bit))
		if r == vk.Success {
			t.read(s.names)
		} else if r != vk.NotReady { // a frame that was abandoned wrote nothing
			if err := t.d.check("vkGetQueryPoolResults", r); err != nil {
				return err
			}
		}
	}
	s.names, s.used = s.names[:0], true
	fr.Stream.ResetQueries(t.pool, first, uint32(2*t.spans))
	return nil
}

// read turns ticks into spans; clocks of fewer than 64 bits wrap.
func (t *Timers) read(names []string) {
	mask := ^uint64(0)
	if b := t.d.Limits.TimestampBits; b < 64 {
		mask = 1<<b - 1
	}
	t.last = t.last[:0]
	for i, n := range names {
		ticks := (t.ticks[2*i+1] - t.ticks[2*i]) & mask
		t.last = append(t.last, Span{n, time.Duration(float64(ticks) * t.d.Limits.TimestampPeriod)})
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

// End ends a span. Every span that was started must be ended within its frame.
func (t *Timers) End(s *raw.Stream, span int) {
	if span >= 0 {
		s.WriteTimestamp(raw.StageAll, t.pool, uint32(t.cur*2*t.spans+2*span+1))
	}
}

// Spans are what the frame before took, as last read; valid until the next Begin.
func (t *Timers) Spans() []Span { return t.last }
