package scene

import (
	"sync"
	"time"
)

// Snapshot is a scene at one moment. It is immutable and lives as long as somebody
// holds it.
type Snapshot struct {
	Version  uint64 // counts up with the snapshots of a scene, from 1
	Objects  Table[Object]
	Lights   Table[Light]
	Canvases Table[Canvas]
	Lines    Table[Lines]
	Grids    Table[Grid]
	Glyphs   Table[Glyph] // what handles name: the slot is the handle
	Pages    []Page       // of glyphs; to be read only
	Views    Table[View]
	Sky      Sky
	Camera   Camera
	Look     Look
}

// Scene is what there is to see. Its methods may be called by anybody at any time.
type Scene struct {
	limits Limits
	begun  time.Time
	wake   chan struct{}

	mu       sync.Mutex // guards what follows
	epoch    uint64     // one more for each snapshot: chunks of this epoch are ours alone
	serial   uint64     // of the newest thing
	bytes    int64
	dirty    bool
	last     *Snapshot
	objects  writer[Object]
	lights   writer[Light]
	canvases writer[Canvas]
	lines    writer[Lines]
	grids    writer[Grid]
	glyphs   writer[Glyph]
	pages    []Page
	logs     []pageLog
	// pagesEpoch is the epoch when pages was made: equal says that no snapshot has it.
	pagesEpoch uint64
	views      writer[View]
	sky        Sky
	camera     Camera
	look       Look
}

// New returns a scene with nothing in it.
func New(l Limits) *Scene {
	l = l.filled()
	s := &Scene{limits: l, begun: time.Now(), wake: make(chan struct{}, 1), epoch: 1, dirty: true, camera: DefaultCamera(), look: DefaultLook()}
	s.objects.limit, s.lights.limit, s.canvases.limit, s.lines.limit, s.views.limit = l.Objects, l.Lights, l.Canvases, l.Lines, l.Views
	s.grids.limit, s.glyphs.limit = l.Grids, l.Glyphs
	return s
}

// Limits returns what bounds the scene.
func (s *Scene) Limits() Limits { return s.limits }

// Now is the clock of the scene: the time since it was made.
func (s *Scene) Now() time.Duration { return time.Since(s.begun) }

// Changed yields a value some time after a change that no snapshot has. It is for
// the one who draws: many changes are one value.
func (s *Scene) Changed() <-chan struct{} { return s.wake }

// Snapshot returns the scene as it is now: the same pointer while nothing changed.
func (s *Scene) Snapshot() *Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.dirty {
		return s.last
	}
	v := uint64(1)
	if s.last != nil {
		v = s.last.Version + 1
	}
	s.last = &Snapshot{
		Version: v, Objects: s.objects.Table, Lights: s.lights.Table, Canvases: s.canvases.Table,
		Lines: s.lines.Table, Grids: s.grids.Table, Glyphs: s.glyphs.Table, Pages: s.pages,
		Views: s.views.Table, Sky: s.sky, Camera: s.camera, Look: s.look,
	}
	s.dirty = false
	s.epoch++
	return s.last
}

