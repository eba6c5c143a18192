package main

import (
	"strconv"

	"github.com/spf13/cobra"

	"hearth/cmd/internal/exit"
	"hearth/runtime/ipc"
)

func (a *app) snapshot() *cobra.Command {
	var text string
	cmd := &cobra.Command{
		Use:   "snapshot",
		Short: "Take a snapshot of the space and print its CID",
		Long: `Take a snapshot of the space and print its CID. The CID of the state in it, which --json
prints, holds neither clock nor text: equal histories give equal states.`,
		Example: `  hearth-ctl snapshot -m 'before the party'
  hearth-ctl snapshot --json | jq -r .state`,
		Args: args(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), func(s *session) error {
				snap, err := s.Snapshot(cmd.Context(), text)
				if err != nil {
					return err
				}
				return a.out.row(snap, snap.CID.String())
			})
		},
	}
	cmd.Flags().StringVarP(&text, "message", "m", "", "a `TEXT` to find it by")
	return cmd
}

func (a *app) history() *cobra.Command {
	return &cobra.Command{
		Use:     "history",
		Short:   "List the snapshots, newest first: CID, parent, seq, time, text",
		Example: `  hearth-ctl history | head -3`,
		Args:    args(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), func(s *session) error {
				a.out.columns("CID", "PARENT", "SEQ", "TIME", "TEXT")
				return s.History(cmd.Context(), func(h ipc.Snapshot) error {
					return a.out.row(h, h.CID.String(), h.Parent.String(), strconv.FormatUint(h.Seq, 10), a.out.when(h.Time), h.Text)
				})
			})
		},
	}
}

func (a *app) journal() *cobra.Command {
	var p ipc.JournalParams
	cmd := &cobra.Command{
		Use:   "journal",
		Short: "Print the events of the space: seq, time, kind, what happened",
		Example: `  hearth-ctl journal --from 1000
  hearth-ctl journal -f --json | jq 'select(.kind == "spawn")'`,
		Args: args(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), func(s *session) error {
				if p.Follow && !s.running {
					return ipc.ErrNoServer
				}
				print := a.out.row
				if p.Follow {
					print = a.out.now
				}
				return s.Journal(cmd.Context(), p, func(e ipc.Event) error {
					return print(e, strconv.FormatUint(e.Seq, 10), a.out.when(e.Time), e.Kind, e.Text())
				})
			})
		},
	}
	cmd.Flags().Uint64Var(&p.From, "from", 0, "begin at `SEQ`")
	cmd.Flags().BoolVarP(&p.Follow, "follow", "f", false, "go on with the events that come")
	return cmd
}

func (a *app) replay() *cobra.Command {
	var to uint64
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Execute the journal again from its beginning and print the CID of the state",
		Long: `Execute the journal from its beginning without the snapshots, guests included, and print
the CID of the state. Where running took a snapshot at that place, its state must be the
same. The first event that differs is named, and the exit code is 65.`,
		Example: `  hearth-ctl replay
  hearth-ctl replay --to 4711`,
		Args: args(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("to") && to == 0 {
				return exit.Usagef("--to is the seq of an event, from 1")
			}
			return a.with(cmd.Context(), func(s *session) error {
				r, err := s.Replay(cmd.Context(), to, false)
				if err != nil {
					return err
				}
				return a.out.row(r, r.State.String())
			})
		},
	}
	cmd.Flags().Uint64Var(&to, "to", 0, "stop behind event `SEQ` (default: the last)")
	return cmd
}
