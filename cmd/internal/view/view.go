package view

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	goruntime "runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/cmd/internal/exit"
	"hearth/cmd/internal/eye"
	"hearth/runtime"
	"hearth/store"
	"hearth/store/asset"
	terminal "hearth/term/service"
	"hearth/vk"
	"hearth/vk/model"
	"hearth/vk/scene"
	"hearth/vk/service"
	"hearth/vk/window"
)

const (
	defaultWidth, defaultHeight = 1280, 720
	// maxPicks bounds the questions for what is under a pixel that wait for a frame.
	maxPicks = 256
)

// errNotShown answers who asks a view that shows nothing: guests' cameras alone, or no
// more.
var errNotShown = errors.New("no picture is shown here")

// errNotAnswered answers who asks too much at once, or while the device is lost.
var errNotAnswered = errors.New("the picture does not tell; ask again")

// ErrFaults reports that the validation layer found something to say.
var ErrFaults = errors.New("faults were found by the validation layer of Vulkan; they are in the log")

// View shows a world.
type View struct {
	o      Options
	log    *slog.Logger
	scene  *scene.Scene
	source *source
	assets *asset.Cache
	plugin *service.Plugin
	wanted *wanted
	win    *window.Window // nil without one
	screen *screen
	films  *films

	stands atomic.Pointer[mgl32.Mat4]      // the view of the last frame
	world  atomic.Pointer[runtime.Runtime] // once its space stands
	picks  chan pick
	shots  chan shot
	asked  atomic.Int64   // that the renderer has not answered: it does so by drawing on
	done   chan struct{}  // closed when no frame comes any more
	wg     sync.WaitGroup // who ends with done
	closed bool

	// Of the frame loop.
	hands    hands
	eye      eye.Eye
	floor    eye.Floor
	guests   wishes        // what guests want of the window
	hidden   bool          // the pointer is, by a guest
	chosen   bool          // the eye was moved or placed by the user
	ahead    <-chan vk.Hit // what a walker is about to step on
	aheadOf  eye.Eye       // where that was asked
	figures  figures
	room     time.Time // before then the device is not asked for room again
	roomSaid time.Time // when the log heard that it has none
	listener string    // the guest who has the keyboard
	typist   typist
	mouse    mouse
	away     terminal.ID // what had the keyboard when the window lost it
	notice   notice
	prompts  prompts
	board    clipboard
	primary  clipboard // what was selected last

	terminals terminals        // nil where there are none
	shells    *terminal.Plugin // the same, to be ended
	cell      mgl32.Vec2       // the size of their cells, ems
}

// pick is a question for what is under a pixel.
type pick struct {
	x, y   int
	answer chan<- picked // of one answer, never waited for
}

// picked is the answer.
type picked struct {
	hit service.Hit
	err error
}

// Services are the names of what a view offers to guests.
func (o *Options) Services() []string {
	if o.Terminals == nil {
		return service.Names()
	}
	return append(service.Names(), terminal.Names()...)
}

// Open opens the window, if there is to be one, and the graphics device. It is called
// on the main goroutine, as Run and Close are. st is the store of the world.
func Open(o Options, st store.Store, log *slog.Logger) (v *View, err error) {
	if o.Width == 0 || o.Height == 0 {
		o.Width, o.Height = defaultWidth, defaultHeight
	}
	v = &View{o: o, log: log, picks: make(chan pick, maxPicks), shots: make(chan shot, maxShots), done: make(chan struct{}), eye: o.Eye, chosen: o.HasEye}
	v.hands.overlay = o.Overlay
	begin := o.Eye.View()
	v.stands.Store(&begin)
	v.source = &source{store: asset.FromBlocks(st), ready: make(chan struct{})}
	defer func() {
		if err != nil {
			v.Close()
			v = nil
		}
	}()
	if o.Window {
		if v.win, err = window.Open(window.Options{Title: o.Title, Width: o.Width, Height: o.Height}); err != nil {
			return v, &exit.UnavailableError{Err: fmt.Errorf("%w; log in at a desktop, or draw without one by --headless --capture FILE.png", err)}
		}
	}
	v.scene = scene.New(scene.Limits{})
	// Half of the processors decode: where they draw as well, a frame beside more
	// decoders lasts twice as long.
	v.assets = asset.New(v.source, asset.Options{Parallel: max(1, goruntime.GOMAXPROCS(0)/2)})
	model.Register(v.assets)
	if v.screen, err = openScreen(o, v.assets, v.win, log); err != nil {
		return v, err
	}
	v.wanted = newWanted(o.Title, v.wake)
	v.plugin = service.New(service.Options{Scene: v.scene, Assets: v.assets, Host: v.wanted, Pick: v.Pick, Log: log})
	v.films = newFilms(o, v.screen, log)
	v.prompts.wake = v.wake
	v.board = clipboard{win: v.win, of: window.Clipboard, log: log, wake: v.wake}
	v.primary = clipboard{win: v.win, of: window.Primary, log: log, wake: v.wake}
	if o.Terminals != nil {
		err = v.openShells(o.Terminals)
	}
	return v, err
}

