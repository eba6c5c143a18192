package main

import (
	"context"
	"os"
)

// What peers do is measured on both ends in one process, so that the processor
// time is that of both. The programs beside it are in a module of their own.
const (
	peers     = "runtime/peer"
	peerbench = "runtime/peer/peerbench"
)

// longRounds bounds the rounds of what takes many seconds each: an emulated link
// is as slow as a real one, and disturbed by little.
const longRounds = 3

// benchmark is one that reports one result.
type benchmark struct {
	module, dir, name string
	n                 int
	env               []string
}

func (s *session) measure(ctx context.Context, b benchmark) (metrics, error) {
	return only(s.benchWith(ctx, b.env, b.module, b.dir, b.name, b.n))
}

// contest is a benchmark of ours beside some of others, that all report the same.
type contest struct {
	metric string
	scale  float64 // from the metric to the rows' unit
	rate   bool    // more is better
	ours   benchmark
	others []opponent
	rounds int // at most; 0 for as many as were asked for
}

// opponent is one of the others, and the row in which it stands.
type opponent struct {
	*row
	benchmark
}

// hold measures all in every round, by turns ours and the others first.
func (s *session) hold(ctx context.Context, c contest) ([]*row, error) {
	var rows []*row
	for _, o := range c.others {
		rows = append(rows, o.row)
	}
	one := func(b benchmark) (value, cpu float64, err error) {
		m, err := s.measure(ctx, b)
		if err == nil {
			value, err = m.need(c.metric)
		}
		return value * c.scale, m["cpu-ns/op"], err
	}
	var value, used float64
	others := make([][2]float64, len(c.others))
	own := func() (err error) {
		value, used, err = one(c.ours)
		return err
	}
	peer := func() (err error) {
		for i, o := range c.others {
			if others[i][0], others[i][1], err = one(o.benchmark); err != nil {
				return err
			}
		}
		return nil
	}
	short := *s
	if c.rounds > 0 {
		short.rounds = min(s.rounds, c.rounds)
	}
	return rows, short.turns(own, peer, func() {
		for i, o := range c.others {
			o.row.ours, o.row.peer = append(o.row.ours, value), append(o.row.peer, others[i][0])
			o.row.wall = append(o.row.wall, value/others[i][0])
			switch {
			case used == 0 || others[i][1] == 0: // it waits for a link, mostly
			case c.rate:
				o.row.cpu = append(o.row.cpu, others[i][1]/used)
			default:
				o.row.cpu = append(o.row.cpu, used/others[i][1])
			}
		}
	})
}

// peerMessages compares guests that send to another machine with streams over TLS.
func peerMessages(ctx context.Context, s *session) ([]*row, error) {
	against := func(peer, name string, n int) opponent {
		r := &row{what: "peers, messages from guest to guest, beside " + peer, unit: perSecond, goal: goal{ours, 1_000_000, true}}
		return opponent{r, benchmark{module: peerbench, dir: ".", name: "Messages/" + name, n: n}}
	}
	return s.hold(ctx, contest{
		metric: "msg/s", scale: 1, rate: true,
		ours:   benchmark{module: ".", dir: peers, name: "Messages", n: 3_000_000},
		others: []opponent{against("yamux over TLS", "yamux/tls", 100_000), against("gRPC", "grpc/tls", 500_000)},
	})
}

// peerRoundTrips compares a token that two guests pass to each other with an echo.
func peerRoundTrips(ctx context.Context, s *session) ([]*row, error) {
	const n = 30_000
	against := func(peer string, b benchmark, g goal) opponent {
		b.n = n
		return opponent{&row{what: "peers, round trip from guest to guest, beside " + peer, unit: nanoseconds, goal: g}, b}
	}
	return s.hold(ctx, contest{
		metric: "ns/op", scale: 1,
		ours: benchmark{module: ".", dir: peers, name: "RoundTrip/hearth", n: n},
		others: []opponent{
			against("bare TCP", benchmark{module: ".", dir: peers, name: "RoundTrip/tcp"}, goal{wallRatio, 3, false}),
			against("yamux over TLS", benchmark{module: peerbench, dir: ".", name: "RoundTrip/yamux/tls"}, goal{of: none}),
			against("gRPC", benchmark{module: peerbench, dir: ".", name: "RoundTrip/grpc/tls"}, goal{of: none}),
		},
	})
}

// peerBulk compares a stream of lumps with crypto/tls: with the same cipher, and
// with the one that this machine's processor is best at. The benchmark lets both
// take turns itself.
func peerBulk(ctx context.Context, s *session) ([]*row, error) {
	const turns = 15
	var rows []*row
	for _, c := range []struct {
		what, name string
		env        []string
	}{
		{"peers, bulk with ChaCha20-Poly1305, beside TLS with it", "chacha20-poly1305", []string{"GODEBUG=cpu.aes=off"}},
		{"peers, bulk with this machine's cipher, beside TLS with ChaCha20-Poly1305", "default", nil},
	} {
		r := &row{what: c.what, unit: megabytes, goal: goal{bothRatios, 1, true}}
		rows = append(rows, r)
		for range s.rounds {
			m, err := s.measure(ctx, benchmark{peerbench, ".", "BulkBesideTLS/" + c.name, turns, c.env})
			if err != nil {
				return rows, err
			}
			r.ours, r.peer = append(r.ours, m["hearth-MB/s"]), append(r.peer, m["tls-MB/s"])
			r.wall, r.cpu = append(r.wall, m["ratio"]), append(r.cpu, m["cpu-ratio"])
		}
	}
	return rows, nil
}

