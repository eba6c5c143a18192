package res

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	vk "github.com/vulkan-go/vulkan"

	"hearth/lumps"
	"hearth/store/asset"
	"hearth/vk/device"
	"hearth/vk/mem"
)

// Errors of a resource. What fails otherwise is an *asset.LoadError, or wraps
// mem.ErrMemory.
var (
	// ErrClosed reports that the resources were closed while this was on its way.
	ErrClosed = errors.New("the renderer was closed before this was loaded")
	// ErrFull reports more materials or textures than a device has a place for.
	ErrFull = errors.New("there are more materials or textures than the graphics device holds; draw fewer at a time")
)

// Limits and defaults.
const (
	// DefaultUpload is how many bytes a frame copies. A quarter of a gigabyte a second
	// at 60 frames, and a tenth of a frame's time where copying costs most, on a CPU.
	DefaultUpload = 4 << 20
	minUpload     = 1 << 20 // a row of the widest texture must fit, several times
	maxUpload     = 256 << 20
	// DefaultGrace is how many frames a thing is kept after it was let go: a scene
	// that is rebuilt lets go and asks again within a few.
	DefaultGrace = 120
)

// Options of New. The zero value is right for a client.
type Options struct {
	Upload     int     // bytes that a frame copies; 0: DefaultUpload
	Grace      int     // frames; 0: DefaultGrace; negative: none
	MaxTexture uint32  // texels of a side; larger ones are halved. 0: the device's limit
	Anisotropy float32 // of textures with mipmaps; below 2: none
	// Find resolves hearth-rs's LumpId, a digest that says neither codec nor hash.
	// nil: it is a raw block hashed with BLAKE3, as all small lumps are.
	Find func(context.Context, lumps.Digest) (lumps.CID, error)
	Log  *slog.Logger
}

// State is how far a resource is.
type State int32

// The states. Pending becomes Ready or Failed, and stays that.
const (
	Pending State = iota
	Ready
	Failed
)

func (s State) String() string { return [...]string{"pending", "ready", "failed"}[s] }

// Resources are what is on the device, or on its way. Methods are safe for use by
// many goroutines, except that Record and Close belong to the one that draws.
type Resources struct {
	d      *device.Device
	a      *mem.Allocator
	assets *asset.Cache
	o      Options

	vertices, indices, skins, deltas *pages
	materials                        *materials

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu      sync.Mutex // guards all below, and the mutable parts of entries
	closed  bool
	entries map[key]*entry
	queue   []*job  // packed, in the order in which they are copied
	idle    []letGo // oldest first; some were asked for again since

	queued   int64         // bytes of queue that are not copied yet
	promised int64         // bytes that loads which began may queue
	room     chan struct{} // closed when queued or promised fell; nil if nobody waits

	frame   uint64
	changes uint64
	stats   Stats

	staging []*mem.Buffer // by slot of the frames in flight
	up      upload        // of the frame that is recorded; here so that it is not allocated
}

// Stats are the figures of this moment. Sizes are in bytes.
type Stats struct {
	Pending, Ready, Failed, Idle int   // resources; idle ones are among the others
	Queued                       int64 // to be copied
	Uploaded                     int64 // since New
	LastUpload                   int   // by the frame before
	Reaped                       int64 // resources, since New
}

// New returns resources of a device, loaded through assets, which must have the
// loaders of vk/model, and should make many at the same time (asset.Options.Parallel):
// a lump that does not arrive holds one of its places for as long as it is wanted.
func New(a *mem.Allocator, assets *asset.Cache, o Options) (*Resources, error) {
	if o.Upload == 0 {
		o.Upload = DefaultUpload
	}
	o.Upload = max(min(o.Upload, maxUpload), minUpload)
	if o.Grace == 0 {
		o.Grace = DefaultGrace
	}
	d := a.Device()
	if o.MaxTexture == 0 || o.MaxTexture > d.Limits.MaxImage2D {
		o.MaxTexture = d.Limits.MaxImage2D
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Find == nil {
		o.Find = func(_ context.Context, x lumps.Digest) (lumps.CID, error) {
			return lumps.FromDigest(lumps.Raw, lumps.BLAKE3, x), nil
		}
	}
	r := &Resources{d: d, a: a, assets: assets, o: o, entries: map[key]*entry{}}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	const storage = vk.BufferUsageStorageBufferBit | vk.BufferUsageTransferDstBit | vk.BufferUsageTransferSrcBit
	r.vertices = &pages{a: a, name: "vertices", size: VertexSize, usage: storage | vk.BufferUsageVertexBufferBit}
	r.indices = &pages{a: a, name: "indices", size: IndexSize, usage: storage | vk.BufferUsageIndexBufferBit}
	r.skins = &pages{a: a, name: "skins", size: SkinSize, usage: storage}
	r.deltas = &pages{a: a, name: "morph targets", size: DeltaSize, usage: storage}
	var err error
	if r.materials, err = newMaterials(r); err != nil {
		r.cancel()
		return nil, err
	}
	return r, nil
}

// Close gives everything up: what is on its way fails with ErrClosed, what is on
// the device is destroyed behind the frames in flight. It waits for the goroutines
// that load.
func (r *Resources) Close() {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return
	}
	r.closed = true
	for _, e := range r.entries {
		if e.state == Pending {
			e.fail(ErrClosed)
		}
	}
	r.cancel()
	r.mu.Unlock()
	r.wg.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.entries {
		e.destroy()
	}
	clear(r.entries)
	r.queue, r.idle = nil, nil
	for _, b := range r.staging {
		b.Close()
	}
	r.materials.close()
	for _, p := range []*pages{r.vertices, r.indices, r.skins, r.deltas} {
		p.close()
	}
}