// Services are what the runtime of the world starts for guests.
func (v *View) Services() []runtime.Service {
	all := append(v.plugin.Services(), v.shotService())
	if v.shells != nil {
		all = append(all, v.shells.Services()...)
	}
	return all
}

// Started says which runtime the world has.
func (v *View) Started(rt *runtime.Runtime) {
	v.world.Store(rt)
	v.source.started(rt)
}

// wake has the frame loop look around. Any goroutine may call it.
func (v *View) wake() {
	if v.win != nil {
		v.win.Wake()
	}
}

// Pick finds what is under a pixel: the next frame is asked for it.
func (v *View) Pick(ctx context.Context, x, y int) (service.Hit, error) {
	if v.win == nil && v.o.Capture == nil { // guests' cameras alone are drawn
		return service.Hit{}, errNotShown
	}
	answer := make(chan picked, 1)
	select {
	case v.picks <- pick{x, y, answer}:
	case <-v.done:
		return service.Hit{}, errNotShown
	case <-ctx.Done():
		return service.Hit{}, ctx.Err()
	}
	v.wake()
	select {
	case p := <-answer:
		return p.hit, p.err
	case <-v.done:
		return service.Hit{}, errNotShown
	case <-ctx.Done():
		return service.Hit{}, ctx.Err()
	}
}

// takePicks hands what is asked to the renderer, for the next frame.
func (v *View) takePicks() (any bool) {
	for {
		select {
		case p := <-v.picks:
			any = true
			hit := v.screen.r.Pick(p.x, p.y)
			v.asked.Add(1)
			v.wg.Go(func() {
				defer v.asked.Add(-1)
				select {
				case h, ok := <-hit:
					if !ok {
						p.answer <- picked{err: errNotAnswered}
						return
					}
					p.answer <- picked{hit: service.Hit{Object: h.Object, Position: h.Position}}
				case <-v.done:
				}
			})
		default:
			return any
		}
	}
}

// Run shows the world until ctx ends, the window is closed, or the frames that were
// asked for are drawn. peers counts who is connected.
func (v *View) Run(ctx context.Context, peers func() int) error {
	v.figures.peers = peers
	var err error
	if v.win != nil {
		err = v.runWindow(ctx)
	} else {
		err = v.runHeadless(ctx)
	}
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	faults := v.screen.faults.Load()
	err = errors.Join(err, v.shut())
	if n := max(faults, v.screen.faults.Load()); n > 0 {
		err = errors.Join(err, &exit.FaultError{Err: fmt.Errorf("%w (%d of them)", ErrFaults, n)})
	}
	return err
}

// shut ends what the main goroutine owns: films, the device and the window.
func (v *View) shut() error {
	if v.closed {
		return nil
	}
	v.closed = true
	close(v.done)
	v.wg.Wait()
	var errs []error
	if v.films != nil {
		errs = append(errs, v.films.close())
	}
	if v.screen != nil {
		errs = append(errs, v.screen.close())
	}
	if v.win != nil {
		v.win.Close()
	}
	return errors.Join(errs...)
}

// Close ends everything. It is called when the runtime has stopped.
func (v *View) Close() error {
	err := v.shut()
	if v.shells != nil {
		err = errors.Join(err, v.shells.Close())
	}
	if v.plugin != nil {
		v.plugin.Close()
	}
	if v.assets != nil {
		v.assets.Close()
	}
	return err
}

// hear takes over what guests want of the window.
func (v *View) hear() (changed bool) {
	was := v.guests.cameras
	v.guests, changed = v.wanted.take()
	if v.guests.cameras != was && (v.hands.guests || !v.chosen) {
		// A guest's camera is followed unless the user has gone elsewhere.
		v.hands.theirs = true
	}
	return changed
}

// camera is where the next frame is seen from.
func (v *View) camera() scene.Camera {
	c := v.guests.camera
	if !v.hands.theirs {
		c = v.eye.Camera(c.VFov, c.Near)
	}
	if v.o.VFov != 0 {
		c.VFov = v.o.VFov
	}
	return c
}

// move moves the eye for a moment, and reports whether it moves.
func (v *View) move(moment time.Duration) bool {
	v.eye.Wheel(v.hands.notches())
	w := v.hands.wish(moment)
	if w.Idle() && v.hands.theirs {
		return false
	}
	if v.hands.theirs {
		// Whoever moves goes on from where the guest's camera was.
		mode, speed := v.eye.Mode, v.eye.Speed
		v.eye = eye.FromView(v.guests.camera.View)
		v.eye.Mode, v.eye.Speed = mode, speed
		v.hands.theirs = false
	}
	v.chosen = v.chosen || !w.Idle()
	v.eye.Mode = v.hands.mode
	return v.eye.Step(w, moment, v.floor.Below(v.eye.Position)) || v.eye.Falling(v.floor.Below(v.eye.Position))
}
