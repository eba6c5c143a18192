package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
)

// measurement fills some rows of the table.
type measurement struct {
	what    string // that -only chooses by
	measure func(context.Context, *session) ([]*row, error)
}

var measurements = []measurement{
	{"ping-pong", against("ping-pong, a hop", "PingPongHop", 2_000_000, 0.6, "ring", "2")},
	{"ring", against("ring of 1000, a hop", "Ring1000", 1_000_000, 0.7, "ring", "1000")},
	{"fan-in", against("fan-in of 16, a message", "FanIn16", 1_600_000, 0.8, "fanin")},
	{"spawn", against("spawn, one message, answer, exit", "SpawnExit", 200_000, 0.6, "spawn")},
	{"idle", idle},
	{"journal", journal},
	{"store", ingest},
	{"fuel", fuel},
	{"durable", durable},
	{"clients", clients},
	{"restart", restart},
	{"snapshot", snapshot},
	{"peer-messages", peerMessages},
	{"peer-round-trip", peerRoundTrips},
	{"peer-bulk", peerBulk},
	{"peer-small", peerSmall},
	{"peer-calls", peerCalls},
	{"peer-reconcile", reconcile},
	{"peer-pull", pull},
	{"picture-model", pictureModel},
	{"picture-record", pictureRecord},
	{"picture-moved", pictureMoved},
	{"picture-upload", pictureUpload},
	{"picture-start", pictureStart},
	{"picture-frame", pictureFrame},
	{"picture-decode", pictureDecode},
	{"picture-skin", pictureSkin},
	{"terminal-feed", terminalFeed},
	{"terminal-screen", terminalScreen},
	{"terminal-open", terminalOpen},
	{"terminal-key", terminalKey},
	{"terminal-memory", terminalMemory},
	{"terminal-idle", terminalIdle},
	{"terminal-frame", terminalFrame},
	{"terminal-glyph", terminalGlyph},
}

// against compares a benchmark of runtime/wasm with Erlang.
func against(what, name string, n int, limit float64, work ...string) func(context.Context, *session) ([]*row, error) {
	return func(ctx context.Context, s *session) ([]*row, error) {
		r := &row{what: what, unit: nanoseconds, goal: goal{cpuRatio, limit, false}}
		var cpu, wall float64
		own := func() error {
			m, err := s.bench(ctx, "runtime/wasm", name, n)
			if err != nil {
				return err
			}
			wall = m["ns/op"]
			cpu, err = m.need("cpu-ns/op")
			r.ours = append(r.ours, cpu)
			return err
		}
		var peerCPU, peerWall float64
		peer := func() error {
			if s.erl.err != nil {
				return nil
			}
			v, err := s.erl.run(ctx, append(work, strconv.Itoa(n))...)
			if err != nil {
				return err
			}
			peerWall, peerCPU = v[1]/v[0], v[2]/v[0]
			r.peer = append(r.peer, peerCPU)
			return nil
		}
		err := s.turns(own, peer, func() {
			if s.erl.err == nil {
				r.cpu, r.wall = append(r.cpu, cpu/peerCPU), append(r.wall, wall/peerWall)
			}
		})
		return []*row{r}, err
	}
}

// idle compares the memory of processes that wait.
func idle(ctx context.Context, s *session) ([]*row, error) {
	const processes = 5000
	r := &row{what: "an idle process, small guest", unit: kilobytes, goal: goal{ours, 16_000, false}}
	c := &row{what: "an idle process, C guest with a library", unit: kilobytes, goal: goal{ours, 16_000, false}}
	err := s.turns(func() error {
		for _, g := range []struct {
			row   *row
			guest string
		}{{r, "echo"}, {c, "counter"}} {
			m, err := s.bench(ctx, "runtime/wasm", "IdleProcess/"+g.guest, 1)
			if err != nil {
				return err
			}
			v, err := m.need("B/process")
			if err != nil {
				return err
			}
			g.row.ours = append(g.row.ours, v)
		}
		return nil
	}, func() error {
		if s.erl.err != nil {
			return nil
		}
		v, err := s.erl.run(ctx, "idle", strconv.Itoa(processes))
		if err == nil {
			r.peer = append(r.peer, v[1])
		}
		return err
	}, nil)
	return []*row{r, c}, err
}

