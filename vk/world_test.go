package vk

import (
	"bytes"
	"context"
	"image"
	"math"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/lumps"
	"hearth/store"
	"hearth/store/asset"
	"hearth/store/mem"
	"hearth/vk/device"
	"hearth/vk/model"
	"hearth/vk/scene"
	"hearth/vk/vktest"
)

// stage is a renderer with a scene, lumps to draw and validation that fails the test.
type stage struct {
	t      testing.TB
	blocks *mem.Store
	held   sync.Map // lumps that do not arrive
	scene  *scene.Scene
	r      *Renderer
	off    *Offscreen
}

const width, height = 256, 144

// swiftShader is where Debian's chromium has its CPU device.
const swiftShader = "/usr/lib/chromium/vk_swiftshader_icd.json"

// newStage opens lavapipe, or SwiftShader where profile is bindless.
func newStage(t testing.TB, profile device.Profile, set ...func(*Options)) *stage {
	t.Helper()
	s := &stage{t: t, blocks: mem.New(), scene: scene.New(scene.Limits{})}
	cache := asset.New(slow{asset.FromBlocks(s.blocks), s}, asset.Options{})
	model.Register(cache)
	t.Cleanup(cache.Close)
	o := Options{Assets: cache, Device: device.Options{Validate: true, Device: "llvmpipe", Profile: device.ProfileBound,
		OnMessage: func(m device.Message) { t.Errorf("validation: [%s] %s", m.ID, m.Text) }}}
	for _, f := range set {
		f(&o)
	}
	var err error
	if profile == device.ProfileBindless {
		o.Device.Device, o.Device.Profile = "SwiftShader", profile
		vktest.Driver(swiftShader, func() { s.r, err = Open(o) })
	} else {
		s.r, err = Open(o)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.r.Close(); err != nil {
			t.Error(err)
		}
	})
	if s.off, err = s.r.NewOffscreen(width, height); err != nil {
		t.Fatal(err)
	}
	return s
}

// put makes a lump.
func (s *stage) put(b []byte) lumps.CID {
	s.t.Helper()
	l, err := store.PutLump(context.Background(), s.blocks, bytes.NewReader(b), store.KindFile)
	if err != nil {
		s.t.Fatal(err)
	}
	return l.CID
}

// hold keeps a lump from arriving.
func (s *stage) hold(c lumps.CID) { s.held.Store(c, true) }

// slow is a source in which held lumps never arrive.
type slow struct {
	asset.Source
	s *stage
}

func (x slow) Open(ctx context.Context, c lumps.CID) (asset.Content, error) {
	if _, held := x.s.held.Load(c); held {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return x.Source.Open(ctx, c)
}

// file makes a lump of a file.
func (s *stage) file(path string) lumps.CID {
	s.t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.put(b)
}

// add puts an object into the scene.
func (s *stage) add(c lumps.CID, at mgl32.Mat4, set ...func(*scene.Object)) scene.ID {
	s.t.Helper()
	o := scene.NewObject()
	o.Model, o.Transform = c, at
	for _, f := range set {
		f(&o)
	}
	id, err := s.scene.AddObject(o)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

func (s *stage) light(l scene.Light) {
	s.t.Helper()
	if _, err := s.scene.AddLight(l); err != nil {
		s.t.Fatal(err)
	}
}

// sun is a light of the afternoon.
func (s *stage) sun() {
	s.light(scene.Light{Kind: scene.Directional, Color: mgl32.Vec3{1, 0.95, 0.85}, Intensity: 3, Direction: mgl32.Vec3{-0.5, -1, -0.4}, Shadow: true, Distance: 30})
}

// look places the camera.
func (s *stage) look(from, to mgl32.Vec3) {
	s.t.Helper()
	if err := s.scene.SetCamera(scene.Camera{View: mgl32.LookAtV(from, to, mgl32.Vec3{0, 1, 0}), VFov: math.Pi / 4, Near: 0.05}); err != nil {
		s.t.Fatal(err)
	}
}

// draw draws one frame.
func (s *stage) draw(set ...func(*FrameOptions)) Stats {
	s.t.Helper()
	o := FrameOptions{}
	for _, f := range set {
		f(&o)
	}
	st, err := s.r.Draw(s.scene.Snapshot(), s.off, o)
	if err != nil {
		s.t.Fatal(err)
	}
	return st
}

// settle draws until everything has arrived or failed, and then once more.
func (s *stage) settle(set ...func(*FrameOptions)) []Failure {
	s.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		s.draw(set...)
		pending, failures := s.r.Ready(s.scene.Snapshot())
		if pending == 0 {
			s.draw(set...)
			return failures
		}
		if time.Now().After(end) {
			s.t.Fatalf("%d lumps have not arrived", pending)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (s *stage) picture() *image.NRGBA {
	s.t.Helper()
	p, err := s.r.Read(s.off)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}