// Changes counts changes of any resource's state: who has seen a number need not
// look again while it stays.
func (r *Resources) Changes() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changes
}

// Stats returns the figures of this moment.
func (r *Resources) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stats
	for _, e := range r.entries {
		if e.refs == 0 {
			s.Idle++
		}
		switch e.state {
		case Pending:
			s.Pending++
		case Ready:
			s.Ready++
		case Failed:
			s.Failed++
		}
	}
	s.Queued = r.queued
	return s
}

// letGo is an entry that nobody held from a frame on.
type letGo struct {
	e  *entry
	at uint64
}

// kind of a resource.
type kind uint8

const (
	kindModel kind = iota
	kindPair
	kindTexture
)

// key names a resource: what it is made of and how it is used.
type key struct {
	kind           kind
	cid, material  lumps.CID
	linear, noMips bool
}

// entry is a resource. Its mutable fields are guarded by Resources.mu.
type entry struct {
	r       *Resources
	key     key
	since   time.Time
	refs    int
	idleAt  uint64 // frame in which the last one let go
	state   State
	err     error
	cancel  context.CancelFunc
	model   *Model
	texture *Texture
	needs   []*entry      // textures of a material that are resources of their own
	waiters []*entry      // that need this texture
	promise *time.Timer   // ends what admit reserved; nil: it ended
	parts   int           // jobs and textures that are still missing
	done    func()        // lets what was decoded go
	madeCh  chan struct{} // closed when texture is set, or the load failed
}

// get returns the entry of a key, with one more reference, loading it if it is not
// there. mu is held.
func (r *Resources) get(k key) *entry {
	e := r.entries[k]
	if e == nil {
		e = &entry{r: r, key: k, since: time.Now()}
		if r.closed {
			e.state, e.err = Failed, ErrClosed
			e.refs++
			return e
		}
		r.entries[k] = e
		ctx, cancel := context.WithCancel(r.ctx)
		e.cancel = cancel
		r.wg.Add(1)
		go func() {
			defer r.wg.Done()
			defer cancel()
			r.load(ctx, e)
		}()
	}
	e.refs++
	return e
}

// release lets an entry go. mu is held.
func (e *entry) release() {
	if e.refs--; e.refs > 0 || e.r.closed {
		return
	}
	e.idleAt = e.r.frame
	e.r.idle = append(e.r.idle, letGo{e, e.r.frame})
}

// reap destroys what was let go long enough ago. mu is held.
func (r *Resources) reap() {
	grace := uint64(max(r.o.Grace, 0))
	n := 0
	for n < len(r.idle) && r.idle[n].at+grace <= r.frame {
		e, at := r.idle[n].e, r.idle[n].at
		n++
		if e.refs > 0 || e.idleAt != at || r.entries[e.key] != e {
			continue // asked for again, perhaps let go again since
		}
		delete(r.entries, e.key)
		e.cancel()
		if e.state == Pending {
			e.fail(context.Canceled)
		}
		e.destroy()
		r.stats.Reaped++
	}
	if n > 0 {
		r.idle = append(r.idle[:0], r.idle[n:]...)
		clear(r.idle[len(r.idle):cap(r.idle)])
		r.changes++
	}
}

// fail ends a load. mu is held.
func (e *entry) fail(err error) {
	if e.state != Pending {
		return
	}
	e.state, e.err = Failed, err
	e.settle()
	e.r.changes++
	e.r.drop(e)
	e.finish()
	if e.refs > 0 && !e.r.closed {
		e.r.o.Log.Warn("something to draw could not be loaded", "lump", e.key.cid.String(), "error", err)
	}
}

// drop takes the jobs of an entry out of the queue. mu is held.
func (r *Resources) drop(e *entry) {
	kept := r.queue[:0]
	for _, j := range r.queue {
		if j.e != e {
			kept = append(kept, j)
			continue
		}
		r.queued -= j.left()
		r.wake()
	}
	clear(r.queue[len(kept):])
	r.queue = kept
}

// destroy gives up what an entry holds. mu is held.
func (e *entry) destroy() {
	if e.model != nil {
		e.model.destroy(e.r)
		e.model = nil
	}
	if e.texture != nil {
		e.texture.destroy()
		e.texture = nil
	}
	for _, t := range e.needs {
		t.release()
	}
	e.needs = nil
}
