package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"hearth/cmd/internal/exit"
	"hearth/cmd/internal/world"
	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime/ipc"
	"hearth/runtime/wasm"
)

func (a *app) backup() *cobra.Command {
	var at string
	cmd := &cobra.Command{
		Use:   "backup FILE.car",
		Short: "Write an archive of the space and print the CID of its snapshot",
		Long: `Write a CAR whose root is a snapshot of the space, with everything that it reaches: the
modules and memories of the processes, the lumps, the snapshots before it, the journal. A
snapshot is taken unless nothing has changed since the last. "-" is stdout.`,
		Example: `  hearth-ctl backup home.car
  hearth-ctl backup - --at bafyr4i... | ssh elsewhere 'cat > home.car'`,
		Args: args(1, 1, "one file, or - for stdout"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var cid lumps.CID
			if at != "" {
				var err error
				if cid, err = lumps.Parse(at); err != nil {
					return err
				}
			}
			return a.with(cmd.Context(), func(s *session) error {
				var b ipc.Backup
				write := func(w io.Writer) (err error) {
					b, err = s.Backup(cmd.Context(), cid, w)
					return err
				}
				if args[0] == "-" {
					return write(a.out.w)
				}
				if err := writeFile(args[0], write); err != nil {
					return err
				}
				return a.out.row(struct {
					ipc.Backup
					File string `json:"file"`
				}{b, args[0]}, b.Snapshot.String())
			})
		},
	}
	cmd.Flags().StringVar(&at, "at", "", "the snapshot `CID` instead of the state as it is now")
	return cmd
}

func (a *app) restore() *cobra.Command {
	return &cobra.Command{
		Use:   "restore FILE.car --world DIR",
		Short: "Make a world of a backup",
		Long: `Make a world of a backup. It starts where the backup was taken and lives on as a branch of
its own. Everything in the archive is verified: the hash of every block, the chain of the
journal, the snapshots, and the code of every module. "-" is stdin. DIR must not exist or
be empty.`,
		Example: `  hearth-ctl restore home.car --world ~/worlds/copy
  hearth-server --world ~/worlds/copy`,
		Args: args(1, 1, "one file, or - for stdin"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if a.world == "" {
				return exit.Usagef("restore needs --world DIR, the folder of the new world")
			}
			dir, err := a.worldDir()
			if err != nil {
				return err
			}
			var in io.Reader = a.stdin
			if args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return err
				}
				defer f.Close()
				in = f
			}
			r, err := restore(cmd.Context(), dir, bufio.NewReaderSize(in, 256<<10))
			if err != nil {
				return err
			}
			err = a.out.row(struct {
				ipc.Backup
				World string `json:"world"`
			}{ipc.Backup{Snapshot: r.CID, Seq: r.Snapshot.Seq, Blocks: r.Blocks, Bytes: r.Bytes}, dir}, r.CID.String())
			return errors.Join(err, a.out.flush())
		},
	}
}

// restore makes a world of an archive, or leaves nothing.
func restore(ctx context.Context, dir string, in io.Reader) (r space.Restored, err error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	w, err := world.Make(dir, world.Owner{PID: os.Getpid(), Program: "hearth-ctl"}, log)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if err := w.OpenStore(); err != nil {
		return r, err
	}
	r, err = space.Restore(ctx, w.Store, w.JournalDir(), in, func(ctx context.Context, p space.Program) error {
		return wasm.Verify(ctx, w.Store, p)
	})
	if err != nil {
		return r, err
	}
	if err := w.Fork(); err != nil {
		return r, err
	}
	return r, w.Commit()
}

func (a *app) replay() *cobra.Command {
	var to uint64
	var into string
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Execute the journal again from its beginning and print the CID of the state",
		Long: `Execute the journal from its beginning without the snapshots, guests included, and print
the CID of the state. Where running took a snapshot at that place, its state must be the
same. The first event that differs is named, and the exit code is 65.

With --into a world is made that ends at that place. It starts and lives on as a branch of
its own.`,
		Example: `  hearth-ctl replay
  hearth-ctl replay --to 4711 --into ~/worlds/yesterday`,
		Args: args(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("to") && to == 0 {
				return exit.Usagef("--to is the seq of an event, from 1")
			}
			if into != "" {
				var err error
				if into, err = world.Dir(into); err != nil {
					return err
				}
				if err := world.Vacant(into); err != nil {
					return err
				}
			}
			return a.with(cmd.Context(), func(s *session) error {
				r, err := s.Replay(cmd.Context(), to)
				if err != nil {
					return err
				}
				if into != "" {
					if err := s.CopyWorld(cmd.Context(), r.Seq, into); err != nil {
						return err
					}
				}
				return a.out.row(r, r.State.String())
			})
		},
	}
	cmd.Flags().Uint64Var(&to, "to", 0, "stop behind event `SEQ` (default: the last)")
	cmd.Flags().StringVar(&into, "into", "", "make a world in `DIR` that ends there")
	return cmd
}
