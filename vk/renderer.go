package vk

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	vulkan "github.com/vulkan-go/vulkan"

	"hearth/store/asset"
	"hearth/vk/device"
	"hearth/vk/draw"
	"hearth/vk/mem"
	"hearth/vk/pass"
	"hearth/vk/scene"
)

var (
	// ErrLost reports that the device is gone: close the renderer and open it again.
	ErrLost = device.ErrLost
	// ErrClosed reports the use of a renderer that is closed.
	ErrClosed = errors.New("the renderer is closed")
	// ErrSize reports a picture that is larger than the device can draw.
	ErrSize = errors.New("a picture of this size cannot be drawn on this device; make it smaller")
	// ErrNoSurface reports a swapchain without a window.
	ErrNoSurface = errors.New("there is no window to draw to; open the renderer with a surface")
)

// Options say how a renderer draws.
type Options struct {
	Assets *asset.Cache // where models and pictures come from; nil: nothing arrives
	Device device.Options
	// Samples a pixel; default 4. Where the device does not have that many, or not just
	// that many, it is the next less.
	Samples int
	// ShadowSize is the side of a cascade of the sun's shadow in texels; default 2048,
	// and 1024 where the device is a program.
	ShadowSize int
	// Cascades of the sun's shadow, 1 to 4; default 4, and 2 where the device is a
	// program. NoShadows draws none.
	Cascades  int
	NoShadows bool
	// UploadBudget is how many bytes of models and pictures are sent in one frame;
	// default res.DefaultUpload.
	UploadBudget int
	Limits       draw.Limits
	Memory       mem.Options
	Log          *slog.Logger
}

// maxSpans is how many passes a frame has at most, for the timers.
const maxSpans = 32

// Renderer draws scenes.
type Renderer struct {
	o      Options
	log    *slog.Logger
	d      *device.Device
	a      *mem.Allocator
	frames *device.Frames
	timers *device.Timers
	drawer *draw.Drawer

	skin    *pass.Skin
	cluster *pass.Cluster
	ibl     *pass.IBL
	bloom   *pass.Bloom
	canvas  *pass.Canvas
	text    *pass.Text
	lines   *pass.Lines
	picker  *pass.Pick
	outputs map[vulkan.Format]*output

	looks    looks
	slots    []slotState
	seen     []*scene.Chunk[scene.Object]
	lights   lightState
	sky      skyState
	canvases canvasState
	grids    gridState
	flats    []flat
	lineSets lineState
	motion   motion
	picks    picks
	closers  []func()
	targets  map[Target]struct{}

	samples int
	closed  bool
	full    bool // that the world is full was said
	stats   Stats
	now     now
	start   time.Time

	mu    sync.Mutex // guards asked and deaf
	asked []pickQuestion
	deaf  bool // the renderer is closed
}

