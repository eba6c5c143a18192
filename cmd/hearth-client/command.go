package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hearth/cmd/internal/exit"
	"hearth/cmd/internal/help"
	"hearth/cmd/internal/host"
	"hearth/cmd/internal/peering"
	"hearth/cmd/internal/secret"
	"hearth/cmd/internal/version"
	"hearth/cmd/internal/view"
	"hearth/cmd/internal/world"
	"hearth/fixtures/space"
	"hearth/lumps"
	"hearth/store"
)

// flags are what the command line says.
type flags struct {
	host     host.Flags
	view     view.Flags
	connect  string
	trusted  string
	password string
	headless bool
	root     string
	share    []string
	first    string
}

func command() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:                   "hearth-client [--world DIR] [--connect LINK] [--headless]",
		DisableFlagsInUseLine: true,
		Short:                 "See a space",
		Long: `See a space: run a world of one's own, and open a window on it. A world that does not
exist is made, with the starting world in it, or with --init MODULE.wasm. hearth-ctl drives
the client through its socket as it drives a server; the line "ready SOCKET" says that the
world stands. Closing the window ends the client in order, as SIGTERM does.

In the window: WASD and QE move, Shift is faster, the right mouse button takes the mouse for
looking around and Escape gives it back; F2 flies or walks, F3 shows figures, F4 looks through
the camera of a guest, F5 opens a terminal here. A click on a terminal gives it the keys, and
Ctrl+Tab gives them to the guests and the terminals one after the other; Ctrl+Shift+Escape takes
them back at any time, and Ctrl+Tab behind the last.

A terminal runs a shell on this machine, as you. --terminal says who may open one: where it is
to be asked, a box over the picture asks you, and without a window the answer is no. A yes for
always is kept in peer/terminals in the folder of the world. In the shell, $HEARTH_SOCKET is this
world, so hearth-ctl acts on it.

With --connect the client also joins a server, and shows it its renderer, canvases, debug
lines, window, cameras and terminals: what guests of the server draw is seen here, and before
one of them gets a shell here you are asked. Guests here find what the server gives under the
name hearth.Space. A line "joined LINK" says each time that the
server is connected; when the connection is lost the client comes back by itself.

LINK is an argument without a secret, @FILE, or - for stdin. The password is what the link
holds, or the first line of --password-file, or $HEARTH_PASSWORD, or what is typed on the
terminal. The key of a server that is not known is asked about on a terminal; a script names
it with --trust KEY.

With --headless there is no window. --capture draws all the same, without a display: when what
the scene names has arrived or failed, or at the latest after --timeout, --frames pictures are
drawn, the last is written to FILE.png or each to a file in DIR, and the client ends.

--record is where the pictures of the cameras go that guests place: a folder of PNG files for
each, a file, or - for stdout (the lines are on stderr then).

Exit codes: as hearth-server, and 66 no such space, 69 no display, no Vulkan driver, no device
that can draw, 70 faults that --validate found, 74 nobody reads what is recorded, 76 a server of
another version, 77 wrong password, refused, or a server whose key is not the right one.`,
		Example: `  hearth-client
  hearth-client --world ~/worlds/mine --init room.wasm
  hearth-client --shell 'tmux new -A -s hearth' --font ~/fonts/mine.ttf
  hearth-client --connect 'hearth://attic.example/home?id=KEY'
  hearth-client --headless --capture picture.png --size 1920x1080 --camera 0,1.7,5,0,-10
  hearth-client --headless --record - --fps 30 | ffmpeg -i - film.mkv
  hearth-client --connect @invitation.txt --headless --share hearth.wasm.WasmProcessSpawner --root view`,
		Version:       version.String(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return exit.Usagef("there is nothing but flags here; see hearth-client --help")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), cmd.Flags()) },
	}
	fl := cmd.Flags()
	f.host.Register(fl, "$HEARTH_CLIENT_WORLD, or $XDG_DATA_HOME/hearth/client, and .../joined with --connect")
	fl.StringVar(&f.first, "init", "", "`MODULE.wasm` that becomes the first process of a new world, durably; '' is none (default: the starting world, unless --connect is given)")
	fl.StringVar(&f.connect, "connect", "", "`LINK` of a space to join; @FILE reads it from a file, - from stdin")
	fl.StringVar(&f.trusted, "trust", "", "`KEY` id of the server, where the link does not name it")
	fl.StringVar(&f.password, "password-file", "", "`FILE` whose first line is the password; - is stdin")
	fl.BoolVar(&f.headless, "headless", false, "without a window")
	fl.StringVar(&f.root, "root", "", "what the server is given: nothing, shared (the services of --share and of the screen), view (guests too), registry, or the `NAME` of a service (default: shared where something is drawn, and nothing otherwise)")
	fl.StringSliceVar(&f.share, "share", nil, "`NAMES` of more native services that the server is shown, with commas between")
	f.view.Register(fl)
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &exit.UsageError{Err: err} })
	help.Apply(cmd)
	return cmd
}

