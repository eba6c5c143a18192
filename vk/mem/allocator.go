package mem

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
)

// ErrMemory reports that the memory of the device is exhausted; it is wrapped in an
// *ExhaustedError. It is the same as device.ErrMemory.
var ErrMemory = device.ErrMemory

// ErrClosed reports the use of a closed allocator.
var ErrClosed = errors.New("the allocator of device memory is closed")

// ExhaustedError says what did not fit.
type ExhaustedError struct {
	Name string
	Size uint64 // that was asked for
	Free uint64 // in blocks and up to the budget, though maybe not in one piece
}

func (e *ExhaustedError) Error() string {
	return fmt.Sprintf("there is no room for %d bytes on the graphics device (%s; %d bytes are free); draw less or smaller things", e.Size, e.Name, e.Free)
}

func (e *ExhaustedError) Unwrap() error { return ErrMemory }

// LeakError reports what was not closed when the allocator was.
type LeakError struct{ Names []string }

func (e *LeakError) Error() string {
	return fmt.Sprintf("%d buffers or images were not closed before their allocator: %q", len(e.Names), e.Names)
}

const (
	// firstBlock and lastBlock are the sizes of blocks: small at first, since a small
	// space needs little, and doubled until an allocation is rare.
	firstBlock = 4 << 20
	lastBlock  = 64 << 20
	// dedicatedSize is from where a buffer or image has its own allocation: it would
	// leave a block half empty.
	dedicatedSize = 16 << 20
	// heapShare is how much of a heap is used by default: other programs draw too.
	heapShare = 0.8
)

// Options of New.
type Options struct {
	// Budget is how many bytes may be allocated from the device together. 0: four
	// fifths of each heap.
	Budget int64
}

// Allocator makes buffers and images.
type Allocator struct {
	d *device.Device

	mu      sync.Mutex // guards all below; no call of Device that locks is made under it
	closed  bool
	pools   map[poolKey]*pool
	heaps   []uint64 // bytes allocated of each heap
	limits  []uint64
	total   uint64
	budget  uint64
	allocs  int // allocations of Vulkan
	live    map[*allocation]struct{}
	used    uint64
	buffers int
	images  int
	peak    uint64
}

// poolKey: blocks of a memory type hold either buffers or images.
type poolKey struct {
	kind   uint32
	images bool
}

type pool struct {
	blocks []*block
	next   uint64 // size of the next block
}

type block struct {
	memory vk.DeviceMemory
	bytes  []byte // mapped, or nil
	size   uint64
	kind   uint32
	space  *space // nil: dedicated
	pool   *pool
}

// allocation is memory of one buffer or image.
type allocation struct {
	b      *block
	node   int32
	off    uint64
	size   uint64
	name   string
	images bool
}

// New returns an allocator for a device.
func New(d *device.Device, o Options) *Allocator {
	a := &Allocator{d: d, pools: map[poolKey]*pool{}, live: map[*allocation]struct{}{}, budget: ^uint64(0)}
	if o.Budget > 0 {
		a.budget = uint64(o.Budget)
	}
	n := d.Memory.MemoryHeapCount
	a.heaps, a.limits = make([]uint64, n), make([]uint64, n)
	for i := range n {
		a.limits[i] = uint64(float64(d.Memory.MemoryHeaps[i].Size) * heapShare)
	}
	return a
}

// Device is the device whose memory this is.
func (a *Allocator) Device() *device.Device { return a.d }

// take finds memory for requirements.
func (a *Allocator) take(mr vk.MemoryRequirements, m Memory, images bool, name string) (*allocation, error) {
	kind, ok := a.kind(mr.MemoryTypeBits, m)
	if !ok {
		return nil, fmt.Errorf("%w (no memory of the kind that %s needs)", ErrMemory, name)
	}
	size := uint64(mr.Size)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil, ErrClosed
	}
	al, err := a.place(kind, size, uint64(mr.Alignment), images)
	if err != nil {
		var x *ExhaustedError
		if errors.As(err, &x) {
			x.Name, x.Size = name, size
		}
		return nil, err
	}
	al.name, al.images = name, images
	a.live[al] = struct{}{}
	a.used += al.size
	if a.peak = max(a.peak, a.used); images {
		a.images++
	} else {
		a.buffers++
	}
	return al, nil
}