// changed is called with mu held.
func (s *Scene) changed() {
	s.dirty = true
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// thing is a kind of what lies in tables.
type thing[T any] interface {
	*T
	bytes() int64
}

func add[T any, P thing[T]](s *Scene, t *writer[T], item T, what string, check func(*Limits, *T) error) (ID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := &t.scratch
	defer t.forget()
	*x = item
	if err := check(&s.limits, x); err != nil {
		return 0, err
	}
	if t.live >= t.limit {
		return 0, &FullError{what, int64(t.limit)}
	}
	if err := s.charge(P(x).bytes()); err != nil {
		return 0, err
	}
	s.serial++
	id := t.add(x, s.serial, s.epoch)
	s.changed()
	return id, nil
}

func update[T any, P thing[T]](s *Scene, t *writer[T], id ID, f func(*T), check func(*Limits, *T) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := t.Get(id)
	if !ok {
		return ErrNoThing
	}
	x := &t.scratch
	defer t.forget()
	*x = *old
	f(x)
	if err := check(&s.limits, x); err != nil {
		return err
	}
	if err := s.charge(P(x).bytes() - P(old).bytes()); err != nil {
		return err
	}
	t.set(id, x, s.epoch)
	s.changed()
	return nil
}

func remove[T any, P thing[T]](s *Scene, t *writer[T], id ID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := t.Get(id)
	if !ok {
		return ErrNoThing
	}
	s.bytes -= P(old).bytes()
	t.remove(id, s.epoch)
	s.changed()
	return nil
}

// charge takes n bytes of the limit, or gives them back. It is called with mu held.
func (s *Scene) charge(n int64) error {
	if n > 0 && s.bytes+n > s.limits.Bytes {
		return &FullError{"bytes of pixels, vertices, cells and joints", s.limits.Bytes}
	}
	s.bytes += n
	return nil
}

// AddObject puts an object into the scene, which owns its slices from now on.
func (s *Scene) AddObject(o Object) (ID, error) {
	return add(s, &s.objects, o, "objects", (*Limits).object)
}

// UpdateObject changes an object: f gets a copy, which takes its place if it can be
// drawn, and otherwise the object stays as it was. f is called with the scene
// locked: it must be quick and must not call the scene. The same goes for what
// updates other things.
func (s *Scene) UpdateObject(id ID, f func(*Object)) error {
	return update(s, &s.objects, id, f, (*Limits).object)
}

// Object returns a copy of an object as it is now, whose slices are only to be read,
// and false where it is gone.
func (s *Scene) Object(id ID) (Object, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o, ok := s.objects.Get(id); ok {
		return *o, true
	}
	return Object{}, false
}

// RemoveObject takes an object out.
func (s *Scene) RemoveObject(id ID) error { return remove(s, &s.objects, id) }

// AddLight puts a light into the scene.
func (s *Scene) AddLight(l Light) (ID, error) {
	return add(s, &s.lights, l, "lights", (*Limits).light)
}

// UpdateLight changes a light.
func (s *Scene) UpdateLight(id ID, f func(*Light)) error {
	return update(s, &s.lights, id, f, (*Limits).light)
}

// RemoveLight takes a light out.
func (s *Scene) RemoveLight(id ID) error { return remove(s, &s.lights, id) }

// AddCanvas puts a canvas into the scene, which owns its pixels from now on.
func (s *Scene) AddCanvas(c Canvas) (ID, error) {
	c.Version = 1
	return add(s, &s.canvases, c, "canvases", (*Limits).canvas)
}

// UpdateCanvas changes a canvas. Other pixels are another slice.
func (s *Scene) UpdateCanvas(id ID, f func(*Canvas)) error {
	return update(s, &s.canvases, id, func(c *Canvas) {
		version, pixels, w, h := c.Version, first(c.Pixels), c.Width, c.Height
		f(c)
		c.Version = version
		if first(c.Pixels) != pixels || c.Width != w || c.Height != h {
			c.Version++
		}
	}, (*Limits).canvas)
}

// RemoveCanvas takes a canvas out.
func (s *Scene) RemoveCanvas(id ID) error { return remove(s, &s.canvases, id) }

// AddLines puts lines into the scene, which owns their slices from now on.
func (s *Scene) AddLines(l Lines) (ID, error) {
	l.Version = 1
	return add(s, &s.lines, l, "sets of lines", (*Limits).lines)
}

// UpdateLines changes lines. Other lines are other slices.
func (s *Scene) UpdateLines(id ID, f func(*Lines)) error {
	return update(s, &s.lines, id, func(l *Lines) {
		old := *l
		f(l)
		l.Version = old.Version
		if first(l.Vertices) != first(old.Vertices) || first(l.Indices) != first(old.Indices) ||
			len(l.Vertices) != len(old.Vertices) || len(l.Indices) != len(old.Indices) {
			l.Version++
		}
	}, (*Limits).lines)
}

// RemoveLines takes lines out.
func (s *Scene) RemoveLines(id ID) error { return remove(s, &s.lines, id) }

// AddView puts a virtual camera into the scene.
func (s *Scene) AddView(v View) (ID, error) { return add(s, &s.views, v, "views", (*Limits).view) }

// UpdateView changes a virtual camera.
func (s *Scene) UpdateView(id ID, f func(*View)) error {
	return update(s, &s.views, id, f, (*Limits).view)
}

// RemoveView takes a virtual camera out.
func (s *Scene) RemoveView(id ID) error { return remove(s, &s.views, id) }

// SetSky says what is behind everything.
func (s *Scene) SetSky(sky Sky) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sky != sky {
		s.sky = sky
		s.changed()
	}
	return nil
}

// SetCamera says where the space is seen from.
func (s *Scene) SetCamera(c Camera) error {
	if err := c.Check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.camera != c {
		s.camera = c
		s.changed()
	}
	return nil
}

// SetLook says how the picture is made of the light.
func (s *Scene) SetLook(l Look) error { return s.UpdateLook(func(x *Look) { *x = l }) }

// UpdateLook changes some of how the picture is made. f is called with the scene
// locked.
func (s *Scene) UpdateLook(f func(*Look)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.look
	f(&l)
	if err := checkLook(&l); err != nil {
		return err
	}
	if s.look != l {
		s.look = l
		s.changed()
	}
	return nil
}

func first[T any](x []T) *T {
	if len(x) == 0 {
		return nil
	}
	return &x[0]
}