func (f *flags) run(ctx context.Context, fl *pflag.FlagSet) error {
	shown, err := f.view.Options(fl, !f.headless)
	if err != nil {
		return err
	}
	if shown == nil && f.connect == "" {
		return exit.Usagef("without a window there is nothing to do but to join (--connect LINK) or to draw (--capture, --record)")
	}
	o, err := f.host.Options("hearth-client", f.defaultWorld, os.Stderr)
	if err != nil {
		return err
	}
	if o.Init = f.first; f.connect == "" && !fl.Changed("init") {
		o.First = space.Module()
	}
	o.Peers = peering.Options{Root: f.root, Share: f.share}
	if shown != nil {
		o.Peers.Share = append(shown.Services(), f.share...)
	}
	if f.root == "" {
		o.Peers.Root = peering.RootNothing
		if shown != nil {
			o.Peers.Root = peering.RootShared
		}
	}
	if f.connect != "" {
		if o.Peers.Connect, err = f.join(ctx); err != nil {
			return err
		}
	}
	stdout := io.Writer(os.Stdout)
	if shown != nil {
		if shown.RecordsToStdout() {
			stdout = os.Stderr
		}
		shown.Empty = f.connect == "" && o.First == nil && o.Init == ""
		shown.Remote = f.connect != ""
		if t := shown.Terminals; t != nil {
			socket, err := filepath.Abs(o.Socket)
			if err != nil {
				return err
			}
			t.World, t.Env = o.World, view.Environment(socket)
			if t.Trusted, err = trusted(); err != nil {
				return err
			}
		}
		o.Extend = extend(*shown, o.Log)
	}
	if err = host.Run(ctx, o, stdout); err == nil && ctx.Err() != nil && shown != nil && shown.Unmade() {
		return view.ErrInterrupted
	}
	return err
}

// join says where the client joins, having asked for what it does not know.
func (f *flags) join(ctx context.Context) (*peering.Connect, error) {
	link, err := secret.Link(f.connect, os.Stdin)
	if err != nil {
		return nil, err
	}
	pin, err := peering.Pin(link, f.trusted)
	if err != nil {
		return nil, err
	}
	password, err := secret.Password(ctx, link, f.password, "Password of "+link.Space+": ")
	if err != nil {
		return nil, err
	}
	link.Secret = ""
	return &peering.Connect{Link: link, Password: password, Pin: pin, Ask: secret.AskTrust(ctx, link.Host)}, nil
}

// extend opens a view of the world.
func extend(o view.Options, log *slog.Logger) func(store.Store) (*host.Extension, error) {
	return func(st store.Store) (*host.Extension, error) {
		v, err := view.Open(o, st, log)
		if err != nil {
			return nil, err
		}
		return &host.Extension{Services: v.Services(), Started: v.Started, Run: v.Run, Close: v.Close}, nil
	}
}

// trusted are the modules that may open terminals unasked: the starting world's own, which
// does what this program has it do. Its scene graph is none of them, for that asks any
// service for anything in the name of whoever tells it to.
func trusted() ([]lumps.CID, error) {
	b, err := lumps.Build(bytes.NewReader(space.Module()), func(lumps.CID, []byte) error { return nil })
	return []lumps.CID{b.CID}, err
}

// defaultWorld is where a client's world is that nobody named: not where a server's
// is, since both may run for one user, and for one that joins not where the user's own
// space is, which would stand in the midst of the server's.
func (f *flags) defaultWorld() (string, error) {
	if dir := os.Getenv("HEARTH_CLIENT_WORLD"); dir != "" {
		return dir, nil
	}
	name := "client"
	if f.connect != "" {
		name = "joined"
	}
	dir, err := world.DefaultDir()
	return filepath.Join(filepath.Dir(dir), name), err
}
