package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"hearth/term/atlas"
	"hearth/term/glyph"
	"hearth/vk/scene"

	hearth "hearth/runtime"
)

// Plugin is the terminals of one program: the service that makes them, the screens in
// the scene, and what the person at the screen does with them.
type Plugin struct {
	scene   *scene.Scene
	atlas   *atlas.Atlas
	metrics metrics
	shell   func() Command
	env     []string
	policy  Policy
	ask     *asker
	trusted func(module cid) bool
	keep    Keep
	clip    Clipboard
	primary Clipboard // the same where there is none
	open    func(uri string)
	here    func() State
	limits  Limits
	log     *slog.Logger
	begun   time.Time

	ctx  context.Context
	stop context.CancelFunc
	wg   sync.WaitGroup

	turns  turns
	crowd  crowd
	shells atomic.Int64 // that run
	brush  painter

	life   sync.Mutex // guards closed; nothing else is locked under it
	closed bool

	// mu guards what follows. It comes before session.mu, and nothing is sent under it.
	mu       sync.Mutex
	clients  map[string]*client
	others   int // terminals that are not the person's
	sessions map[ID]*session
	order    []*session // as they were made
	last     ID
	focus    ID // 0: none
	pointed  ID // where the pointer was last; 0: nowhere
}

// New returns the terminals. Close ends them, before or behind their runtime.
func New(o Options) (*Plugin, error) {
	if o.Scene == nil {
		return nil, errors.New("terminals stand in a scene; give one")
	}
	if o.Family == nil {
		f, err := glyph.Default()
		if err != nil {
			return nil, fmt.Errorf("the font of terminals: %w", err)
		}
		o.Family = f
	}
	p := &Plugin{
		scene: o.Scene, metrics: measure(o.Family), shell: o.Shell, env: slices.Clone(o.Env), policy: o.Policy, trusted: o.Trusted,
		keep: o.Keep, clip: o.Clipboard, primary: o.Primary, open: o.Open, here: o.Here, limits: o.Limits.filled(), log: o.Log, begun: time.Now(),
		clients: map[string]*client{}, sessions: map[ID]*session{},
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	if p.clip == nil {
		p.clip = &ownClipboard{}
	}
	if p.primary == nil {
		p.primary = p.clip
	}
	p.ask = newAsker(o.Ask, o.Grants, p.limits.Prompts, p.log)
	p.ctx, p.stop = context.WithCancel(context.Background())
	p.turns.free = max(1, runtime.GOMAXPROCS(0)/2)
	p.atlas = atlas.New(o.Family, atlas.Options{})
	p.brush.init(p)
	p.start(p.publish)
	p.start(p.paint)
	if p.keep != nil {
		p.restore()
		p.start(p.saving)
	}
	return p, nil
}

// Services returns the services, to be started by a runtime.
func (p *Plugin) Services() []hearth.Service {
	return []hearth.Service{{Name: Factory, Handle: func(_ context.Context, r *hearth.Request) { p.request(r) }}}
}

// Close ends every shell, keeps the pictures of what was, and takes the terminals out
// of the scene.
func (p *Plugin) Close() error {
	p.life.Lock()
	was := p.closed
	p.closed = true
	p.life.Unlock()
	if was {
		return nil
	}
	p.mu.Lock()
	sessions := slices.Clone(p.order)
	p.mu.Unlock()
	var failed error
	for _, s := range sessions {
		if err := s.save(); err != nil && failed == nil {
			failed = err
		}
	}
	p.stop()
	var wg sync.WaitGroup
	for _, s := range sessions {
		wg.Go(func() { s.remove() })
	}
	wg.Wait()
	p.wg.Wait()
	p.brush.close()
	p.atlas.Close()
	return failed
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

// now is the clock of terminals: monotonic.
func (p *Plugin) now() time.Duration { return time.Since(p.begun) }

// session finds a terminal.
func (p *Plugin) session(id ID) *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sessions[id]
}

// List tells of all terminals, in the order in which they were made.
func (p *Plugin) List() []Info {
	p.mu.Lock()
	sessions, focus := slices.Clone(p.order), p.focus
	p.mu.Unlock()
	out := make([]Info, len(sessions))
	for i, s := range sessions {
		out[i] = s.info()
		out[i].Focused = s.id == focus
	}
	return out
}

// OpenHere opens a terminal for the person at the screen, who needs no permission.
func (p *Plugin) OpenHere(st State) (ID, error) {
	s, err := p.create(creation{state: st, owner: person, keep: true})
	if err != nil {
		return 0, err
	}
	return s.id, nil
}

// Terminal tells where a terminal stands: to look at it, or to open another beside it.
func (p *Plugin) Terminal(id ID) (State, bool) {
	s := p.session(id)
	if s == nil {
		return State{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state, !s.removed
}

// CloseTerminal closes a terminal as its owner would, and tells whether it was there.
func (p *Plugin) CloseTerminal(id ID) bool {
	s := p.session(id)
	return s != nil && p.start(s.quit)
}
