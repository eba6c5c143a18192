package vk

import (
	"errors"
	"math"
	"time"

	"github.com/go-gl/mathgl/mgl32"
	vulkan "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/draw"
	"hearth/vk/pass"
	"hearth/vk/raw"
	"hearth/vk/scene"
)

// FrameOptions say how one picture is drawn.
type FrameOptions struct {
	// Time is the scene's clock (scene.Scene.Now): where animations are.
	Time time.Duration
	// Camera is used instead of the snapshot's.
	Camera *scene.Camera
	// Overlay stands over the picture; it must stay unchanged during Draw.
	Overlay *pass.OverlayContent
	// Secondary says that the picture is one besides the main one: what was asked with
	// Pick is not about it.
	Secondary bool
}

// Stats are figures of a frame.
type Stats struct {
	Number     uint64
	GPU        []device.Span // by pass, of the frame two before; valid until the next Draw
	CPU        time.Duration // of Draw, without waiting for the device
	Wait       time.Duration // for the device
	Objects    int           // in the scene
	Items      int           // their meshes
	Visible    int           // items that the camera saw, of some frame before
	Batches    int
	Draws      int // indirect and direct draw calls, shadows included
	Blended    int
	Triangles  int // that the camera saw, of some frame before
	Lights     int
	Uploaded   int // bytes of this frame, those of models, pictures and text included
	Pending    int // models that are on their way
	Failed     int
	Skipped    bool   // nothing could be drawn: no size, or no surface now
	DeviceUsed uint64 // bytes of memory on the device
}

// now is the frame that is being recorded.
type now struct {
	number       uint64
	frame        *device.Frame
	snapshot     *scene.Snapshot
	target       *frameTarget
	plan         *plan
	output       *output
	camera       scene.Camera
	projection   mgl32.Mat4
	combined     mgl32.Mat4
	time         time.Duration
	overlay      *pass.OverlayContent
	overlaySpace device.Slice
	depth        raw.Attachment
	color        [1]raw.Attachment
	rendering    raw.Rendering
	cascades     [draw.MaxCascades]draw.Cascade
	input        draw.Input
	executed     bool // the passes are recorded
	err          error
}

func (n *now) fail(err error) {
	if n.err == nil {
		n.err = err
	}
}

// The slices of depth in which lights are found begin and end here; what is nearer
// or farther is in the first or the last.
const (
	clusterNear = 0.25
	clusterFar  = 500
)

// Draw draws a snapshot. Where the target has no size, or its window no surface for
// now, it takes over the snapshot and draws nothing (Stats.Skipped). After an error,
// such as mem.ErrMemory, the next Draw tries again, with a scene that may have become
// smaller; ErrLost says that it is in vain.
func (r *Renderer) Draw(s *scene.Snapshot, t Target, o FrameOptions) (Stats, error) {
	if r.closed {
		return Stats{}, ErrClosed
	}
	if r.d.Lost() {
		return Stats{}, ErrLost
	}
	begun := time.Now()
	fr, err := r.frames.Begin()
	if err != nil {
		return Stats{}, err
	}
	waited := time.Since(begun)
	st, err := r.draw(fr, s, t, o)
	if err != nil {
		fr.Abandon() // does nothing where the frame was submitted
		return Stats{}, err
	}
	st.Wait = waited + st.Wait
	st.CPU = time.Since(begun) - st.Wait
	r.stats = st
	return st, nil
}

func (r *Renderer) draw(fr *device.Frame, s *scene.Snapshot, t Target, o FrameOptions) (Stats, error) {
	st, err := r.record(fr, s, t, o)
	if !r.now.executed {
		// Nothing is drawn, but what arrived for the scene was recorded, and counts as
		// being on the device.
		return st, errors.Join(err, fr.Submit(vulkan.NullSemaphore, vulkan.NullSemaphore, 0))
	}
	// A pass that failed has left something out; the picture is whole otherwise.
	if err := fr.Submit(r.now.target.wait, r.now.target.signal, raw.StageColorOutput); err != nil {
		return st, err
	}
	return st, errors.Join(err, t.next(r))
}

