package main

import (
	"io"
	"os"

	"github.com/spf13/cobra"

	"hearth/cmd/internal/exit"
	"hearth/cmd/internal/help"
	"hearth/cmd/internal/version"
)

// app is what the commands share.
type app struct {
	stdin          io.Reader
	stdout, stderr *os.File

	socket, world string
	json          bool
	out           *printer
}

func command(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "hearth-ctl [--socket PATH | --world DIR] [--json] COMMAND",
		Short: "Work on a world",
		Long: `Work on a world: over the socket of the server that runs it, or, with --world, on a
stopped one where no live process is needed.

Exit codes: 0; 64 usage; 65 bad data, diverged histories; 66 no such file, CID, PID,
service, peer or space; 69 no server where one is needed, or it cannot be reached; 73
cannot create; 74 I/O error, full disk; 75 busy, locked, timed out; 76 another version of
the protocol; 77 no permission, wrong password, server not trusted; 130 interrupted.`,
		Example: `  pid=$(hearth-ctl spawn counter.wasm --durable --service counter)
  hearth-ctl send counter 'add 5' --wait
  hearth-ctl snapshot -m 'before the party'
  hearth-ctl --world ~/worlds/home backup home.car`,
		Version:       version.String(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return exit.Usagef("%q is no command; see hearth-ctl --help", args[0])
			}
			return exit.Usagef("a command is missing; see hearth-ctl --help")
		},
		RunE: func(*cobra.Command, []string) error { return nil },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("socket") && cmd.Flags().Changed("world") {
				return exit.Usagef("--socket and --world exclude each other: a world's socket is found by itself")
			}
			a.out = newPrinter(a.stdout, a.json)
			return nil
		},
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	fl := root.PersistentFlags()
	fl.StringVar(&a.socket, "socket", "", "`PATH` of a server's socket (default $HEARTH_SOCKET)")
	fl.StringVar(&a.world, "world", "", "`DIR` of the world (default $HEARTH_WORLD, or $XDG_DATA_HOME/hearth/default)")
	fl.BoolVar(&a.json, "json", false, "print one JSON object a line")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &exit.UsageError{Err: err} })
	root.AddCommand(
		a.loadLump(), a.loadModel(), a.getLump(), a.statLump(), a.listLumps(),
		a.spawn(), a.listProcesses(), a.kill(), a.tail(), a.listServices(), a.send(),
		a.snapshot(), a.history(), a.journal(), a.check(),
		a.backup(), a.restore(), a.diff(), a.replay(),
		a.terminal(), a.capture(),
		a.listPeers(), a.kick(), a.block(), a.allow(), a.invite(), a.knownServers(), a.sync(),
	)
	help.Apply(root)
	return root
}

// args checks how many arguments there are and says what is missing.
func args(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < least || most >= 0 && len(args) > most {
			return exit.Usagef("%s takes %s; see hearth-ctl %s --help", cmd.Name(), what, cmd.Name())
		}
		return nil
	}
}
