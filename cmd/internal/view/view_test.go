package view

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl32"
	"go.uber.org/goleak"

	"hearth/cmd/internal/eye"
	"hearth/runtime"
	"hearth/runtime/wasm"
	"hearth/store/mem"
	terminal "hearth/term/service"
	"hearth/vk/scene"
	"hearth/vk/service"
)

func testView(t *testing.T, o Options) *View {
	t.Helper()
	onLavapipe(t)
	o.Width, o.Height, o.Samples, o.FPS, o.Validate = 64, 36, 1, 30, true
	v, err := Open(o, mem.New(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A view that draws, is asked, and ends leaves no goroutine behind, and nobody waiting.
func TestViewEnds(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreAnyFunction("hearth/vk/window/windowtest.Main"))
	c, err := newCapture(filepath.Join(t.TempDir(), "x.png"))
	if err != nil {
		t.Fatal(err)
	}
	v := testView(t, Options{Capture: c, Frames: 3, Empty: true, Timeout: patience, Terminals: &Terminals{Policy: terminal.Local, Shell: sh(t), World: t.TempDir()}})
	rt, err := runtime.New(runtime.Options{Store: mem.New(), Engine: wasm.Bind(wasm.Options{}), Logger: slog.New(slog.DiscardHandler), Services: v.Services()})
	if err != nil {
		t.Fatal(err)
	}
	v.Started(rt)
	for range 3 {
		if _, err := v.terminals.OpenHere(before(v.camera().View, v.cell)); err != nil {
			t.Fatal(err)
		}
	}
	if i := v.terminals.List(); len(i) != 3 || i[0].Columns != openColumns || i[0].Rows != openRows {
		t.Errorf("%+v", i)
	}
	asked := make(chan error, 1)
	go func() {
		_, err := v.Pick(t.Context(), 1, 1)
		asked <- err
	}()
	if err := v.Run(t.Context(), func() int { return 0 }); err != nil {
		t.Error(err)
	}
	select {
	case err := <-asked:
		if err != nil && !errors.Is(err, errNotShown) && !errors.Is(err, errNotAnswered) {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("who asked what is under a pixel waits for ever")
	}
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
	if _, err := v.Pick(t.Context(), 1, 1); !errors.Is(err, errNotShown) {
		t.Errorf("behind the end: %v", err)
	}
	if err := v.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}

// A view whose world never began ends as well, and so does one that is stopped while it
// waits for what does not come.
func TestViewEndsEarly(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreAnyFunction("hearth/vk/window/windowtest.Main"))
	if err := testView(t, Options{Terminals: &Terminals{Policy: terminal.Ask}}).Close(); err != nil {
		t.Error(err)
	}
	c, err := newCapture(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	v := testView(t, Options{Capture: c, Frames: 1, Remote: true, Timeout: time.Hour})
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	if err := v.Run(ctx, nil); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
}

// A guest's camera is followed until the user goes elsewhere, and from there on only
// where the user asks for it.
func TestWhoseCamera(t *testing.T) {
	v := &View{eye: eye.Look(mgl32.Vec3{0, 1, 4}, mgl32.Vec3{}), wanted: newWanted("", nil)}
	theirs := scene.Camera{View: mgl32.LookAtV(mgl32.Vec3{9, 9, 9}, mgl32.Vec3{}, mgl32.Vec3{0, 1, 0}), VFov: 0.5, Near: 0.2}
	v.hear()
	if v.camera().View != v.eye.View() {
		t.Error("without a guest's camera it is not the eye")
	}
	v.wanted.SetCamera(theirs)
	if !v.hear() || v.camera() != theirs {
		t.Errorf("a guest's camera is not followed: %+v", v.camera())
	}
	if v.move(time.Second / 10); v.camera() != theirs {
		t.Error("who does nothing leaves it")
	}
	press(&v.hands, "W")
	v.move(time.Second / 10)
	let(&v.hands, "W")
	if at := v.eye.Position; v.hands.theirs || at.Sub(mgl32.Vec3{9, 9, 9}).Len() > 1 {
		t.Errorf("who moves does not go on from there: %v", at)
	}
	if c := v.camera(); c.VFov != theirs.VFov || c.View != v.eye.View() {
		t.Errorf("%+v", c)
	}
	v.wanted.SetCamera(theirs)
	if v.hear(); v.camera() == theirs {
		t.Error("a guest takes the eye of a user who moves it")
	}
	press(&v.hands, "F4")
	if v.camera() != theirs {
		t.Error("F4 does not look through it")
	}
	v.hands.theirs, v.hands.guests = false, true
	v.wanted.SetCamera(theirs)
	if v.hear(); v.camera() != theirs {
		t.Error("a guest that has the keyboard has no camera")
	}
	if v.o.VFov = 1; v.camera().VFov != 1 {
		t.Error("--fov is not what is drawn")
	}
}

// What guests want of the window is done once, however often they say it.
func TestWanted(t *testing.T) {
	woken := 0
	w := newWanted("Hearth", func() { woken++ })
	if _, changed := w.take(); changed {
		t.Error("news without a guest")
	}
	w.SetTitle("Hearth") // as it is
	if _, changed := w.take(); changed || woken != 0 {
		t.Error("what is so already is news")
	}
	for _, g := range []service.Grab{service.Confined, service.Locked, service.GrabNone, service.Locked} {
		w.SetCursorGrab(g)
	}
	w.SetTitle("a title")
	w.SetCursorVisible(false)
	s, changed := w.take()
	if !changed || s.title != "a title" || s.visible || s.grab == 0 || woken == 0 {
		t.Errorf("%+v, %v", s, changed)
	}
	if _, changed := w.take(); changed {
		t.Error("the same news twice")
	}
}

// Where nothing but guests' cameras is drawn there are no pixels to ask about.
func TestPickWithoutAPicture(t *testing.T) {
	v := &View{picks: make(chan pick), done: make(chan struct{})}
	if _, err := v.Pick(t.Context(), 1, 1); !errors.Is(err, errNotShown) {
		t.Error(err)
	}
}
