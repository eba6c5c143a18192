package service

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/lumps"
	"hearth/runtime"
	"hearth/store/asset"
	"hearth/vk/scene"
)

// Names of the services.
const (
	Renderer  = "hearth.Renderer"
	Canvas    = "hearth.canvas.CanvasFactory"
	DebugDraw = "hearth.DebugDrawFactory"
	Window    = "hearth.Window"
	Camera    = "hearth.Camera"
)

// Names returns the names of all services: what a client shares with the servers
// that it joins.
func Names() []string { return []string{Renderer, Canvas, DebugDraw, Window, Camera} }

// Hit is what is under a pixel.
type Hit struct {
	Object   scene.ID // 0: nothing
	Position mgl32.Vec3
}

// Options say what the services work on.
type Options struct {
	Scene *scene.Scene
	// Assets decodes lumps, with the loaders of vk/model: what cannot be decoded is
	// refused.
	Assets *asset.Cache
	// Host is the window; nil is none, and commands for it are refused.
	Host Host
	// Pick finds what is under a pixel of the window, from the upper left. It may
	// wait for a frame or two, and ends with ctx. nil: nothing can be picked.
	Pick func(ctx context.Context, x, y int) (Hit, error)
	// LumpWait bounds how long a request waits for lumps; 0 is DefaultLumpWait.
	LumpWait time.Duration
	Limits   Limits
	Log      *slog.Logger
}

// Plugin is the services of one runtime and what was made through them.
type Plugin struct {
	scene  *scene.Scene
	assets *asset.Cache
	pick   func(ctx context.Context, x, y int) (Hit, error)
	host   Host
	wait   time.Duration
	limits Limits
	log    *slog.Logger
	input  *Input

	ctx  context.Context
	stop context.CancelFunc
	wg   sync.WaitGroup

	life   sync.Mutex // guards closed; nothing else is locked under it
	closed bool

	// mu guards what follows. It comes before maker.mu and is never held while
	// something is sent.
	mu      sync.Mutex
	clients map[string]*client
	makers  map[uint64]*maker
	things  map[scene.ID]*thing
	known   map[good]struct{}          // lumps that were decoded once
	digests map[lumps.Digest]lumps.CID // of those
}

// New returns the services. Close ends them, before or behind their runtime.
func New(o Options) *Plugin {
	p := &Plugin{
		scene: o.Scene, assets: o.Assets, pick: o.Pick, host: o.Host, wait: o.LumpWait, limits: o.Limits.filled(), log: o.Log,
		clients: map[string]*client{}, makers: map[uint64]*maker{}, things: map[scene.ID]*thing{},
		known: map[good]struct{}{}, digests: map[lumps.Digest]lumps.CID{},
	}
	if p.wait <= 0 {
		p.wait = DefaultLumpWait
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	p.ctx, p.stop = context.WithCancel(context.Background())
	p.input = newInput(p)
	return p
}

// Services returns the services, to be started by a runtime.
func (p *Plugin) Services() []runtime.Service {
	handle := func(f func(*job) error) func(context.Context, *runtime.Request) {
		return func(_ context.Context, r *runtime.Request) { p.request(r, f) }
	}
	return []runtime.Service{
		{Name: Renderer, Handle: handle(p.renderer)},
		{Name: Canvas, Handle: handle(p.canvasFactory)},
		{Name: DebugDraw, Handle: handle(p.debugDraw)},
		{Name: Window, Handle: p.window},
		{Name: Camera, Handle: handle(p.cameras)},
	}
}

// Input is where the program tells what happens in its window.
func (p *Plugin) Input() *Input { return p.input }

// Close ends what waits. Things that were made stay in the scene until it is
// dropped.
func (p *Plugin) Close() {
	p.life.Lock()
	p.closed = true
	p.life.Unlock()
	p.stop()
	p.mu.Lock()
	makers := make([]*maker, 0, len(p.makers))
	for _, m := range p.makers {
		makers = append(makers, m)
	}
	p.mu.Unlock()
	for _, m := range makers {
		m.release()
	}
	p.input.close()
	p.wg.Wait()
}

// start runs f on a goroutine that Close waits for; false when it is too late.
func (p *Plugin) start(f func()) bool {
	p.life.Lock()
	defer p.life.Unlock()
	if p.closed {
		return false
	}
	p.wg.Go(f)
	return true
}

// Usage is what one client has.
type Usage struct {
	Client                                    string
	Objects, Lights, Canvases, Lines, Cameras int
	Bytes                                     int64
	Lost                                      uint64 // messages that found no room
}

// Usage tells what clients have, by name: for the overlay and for tools.
func (p *Plugin) Usage() []Usage {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]Usage, 0, len(p.clients))
	for _, c := range p.clients {
		out = append(out, Usage{c.name, c.count[objectKind], c.count[lightKind], c.count[canvasKind], c.count[linesKind], c.count[cameraKind], c.bytes, c.lost.Load()})
	}
	slices.SortFunc(out, func(a, b Usage) int {
		if a.Client < b.Client {
			return -1
		}
		return 1
	})
	return out
}
