// Command bench measures Hearth beside its peers and prints one table: Erlang's
// processes, etcd's write-ahead log, a plain file with fdatasync, guests that are
// not metered, on the wire yamux, gRPC, crypto/tls and rsync, for pictures a bare
// triangle with the same shader, and for terminals libvterm, tmux and msdfgen.
//
// Both sides take turns, so that a noisy machine disturbs both, and the ratio is
// the median of the rounds' ratios. Processor time is the kernel's, user and
// system, for the whole program of each side. Nothing is asserted: the table says
// what is met, and by how much the rest is missed.
//
//	go run ./cmd/internal/bench            # everything, some ten minutes
//	go run ./cmd/internal/bench -only ring # rows whose name matches
//	go run ./cmd/internal/bench -only peer # what peers do on the wire
//	go run ./cmd/internal/bench -only picture
//	go run ./cmd/internal/bench -only terminal     # some twenty minutes
//	go run ./cmd/internal/bench -only terminal-key # until a key is seen, beside tmux
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	space "hearth/runtime"
)

func main() {
	rounds := flag.Int("rounds", 5, "how often each side is measured")
	only := flag.String("only", "", "measure only the rows whose name matches this `REGEXP`")
	flag.Parse()
	debug.SetGCPercent(space.GCPercent) // as the server does
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *rounds, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rounds int, only string) error {
	if _, err := os.Stat("runtime/wasm/bench_test.go"); err != nil {
		return errors.New("run it in the root of the repository")
	}
	before := load()
	match, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp("", "hearth-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	s := &session{tmp: tmp, rounds: max(1, rounds), erl: newErlang(ctx, tmp), binaries: map[string]*testBinary{}}
	if s.erl.err != nil {
		fmt.Fprintln(os.Stderr, s.erl.err)
	}
	for _, m := range measurements {
		if !match.MatchString(m.what) {
			continue
		}
		begin := time.Now()
		rows, err := m.measure(ctx, s)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		for _, r := range rows {
			if err != nil {
				r.note = "not measured"
			}
			s.rows = append(s.rows, r)
			fmt.Fprintf(os.Stderr, "%-50s %s\n", r.what, r.goal.verdict(r))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		fmt.Fprintf(os.Stderr, "%-50s took %v\n", m.what, time.Since(begin).Round(time.Second))
	}
	fmt.Printf("%s, %d processors, %s, %d rounds, load %s before and %s at the end\n\n",
		runtime.Version(), runtime.NumCPU(), time.Now().Format(time.DateOnly), s.rounds, before, load())
	write(os.Stdout, s.rows)
	return nil
}

// load is how many threads have computed or waited for that, over the last minute.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	minute, _, _ := strings.Cut(string(b), " ")
	return minute
}

// session is one run of the program.
type session struct {
	tmp      string
	rounds   int
	erl      *erlang
	binaries map[string]*testBinary
	rows     []*row
}

// bench runs a benchmark of a package of this module.
func (s *session) bench(ctx context.Context, dir, name string, n int) (metrics, error) {
	return only(s.benchIn(ctx, ".", dir, name, n))
}

// only returns the one result that there must be.
func only(all map[string]metrics, err error) (metrics, error) {
	if err == nil && len(all) > 1 {
		err = errors.New("more than one result; name one benchmark")
	}
	for _, m := range all {
		return m, err
	}
	return nil, err
}

func (s *session) benchIn(ctx context.Context, module, dir, name string, n int) (map[string]metrics, error) {
	return s.benchWith(ctx, nil, module, dir, name, n)
}

// benchWith is benchIn with more in the environment.
func (s *session) benchWith(ctx context.Context, env []string, module, dir, name string, n int) (map[string]metrics, error) {
	key := module + " " + dir
	b := s.binaries[key]
	if b == nil {
		var err error
		if b, err = compile(ctx, s.tmp, module, dir); err != nil {
			return nil, err
		}
		s.binaries[key] = b
	}
	return b.run(ctx, env, name, n)
}

// turns calls both in every round, by turns the one or the other first, and then
// done.
func (s *session) turns(own, peer func() error, done func()) error {
	for range s.rounds {
		for _, f := range []func() error{own, peer} {
			if err := f(); err != nil {
				return err
			}
		}
		if done != nil {
			done()
		}
		own, peer = peer, own
	}
	return nil
}