// journal compares with etcd's log: how often as much ours does with the same
// processor time, and in the same time. The benchmark lets both take turns itself.
func journal(ctx context.Context, s *session) ([]*row, error) {
	var rows []*row
	for _, c := range []struct {
		appenders string
		limit     float64
	}{{"1", 0.9}, {"64", 1.3}, {"1024", 1.3}} {
		r := &row{what: "journal, appenders: " + c.appenders, unit: perSecond, goal: goal{cpuRatio, c.limit, true}}
		rows = append(rows, r)
		m, err := only(s.benchIn(ctx, "journal/peerbench", ".", "AgainstEtcd/appenders="+c.appenders, 3*s.rounds))
		if err != nil {
			return rows, err
		}
		r.ours, r.peer = []float64{m["hearth/s"]}, []float64{m["etcd/s"]}
		r.wall, r.cpu = []float64{m["ratio"]}, []float64{m["cpu-ratio"]}
	}
	return rows, nil
}

// ingest compares with a file that is written and synced.
func ingest(ctx context.Context, s *session) ([]*row, error) {
	large := &row{what: "store, blocks of 256 KiB", unit: perSecond, goal: goal{wallRatio, 0.8, true}}
	small := &row{what: "store, blocks of 200 bytes", unit: perSecond, goal: goal{ours, 100_000, true}}
	for range s.rounds {
		for _, c := range []struct {
			row  *row
			name string
			n    int
		}{{large, "64x262144", 12}, {small, "10000x200", 10}} {
			m, err := s.bench(ctx, "store/bolt", "AgainstRaw/"+c.name, c.n)
			if err != nil {
				return []*row{large, small}, err
			}
			speed, err := m.need("blocks/s")
			if err != nil {
				return nil, err
			}
			c.row.ours = append(c.row.ours, speed)
			c.row.peer = append(c.row.peer, speed/m["of-raw"])
			c.row.wall = append(c.row.wall, m["of-raw"])
		}
	}
	return []*row{large, small}, nil
}

// fuel compares metered loops with the same as they came: the one that suffers
// most of those that do next to nothing, and of small programs.
func fuel(ctx context.Context, s *session) ([]*row, error) {
	worst := func(what, under string, limit float64) (*row, error) {
		r := &row{what: what, unit: nanoseconds, goal: goal{wallRatio, limit, false}}
		ratios, plain := map[string][]float64{}, map[string][]float64{}
		for range s.rounds {
			all, err := s.benchIn(ctx, ".", "runtime/wasm/rewrite", "Cost/"+under, 20)
			if err != nil {
				return r, err
			}
			for name, m := range all {
				ratio, err := m.need("fuel/raw")
				if err != nil {
					return r, err
				}
				ratios[name], plain[name] = append(ratios[name], ratio), append(plain[name], m["ns"])
			}
		}
		name := slices.MaxFunc(slices.Collect(maps.Keys(ratios)), func(a, b string) int {
			return cmp.Compare(median(ratios[a]), median(ratios[b]))
		})
		r.what += fmt.Sprintf(" (of %d: %s)", len(ratios), path.Base(name))
		r.wall, r.peer = ratios[name], plain[name]
		for i, v := range plain[name] {
			r.ours = append(r.ours, v*ratios[name][i])
		}
		return r, nil
	}
	loops, err := worst("fuel, the worst tight loop", "loops/.*", 1.6)
	kernels, kerr := worst("fuel, the worst small program", "kernels/.*", 1.6)
	return []*row{loops, kernels}, errors.Join(err, kerr)
}

// snapshot counts what a snapshot writes.
func snapshot(ctx context.Context, s *session) ([]*row, error) {
	r := &row{what: "snapshot, 1 page changed in 1,000 processes", unit: count, goal: goal{ours, 1100, false}}
	m, err := s.bench(ctx, "runtime/wasm", "SnapshotBlocks", 1)
	if err != nil {
		return []*row{r}, err
	}
	v, err := m.need("blocks")
	r.ours = []float64{v}
	return []*row{r}, err
}