// Open opens a device and prepares to draw on it. Errors: device.ErrNoDriver,
// *device.NoDeviceError, and what the device says.
func Open(o Options) (*Renderer, error) {
	r := &Renderer{o: o, log: o.Log, lights: lightState{shadow: -1}, outputs: map[vulkan.Format]*output{}, targets: map[Target]struct{}{}, start: time.Now()}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	if r.o.Device.Log == nil {
		r.o.Device.Log = r.log
	}
	d, err := device.Open(r.o.Device)
	if err != nil {
		return nil, err
	}
	r.d = d
	if err := r.open(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// keep notes that something is to be closed; the last first.
func (r *Renderer) keep(f func()) { r.closers = append(r.closers, f) }

func (r *Renderer) open() (err error) {
	r.defaults()
	r.a = mem.New(r.d, r.o.Memory)
	if r.frames, err = r.d.NewFrames(0, 0); err != nil {
		return err
	}
	r.keep(r.frames.Close)
	if r.timers, err = r.d.NewTimers(r.frames, maxSpans); err != nil {
		return err
	}
	r.keep(r.timers.Close)
	if err = r.openLooks(); err != nil {
		return err
	}
	if r.drawer, err = draw.New(r.d, r.a, draw.Options{Samples: r.samples, ShadowSize: r.o.ShadowSize, ShadowSoft: r.softness(),
		Materials: r.looks.layout(), Limits: r.o.Limits}, r.materialTable()); err != nil {
		return err
	}
	r.keep(r.drawer.Close)
	scenic := pass.Target{Color: draw.ColorFormat, Depth: draw.DepthFormat, Samples: r.samples}
	if r.skin, err = pass.NewSkin(r.d, r.a); err != nil {
		return err
	}
	r.keep(r.skin.Close)
	if r.cluster, err = pass.NewCluster(r.d); err != nil {
		return err
	}
	r.keep(r.cluster.Close)
	if r.canvas, err = pass.NewCanvas(r.d, scenic); err != nil {
		return err
	}
	r.keep(r.canvas.Close)
	if r.text, err = pass.NewText(r.d, scenic); err != nil {
		return err
	}
	r.keep(r.text.Close)
	if r.lines, err = pass.NewLines(r.d, scenic); err != nil {
		return err
	}
	r.keep(r.lines.Close)
	if r.bloom, err = pass.NewBloom(r.d, r.a); err != nil {
		return err
	}
	r.keep(r.bloom.Close)
	if r.picker, err = pass.NewPick(r.d, r.a); err != nil {
		return err
	}
	r.keep(r.picker.Close)
	return r.openMotion()
}

// defaults fills the options in, by what the device is.
func (r *Renderer) defaults() {
	r.samples = r.o.Samples
	if r.samples == 0 {
		r.samples = 4
	}
	// Devices have gaps: some draw with 1 and 4 samples and not with 2.
	for can := r.sampleCounts(); r.samples > 1 && (r.samples > 64 || r.samples&(r.samples-1) != 0 || can&r.samples == 0); {
		r.samples--
	}
	r.samples = max(r.samples, 1)
	if r.o.ShadowSize <= 0 {
		r.o.ShadowSize = 2048
		if r.d.CPU {
			r.o.ShadowSize = 1024
		}
	}
	r.o.ShadowSize = min(max(r.o.ShadowSize, 16), int(r.d.Limits.MaxImage2D))
	if r.o.Cascades <= 0 {
		r.o.Cascades = draw.MaxCascades
		if r.d.CPU {
			r.o.Cascades = 2
		}
	}
	r.o.Cascades = min(r.o.Cascades, draw.MaxCascades)
	if r.o.NoShadows {
		r.o.Cascades = 0
	}
}

// sampleCounts are the numbers of samples that colour and depth both can have, a bit
// each.
func (r *Renderer) sampleCounts() int {
	var p vulkan.PhysicalDeviceProperties
	vulkan.GetPhysicalDeviceProperties(r.d.Physical, &p)
	p.Deref()
	p.Limits.Deref()
	return int(p.Limits.FramebufferColorSampleCounts) & int(p.Limits.FramebufferDepthSampleCounts)
}

// softness is how soft shadows are: on a processor each tap costs as much as a light.
func (r *Renderer) softness() int {
	if r.d.CPU {
		return 1
	}
	return 2
}

// Device says what draws.
func (r *Renderer) Device() *device.Device { return r.d }

// Samples is how many samples a pixel has.
func (r *Renderer) Samples() int { return r.samples }

// Close gives everything back. Targets are closed with it.
func (r *Renderer) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	r.abandonPicks()
	for t := range r.targets {
		t.Close()
	}
	r.closeScene()
	for _, o := range r.outputs {
		o.close()
	}
	for i := len(r.closers) - 1; i >= 0; i-- {
		r.closers[i]()
	}
	if r.d.Lost() {
		// Nothing can be waited for: the device runs what was deferred when it closes,
		// and the allocator goes after all of that.
		if a := r.a; a != nil {
			r.d.Defer(func() { _ = a.Close() })
		}
		return r.d.Close()
	}
	err := r.d.WaitIdle()
	if r.a != nil {
		err = errors.Join(err, r.a.Close())
	}
	return errors.Join(err, r.d.Close())
}

// output is what turns light into a picture of a format.
type output struct {
	tone    *pass.Tone
	overlay *pass.Overlay
}

func (o *output) close() {
	o.tone.Close()
	o.overlay.Close()
}

func (r *Renderer) output(f vulkan.Format) (*output, error) {
	if o, ok := r.outputs[f]; ok {
		return o, nil
	}
	t := pass.Target{Color: f, Samples: 1}
	tone, err := pass.NewTone(r.d, t)
	if err != nil {
		return nil, err
	}
	overlay, err := pass.NewOverlay(r.d, r.a, t)
	if err != nil {
		tone.Close()
		return nil, err
	}
	o := &output{tone, overlay}
	r.outputs[f] = o
	return o, nil
}

// checkSize refuses pictures that the device cannot draw.
func (r *Renderer) checkSize(w, h int) error {
	if most := int(r.d.Limits.MaxImage2D); w < 0 || h < 0 || w > most || h > most {
		return fmt.Errorf("%w (%d x %d, at most %d a side)", ErrSize, w, h, most)
	}
	return nil
}
