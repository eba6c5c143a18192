package crash

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hearth/journal"
	"hearth/runtime/ipc"
	"hearth/store"
)

// narrow is a way to leave a server little room on its disk.
type narrow struct {
	name string
	// prepare is called before the world is made.
	prepare func(p *place) error
	// fill leaves so many bytes, free gives the room back.
	fill func(p *place, room int64) error
	free func(p *place) error
}

const filler = "filler" // of a disk, beside the world

// narrows are the ways that this machine permits: a file system of its own, where
// this user may mount one, and a limit on the length of files.
func narrows(t *testing.T) []narrow {
	ways := []narrow{{
		name:    "file size",
		prepare: func(*place) error { return nil },
		fill: func(p *place, room int64) error {
			var largest int64
			err := filepath.WalkDir(p.world(), func(_ string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				fi, err := d.Info()
				if err == nil {
					largest = max(largest, fi.Size())
				}
				return err
			})
			p.limits = fmt.Sprintf("ulimit -f %d", (largest+room)/512)
			return err
		},
		free: func(p *place) error {
			p.limits = ""
			return nil
		},
	}}
	probe := t.TempDir()
	if err := syscall.Mount("none", probe, "tmpfs", 0, "size=64k"); err != nil {
		t.Logf("a small disk cannot be mounted here: %v", err)
		return ways
	}
	if err := syscall.Unmount(probe, 0); err != nil {
		t.Fatal(err)
	}
	return append(ways, narrow{
		name: "disk",
		prepare: func(p *place) error {
			if err := os.Mkdir(p.world(), 0o700); err != nil {
				return err
			}
			if err := syscall.Mount("none", p.world(), "tmpfs", 0, "size=96m"); err != nil {
				return err
			}
			p.leave = func() error { return syscall.Unmount(p.world(), 0) }
			return nil
		},
		fill: func(p *place, room int64) error {
			var st syscall.Statfs_t
			if err := syscall.Statfs(p.world(), &st); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(p.world(), "cache", filler), make([]byte, max(0, int64(st.Bavail)*st.Bsize-room)), 0o600)
		},
		free: func(p *place) error { return os.Remove(filepath.Join(p.world(), "cache", filler)) },
	})
}

// A server that finds no room ends with 74 and says why. What it acknowledged is
// there when there is room again.
func TestNoRoom(t *testing.T) {
	rounds := 2
	if os.Getenv("HEARTH_SOAK") != "" {
		rounds = 100
	}
	seed := newSeed(t)
	for i, way := range narrows(t) {
		t.Run(way.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, uint64(i)))
			p := newPlace(t, "--snapshot-events", "500")
			if err := way.prepare(p); err != nil {
				t.Fatal(err)
			}
			l := newLoad(p)
			l.excused = func(err error) bool {
				var remote *ipc.Error
				return errors.As(err, &remote) && remote.Exit == ipc.ExitIO || errors.Is(err, errRefused) || errors.Is(err, store.ErrFailed) || errors.Is(err, journal.ErrFailed)
			}
			_, c := started(t, p)
			if err := l.populate(c); err != nil {
				t.Fatal(err)
			}
			c.Close()
			for round := range rounds {
				if err := p.last.stop(); err != nil {
					t.Fatal(err)
				}
				if err := way.fill(p, int64(rng.IntN(3<<20))); err != nil {
					t.Fatal(err)
				}
				s, err := p.begin()
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				if s.wait() == nil {
					full := s.ended
					go func() {
						<-full
						cancel()
					}()
					begin, sent := time.Now(), l.ledger.ids
					if err := l.run(ctx, rng.Uint64()); err != nil {
						t.Fatal(err)
					}
					t.Logf("round %d: full after %v and %d messages", round, time.Since(begin), l.ledger.ids-sent)
				} else {
					t.Logf("round %d: too full to start", round)
				}
				cancel()
				sentence := said(t, s, 74, "")
				t.Logf("%s", sentence)
				if strings.Count(sentence, "; restart to verify it") > 1 {
					t.Error("it says so twice")
				}
				// Nor does another one help, or it finds the room that is left.
				another, err := p.begin()
				if err != nil {
					t.Fatal(err)
				}
				if another.wait() == nil {
					another.kill()
				} else {
					said(t, another, 74, "")
				}
				if err := way.free(p); err != nil {
					t.Fatal(err)
				}
				proveFreed(t, l)
			}
		})
	}
}

// proveFreed starts a server and has the world prove that nothing is lost.
func proveFreed(t *testing.T, l *load) {
	t.Helper()
	_, c := started(t, l.p)
	defer c.Close()
	for _, err := range []error{l.prove(c), l.proveState(c), l.proveData(c)} {
		if err != nil {
			t.Fatal(err)
		}
	}
}
