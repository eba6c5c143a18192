package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"hearth/cmd/internal/exit"
	"hearth/cmd/internal/help"
	"hearth/cmd/internal/version"
	"hearth/cmd/internal/world"
	"hearth/runtime"
)

// flags are the command line.
type flags struct {
	world, socket, init string
	logFormat           string
	logLevel            slog.Level
	snapshotEvery       time.Duration
	snapshotEvents      int64
	workers             int
}

func command() *cobra.Command {
	f := &flags{logLevel: slog.LevelInfo}
	cmd := &cobra.Command{
		Use:                   "hearth-server [--world DIR] [--socket PATH] [--init MODULE.wasm]",
		DisableFlagsInUseLine: true,
		Short:                 "Run a world",
		Long: `Run a world: restore its space, execute it, and answer hearth-ctl on a Unix socket.
A world that does not exist is made. When the space stands as it was left, the line
"ready SOCKET" is printed. SIGTERM and SIGINT take a snapshot and end the server; a
second signal ends it at once, and nothing that was acknowledged is lost.

Exit codes: 0 after a signal, 64 usage, 65 bad data, 66 no such file, 73 the world
cannot be made, 74 I/O error or full disk, 75 the world or the socket is in use, 77 no
permission.`,
		Example: `  hearth-server --world ~/worlds/home
  hearth-server --world ~/worlds/home --init room.wasm   # its first process, once
  hearth-server --log-format json --log-level debug`,
		Version:       version.String(),
		Args:          noArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), f, os.Stdout, os.Stderr) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.world, "world", "", "`DIR` of the world (default $HEARTH_WORLD, or $XDG_DATA_HOME/hearth/default)")
	fl.StringVar(&f.socket, "socket", "", "`PATH` to listen at (default $HEARTH_SOCKET, or a path in $XDG_RUNTIME_DIR/hearth)")
	fl.StringVar(&f.init, "init", "", "`MODULE.wasm` that becomes the first process of a new world, durably")
	fl.StringVar(&f.logFormat, "log-format", "text", "`FORMAT` of the log on stderr: text or json")
	fl.TextVar(&f.logLevel, "log-level", slog.LevelInfo, "least `LEVEL` that is logged: debug, info, warn or error")
	fl.DurationVar(&f.snapshotEvery, "snapshot-every", runtime.DefaultSnapshotEvery, "how often a changed space is snapshotted; 0 is never")
	fl.Int64Var(&f.snapshotEvents, "snapshot-events", runtime.DefaultSnapshotEvents, "after how many events it is, at the latest; 0 is never")
	fl.IntVar(&f.workers, "workers", 0, "goroutines that execute guests; 0 is one for each processor")
	fl.Int64Var(&world.SegmentSize, "segment-size", 0, "after how many `BYTES` a segment of the journal is sealed; 0 is the usual size")
	fl.MarkHidden("segment-size") // for tests of what comes rarely
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &exit.UsageError{Err: err} })
	help.Apply(cmd)
	return cmd
}

func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return exit.Usagef("%q is not understood; see hearth-server --help", args[0])
	}
	return nil
}

// resolve fills in what was not said.
func (f *flags) resolve() (dir, socket string, err error) {
	if f.logFormat != "text" && f.logFormat != "json" {
		return "", "", exit.Usagef("--log-format is text or json")
	}
	if f.snapshotEvery < 0 || f.snapshotEvents < 0 || f.workers < 0 {
		return "", "", exit.Usagef("--snapshot-every, --snapshot-events and --workers are not negative")
	}
	dir = f.world
	if dir == "" {
		dir = os.Getenv("HEARTH_WORLD")
	}
	if dir == "" {
		if dir, err = world.DefaultDir(); err != nil {
			return "", "", err
		}
	}
	if dir, err = world.Dir(dir); err != nil {
		return "", "", err
	}
	socket = f.socket
	if socket == "" {
		socket = os.Getenv("HEARTH_SOCKET")
	}
	if socket == "" {
		socket, err = world.DefaultSocket(dir)
	}
	return dir, socket, err
}