// peerSmall measures small messages beside bulk on a home's link.
func peerSmall(ctx context.Context, s *session) ([]*row, error) {
	b := benchmark{module: peerbench, dir: ".", n: 200}
	theirs := b
	b.name, theirs.name = "SmallDuringBulk/hearth/namespaces", "SmallDuringBulk/yamux/namespaces"
	return s.hold(ctx, contest{metric: "p99-ms", scale: 1e6, ours: b, rounds: longRounds, others: []opponent{
		{&row{what: "peers, p99 beside bulk, 50 Mbit/s and 30 ms, beside yamux", unit: nanoseconds, goal: goal{ours, 120e6, false}}, theirs},
	}})
}

// peerCalls is the same for guests, while another loads lumps.
func peerCalls(ctx context.Context, s *session) ([]*row, error) {
	const what = "peers, a guest's calls, 50 Mbit/s and 30 ms, "
	alone50 := &row{what: what + "nothing else: p50", unit: nanoseconds, goal: goal{of: none}}
	alone99 := &row{what: what + "nothing else: p99", unit: nanoseconds, goal: goal{of: none}}
	p50 := &row{what: what + "beside lumps: p50", unit: nanoseconds, goal: goal{of: none}}
	p99 := &row{what: what + "beside lumps: p99", unit: nanoseconds, goal: goal{ours, 120e6, false}}
	rate := &row{what: what + "rate of the lumps", unit: megabits, goal: goal{of: none}}
	rows := []*row{alone50, alone99, p50, p99, rate}
	for range min(s.rounds, longRounds) {
		for _, c := range []struct {
			name string
			want []figureOf
		}{
			{"alone", []figureOf{{"p50-ms", 1e6, alone50}, {"p99-ms", 1e6, alone99}}},
			{"loading", []figureOf{{"p50-ms", 1e6, p50}, {"p99-ms", 1e6, p99}, {"Mbit/s", 1, rate}}},
		} {
			if err := s.fill(ctx, benchmark{module: ".", dir: peers, name: "Calls/" + c.name, n: 200}, c.want...); err != nil {
				return rows, err
			}
		}
	}
	return rows, nil
}

// figureOf is a metric that goes into a row.
type figureOf struct {
	metric string
	scale  float64
	row    *row
}

// fill runs a benchmark of ours for several rows.
func (s *session) fill(ctx context.Context, b benchmark, figures ...figureOf) error {
	m, err := s.measure(ctx, b)
	if err != nil {
		return err
	}
	for _, f := range figures {
		v, err := m.need(f.metric)
		if err != nil {
			return err
		}
		f.row.ours = append(f.row.ours, v*f.scale)
	}
	return nil
}

// reconcile counts what it takes to find the difference of two stores; beside it
// the whole list. One round: it is counted, not timed.
func reconcile(ctx context.Context, s *session) ([]*row, error) {
	size := &row{what: "peers, 1,000,000 blocks, 100 differ: bytes, beside the whole list", unit: kilobytes, goal: goal{ours, 100_000, false}}
	trips := &row{what: "peers, 1,000,000 blocks, 100 differ: round trips", unit: count, goal: goal{ours, 4, false}}
	rows := []*row{size, trips}
	b := benchmark{module: ".", dir: "lumps/reconcile", name: "Reconcile/100_differ", n: 1}
	if err := s.fill(ctx, b, figureOf{"wire-B", 1, size}, figureOf{"roundtrips", 1, trips}); err != nil {
		return rows, err
	}
	b.name = "Reconcile/whole_list"
	m, err := s.measure(ctx, b)
	if err != nil {
		return rows, err
	}
	v, err := m.need("wire-B")
	size.peer = []float64{v}
	return rows, err
}

// pull counts what the pull of a world takes that has changed a little.
func pull(ctx context.Context, s *session) ([]*row, error) {
	what := "peers, pull of 64 MiB of which 1% changed: "
	if os.Getenv("HEARTH_SOAK") == "1" {
		what = "peers, pull of 1 GiB of which 1% changed: "
	}
	share := &row{what: what + "bytes for each that was lacking", unit: factor, goal: goal{ours, 1.1, false}}
	size := &row{what: what + "bytes, beside rsync", unit: kilobytes, goal: goal{of: none}}
	rows := []*row{share, size}
	m, err := s.bench(ctx, "runtime/peer/mirror", "PullOnePercent", 1)
	if err != nil {
		return rows, err
	}
	ratio, err := m.need("wire/lacking")
	if err != nil {
		return rows, err
	}
	share.ours, size.ours = []float64{ratio}, []float64{m["wire-B"]}
	if v, ok := m["rsync-B"]; ok {
		size.peer = []float64{v}
		share.peer = []float64{v / m["lacking-B"]}
	}
	return rows, nil
}
