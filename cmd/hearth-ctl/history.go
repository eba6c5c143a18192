package main

import (
	"fmt"
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

func (a *app) check() *cobra.Command {
	var p ipc.CheckParams
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Verify the world and name each fault",
		Long: `Verify the world: the chain of the journal, the snapshots, and that everything they name
is there. With --read-data every block is read and hashed too. Each fault is a line, and
then the exit code is 65.`,
		Example: `  hearth-ctl --world ~/worlds/home check --read-data`,
		Args:    args(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), func(s *session) error {
				c, err := s.Check(cmd.Context(), p, func(f ipc.Fault) error { return a.out.now(f, "fault", f.Fault) })
				if err != nil {
					return err
				}
				if a.json {
					err = a.out.object(c)
				} else {
					err = a.checked(c, p.ReadData)
				}
				if err == nil && c.Faults > 0 {
					err = exit.Silent(ipc.ExitData)
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&p.ReadData, "read-data", false, "read every block and verify its hash")
	return cmd
}

// checked says what was verified, one thing a line.
func (a *app) checked(c ipc.Checked, read bool) error {
	lines := []struct {
		name string
		n    int64
	}{
		{"segments", int64(c.Segments)}, {"events", int64(c.Events)}, {"snapshots", int64(c.Snapshots)},
		{"processes", int64(c.Processes)}, {"lumps", c.Lumps}, {"blocks", c.Blocks}, {"bytes", c.Bytes}, {"faults", int64(c.Faults)},
	}
	for _, l := range lines {
		if l.name == "bytes" && !read {
			continue
		}
		if _, err := fmt.Fprintf(a.out.w, "%s\t%d\n", l.name, l.n); err != nil {
			return err
		}
	}
	return nil
}
