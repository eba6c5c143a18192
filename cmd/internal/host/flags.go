package host

import (
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/pflag"

	"hearth/cmd/internal/exit"
	"hearth/cmd/internal/world"
	"hearth/runtime"
)

// Flags are those that every program has that runs a world.
type Flags struct {
	world, socket  string
	logFormat      string
	logLevel       slog.Level
	snapshotEvery  time.Duration
	snapshotEvents int64
	workers        int
}

// Register adds them to a command. worldText says where the world is by default.
func (f *Flags) Register(fl *pflag.FlagSet, worldText string) {
	f.logLevel = slog.LevelInfo
	fl.StringVar(&f.world, "world", "", "`DIR` of the world (default "+worldText+")")
	fl.StringVar(&f.socket, "socket", "", "`PATH` to listen at for hearth-ctl (default $HEARTH_SOCKET, or a path in $XDG_RUNTIME_DIR/hearth)")
	fl.StringVar(&f.logFormat, "log-format", "text", "`FORMAT` of the log on stderr: text or json")
	fl.TextVar(&f.logLevel, "log-level", slog.LevelInfo, "least `LEVEL` that is logged: debug, info, warn or error")
	fl.DurationVar(&f.snapshotEvery, "snapshot-every", runtime.DefaultSnapshotEvery, "how often a changed space is snapshotted; 0 is never")
	fl.Int64Var(&f.snapshotEvents, "snapshot-events", runtime.DefaultSnapshotEvents, "after how many events it is, at the latest; 0 is never")
	fl.IntVar(&f.workers, "workers", 0, "goroutines that execute guests; 0 is one for each processor")
	fl.Int64Var(&world.SegmentSize, "segment-size", 0, "after how many `BYTES` a segment of the journal is sealed; 0 is the usual size")
	fl.MarkHidden("segment-size") // for tests of what comes rarely
}

// Options are what the flags and the environment say. defaultDir names the world
// that nobody named.
func (f *Flags) Options(program string, defaultDir func() (string, error), stderr io.Writer) (o Options, err error) {
	if f.logFormat != "text" && f.logFormat != "json" {
		return o, exit.Usagef("--log-format is text or json")
	}
	if f.snapshotEvery < 0 || f.snapshotEvents < 0 || f.workers < 0 {
		return o, exit.Usagef("--snapshot-every, --snapshot-events and --workers are not negative")
	}
	o = Options{Program: program, World: f.world, Socket: f.socket}
	o.Runtime.Workers, o.Runtime.SnapshotEvery, o.Runtime.SnapshotEvents = f.workers, f.snapshotEvery, f.snapshotEvents
	if o.World == "" {
		if o.World, err = defaultDir(); err != nil {
			return o, err
		}
	}
	if o.World, err = world.Dir(o.World); err != nil {
		return o, err
	}
	if o.Socket == "" && os.Getenv("HEARTH_TERMINAL") == "" { // there it is the socket of the space around
		o.Socket = os.Getenv("HEARTH_SOCKET")
	}
	if o.Socket == "" {
		if o.Socket, err = world.DefaultSocket(o.World); err != nil {
			return o, err
		}
	}
	ho := &slog.HandlerOptions{Level: f.logLevel}
	if f.logFormat == "json" {
		o.Log = slog.New(slog.NewJSONHandler(stderr, ho))
	} else {
		o.Log = slog.New(slog.NewTextHandler(stderr, ho))
	}
	return o, nil
}

// Default is the world of a program that nobody named: in the environment, or in
// the user's data.
func Default() (string, error) {
	if dir := os.Getenv("HEARTH_WORLD"); dir != "" {
		return dir, nil
	}
	return world.DefaultDir()
}