func (a *Allocator) place(kind uint32, size, align uint64, images bool) (*allocation, error) {
	if size >= dedicatedSize {
		b, err := a.allocate(kind, size)
		if err != nil {
			return nil, err
		}
		return &allocation{b: b, size: size}, nil
	}
	key := poolKey{kind, images}
	p := a.pools[key]
	if p == nil {
		p = &pool{next: firstBlock}
		a.pools[key] = p
	}
	for _, b := range p.blocks {
		if n, off, ok := b.space.alloc(size, align); ok {
			return &allocation{b: b, node: n, off: off, size: b.space.nodes[n].size}, nil
		}
	}
	// A block that is exactly large enough comes last: a full device may still have it.
	var b *block
	var err error
	for _, n := range []uint64{max(p.next, roundUp(size+align, grain)), roundUp(size+align, grain)} {
		if b, err = a.allocate(kind, n); err == nil {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	b.space, b.pool = newSpace(b.size), p
	p.blocks = append(p.blocks, b)
	p.next = min(2*p.next, lastBlock)
	n, off, ok := b.space.alloc(size, align)
	if !ok {
		return nil, &ExhaustedError{Free: b.size}
	}
	return &allocation{b: b, node: n, off: off, size: b.space.nodes[n].size}, nil
}

// allocate asks Vulkan for memory and maps it where it can be mapped.
func (a *Allocator) allocate(kind uint32, size uint64) (*block, error) {
	heap := a.d.Memory.MemoryTypes[kind].HeapIndex
	room := min(a.limits[heap]-min(a.heaps[heap], a.limits[heap]), a.budget-min(a.total, a.budget))
	if size > room || (a.d.Limits.MaxAllocations > 0 && a.allocs >= int(a.d.Limits.MaxAllocations)) {
		if !a.trim() {
			return nil, &ExhaustedError{Free: room + a.slack()}
		}
		return a.allocate(kind, size)
	}
	ai := &vk.MemoryAllocateInfo{SType: vk.StructureTypeMemoryAllocateInfo, AllocationSize: vk.DeviceSize(size), MemoryTypeIndex: kind}
	defer ai.Free()
	var m vk.DeviceMemory
	if err := a.d.Check("vkAllocateMemory", vk.AllocateMemory(a.d.Handle, ai, nil, &m)); err != nil {
		if !errors.Is(err, ErrMemory) {
			return nil, err
		}
		if a.trim() {
			return a.allocate(kind, size)
		}
		return nil, &ExhaustedError{Free: a.slack()}
	}
	b := &block{memory: m, size: size, kind: kind}
	const mapped = vk.MemoryPropertyFlags(vk.MemoryPropertyHostVisibleBit | vk.MemoryPropertyHostCoherentBit)
	if a.d.Memory.MemoryTypes[kind].PropertyFlags&mapped == mapped {
		var p unsafe.Pointer
		if err := a.d.Check("vkMapMemory", vk.MapMemory(a.d.Handle, m, 0, vk.DeviceSize(vk.WholeSize), 0, &p)); err != nil {
			vk.FreeMemory(a.d.Handle, m, nil)
			return nil, err
		}
		b.bytes = unsafe.Slice((*byte)(p), size)
	}
	a.allocs++
	a.heaps[heap] += size
	a.total += size
	return b, nil
}

// trim frees blocks that are empty, and tells whether there were any.
func (a *Allocator) trim() bool {
	freed := false
	for _, p := range a.pools {
		p.blocks = slices.DeleteFunc(p.blocks, func(b *block) bool {
			if b.space.used > 0 {
				return false
			}
			a.free(b)
			freed = true
			return true
		})
	}
	return freed
}

// slack is what is free within blocks.
func (a *Allocator) slack() (n uint64) {
	for _, p := range a.pools {
		for _, b := range p.blocks {
			n += b.space.size - b.space.used
		}
	}
	return n
}

func (a *Allocator) free(b *block) {
	vk.FreeMemory(a.d.Handle, b.memory, nil)
	a.allocs--
	a.heaps[a.d.Memory.MemoryTypes[b.kind].HeapIndex] -= b.size
	a.total -= b.size
}

// give takes memory back. The device must not use it any more.
func (a *Allocator) give(al *allocation) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return // with all memory
	}
	delete(a.live, al)
	a.used -= al.size
	if al.images {
		a.images--
	} else {
		a.buffers--
	}
	b := al.b
	if b.space == nil {
		a.free(b)
		return
	}
	b.space.release(al.node)
	if b.space.used > 0 {
		return
	}
	// One empty block of a pool is kept, so that what comes and goes every second
	// does not ask Vulkan every second.
	for _, o := range b.pool.blocks {
		if o != b && o.space.used == 0 {
			b.pool.blocks = slices.DeleteFunc(b.pool.blocks, func(x *block) bool { return x == b })
			a.free(b)
			return
		}
	}
}

// Memory says who reaches the memory.
type Memory int

// The kinds of memory. DeviceLocal is the device's own, Upload what the program
// writes and the device reads, Readback the other way round.
const (
	DeviceLocal Memory = iota
	Upload
	Readback
)

func (a *Allocator) kind(bits uint32, m Memory) (uint32, bool) {
	const host = vk.MemoryPropertyHostVisibleBit | vk.MemoryPropertyHostCoherentBit
	const odd = vk.MemoryPropertyLazilyAllocatedBit | vk.MemoryPropertyProtectedBit
	switch m {
	case Upload:
		return a.d.MemoryType(bits, host, 0, odd)
	case Readback:
		return a.d.MemoryType(bits, host, vk.MemoryPropertyHostCachedBit, odd)
	}
	return a.d.MemoryType(bits, 0, vk.MemoryPropertyDeviceLocalBit, odd)
}

// Stats are the figures of an allocator, in bytes where not said otherwise.
type Stats struct {
	Buffers, Images int    // that are not closed, or not yet destroyed
	Allocations     int    // of Vulkan
	Used, Peak      uint64 // by buffers and images, and the most it was
	Allocated       uint64 // from Vulkan
	Budget          uint64 // 0: only the heaps bound it
}

// Stats returns the figures of this moment.
func (a *Allocator) Stats() Stats {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := Stats{Buffers: a.buffers, Images: a.images, Allocations: a.allocs, Used: a.used, Peak: a.peak, Allocated: a.total}
	if a.budget != ^uint64(0) {
		s.Budget = a.budget
	}
	return s
}

// Close waits for the device and frees all memory. A *LeakError names what was not
// closed before; its memory is freed all the same.
func (a *Allocator) Close() error {
	err := a.d.WaitIdle()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil
	}
	a.closed = true
	var leak LeakError
	for al := range a.live {
		leak.Names = append(leak.Names, al.name)
		if al.b.space == nil {
			a.free(al.b)
		}
	}
	for _, p := range a.pools {
		for _, b := range p.blocks {
			a.free(b)
		}
	}
	clear(a.pools)
	clear(a.live)
	if len(leak.Names) > 0 {
		slices.Sort(leak.Names)
		return errors.Join(err, &leak)
	}
	return err
}