// record records a frame.
func (r *Renderer) record(fr *device.Frame, s *scene.Snapshot, t Target, o FrameOptions) (Stats, error) {
	f := &r.now
	*f = now{number: fr.Number, frame: fr, snapshot: s, time: o.Time, overlay: o.Overlay, camera: s.Camera}
	if o.Camera != nil {
		f.camera = *o.Camera
	}
	r.timers.Begin(fr)
	r.answerPicks()
	if err := r.sync(fr, s); err != nil {
		return Stats{}, err
	}
	waiting := time.Now()
	ft, err := t.begin(r)
	waited := time.Since(waiting)
	if err != nil {
		return Stats{}, err
	}
	st := Stats{Number: fr.Number, GPU: r.timers.Spans(), Objects: s.Objects.Len(), Lights: r.lights.count, Wait: waited}
	st.Pending, st.Failed = r.looks.counts()
	if ft == nil {
		st.Skipped = true
		return st, nil
	}
	f.target = ft
	f.camera = usable(f.camera)
	f.projection = draw.Perspective(f.camera.VFov, float32(ft.width)/float32(ft.height), f.camera.Near)
	f.combined = f.projection.Mul4(f.camera.View)
	if f.output, err = r.output(ft.format); err != nil {
		return st, err
	}
	if f.plan, err = t.planned().get(r, planKey{ft.width, ft.height, ft.format, s.Look.Bloom > 0, ft.last}); err != nil {
		return st, err
	}
	if f.overlay != nil {
		if n := f.overlay.Size(); n > 0 {
			if f.overlaySpace, err = fr.Alloc(n, 0); err != nil {
				return st, err
			}
		}
	}
	r.fill(ft)
	counts, err := r.drawer.Prepare(fr, &f.input)
	if err != nil {
		return st, err
	}
	r.lights.sent = true
	f.plan.graph.SetImage(f.plan.out, ft.image)
	f.plan.graph.SetBuffer(f.plan.skin, r.motion.vertices())
	f.plan.graph.Execute(fr.Stream, r.timers)
	f.executed = true
	if !o.Secondary {
		f.fail(r.recordPicks(fr.Stream))
	}
	r.timers.Finish(fr.Stream)
	st.Items, st.Batches, st.Blended, st.Uploaded = counts.Items, counts.Batches, counts.Blended, counts.Uploaded+r.looks.res.LastUpload()+r.grids.sent
	st.Visible, st.Triangles = counts.Visible, counts.Triangles
	st.Draws = counts.Groups*(1+len(f.input.Cascades)) + counts.Blended
	st.DeviceUsed = r.a.Stats().Used
	return st, f.err
}

// usable makes a camera that can be drawn with: a scene refuses others, but the
// caller may bring its own.
func usable(c scene.Camera) scene.Camera {
	d := scene.DefaultCamera()
	for _, x := range c.View {
		if x != x || x > math.MaxFloat32 || x < -math.MaxFloat32 {
			c.View = d.View
			break
		}
	}
	c.View.SetRow(3, mgl32.Vec4{0, 0, 0, 1})
	if det := c.View.Mat3().Det(); !(det > 1e-20 && det < 1e30) {
		c.View = d.View
	}
	// A view that scales shows what one without shows, nearer or farther from the near
	// plane. What follows measures metres before the camera, so it gets the latter.
	scale := float32(math.Cbrt(float64(c.View.Mat3().Det())))
	if abs(scale-1) > 1e-4 {
		for col := range 4 {
			for row := range 3 {
				c.View[4*col+row] /= scale
			}
		}
		c.Near /= scale
	}
	if !(c.VFov > 0.001 && c.VFov < 3.14) {
		c.VFov = d.VFov
	}
	if !(c.Near > 1e-6 && c.Near < 1e6) {
		c.Near = d.Near
	}
	return c
}

func abs(x float32) float32 { return max(x, -x) }

// fill writes what the whole picture shares.
func (r *Renderer) fill(ft *frameTarget) {
	f := &r.now
	look := &f.snapshot.Look
	in := &f.input
	u := &in.Frame
	// Directions are found without the camera's place, which would drown them far from
	// the middle of the world.
	turn := f.camera.View
	turn.SetCol(3, mgl32.Vec4{0, 0, 0, 1})
	u.ViewProjection, u.View, u.FromClip = f.combined, f.camera.View, f.projection.Mul4(turn).Inv()
	u.Camera = f.camera.View.Inv().Col(3).Vec3().Vec4(f.camera.Near)
	u.Ambient = look.Ambient.Vec3().Mul(look.Ambient[3]).Vec4(1)
	u.Background = look.Background.Vec4(1)
	w, h := float32(ft.width), float32(ft.height)
	u.Size = mgl32.Vec4{w, h, 1 / w, 1 / h}
	u.EnvironmentLevels = r.sky.levels()
	u.LightCount = uint32(r.lights.count)
	u.SunCount, u.ShadowSun = uint32(len(r.lights.suns)), ^uint32(0)
	for i := range r.lights.suns {
		u.Suns[i] = r.lights.suns[i].Sun
	}
	if i := r.lights.shadow; i >= 0 && r.o.Cascades > 0 {
		sun := &r.lights.suns[i]
		u.ShadowSun = uint32(i)
		in.Cascades = f.cascades[:r.o.Cascades]
		draw.Cascades(in.Cascades, f.camera.View, f.camera.VFov, w/h, f.camera.Near, sun.distance, sun.Direction.Vec3(), r.o.ShadowSize)
	}
	if !r.lights.sent {
		in.Lights = r.lights.bytes[:r.lights.count*pass.LightSize]
	}
}

func mapper(t scene.ToneMap) pass.Mapper {
	switch t {
	case scene.ACES:
		return pass.MapACES
	case scene.Reinhard:
		return pass.MapReinhard
	case scene.None:
		return pass.MapNone
	}
	return pass.MapNeutral
}

// Ready says how many of the things that a snapshot names are still on their way,
// and which failed. It is about what was drawn last: draw the snapshot first.
func (r *Renderer) Ready(*scene.Snapshot) (pending int, failures []Failure) {
	return len(r.looks.open) + r.sky.pending() + r.canvases.left + r.grids.left + r.grids.pages.left, append(r.looks.failures(), r.sky.failures()...)
}
