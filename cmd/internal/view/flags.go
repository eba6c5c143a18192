package view

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-gl/mathgl/mgl32"
	"github.com/spf13/pflag"

	"hearth/cmd/internal/exit"
	"hearth/cmd/internal/eye"
)

const (
	// MaxFrames bounds --frames: a day at 60 frames a second.
	MaxFrames = 60 * 60 * 24 * 60
	// MaxFPS bounds --fps: no screen shows more.
	MaxFPS = 1000
	// minFov and maxFov bound --fov, in degrees.
	minFov, maxFov = 1, 170
)

// Options say how a world is shown.
type Options struct {
	Window        bool
	Title         string
	Width, Height int // of the window or the pictures, in pixels; 0: the usual

	Capture *capture // pictures of frames; nil: none
	Frames  int      // after how many it ends; 0: when it is told to
	FPS     int      // frames a second of captures and films
	// Timeout bounds the wait for what the scene names.
	Timeout time.Duration
	Record  *record // pictures of virtual cameras; nil: none

	Eye     eye.Eye
	HasEye  bool    // Eye was chosen, and goes before what guests choose
	VFov    float32 // vertical, radians; 0: the usual, or what guests choose
	Overlay bool

	Samples  int // of MSAA; 0: the usual
	Device   string
	Validate bool
	Cache    string // file of the pipeline cache; "": none

	Terminals *Terminals // nil: there are none

	Empty  bool // nothing is expected in the scene
	Remote bool // what is shown comes from a server
}

// RecordsToStdout reports whether stdout is for pictures.
func (o *Options) RecordsToStdout() bool { return o.Record != nil && o.Record.path == "-" }

// Flags are those of a program that shows a world.
type Flags struct {
	capture, size     string
	frames, fps       int
	timeout           time.Duration
	record, format    string
	camera, lookAt    string
	fov               float64
	samples           int
	device            string
	validate, overlay bool
	terminal, shell   string
	fonts             []string
}

// Register adds them to a command.
func (f *Flags) Register(fl *pflag.FlagSet) {
	fl.StringVar(&f.size, "size", "", "`WIDTHxHEIGHT` of the window or of the pictures, in pixels (default 1280x720)")
	fl.StringVar(&f.camera, "camera", "", "`X,Y,Z,YAW,PITCH` to look from, in metres and degrees; yaw grows to the left, pitch upwards")
	fl.StringVar(&f.lookAt, "look-at", "", "`X,Y,Z` to look at, in the place of yaw and pitch")
	fl.Float64Var(&f.fov, "fov", 0, "vertical field of view in `DEGREES` (default 60, or what a guest chose)")
	fl.StringVar(&f.capture, "capture", "", "`FILE.png` of the last frame, or DIR for a file of each; needs --headless")
	fl.IntVar(&f.frames, "frames", 0, "end after `N` frames (default 1 with --capture)")
	fl.IntVar(&f.fps, "fps", 30, "`N` frames a second, of captures into a folder and of films")
	fl.DurationVar(&f.timeout, "timeout", 30*time.Second, "how `LONG` a capture waits for what the scene names")
	fl.StringVar(&f.record, "record", "", "where the pictures of guests' cameras go: a `DIR` of PNG files, a file or pipe, or - for stdout")
	fl.StringVar(&f.format, "format", "", "`FORMAT` of --record: png, y4m or rgba (default: png for a folder, and y4m otherwise)")
	fl.IntVar(&f.samples, "samples", 0, "`N` samples for each pixel: 1, 2, 4 or 8 (default 4)")
	fl.StringVar(&f.device, "device", "", "part of the `NAME` of the graphics device (default: the best)")
	fl.BoolVar(&f.validate, "validate", false, "have Vulkan's validation layer look at every call; what it says is logged, and is exit code 70")
	fl.StringVar(&f.terminal, "terminal", "ask", "`WHO` may open terminals, which run shells on this machine: none (nobody, F5 neither), ask (you, the starting world, and whoever you say yes to) or local (every process of this world too; peers are still asked about)")
	fl.StringVar(&f.shell, "shell", "", "`COMMAND` that runs in terminals (default: your login shell)")
	fl.StringArrayVar(&f.fonts, "font", nil, "`FILE` of a font for terminals (TTF, OTF, TTC), again for other styles and for what the ones before it lack (default: mononoki)")
	fl.BoolVar(&f.overlay, "overlay", false, "begin with the figures shown (F3)")
}

