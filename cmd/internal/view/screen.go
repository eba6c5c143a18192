package view

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"hearth/cmd/internal/exit"
	"hearth/store/asset"
	"hearth/vk"
	"hearth/vk/device"
	"hearth/vk/raw"
	"hearth/vk/scene"
	"hearth/vk/window"
)

const (
	// maxLosses is how often a device may be lost within lossWindow before drawing is
	// given up: a driver that resets once in a while is survived, one that fails at
	// every frame is not tried for ever.
	maxLosses  = 5
	lossWindow = time.Minute
	// reopenAfter is the pause before a lost device is opened again, which drivers
	// need after a reset. It grows with every loss.
	reopenAfter = 200 * time.Millisecond
)

// ErrLost reports a device that is lost again and again.
var ErrLost = errors.New("the graphics device is lost again and again; update its driver, or choose another with --device")

// screen is a renderer and what it draws on. It belongs to the frame loop.
type screen struct {
	o      vk.Options
	log    *slog.Logger
	win    *window.Window // nil: offscreen
	width  int            // of an offscreen picture
	height int

	r     *vk.Renderer
	off   *vk.Offscreen
	small *vk.Offscreen // of scout
	swap  *vk.Swapchain

	faults atomic.Int64 // what validation said
	losses []time.Time
}

func openScreen(o Options, assets *asset.Cache, win *window.Window, log *slog.Logger) (*screen, error) {
	s := &screen{win: win, width: o.Width, height: o.Height, log: log}
	s.o = vk.Options{Assets: assets, Samples: o.Samples, Log: log, Device: device.Options{
		Device: o.Device, Validate: o.Validate, Cache: o.Cache, Log: log, OnMessage: s.message,
	}}
	if win != nil {
		s.o.Device.InstanceExtensions = window.Extensions()
		s.o.Device.Surface = win.Surface
	}
	if err := s.open(); err != nil {
		return nil, absent(err)
	}
	return s, nil
}

// message logs what validation, a driver or the loader says. It is called where the
// fault is, on any thread. Only validation speaks of faults of this program: the loader
// also tells of drivers that others installed badly.
func (s *screen) message(m raw.Message) {
	level := slog.LevelDebug
	if m.Severity >= raw.Warning {
		level = slog.LevelWarn
		for _, fault := range [...]string{"VUID-", "SYNC-", "UNASSIGNED-"} {
			if strings.HasPrefix(m.ID, fault) {
				level = slog.LevelError
				s.faults.Add(1)
			}
		}
	}
	s.log.Log(context.Background(), level, "Vulkan", "id", m.ID, "text", m.Text)
}

func (s *screen) open() (err error) {
	if s.r, err = vk.Open(s.o); err != nil {
		return err
	}
	if s.win != nil {
		s.swap, err = s.r.NewSwapchain(s.win.Size)
	} else {
		s.off, err = s.r.NewOffscreen(s.width, s.height)
	}
	if err != nil {
		s.close()
	}
	return err
}

// absent makes what this machine lacks an error with its own exit code.
func absent(err error) error {
	var none *device.NoDeviceError
	if errors.Is(err, device.ErrNoDriver) || errors.Is(err, device.ErrNoValidation) || errors.Is(err, raw.ErrNoLoader) ||
		errors.Is(err, device.ErrMemory) || errors.As(err, &none) {
		return &exit.UnavailableError{Err: err}
	}
	if errors.Is(err, vk.ErrSize) {
		return exit.Usagef("%w", err)
	}
	return err
}

func (s *screen) close() error {
	if s.r == nil {
		return nil
	}
	err := s.r.Close() // with what was made of it
	s.r, s.swap, s.off, s.small = nil, nil, nil, nil
	return err
}

func (s *screen) target() vk.Target {
	if s.swap != nil {
		return s.swap
	}
	return s.off
}

// draw draws a frame. A device that is lost is opened again: then the frame is not
// drawn, lost is true, and what was picked is not answered.
func (s *screen) draw(snap *scene.Snapshot, o vk.FrameOptions) (st vk.Stats, lost bool, err error) {
	if s.r == nil {
		return st, true, s.reopen()
	}
	return s.drawOn(s.target(), snap, o)
}

// scoutWidth and scoutHeight are the size of pictures that nobody sees: drawing is
// what makes things arrive, and a small picture makes them arrive as well.
const scoutWidth, scoutHeight = 32, 18

// scout takes over a snapshot, and what has arrived for it, by a small picture.
func (s *screen) scout(snap *scene.Snapshot, now time.Duration) (err error) {
	if s.r == nil {
		return s.reopen()
	}
	if s.small == nil {
		if s.small, err = s.r.NewOffscreen(scoutWidth, scoutHeight); err != nil {
			return s.failed(err)
		}
	}
	_, _, err = s.drawOn(s.small, snap, vk.FrameOptions{Time: now})
	return err
}

// drawOn draws on another target of the same device.
func (s *screen) drawOn(t vk.Target, snap *scene.Snapshot, o vk.FrameOptions) (st vk.Stats, lost bool, err error) {
	if st, err = s.r.Draw(snap, t, o); err == nil {
		return st, false, nil
	}
	return st, errors.Is(err, vk.ErrLost), s.failed(err)
}

// failed takes an error of drawing: nil where drawing goes on with another device.
func (s *screen) failed(err error) error {
	if !errors.Is(err, vk.ErrLost) {
		return absent(err)
	}
	s.log.Warn("the graphics device was lost; it is opened again", "error", err)
	s.close()
	return s.lose(time.Now())
}

// lose counts a loss.
func (s *screen) lose(now time.Time) error {
	s.losses = append(s.losses, now)
	for len(s.losses) > 0 && now.Sub(s.losses[0]) > lossWindow {
		s.losses = s.losses[1:]
	}
	if len(s.losses) >= maxLosses {
		return &exit.UnavailableError{Err: ErrLost}
	}
	return nil
}

// reopen opens a lost device again, after a pause.
func (s *screen) reopen() error {
	if wait := reopenAfter << (len(s.losses) - 1); time.Since(s.losses[len(s.losses)-1]) < wait {
		time.Sleep(10 * time.Millisecond)
		return nil
	}
	if err := s.open(); err != nil {
		s.log.Warn("the graphics device does not open", "error", err)
		if lost := s.lose(time.Now()); lost != nil {
			return fmt.Errorf("%w: %w", lost, err)
		}
		return nil
	}
	s.log.Info("the graphics device is open again")
	return nil
}

// cpu reports a device that is a program.
func (s *screen) cpu() bool { return s.r != nil && s.r.Device().CPU }

// picture returns the offscreen picture that was drawn last.
func (s *screen) picture() (*image.NRGBA, error) { return s.r.Read(s.off) }
