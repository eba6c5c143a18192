package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"hearth/cmd/internal/exit"
	"hearth/cmd/internal/peering"
	"hearth/cmd/internal/secret"
	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime/ipc"
	"hearth/runtime/peer"
	"hearth/runtime/peer/mirror"
	"hearth/runtime/peer/trust"
)

// isLink reports whether an argument is meant as a link and not as the name of a
// file: also one that is mistyped, so that what it may hold is not repeated.
func isLink(arg string) bool {
	return arg == "-" || strings.HasPrefix(arg, "@") || strings.Contains(arg, "://")
}

// login is what the command line says about one of two links.
type login struct {
	passwordFile, trust string
	of                  string // the mirror there that is meant, "" for its own world
}

// logins shares files of passwords, keys and names of mirrors out to the sides of a
// diff: A=FILE and B=FILE, or FILE alone for every link.
func logins(args, files, keys, mirrors []string) (out [2]login, err error) {
	share := func(flag string, values []string, set func(*login, string) bool) error {
		for _, v := range values {
			sides := []int{0, 1}
			if rest, ok := strings.CutPrefix(v, "A="); ok {
				sides, v = sides[:1], rest
			} else if rest, ok := strings.CutPrefix(v, "B="); ok {
				sides, v = sides[1:], rest
			}
			if sides = slices.DeleteFunc(sides, func(i int) bool { return !isLink(args[i]) }); len(sides) == 0 {
				return exit.Usagef("--%s is for a link, and that side is none", flag)
			}
			for _, i := range sides {
				if !set(&out[i], v) {
					return exit.Usagef("--%s is given twice for the same link", flag)
				}
			}
		}
		return nil
	}
	once := func(at *string, v string) bool {
		free := *at == ""
		*at = v
		return free
	}
	err = share("password-file", files, func(l *login, v string) bool { return once(&l.passwordFile, v) })
	if err == nil {
		err = share("trust", keys, func(l *login, v string) bool { return once(&l.trust, v) })
	}
	if err == nil {
		err = share("of", mirrors, func(l *login, v string) bool { return once(&l.of, v) })
	}
	if err != nil {
		return out, err
	}
	stdin := 0
	for i, l := range out {
		if isLink(args[i]) && args[i] != "-" && args[i][0] != '@' {
			if _, err := trust.ParseArgument(args[i]); err != nil {
				return out, err
			}
		}
		if l.trust != "" {
			if _, err := trust.ParseKeyID(l.trust); err != nil {
				return out, fmt.Errorf("--trust: %w", err)
			}
		}
		if l.of != "" {
			if err := mirror.CheckName(l.of); err != nil {
				return out, fmt.Errorf("--of: %w", err)
			}
		}
		for _, from := range []string{args[i], l.passwordFile} {
			if from == "-" {
				stdin++
			}
		}
	}
	if stdin > 1 {
		return out, exit.Usagef("only one of links and passwords can come from stdin; put the others into files")
	}
	return out, nil
}

// remote is the state of a world behind a link, which is read piece by piece.
func (o *opener) remote(ctx context.Context, arg string, l login) (side space.Side, err error) {
	link, err := secret.Link(arg, o.a.stdin)
	if err != nil {
		return side, err
	}
	password, err := password(ctx, link, l.passwordFile)
	if err != nil {
		return side, err
	}
	dir, err := secret.ConfigDir()
	if err != nil {
		return side, err
	}
	id, err := trust.OpenIdentity(dir)
	if err != nil {
		return side, err
	}
	var s *peer.MirrorSession
	err = trusting(ctx, link, l.trust, func(key string) (err error) {
		s, err = peering.DialMirror(ctx, id, link.String(), password, key, "hearth-ctl")
		return err
	})
	if err != nil {
		return side, err
	}
	o.far = append(o.far, s)
	if l.of != "" {
		side, err = mirror.RootSide(ctx, s, mirror.HeadRoot(l.of))
	} else {
		side, err = mirror.Side(ctx, s, lumps.CID{})
	}
	return side, ipc.CutOff(err)
}
