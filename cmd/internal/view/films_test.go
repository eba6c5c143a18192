package view

import (
	"bytes"
	"errors"
	"log/slog"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk"
	"hearth/vk/mem"
	"hearth/vk/scene"
)

// narrow opens the device again with little memory.
func narrow(t *testing.T, s *screen, budget int64) {
	t.Helper()
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	s.o.Memory.Budget = budget
	if err := s.open(); err != nil {
		t.Fatal(err)
	}
}

func seenFrom(width, height int) scene.View {
	return scene.View{Camera: scene.Camera{View: mgl32.Ident4(), VFov: math.Pi / 3, Near: 0.1}, Width: width, Height: height}
}

// A guest's camera for which the device has no room is given up, and the others film on.
func TestFilmTooLargeForTheDevice(t *testing.T) {
	s := testScreen(t)
	narrow(t, s, 192<<20)
	sc := scene.New(scene.Limits{})
	for _, size := range []int{scene.MaxSide, 64} {
		if _, err := sc.AddView(seenFrom(size, size)); err != nil {
			t.Fatal(err)
		}
	}
	r, err := newRecord(t.TempDir(), "", 30)
	if err != nil {
		t.Fatal(err)
	}
	f := newFilms(Options{Record: r}, s, slog.New(slog.DiscardHandler))
	for i := range 3 {
		if err := f.draw(sc.Snapshot(), time.Duration(i)*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	if f.drawn != 3 {
		t.Errorf("%d pictures of the other camera", f.drawn)
	}
	if _, lost, err := s.draw(sc.Snapshot(), vk.FrameOptions{}); err != nil || lost {
		t.Errorf("the main picture: lost %v, %v", lost, err)
	}
	if err := f.close(); !errors.Is(err, mem.ErrMemory) {
		t.Errorf("the end says %v", err)
	}
}

// A guest that places camera after camera fills no disk with folders.
func TestFoldersOfARecord(t *testing.T) {
	s := testScreen(t)
	sc := scene.New(scene.Limits{})
	dir := t.TempDir()
	r, err := newRecord(dir, "", 30)
	if err != nil {
		t.Fatal(err)
	}
	f := newFilms(Options{Record: r}, s, slog.New(slog.DiscardHandler))
	f.number = maxFolders - 1
	for i := range 4 {
		id, err := sc.AddView(seenFrom(16, 16))
		if err != nil {
			t.Fatal(err)
		}
		if err := f.draw(sc.Snapshot(), time.Duration(i)*time.Second); err != nil {
			t.Fatal(err)
		}
		sc.RemoveView(id)
	}
	if made, _ := os.ReadDir(dir); len(made) != 1 {
		t.Errorf("%d folders", len(made))
	}
	if err := f.close(); !errors.Is(err, errFolders) {
		t.Errorf("the end says %v", err)
	}
}

// A window that the device has no room for is not drawn, and drawn when there is room.
func TestWindowTooLargeForTheDevice(t *testing.T) {
	s := testScreen(t)
	s.width, s.height = 4096, 4096
	narrow(t, s, 192<<20)
	var log bytes.Buffer
	v := &View{screen: s, log: slog.New(slog.NewTextHandler(&log, nil)), scene: scene.New(scene.Limits{}), o: Options{Width: 64, Height: 36}}
	v.guests.camera = scene.DefaultCamera()
	now := time.Now()
	for i := range 3 {
		at := now.Add(time.Duration(i) * roomEvery)
		_, err := v.frame(v.scene.Snapshot(), 0)
		if !errors.Is(err, mem.ErrMemory) {
			t.Fatalf("it is drawn: %v", err)
		}
		if err := v.bear(err, at); err != nil {
			t.Fatalf("it ends: %v", err)
		}
		if !at.Before(v.room) {
			t.Error("it is tried again at once")
		}
	}
	if n := bytes.Count(log.Bytes(), []byte("the window is not drawn")); n != 1 {
		t.Errorf("said %d times", n)
	}
	off, err := s.r.NewOffscreen(64, 36)
	if err != nil {
		t.Fatal(err)
	}
	s.off.Close()
	s.off = off
	if lost, err := v.frame(v.scene.Snapshot(), 0); err != nil || lost {
		t.Errorf("smaller: lost %v, %v", lost, err)
	}
	if err := v.bear(ErrLost, now); err != ErrLost {
		t.Errorf("a device that is lost for ever: %v", err)
	}
}

// Who records a scene without cameras is told why nothing comes, once.
func TestRecordWithoutCameras(t *testing.T) {
	var log bytes.Buffer
	f := newFilms(Options{Record: &record{path: t.TempDir(), format: "png", fps: 30}}, &screen{r: &vk.Renderer{}}, slog.New(slog.NewTextHandler(&log, nil)))
	sc := scene.New(scene.Limits{})
	for range 3 {
		if err := f.draw(sc.Snapshot(), 0); err != nil {
			t.Fatal(err)
		}
		if f.since = f.since.Add(-noCamera + time.Second); log.Len() == 0 {
			f.since = f.since.Add(-time.Second)
		}
	}
	if n := strings.Count(log.String(), "no guest has placed a camera"); n != 1 {
		t.Errorf("said %d times\n%s", n, log.String())
	}
}