// Options are what the flags say; nil where nothing is to be shown. What stands in
// the way of writing pictures is an error now, before a world is opened.
func (f *Flags) Options(fl *pflag.FlagSet, window bool) (*Options, error) {
	if f.capture != "" && window {
		return nil, exit.Usagef("--capture needs --headless")
	}
	if !window && f.capture == "" && f.record == "" {
		for _, name := range []string{"frames", "size", "camera", "look-at", "overlay", "fov", "samples", "device", "validate", "format", "fps", "timeout", "terminal", "shell", "font"} {
			if fl.Changed(name) {
				return nil, exit.Usagef("--%s is of no use without a window, --capture or --record", name)
			}
		}
		return nil, nil
	}
	o := &Options{Window: window, Title: "Hearth", Frames: f.frames, FPS: f.fps, Timeout: f.timeout, Overlay: f.overlay, Samples: f.samples, Device: f.device, Validate: f.validate, Cache: cacheFile()}
	if f.frames < 0 || f.frames > MaxFrames || fl.Changed("frames") && f.frames == 0 {
		return nil, exit.Usagef("--frames is 1 to %d", MaxFrames)
	}
	if f.fps < 1 || f.fps > MaxFPS {
		return nil, exit.Usagef("--fps is 1 to %d", MaxFPS)
	}
	if f.timeout < 0 {
		return nil, exit.Usagef("--timeout is not negative")
	}
	if f.samples != 0 && !slices.Contains([]int{1, 2, 4, 8}, f.samples) {
		return nil, exit.Usagef("--samples is 1, 2, 4 or 8")
	}
	var err error
	if o.Terminals, err = newTerminals(f.terminal, f.shell, f.fonts); err != nil {
		return nil, err
	}
	if f.size != "" {
		if o.Width, o.Height, err = ParseSize(f.size); err != nil {
			return nil, err
		}
	}
	if err := f.place(fl, o); err != nil {
		return nil, err
	}
	if f.record != "" {
		if o.Record, err = newRecord(f.record, f.format, f.fps); err != nil {
			return nil, err
		}
	} else if f.format != "" {
		return nil, exit.Usagef("--format needs --record")
	}
	if f.capture != "" {
		if o.Capture, err = newCapture(f.capture); err != nil {
			return nil, err
		}
		o.Frames = max(o.Frames, 1)
	}
	return o, nil
}

// place says where the eye is.
func (f *Flags) place(fl *pflag.FlagSet, o *Options) (err error) {
	if fl.Changed("fov") {
		if !(f.fov >= minFov && f.fov <= maxFov) {
			return exit.Usagef("--fov is %d to %d degrees", minFov, maxFov)
		}
		o.VFov = float32(f.fov * math.Pi / 180)
	}
	o.Eye = eye.Look(mgl32.Vec3{0, eye.Height, 4}, mgl32.Vec3{0, 1, 0})
	if f.camera != "" {
		if o.Eye, err = eye.Parse(f.camera); err != nil {
			return exit.Usagef("--camera: %w", err)
		}
		o.HasEye = true
	}
	if f.lookAt != "" {
		at, err := eye.ParsePoint(f.lookAt)
		if err != nil {
			return exit.Usagef("--look-at: %w", err)
		}
		if strings.Count(f.camera, ",") > 2 {
			return exit.Usagef("--look-at says where to look; give --camera X,Y,Z alone")
		}
		if at == o.Eye.Position {
			return exit.Usagef("--look-at is where the camera is")
		}
		o.Eye, o.HasEye = eye.Look(o.Eye.Position, at), true
	}
	return nil
}

// cacheFile is where the pipelines are kept that drivers compile: in the user's cache,
// for all worlds. Without a home there is none, and every start compiles them anew.
func cacheFile() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "hearth", "pipelines")
}
