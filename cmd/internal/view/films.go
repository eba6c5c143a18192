package view

import (
	"errors"
	"fmt"
	"image"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hearth/cmd/internal/exit"
	"hearth/vk"
	"hearth/vk/scene"
	"hearth/vk/scene/film"
)

// record is where the pictures of guests' cameras go.
type record struct {
	path   string // - is stdout
	format string // png, y4m or rgba
	fps    int
}

// noCamera is how long a record waits for a camera until the log says so: guests place
// theirs in less.
const noCamera = 5 * time.Second

// maxFaults bounds what is said at the end of what went wrong with films.
const maxFaults = 16

// maxFolders bounds the folders that a record makes: each camera gets one, and a guest
// can place and take away cameras as fast as it speaks.
const maxFolders = 1024

// errFolders ends the films of cameras beyond.
var errFolders = fmt.Errorf("a record makes %d folders at most; end it and begin another", maxFolders)

// newRecord looks at where films shall go before anything is drawn.
func newRecord(path, format string, fps int) (*record, error) {
	r := &record{path, format, fps}
	st, err := os.Stat(path)
	folder := path != "-" && (err == nil && st.IsDir() || err != nil && filepath.Ext(path) == "")
	if r.format == "" {
		switch {
		case folder:
			r.format = "png"
		case filepath.Ext(path) == ".rgba":
			r.format = "rgba"
		default:
			r.format = "y4m"
		}
	}
	switch {
	case !slices.Contains([]string{"png", "y4m", "rgba"}, r.format):
		return nil, exit.Usagef("--format is png, y4m or rgba")
	case r.format == "png" && path == "-":
		return nil, exit.Usagef("--format png needs a folder; stdout takes y4m or rgba")
	case r.format == "png" && !folder:
		return nil, exit.Usagef("--record: PNG files need a folder, and %s is a file", path)
	case r.format != "png" && err == nil && st.IsDir():
		return nil, exit.Usagef("--record: %s is a folder, and %s needs a file, a pipe or -", path, r.format)
	}
	if path == "-" {
		return r, nil
	}
	at := filepath.Dir(path)
	if st, err := os.Stat(at); err != nil {
		return nil, &exit.CreateError{File: path, Err: err}
	} else if !st.IsDir() {
		return nil, &exit.CreateError{File: path, Err: fmt.Errorf("%s is no folder", at)}
	}
	return r, nil
}

// films draw what guests' cameras see and hand it on. They belong to the frame loop.
type films struct {
	record  *record // nil: nobody wants them
	screen  *screen
	log     *slog.Logger
	list    []*roll        // by slot of the scene's table
	stream  *roll          // who has the file or the pipe
	sink    *film.Recorder // of the stream
	width   int            // of its pictures
	height  int
	number  int // of cameras so far
	drawn   int64
	dropped int64     // by sinks that are closed
	broken  bool      // nobody takes the stream any more
	since   time.Time // when there was no camera
	said    bool      // that there is none, or it is not to be said
	errs    []error
}

// roll is what one camera sees.
type roll struct {
	id     scene.ID
	off    *vk.Offscreen
	r      *vk.Renderer // that made off
	next   time.Duration
	sink   *film.Recorder
	dir    string
	width  int
	height int
	failed bool
}

func newFilms(o Options, s *screen, log *slog.Logger) *films {
	return &films{record: o.Record, screen: s, log: log}
}

// due is how long it is until a camera wants a picture.
func (f *films) due(now time.Duration) time.Duration {
	wait := time.Duration(math.MaxInt64)
	for _, c := range f.list {
		if c != nil && !c.failed {
			wait = min(wait, max(c.next-now, 0))
		}
	}
	return wait
}

// every is the time between two pictures of a camera.
func (f *films) every(v *scene.View) time.Duration {
	return max(v.Every, time.Second/time.Duration(f.record.fps))
}

// draw draws the cameras whose time has come.
func (f *films) draw(snap *scene.Snapshot, now time.Duration) error {
	if f.record == nil || f.screen.r == nil {
		return nil
	}
	if snap.Views.Len() > 0 {
		f.said = true
	} else if f.since.IsZero() {
		f.since = time.Now()
	} else if !f.said && time.Since(f.since) >= noCamera {
		f.said = true
		f.log.Warn("nothing is recorded: no guest has placed a camera, as a request CreateCamera to hearth.Camera does")
	}
	for len(f.list) < snap.Views.Slots() {
		f.list = append(f.list, nil)
	}
	for slot, c := range f.list {
		view, ok := snap.Views.At(slot)
		var id scene.ID
		if ok {
			id = snap.Views.Chunk(slot / scene.ChunkSize).IDs[slot%scene.ChunkSize]
		}
		if c != nil && (!ok || c.id != id) {
			f.end(c)
			f.list[slot], c = nil, nil
		}
		if !ok || view.Stopped {
			continue
		}
		if c == nil {
			c = f.begin(id, view, now)
			f.list[slot] = c
		}
		if c.failed || now < c.next || c.sink == nil && !f.streams(c) {
			continue
		}
		if err := f.take(c, snap, view, now); err != nil {
			return err
		}
	}
	return nil
}

