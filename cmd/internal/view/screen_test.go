package view

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"hearth/cmd/internal/exit"
	"hearth/store/asset"
	"hearth/store/mem"
	"hearth/vk"
	"hearth/vk/raw"
	"hearth/vk/scene"
)

// onLavapipe has the drivers of the test draw the same on every machine.
func onLavapipe(t *testing.T) {
	t.Setenv("VK_ICD_FILENAMES", "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json")
}

func testScreen(t *testing.T) *screen {
	t.Helper()
	onLavapipe(t)
	assets := asset.New(asset.FromBlocks(mem.New()), asset.Options{})
	t.Cleanup(assets.Close)
	s, err := openScreen(Options{Width: 64, Height: 36, Samples: 1, Validate: true}, assets, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
		if n := s.faults.Load(); n > 0 {
			t.Errorf("validation found %d faults", n)
		}
	})
	return s
}

// shown draws until there is a picture.
func shown(t *testing.T, s *screen, snap *scene.Snapshot) []byte {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		_, lost, err := s.draw(snap, vk.FrameOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if !lost {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the device does not come back")
		}
	}
	img, err := s.picture()
	if err != nil {
		t.Fatal(err)
	}
	return img.Pix
}

// A device that is lost is opened again and shows the same; one that is lost again and
// again is given up with a sentence.
func TestDeviceLost(t *testing.T) {
	s := testScreen(t)
	sc := scene.New(scene.Limits{})
	look := scene.DefaultLook()
	look.Background = [3]float32{0.1, 0.4, 0.2}
	if err := sc.SetLook(look); err != nil {
		t.Fatal(err)
	}
	before := shown(t, s, sc.Snapshot())
	lost := fmt.Errorf("in the middle of a frame: %w", vk.ErrLost)
	for range 2 {
		if err := s.failed(lost); err != nil {
			t.Fatal(err)
		}
		if s.r != nil {
			t.Fatal("the lost device is still open")
		}
		if after := shown(t, s, sc.Snapshot()); !bytes.Equal(before, after) {
			t.Error("the picture is another")
		}
	}
	var err error
	for range maxLosses {
		if err = s.failed(lost); err != nil {
			break
		}
		shown(t, s, sc.Snapshot())
	}
	if !errors.Is(err, ErrLost) || exit.Code(err) != 69 {
		t.Errorf("lost for ever: %v", err)
	}
	// An hour later it counts anew.
	if err := s.lose(time.Now().Add(time.Hour)); err != nil {
		t.Errorf("lost once in an hour: %v", err)
	}
	if err := s.failed(vk.ErrSize); exit.Code(err) != 64 {
		t.Errorf("a picture that is too large: %v", err)
	}
}

// A driver that went away, as in an update, is not waited for for ever.
func TestDeviceDoesNotComeBack(t *testing.T) {
	s := testScreen(t)
	snap := scene.New(scene.Limits{}).Snapshot()
	shown(t, s, snap)
	if err := s.failed(vk.ErrLost); err != nil {
		t.Fatal(err)
	}
	os.Setenv("VK_ICD_FILENAMES", "/nonexistent.json")
	var err error
	for end := time.Now().Add(30 * time.Second); err == nil && time.Now().Before(end); {
		_, _, err = s.draw(snap, vk.FrameOptions{})
	}
	if !errors.Is(err, ErrLost) || exit.Code(err) != 69 {
		t.Errorf("%v", err)
	}
}

// What validation says counts, and what the loader says of others does not.
func TestFaultsCount(t *testing.T) {
	s := &screen{log: slog.New(slog.DiscardHandler)}
	for _, m := range []raw.Message{
		{Severity: raw.Error, ID: "Loader Message", Text: "a driver of others"},
		{Severity: raw.Warning - 1, ID: "VUID-vkCmdDraw-None-1", Text: "for information"},
	} {
		s.message(m)
	}
	if n := s.faults.Load(); n != 0 {
		t.Errorf("%d faults", n)
	}
	for _, id := range []string{"VUID-vkCmdDraw-None-1", "SYNC-HAZARD-WRITE-AFTER-READ", "UNASSIGNED-CoreValidation-1"} {
		s.message(raw.Message{Severity: raw.Error, ID: id})
	}
	if n := s.faults.Load(); n != 3 {
		t.Errorf("%d faults of 3", n)
	}
}
