package peering

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"hearth/cmd/internal/exit"
	"hearth/cmd/internal/secret"
	"hearth/cmd/internal/version"
	"hearth/cmd/internal/world"
	"hearth/journal/space"
	"hearth/runtime"
	"hearth/runtime/ipc"
	"hearth/runtime/peer"
	"hearth/runtime/peer/mirror"
	"hearth/runtime/peer/trust"
)

// Syncer moves a world, or parts of it, between here and a server. A nil runtime is
// a world that nobody runs.
func Syncer(w *world.World, rt *runtime.Runtime, program string) func(context.Context, ipc.SyncParams, func(ipc.SyncProgress) error) (ipc.SyncResult, error) {
	return func(ctx context.Context, p ipc.SyncParams, progress func(ipc.SyncProgress) error) (ipc.SyncResult, error) {
		f, err := OpenFiles(w.Dir, "")
		if err != nil {
			return ipc.SyncResult{}, err
		}
		return move(ctx, f.Identity, repository(w, rt, f.Space), program, p, progress)
	}
}

// move dials and moves.
func move(ctx context.Context, id ed25519.PrivateKey, local *mirror.Repository, program string, p ipc.SyncParams, progress func(ipc.SyncProgress) error) (ipc.SyncResult, error) {
	s, err := DialMirror(ctx, id, p.Link, p.Password, p.Trust, program)
	if err != nil {
		return ipc.SyncResult{}, err
	}
	defer s.Close()
	// What cannot be told ends the sync: nobody waits for it any more.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	tell := func(m mirror.Progress) {
		if err := progress(ipc.SyncProgress{Blocks: m.Blocks, Bytes: m.Bytes}); err != nil {
			cancel(err)
		}
	}
	pull := mirror.PullOptions{Snapshot: p.Snapshot, Name: p.Name, Fork: p.Fork, Roots: p.Roots, RootsOnly: p.RootsOnly, Force: p.Force, Loose: p.Loose, Progress: tell}
	if p.Of != "" {
		pull.Root = mirror.HeadRoot(p.Of)
	}
	switch {
	case p.Direction == ipc.Push && p.Watch:
		return ipc.SyncResult{}, fmt.Errorf("%w: a push is not watched; have the other side pull", ipc.ErrUsage)
	case p.Direction == ipc.Push:
		r, err := mirror.Push(ctx, s, local, mirror.PushOptions{Snapshot: p.Snapshot, Name: p.Name, Fork: p.Fork, Roots: p.Roots,
			RootsOnly: p.RootsOnly, Force: p.Force, Loose: p.Loose, Progress: tell})
		return result(ctx, local, r, err)
	case p.Direction == ipc.Pull && p.Watch:
		var last mirror.Result
		err := mirror.Watch(ctx, s, local, mirror.WatchOptions{PullOptions: pull, Every: time.Duration(p.Every),
			Moved: func(r mirror.Result, behind time.Duration) {
				last = r
				out, _ := result(ctx, local, r, nil)
				if err := progress(ipc.SyncProgress{Blocks: r.Blocks, Bytes: r.Bytes, Moved: &out, Behind: ipc.Milliseconds(behind)}); err != nil {
					cancel(err)
				}
			}})
		return result(context.WithoutCancel(ctx), local, last, err)
	case p.Direction == ipc.Pull:
		r, err := mirror.Pull(ctx, s, local, pull)
		return result(ctx, local, r, err)
	}
	return ipc.SyncResult{}, fmt.Errorf("%w: the direction is push or pull", ipc.ErrUsage)
}

// result is what a push or a pull did, for hearth-ctl.
func result(ctx context.Context, local *mirror.Repository, r mirror.Result, err error) (ipc.SyncResult, error) {
	out := ipc.SyncResult{Lumps: r.Lumps, Blocks: r.Blocks, Bytes: r.Bytes, Wire: r.Wire, RoundTrips: r.RoundTrips, UpToDate: true}
	for _, m := range r.Moves {
		out.UpToDate = out.UpToDate && m.Already
		if m.To == r.Snapshot || out.Root == "" && !r.Snapshot.IsZero() {
			out.Root, out.From, out.To = m.Root, m.From, m.To
			continue
		}
		out.Roots = append(out.Roots, ipc.SyncRoot{Root: m.Root, From: m.From, To: m.To})
	}
	if !r.Snapshot.IsZero() {
		if snap, err := space.LoadSnapshot(ctx, space.Getter(local.Store), r.Snapshot); err == nil {
			out.Seq = snap.Seq
		}
	}
	return out, err
}

// DialMirror connects to the server of a link with a mirror's credential. want is
// the key id that the server must show, where the link names none.
func DialMirror(ctx context.Context, id ed25519.PrivateKey, link string, password []byte, want string, program string) (*peer.MirrorSession, error) {
	l, err := trust.ParseLink(link)
	if err != nil {
		return nil, err
	}
	if len(password) == 0 {
		password = []byte(l.Secret)
	}
	pin, err := Pin(l, want)
	if err != nil {
		return nil, err
	}
	return peer.DialMirror(ctx, peer.Client{Program: version.Of(program), Link: l, Identity: id, Password: password, Pin: pin})
}

// Pin says by the link, a key id that was given, and the user's known servers
// whether a key is a server's. Nobody is asked: that takes longer than a handshake
// may, so who gets trust.ErrUnknownServer asks, and tries again with the key.
func Pin(l trust.Link, want string) (peer.Pin, error) {
	known, err := secret.KnownServers()
	if err != nil {
		return nil, err
	}
	key := l.Key
	if want != "" {
		if key, err = trust.ParseKeyID(want); err != nil {
			return nil, fmt.Errorf("--trust: %w", err)
		}
		if l.Key != nil && !l.Key.Equal(key) {
			return nil, exit.Usagef("the link and --trust name different keys; ask the operator of %s for the right one", l.Host)
		}
	}
	return func(got ed25519.PublicKey) error { return known.Check(l.Host, l.Space, key, got, nil) }, nil
}

// PullStandby pulls into the folder of a standby, which is begun where there is
// none. space.ErrRan says that the world there has run.
func PullStandby(ctx context.Context, dir, program string, p ipc.SyncParams, progress func(ipc.SyncProgress) error) (out ipc.SyncResult, err error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	w, err := world.OpenStandby(dir, world.Owner{PID: os.Getpid(), Program: program}, log)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	// Its own files of trust are made when it runs: until then the user pulls.
	cfg, err := secret.ConfigDir()
	if err != nil {
		return out, err
	}
	id, err := trust.OpenIdentity(cfg)
	if err != nil {
		return out, err
	}
	local := &mirror.Repository{Store: w.Store, Standby: &space.Standby{Store: w.Store, Journal: w.JournalDir()}, Verify: verifier(w.Store)}
	commit := func() error {
		if !w.Made {
			return nil
		}
		ctx := context.WithoutCancel(ctx)
		if at, err := local.Standby.At(ctx); err != nil || at.IsZero() {
			return err
		}
		return errors.Join(w.Fork(), w.Commit())
	}
	out, err = move(ctx, id, local, program, p, func(m ipc.SyncProgress) error {
		if m.Moved != nil {
			if err := commit(); err != nil {
				return err
			}
		}
		return progress(m)
	})
	return out, errors.Join(err, commit())
}
