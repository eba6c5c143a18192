package main

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"hearth/cmd/internal/exit"
	"hearth/cmd/internal/help"
	"hearth/cmd/internal/host"
	"hearth/cmd/internal/peering"
	"hearth/cmd/internal/secret"
	"hearth/cmd/internal/version"
	"hearth/cmd/internal/world"
)

func command() *cobra.Command {
	var f host.Flags
	var connect, trusted, file, root string
	var share []string
	var headless bool
	cmd := &cobra.Command{
		Use:                   "hearth-client --connect LINK --headless [--world DIR] [--socket PATH]",
		DisableFlagsInUseLine: true,
		Short:                 "Join a space",
		Long: `Join a space: run a world of one's own, and connect it to the server of LINK. Guests find
what the server gives under the name hearth.Space; hearth-ctl drives the client through its
socket as it drives a server. The line "ready SOCKET" says that the own world stands, a line
"joined LINK" each time that the server is connected. When the connection is lost the client
comes back by itself.

LINK is an argument without a secret, @FILE, or - for stdin. The password is what the link
holds, or the first line of --password-file, or $HEARTH_PASSWORD, or what is typed on the
terminal. The key of a server that is not known is asked about on a terminal; a script names
it with --trust KEY. There is no window yet: --headless is needed.

Exit codes: as hearth-server, and 69 no such space, 76 a server of another version, 77 wrong
password, refused, or a server whose key is not the right one.`,
		Example: `  hearth-client --connect 'hearth://attic.example/home?id=KEY' --headless
  hearth-client --connect @invitation.txt --headless --world ~/worlds/mine
  hearth-client --connect LINK --headless --share hearth.wasm.WasmProcessSpawner --root view`,
		Version:       version.String(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return exit.Usagef("there is nothing but flags here; see hearth-client --help")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if connect == "" {
				return exit.Usagef("--connect LINK says where to")
			}
			if !headless {
				return exit.Usagef("this client has no window yet; give --headless")
			}
			link, err := secret.Link(connect, os.Stdin)
			if err != nil {
				return err
			}
			o, err := f.Options("hearth-client", defaultWorld, os.Stderr)
			if err != nil {
				return err
			}
			pin, err := peering.Pin(link, trusted)
			if err != nil {
				return err
			}
			password, err := secret.Password(cmd.Context(), link, file, "Password of "+link.Space+": ")
			if err != nil {
				return err
			}
			link.Secret = ""
			o.Peers = peering.Options{Root: root, Share: share, Connect: &peering.Connect{Link: link, Password: password, Pin: pin, Ask: secret.AskTrust(cmd.Context(), link.Host)}}
			return host.Run(cmd.Context(), o, os.Stdout)
		},
	}
	fl := cmd.Flags()
	f.Register(fl, "$HEARTH_CLIENT_WORLD, or $XDG_DATA_HOME/hearth/client")
	fl.StringVar(&connect, "connect", "", "`LINK` of the space; @FILE reads it from a file, - from stdin")
	fl.StringVar(&trusted, "trust", "", "`KEY` id of the server, where the link does not name it")
	fl.StringVar(&file, "password-file", "", "`FILE` whose first line is the password; - is stdin")
	fl.BoolVar(&headless, "headless", false, "without a window")
	fl.StringVar(&root, "root", peering.RootNothing, "what the server is given: nothing, view, registry, or the `NAME` of a service")
	fl.StringSliceVar(&share, "share", nil, "`NAMES` of native services that the view shows, with commas between")
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &exit.UsageError{Err: err} })
	help.Apply(cmd)
	return cmd
}

// defaultWorld is where a client's world is that nobody named: not where a server's
// is, since both may run for one user.
func defaultWorld() (string, error) {
	if dir := os.Getenv("HEARTH_CLIENT_WORLD"); dir != "" {
		return dir, nil
	}
	dir, err := world.DefaultDir()
	return filepath.Join(filepath.Dir(dir), "client"), err
}
