package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"hearth/cmd/internal/exit"
	"hearth/cmd/internal/peering"
	"hearth/cmd/internal/secret"
	"hearth/cmd/internal/world"
	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime/ipc"
	"hearth/runtime/peer/mirror"
	"hearth/runtime/peer/trust"
)

// linkHelp says how a command takes links and passwords.
const linkHelp = `LINK is a link without a secret, @FILE or - (standard input) to read it from. The password
is the secret of a link that was read, or else the first line of --password-file, or
$HEARTH_PASSWORD, or is asked for on the terminal. The key of a server that is not known is
shown and asked about on a terminal; a script gives it with --trust.`

func (a *app) sync() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sync push|pull LINK",
		Short: "Move a world between two servers, by what differs",
		Long: `Move a world between this one and the server of a link, by what differs. It needs a
credential with a mirror's rights (hearth-ctl invite --mirror). A root moves last, when all
below it is there and verified, and only forward. What was cut off goes on with the next
try.`,
		Example: `  hearth-ctl sync push @cellar.link
  hearth-ctl sync pull hearth://home.example/home --password-file home.password --watch`,
		Args: func(_ *cobra.Command, args []string) error {
			return exit.Usagef("sync takes push or pull and a link; see hearth-ctl sync --help")
		},
		RunE: func(*cobra.Command, []string) error { return nil },
	}
	cmd.AddCommand(a.syncPush(), a.syncPull())
	return cmd
}

// syncing is a sync as the command line says it.
type syncing struct {
	ipc.SyncParams
	snapshot, passwordFile string
	every                  time.Duration
}

func (y *syncing) flags(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&y.snapshot, "snapshot", "", "the snapshot `CID` instead of the newest")
	fl.StringSliceVar(&y.Roots, "roots", nil, "move these roots of the store, too, such as mirror/attic/head, by their `NAMES`, with commas between")
	fl.BoolVar(&y.RootsOnly, "roots-only", false, "move the roots and no snapshot")
	fl.StringVar(&y.Name, "name", "", "`NAME` of the mirror where it comes to (default: that of the world)")
	fl.StringVar(&y.Fork, "fork", "", "keep a history that has diverged as the mirror `NAME`")
	fl.BoolVar(&y.Loose, "loose", false, "move lumps that no root reaches, too")
	fl.BoolVar(&y.Force, "force", false, "replace --roots that name something else")
	fl.StringVar(&y.Trust, "trust", "", "the key id `KEY` that the server must show")
	fl.StringVar(&y.passwordFile, "password-file", "", "read the password from `FILE`; - is stdin")
}

func (a *app) syncPush() *cobra.Command {
	y := &syncing{SyncParams: ipc.SyncParams{Direction: ipc.Push}}
	cmd := &cobra.Command{
		Use:   "push LINK",
		Short: "Bring this world to the server of a link",
		Long: `Bring a snapshot of this world to the server of a link, where the root mirror/NAME/head
names it. One is taken unless nothing has changed since the last. Printed are, for each
root: its name, what it named before, what it names now, and with the first the blocks that
were lacking, their bytes, and the bytes on the wire.

A history that has diverged from what is there moves nothing, and the exit code is 65;
--fork NAME keeps both.

` + linkHelp,
		Example: `  hearth-ctl sync push @cellar.link
  hearth-ctl --world ~/worlds/home sync push - --name home < cellar.link
  hearth-ctl sync push hearth://cellar:4920/mirrors --password-file cellar.password --fork home-2`,
		Args: args(1, 1, "one link, @FILE or -"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runSync(cmd, y, args[0]) },
	}
	y.flags(cmd)
	return cmd
}

func (a *app) syncPull() *cobra.Command {
	y := &syncing{SyncParams: ipc.SyncParams{Direction: ipc.Pull}}
	cmd := &cobra.Command{
		Use:   "pull LINK",
		Short: "Bring the world of the server of a link here",
		Long: `Bring the newest snapshot of the server of a link here, or with --of what was pushed there
as the mirror NAME. In a world of another history the root mirror/NAME/head names it. With
--world DIR, where DIR is no world yet, it makes a standby there: a world that ends at the
snapshot, is moved on by the next pull, and goes on by itself when a server is started on
it. Printed is what sync push prints.

With --watch it goes on with each new snapshot, a line for each, until it is interrupted:
the standby is seconds behind. --every has the server take a snapshot so often.

` + linkHelp,
		Example: `  hearth-ctl --world ~/worlds/standby sync pull @home.link --watch --every 5s
  hearth-ctl sync pull @cellar.link --of home`,
		Args: args(1, 1, "one link, @FILE or -"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runSync(cmd, y, args[0]) },
	}
	y.flags(cmd)
	cmd.Flags().StringVar(&y.Of, "of", "", "pull the mirror `NAME` of the other side, not its own world")
	cmd.Flags().BoolVar(&y.Watch, "watch", false, "go on with each new snapshot")
	cmd.Flags().DurationVar(&y.every, "every", 0, "with --watch: have a snapshot taken so often while the space changes")
	return cmd
}

