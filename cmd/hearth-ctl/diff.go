package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"hearth/cmd/internal/exit"
	"hearth/cmd/internal/world"
	"hearth/journal/space"
	"hearth/lumps"
	"hearth/lumps/car"
	"hearth/runtime/ipc"
	"hearth/runtime/peer"
	"hearth/store"
)

// difference is a line of diff --json.
type difference struct {
	Op      string    `json:"op"`   // +, - or ~
	Kind    string    `json:"kind"` // process, service, root, monitors, links, timers, keys, outbox
	Name    string    `json:"name,omitempty"`
	SizeA   int64     `json:"size_a,omitempty"`
	SizeB   int64     `json:"size_b,omitempty"`
	LumpA   lumps.CID `json:"lump_a,omitzero"`
	LumpB   lumps.CID `json:"lump_b,omitzero"`
	TargetA string    `json:"target_a,omitempty"`
	TargetB string    `json:"target_b,omitempty"`
	Parts   []string  `json:"parts,omitempty"`
	Pages   int64     `json:"pages,omitempty"`
	Added   int       `json:"added,omitempty"`
	Removed int       `json:"removed,omitempty"`
	Changed int       `json:"changed,omitempty"`
}

func (a *app) diff() *cobra.Command {
	var code bool
	var trusted, passwords, mirrors []string
	cmd := &cobra.Command{
		Use:   "diff A B",
		Short: "Print what differs between two states: processes, services, roots",
		Long: `Print what differs between two states, a line for each thing: + only B has it, - only A,
~ both, and not the same. A and B are a folder of a world (as it is now, running or not), a
CAR, the CID of a snapshot in the world that --world or --socket names, or a LINK with a
mirror's rights: what the comparison reads of that world is fetched, and nothing else.

` + linkHelp + ` Where A and B
are both links, A= or B= before a file, a key or a name says whose it is.`,
		Example: `  hearth-ctl diff ~/worlds/home ~/worlds/copy
  hearth-ctl diff home.car ~/worlds/home --exit-code
  hearth-ctl diff ~/worlds/home @cellar.link --of home
  hearth-ctl diff @a.link @b.link --password-file A=a.password --password-file B=b.password`,
		Args: args(2, 2, "two of: a world, a CAR, the CID of a snapshot, a link"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			var sides [2]space.Side
			o := &opener{a: a, worlds: map[string]*session{}}
			defer o.close()
			logins, err := logins(args, passwords, trusted, mirrors)
			if err != nil {
				return err
			}
			for i, arg := range args {
				if sides[i], err = o.side(ctx, arg, logins[i]); err != nil {
					return err
				}
			}
			n := 0
			for d, err := range space.Diff(ctx, sides[0], sides[1]) {
				if err != nil {
					return err
				}
				n++
				v := difference{Op: string(d.Op), Kind: d.Kind, Name: d.Name, SizeA: d.SizeA, SizeB: d.SizeB, LumpA: d.LumpA, LumpB: d.LumpB,
					Parts: d.Parts, Pages: d.Pages, Added: d.Added, Removed: d.Removed, Changed: d.Changed}
				if !d.CapA.IsZero() {
					v.TargetA = d.CapA.Ref.String()
				}
				if !d.CapB.IsZero() {
					v.TargetB = d.CapB.Ref.String()
				}
				if err := a.out.row(v, d.String()); err != nil {
					return err
				}
			}
			if err := a.out.flush(); err != nil {
				return err
			}
			if n > 0 && code {
				return exit.Silent(1)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&code, "exit-code", false, "exit with 1 where they differ")
	cmd.Flags().StringArrayVar(&passwords, "password-file", nil, "read the password for a link from `FILE`; - is stdin")
	cmd.Flags().StringArrayVar(&trusted, "trust", nil, "the key id `KEY` that the server of a link must show")
	cmd.Flags().StringArrayVar(&mirrors, "of", nil, "the mirror `NAME` behind a link, not the world there itself")
	return cmd
}

// opener opens what is compared: a world once, also where both sides are of it.
type opener struct {
	a      *app
	worlds map[string]*session // by folder; "" is the one that the command line names
	files  []*os.File
	far    []*peer.MirrorSession
}

func (o *opener) close() {
	for _, s := range o.worlds {
		s.close()
	}
	for _, f := range o.files {
		f.Close()
	}
	for _, s := range o.far {
		s.Close()
	}
}

// side finds the state that an argument means.
func (o *opener) side(ctx context.Context, arg string, l login) (space.Side, error) {
	if isLink(arg) {
		return o.remote(ctx, arg, l)
	}
	fi, err := os.Stat(arg)
	if err == nil && fi.IsDir() {
		dir, err := world.Dir(arg)
		if err != nil {
			return space.Side{}, err
		}
		s, err := o.world(ctx, dir)
		if err != nil {
			return space.Side{}, err
		}
		r, err := s.State(ctx)
		return space.Side{Get: blocksOf(s), State: r.State}, err
	}
	if err == nil {
		return o.archive(ctx, arg)
	}
	c, cerr := lumps.Parse(arg)
	if errors.Is(cerr, lumps.ErrUnsupported) {
		return space.Side{}, cerr
	}
	if cerr != nil {
		return space.Side{}, fmt.Errorf("%s is neither a world, nor a CAR, nor a CID, nor a link: %w", arg, os.ErrNotExist)
	}
	dir := ""
	if socket := o.a.socketPath(); socket == "" {
		if dir, err = o.a.worldDir(); err != nil {
			return space.Side{}, err
		}
	}
	s, err := o.world(ctx, dir)
	if err != nil {
		return space.Side{}, err
	}
	snap, err := space.LoadSnapshot(ctx, blocksOf(s), c)
	if err != nil {
		return space.Side{}, err
	}
	return space.Side{Get: blocksOf(s), State: snap.State}, nil
}

// world opens a world by its folder; "" is behind the socket that was named.
func (o *opener) world(ctx context.Context, dir string) (s *session, err error) {
	if s := o.worlds[dir]; s != nil {
		return s, nil
	}
	if dir == "" {
		s, err = dial(ctx, o.a.socketPath())
	} else {
		s, err = openWorld(ctx, dir)
	}
	if err == nil {
		o.worlds[dir] = s
	}
	return s, err
}

func blocksOf(s *session) space.Get {
	return func(ctx context.Context, c lumps.CID) ([]byte, error) { return s.Block(ctx, c) }
}

// extent is where a block stands in a file.
type extent struct {
	at  int64
	len int
}

// archive reads a CAR once, verifying it, and remembers where its blocks are.
func (o *opener) archive(ctx context.Context, name string) (side space.Side, err error) {
	f, err := os.Open(name)
	if err != nil {
		return side, err
	}
	o.files = append(o.files, f)
	r, err := car.NewReader(f)
	if err != nil {
		return side, fmt.Errorf("%s: %w", name, err)
	}
	places := map[lumps.CID]extent{}
	for {
		c, data, err := r.Next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return side, fmt.Errorf("%s: %w", name, err)
		}
		places[c] = extent{r.Offset() - int64(len(data)), len(data)}
	}
	get := func(_ context.Context, c lumps.CID) ([]byte, error) {
		e, ok := places[c]
		if !ok {
			return nil, &store.NotFoundError{CID: c}
		}
		data := make([]byte, e.len)
		if _, err := f.ReadAt(data, e.at); err != nil {
			return nil, err
		}
		if !lumps.Verify(c, data) {
			return nil, &store.CorruptError{CID: c, Pack: name, Offset: e.at}
		}
		return data, nil
	}
	if len(r.Roots()) != 1 {
		return side, fmt.Errorf("%s has %d roots; a backup has one, the snapshot: %w", name, len(r.Roots()), ipc.ErrNoSnapshot)
	}
	snap, err := space.LoadSnapshot(ctx, get, r.Roots()[0])
	if err != nil {
		return side, fmt.Errorf("%s: %w", name, err)
	}
	return space.Side{Get: get, State: snap.State}, nil
}