// begin makes a film of a camera that is new.
func (f *films) begin(id scene.ID, view *scene.View, now time.Duration) *roll {
	f.number++
	c := &roll{id: id, next: now, width: view.Width, height: view.Height}
	if f.record.format != "png" {
		return c
	}
	if f.number > maxFolders {
		c.failed = true
		if f.number == maxFolders+1 { // the others say nothing new
			f.fail(c, errFolders)
		}
		return c
	}
	c.dir = filepath.Join(f.record.path, fmt.Sprintf("camera-%d%s", f.number, suffix(view.Name)))
	err := os.MkdirAll(c.dir, 0o777)
	if err == nil {
		c.sink, err = film.NewPNG(c.dir)
	}
	if err != nil {
		f.fail(c, &exit.CreateError{File: c.dir, Err: err})
	}
	return c
}

// suffix makes the name that a guest gave a camera a part of a folder's name.
func suffix(name string) string {
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return -1
	}, name)
	if name == "" {
		return ""
	}
	return "-" + name[:min(len(name), 64)]
}

// streams reports whether a film has the file or the pipe. The first camera gets it
// and, when that is gone, the next with pictures of the same size.
func (f *films) streams(c *roll) bool {
	if f.broken {
		return false
	}
	if f.stream == nil {
		if f.sink != nil && (c.width != f.width || c.height != f.height) {
			return false
		}
		if f.sink == nil {
			s, err := newStream(f.record, c.width, c.height)
			if err != nil {
				f.broken = true
				f.fail(c, err)
				return false
			}
			f.sink, f.width, f.height = s, c.width, c.height
		}
		f.stream = c
	}
	return f.stream == c
}

// take draws what a camera sees and hands it on.
func (f *films) take(c *roll, snap *scene.Snapshot, view *scene.View, now time.Duration) error {
	every := f.every(view)
	if c.next += every; c.next <= now { // what was missed is not made up for
		c.next = now + every
	}
	if r := f.screen.r; c.r != r { // the device was opened anew
		off, err := r.NewOffscreen(c.width, c.height)
		if err != nil {
			f.fail(c, err)
			return nil
		}
		c.r, c.off = r, off
	}
	_, lost, err := f.screen.drawOn(c.off, snap, vk.FrameOptions{Time: now, Camera: &view.Camera, Secondary: true})
	if err == nil && lost {
		return nil
	}
	var img *image.NRGBA
	if err == nil {
		if img, err = c.r.Read(c.off); err != nil {
			if err = f.screen.failed(err); err == nil {
				return nil
			}
		}
	}
	if errors.Is(err, ErrLost) {
		return err
	}
	if err != nil { // no room for a picture of this size, most likely
		f.fail(c, err)
		return nil
	}
	to := c.sink
	if to == nil {
		to = f.sink
	}
	if err := to.Put(img); err != nil {
		if to == f.sink {
			f.broken = true
		}
		f.fail(c, err)
		return nil
	}
	f.drawn++
	return nil
}

// fail gives a film up, and says so. The world goes on.
func (f *films) fail(c *roll, err error) {
	c.failed = true
	f.log.Error("a camera records no more", "camera", fmt.Sprint(c.id), "error", err)
	f.note(err)
	f.end(c)
}

// note keeps what went wrong for the end; guests can have more go wrong than anybody
// reads.
func (f *films) note(err error) {
	if err != nil && len(f.errs) < maxFaults {
		f.errs = append(f.errs, err)
	}
}

// end ends a film.
func (f *films) end(c *roll) {
	if c.off != nil && c.r == f.screen.r { // a renderer closes what it made
		c.off.Close()
	}
	c.off, c.r = nil, nil
	if c.sink != nil {
		f.dropped += c.sink.Dropped()
		f.note(c.sink.Close())
		c.sink = nil
	}
	if f.stream == c {
		f.stream = nil
	}
}

// line is what the overlay says of films; "" where none are made.
func (f *films) line() string {
	if f.record == nil {
		return ""
	}
	n, dropped := 0, f.dropped
	for _, c := range f.list {
		if c != nil && !c.failed {
			n++
			if c.sink != nil {
				dropped += c.sink.Dropped()
			}
		}
	}
	if f.sink != nil {
		dropped += f.sink.Dropped()
	}
	return fmt.Sprintf("recording %d cameras: %d pictures, %d dropped", n, f.drawn, dropped)
}

// close ends all films, and returns what went wrong with them.
func (f *films) close() error {
	for i, c := range f.list {
		if c != nil {
			f.end(c)
			f.list[i] = nil
		}
	}
	if f.sink != nil {
		f.dropped += f.sink.Dropped()
		f.note(f.sink.Close())
		f.sink = nil
	}
	if f.dropped > 0 {
		f.log.Warn("pictures were dropped: they were not read fast enough", "dropped", f.dropped, "drawn", f.drawn)
	}
	err := errors.Join(f.errs...)
	f.errs = nil
	return err
}