// check finds what is wrong before anything is asked or opened.
func (y *syncing) check(cmd *cobra.Command, link string) error {
	if y.snapshot != "" {
		var err error
		if y.Snapshot, err = lumps.Parse(y.snapshot); err != nil {
			return err
		}
	}
	if link == "-" && y.passwordFile == "-" {
		return exit.Usagef("the link and the password cannot both come from stdin; put one into a file")
	}
	if cmd.Flags().Changed("every") && (y.every <= 0 || !y.Watch) {
		return exit.Usagef("--every is positive, and for --watch")
	}
	y.Every = ipc.Milliseconds(y.every)
	if y.Trust != "" {
		if _, err := trust.ParseKeyID(y.Trust); err != nil {
			return fmt.Errorf("--trust: %w", err)
		}
	}
	for _, f := range []struct{ name, value string }{{"name", y.Name}, {"fork", y.Fork}, {"of", y.Of}} {
		if f.value == "" && cmd.Flags().Changed(f.name) {
			return exit.Usagef("--%s needs a name", f.name)
		}
		if f.value != "" {
			if err := mirror.CheckName(f.value); err != nil {
				return fmt.Errorf("--%s: %w", f.name, err)
			}
		}
	}
	y.Link = link
	if err := y.Check(); err != nil {
		return &exit.UsageError{Err: err}
	}
	return nil
}

func (a *app) runSync(cmd *cobra.Command, y *syncing, arg string) error {
	if err := y.check(cmd, arg); err != nil {
		return err
	}
	link, err := secret.Link(arg, a.stdin)
	if err != nil {
		return err
	}
	if y.Password, err = password(cmd.Context(), link, y.passwordFile); err != nil {
		return err
	}
	y.Link = link.String()
	bar := &bar{f: a.stderr, tty: term.IsTerminal(int(a.stderr.Fd()))}
	moved := 0 // how often a watch has told
	run := func() (ipc.SyncResult, error) {
		defer bar.clear()
		return a.move(cmd.Context(), y, func(p ipc.SyncProgress) error {
			if p.Moved == nil {
				bar.show(p)
				return nil
			}
			bar.clear()
			if moved++; moved > 1 && p.Moved.UpToDate {
				return nil // connected again, and nothing is new
			}
			return a.showMoved(p)
		})
	}
	var r ipc.SyncResult
	err = trusting(cmd.Context(), link, y.Trust, func(key string) (err error) {
		y.Trust = key
		r, err = run()
		return err
	})
	// A watch that has worked stays: who was away comes back.
	for pause := leastPause; moved > 0 && ipc.Transient(err); pause = min(2*pause, mostPause) {
		fmt.Fprintf(a.stderr, "hearth-ctl: %s; trying again in %s\n", exit.Sentence(err), pause)
		select {
		case <-time.After(pause):
		case <-cmd.Context().Done():
			return cmd.Context().Err()
		}
		before := moved
		if _, err = run(); moved > before {
			pause = leastPause
		}
	}
	if err != nil || y.Watch {
		return errors.Join(err, a.out.flush())
	}
	return errors.Join(a.showSync(r), a.out.flush())
}

// Bounds of the time between two attempts of a watch to connect again.
const (
	leastPause = time.Second
	mostPause  = 30 * time.Second
)

// move syncs over the socket of the server of the world, or here, for one that
// nobody runs.
func (a *app) move(ctx context.Context, y *syncing, progress func(ipc.SyncProgress) error) (r ipc.SyncResult, err error) {
	if y.Direction == ipc.Pull && !y.RootsOnly && a.socketPath() == "" {
		dir, err := a.worldDir()
		if err != nil {
			return r, err
		}
		if is, err := a.standby(dir); err != nil {
			return r, err
		} else if is {
			r, err := peering.PullStandby(ctx, dir, "hearth-ctl", y.SyncParams, progress)
			if !errors.Is(err, space.ErrRan) {
				return r, ipc.CutOff(err)
			}
		}
	}
	err = a.with(ctx, func(s *session) error {
		r, err = s.Sync(ctx, y.SyncParams, progress)
		return err
	})
	return r, err
}

// standby reports whether dir may be a standby: a world that nobody runs, or no
// world. One is made only where the command line names it.
func (a *app) standby(dir string) (bool, error) {
	if err := world.Exists(dir); errors.Is(err, world.ErrNoWorld) {
		return a.world != "", nil
	} else if err != nil {
		return false, err
	}
	_, taken, err := world.Running(dir)
	if err != nil {
		return false, &world.PathError{Op: "open", Dir: dir, Err: err}
	}
	return !taken, nil
}

// showMoved prints what a watch has done.
func (a *app) showMoved(p ipc.SyncProgress) error {
	v := struct {
		ipc.SyncResult
		Behind ipc.Milliseconds `json:"behind"`
	}{*p.Moved, p.Behind}
	for i, row := range a.syncRows(*p.Moved) {
		if a.json && i > 0 {
			break
		}
		if err := a.out.now(v, row...); err != nil {
			return err
		}
	}
	return nil
}

// showSync prints what a sync did.
func (a *app) showSync(r ipc.SyncResult) error {
	if a.json {
		return a.out.object(r)
	}
	a.out.columns("ROOT", "FROM", "TO", "BLOCKS", "BYTES", "WIRE")
	for _, row := range a.syncRows(r) {
		if err := a.out.row(r, row...); err != nil {
			return err
		}
	}
	return nil
}

// syncRows are the roots of a sync, that of the snapshot first, and with the first
// row what it took.
func (a *app) syncRows(r ipc.SyncResult) (rows [][]string) {
	named := func(root string, from, to lumps.CID) {
		row := []string{root, "", to.String(), "", "", ""}
		if !from.IsZero() {
			row[1] = from.String()
		}
		rows = append(rows, row)
	}
	if r.Root != "" {
		named(r.Root, r.From, r.To)
	}
	for _, root := range r.Roots {
		named(root.Root, root.From, root.To)
	}
	if len(rows) == 0 {
		rows = append(rows, make([]string, 6))
	}
	copy(rows[0][3:], []string{strconv.FormatInt(r.Blocks, 10), a.out.size(r.Bytes), a.out.size(r.Wire)})
	return rows
}
