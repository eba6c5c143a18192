package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"hearth/cmd/internal/exit"
	"hearth/cmd/internal/host"
	"hearth/cmd/internal/peering"
	"hearth/cmd/internal/secret"
	"hearth/cmd/internal/world"
	"hearth/runtime/peer/trust"
)

// passwd sets the password of the space.
func passwd() *cobra.Command {
	var dir, file, space string
	var remove bool
	cmd := &cobra.Command{
		Use:   "passwd [--world DIR] [--password-file FILE]",
		Short: "Set the password with which clients join a space",
		Long: `Set the password with which clients join a space. It is asked for twice on the terminal, or
read from the first line of a file (- is stdin); it is never an argument. A running server
takes the new password at once; who is connected stays. A world that does not exist is
made.

The world keeps what checks the password, not the password (OPAQUE, RFC 9807).`,
		Example: `  hearth-server passwd --world ~/worlds/home
  hearth-server passwd --password-file secret.txt
  hearth-server passwd --remove                    # invitations only`,
		DisableFlagsInUseLine: true,
		Args:                  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if dir == "" {
				if dir, err = host.Default(); err != nil {
					return err
				}
			}
			if dir, err = world.Dir(dir); err != nil {
				return err
			}
			if remove {
				if err := world.Exists(dir); err != nil {
					return err
				}
				f, err := peering.OpenFiles(dir, space)
				if err != nil {
					return err
				}
				return f.Credentials.Revoke(trust.SpaceCredential)
			}
			password, err := newPassword(cmd.Context(), file)
			if err != nil {
				return err
			}
			log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
			if err := host.Found(cmd.Context(), dir, "hearth-server", log); err != nil {
				return err
			}
			f, err := peering.OpenFiles(dir, space)
			if err != nil {
				return err
			}
			if err := f.SetCredential(trust.SpaceCredential, password, trust.Guest, "", time.Time{}); err != nil {
				return err
			}
			fmt.Fprintf(os.Stderr, "the password of space %s is set\n", f.Space)
			return nil
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&dir, "world", "", "`DIR` of the world (default $HEARTH_WORLD, or $XDG_DATA_HOME/hearth/default)")
	fl.StringVar(&file, "password-file", "", "`FILE` whose first line is the password; - is stdin")
	fl.StringVar(&space, "space", "", "`NAME` of the space in links, kept from the first use on")
	fl.BoolVar(&remove, "remove", false, "remove the password: only invitations let in")
	return cmd
}

// minPassword is the shortest password that is taken: guesses are slow and counted,
// and still the space's password is the weakest part.
const minPassword = 8

func newPassword(ctx context.Context, file string) (p []byte, err error) {
	if file != "" {
		p, err = secret.FromFile(ctx, file)
	} else if env := os.Getenv(secret.Environment); env != "" {
		p = []byte(env)
	} else if !secret.Terminal() {
		return nil, exit.Usagef("there is no password: give --password-file FILE, set %s, or run this on a terminal", secret.Environment)
	} else if p, err = secret.Ask(ctx, "New password: "); err == nil {
		again, err := secret.Ask(ctx, "Again: ")
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(p, again) {
			return nil, exit.Usagef("the two are not the same")
		}
	}
	if err == nil && len(p) < minPassword {
		err = exit.Usagef("the password is shorter than %d bytes", minPassword)
	}
	return p, err
}
