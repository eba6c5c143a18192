package main

import (
	"fmt"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"hearth/cmd/internal/secret"
	"hearth/runtime/peer/trust"
)

// knownServer is a line of the known servers, for --json.
type knownServer struct {
	Host  string    `json:"host"`
	Space string    `json:"space"`
	Key   string    `json:"key"`
	Made  time.Time `json:"made"`
	How   string    `json:"how"`
}

func (a *app) knownServers() *cobra.Command {
	var forget string
	cmd := &cobra.Command{
		Use:   "known-servers",
		Short: "List the servers whose keys you believe, or forget one",
		Long: `List the servers whose keys you believe: host, space, key, since when, and whether you were
asked or the key was given. A server that shows another key is refused until it is
forgotten: do that when its operator has told you the new key.`,
		Example: `  hearth-ctl known-servers
  hearth-ctl known-servers --forget attic.example:4920`,
		Args: args(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			known, err := secret.KnownServers()
			if err != nil {
				return err
			}
			if !cmd.Flags().Changed("forget") {
				return a.listKnown(known)
			}
			n, err := known.Forget(forget)
			if err == nil && n == 0 {
				err = fmt.Errorf("%s is not among the known servers; hearth-ctl known-servers lists them: %w", forget, fs.ErrNotExist)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&forget, "forget", "", "forget the server at `HOST:PORT`")
	return cmd
}

func (a *app) listKnown(known *trust.KnownServers) error {
	list, err := known.List()
	if err != nil {
		return err
	}
	a.out.columns("HOST", "SPACE", "KEY", "SINCE", "HOW")
	for _, s := range list {
		k := knownServer{s.Host, s.Space, trust.KeyID(s.Key), s.Made.UTC(), s.How}
		if err := a.out.row(k, k.Host, k.Space, k.Key, a.out.when(k.Made), k.How); err != nil {
			return err
		}
	}
	return a.out.flush()
}
