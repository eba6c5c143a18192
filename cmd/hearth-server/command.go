package main

import (
	"net/netip"
	"os"

	"github.com/spf13/cobra"

	"hearth/cmd/internal/exit"
	"hearth/cmd/internal/help"
	"hearth/cmd/internal/host"
	"hearth/cmd/internal/peering"
	"hearth/cmd/internal/version"
)

func command() *cobra.Command {
	var f host.Flags
	var first, space, root string
	var listen, share, proxies []string
	cmd := &cobra.Command{
		Use:                   "hearth-server [--world DIR] [--socket PATH] [--init MODULE.wasm] [--listen ADDR]",
		DisableFlagsInUseLine: true,
		Short:                 "Run a world",
		Long: `Run a world: restore its space, execute it, and answer hearth-ctl on a Unix socket.
A world that does not exist is made. When the space stands as it was left, the line
"ready SOCKET" is printed. SIGTERM and SIGINT take a snapshot and end the server; a
second signal ends it at once, and nothing that was acknowledged is lost.

With --listen other peers can join: clients, mirrors. The links to give them are printed
as lines "link LINK" before ready. Nobody gets in without the space's password
(hearth-server passwd) or an invitation (hearth-ctl invite).

A client that joins is given a capability: by default a registry that shows the names of
guests, and binds none. --share shows native services there too; --root gives another.

Exit codes: 0 after a signal, 64 usage, 65 bad data, 66 no such file, 73 the world
cannot be made, 74 I/O error or full disk, 75 the world or the socket is in use, 77 no
permission.`,
		Example: `  hearth-server --world ~/worlds/home
  hearth-server --world ~/worlds/home --init room.wasm   # its first process, once
  hearth-server --world ~/worlds/home --listen :4920     # others can join
  hearth-server passwd --world ~/worlds/home             # with this password
  hearth-server --log-format json --log-level debug`,
		Version:       version.String(),
		Args:          noArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := f.Options("hearth-server", host.Default, os.Stderr)
			if err != nil {
				return err
			}
			o.Init, o.Space = first, space
			o.Peers = peering.Options{Listen: listen, Root: root, Share: share}
			for _, p := range proxies {
				prefix, err := netip.ParsePrefix(p)
				if err != nil {
					return exit.Usagef("--trusted-proxy: %q is no address prefix, such as 127.0.0.0/8", p)
				}
				o.Peers.Proxies = append(o.Peers.Proxies, prefix)
			}
			return host.Run(cmd.Context(), o, os.Stdout)
		},
	}
	fl := cmd.Flags()
	f.Register(fl, "$HEARTH_WORLD, or $XDG_DATA_HOME/hearth/default")
	fl.StringVar(&first, "init", "", "`MODULE.wasm` that becomes the first process of a new world, durably")
	fl.StringArrayVar(&listen, "listen", nil, "`ADDR` where other peers can join, such as :4920 or 127.0.0.1; TCP and WebSocket on one port; may be given again")
	fl.StringVar(&space, "space", "", "`NAME` of the space in links, kept from the first use on (default: that of the folder)")
	fl.StringVar(&root, "root", peering.RootView, "what a client is given: view, shared (no guests), registry, nothing, or the `NAME` of a service")
	fl.StringSliceVar(&share, "share", nil, "`NAMES` of native services that the view shows, with commas between")
	fl.StringArrayVar(&proxies, "trusted-proxy", nil, "`PREFIX` of reverse proxies whose X-Forwarded-For is believed; may be given again")
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &exit.UsageError{Err: err} })
	cmd.AddCommand(passwd())
	cmd.CompletionOptions.DisableDefaultCmd = true
	help.Apply(cmd)
	return cmd
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return exit.Usagef("%q is not understood; see %s --help", args[0], cmd.CommandPath())
	}
	return nil
}
