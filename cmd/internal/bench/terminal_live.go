package main

import (
	"context"
	"fmt"
)

// What a person waits for is measured on the real thing up to the snapshot that the
// renderer takes: a message to the service, a program on a pseudo-terminal, the painter.
// The benchmarks are in this package's tests, so that each has a process of its own.

const live = "cmd/internal/bench"

// add puts what a benchmark reported into a row.
func (m metrics) add(to *[]float64, unit string) error {
	v, err := m.need(unit)
	if err == nil {
		*to = append(*to, v)
	}
	return err
}

// terminalOpen compares opening a terminal with the same shell on a bare
// pseudo-terminal.
func terminalOpen(ctx context.Context, s *session) ([]*row, error) {
	const opens = 50
	var rows []*row
	for _, shell := range []string{"dash", "bash"} {
		mid := &row{what: "terminal, open until the prompt of " + shell + " is in the scene, median", unit: nanoseconds, goal: goal{of: none}}
		late := &row{what: "the same, 99th percentile", unit: nanoseconds, goal: goal{of: none}}
		rows = append(rows, mid, late)
		for range s.rounds {
			m, err := s.bench(ctx, live, "TerminalOpen/"+shell, opens)
			if err != nil {
				return rows, err
			}
			for _, x := range []struct {
				row   *row
				where string
			}{{mid, "p50"}, {late, "p99"}} {
				if err := m.add(&x.row.ours, "hearth-"+x.where+"-ns"); err != nil {
					return rows, err
				}
				if err := m.add(&x.row.peer, "bare-"+x.where+"-ns"); err != nil {
					return rows, err
				}
				x.row.ratio()
			}
		}
	}
	return rows, nil
}

// ratio adds that of the last values of both sides.
func (r *row) ratio() {
	r.wall = append(r.wall, r.ours[len(r.ours)-1]/r.peer[len(r.peer)-1])
}

// terminalKey compares with tmux how long a key takes to be seen.
func terminalKey(ctx context.Context, s *session) ([]*row, error) {
	// In five rounds 1,000; tmux beside others takes up to a fifth of a second for each.
	const keys, fewer = 200, 100
	var rows []*row
	for _, printing := range []int{0, 20, 100} {
		beside, peerKeys := "idle", keys
		if printing > 0 {
			beside, peerKeys = fmt.Sprintf("beside %d that print", printing), fewer
		}
		mid := &row{what: "terminal, a key until its letter is in the scene, " + beside + ", median", unit: nanoseconds, goal: goal{of: none}}
		late := &row{what: "the same, 99th percentile", unit: nanoseconds, goal: goal{of: none}}
		rows = append(rows, mid, late)
		side := func(name string, n int, p50, p99 *[]float64) func() error {
			return func() error {
				m, err := s.bench(ctx, live, fmt.Sprintf("TerminalKey/printing=%d/%s", printing, name), n)
				if err != nil {
					return err
				}
				if err := m.add(p50, "key-p50-ns"); err != nil {
					return err
				}
				return m.add(p99, "key-p99-ns")
			}
		}
		err := s.turns(side("hearth", keys, &mid.ours, &late.ours), side("tmux", peerKeys, &mid.peer, &late.peer), func() {
			mid.ratio()
			late.ratio()
		})
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// terminalMemory compares what an idle terminal holds with a pane of tmux.
func terminalMemory(ctx context.Context, s *session) ([]*row, error) {
	var rows []*row
	for _, history := range []string{"empty", "full"} {
		what := "terminal, an idle one, its history of 10,000 lines " + history
		rss := &row{what: what + ": resident memory", unit: kilobytes, goal: goal{of: none}}
		heap := &row{what: "the same: Go's heap", unit: kilobytes, goal: goal{of: none}}
		rows = append(rows, rss, heap)
		var files, goroutines *row
		if history == "empty" {
			files = &row{what: "the same: descriptors", unit: count, goal: goal{of: none}}
			goroutines = &row{what: "the same: goroutines", unit: count, goal: goal{of: none}}
			rows = append(rows, files, goroutines)
		}
		err := s.turns(func() error {
			m, err := s.bench(ctx, live, "TerminalMemory/"+history+"/hearth", 1)
			if err != nil {
				return err
			}
			if files != nil {
				if err := m.add(&files.ours, "files"); err != nil {
					return err
				}
				if err := m.add(&goroutines.ours, "goroutines"); err != nil {
					return err
				}
			}
			if err := m.add(&heap.ours, "heap-B"); err != nil {
				return err
			}
			return m.add(&rss.ours, "rss-B")
		}, func() error {
			m, err := s.bench(ctx, live, "TerminalMemory/"+history+"/tmux", 1)
			if err != nil {
				return err
			}
			return m.add(&rss.peer, "rss-B")
		}, nil)
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// terminalIdle measures what shells cost that wait at their prompts.
func terminalIdle(ctx context.Context, s *session) ([]*row, error) {
	cpu := &row{what: "terminal, 100 idle shells, processor time in a second", unit: nanoseconds, goal: goal{ours, 1e6, false}}
	wakeups := &row{what: "the same, how often a thread wakes in a second", unit: factor, goal: goal{of: none}}
	rows := []*row{cpu, wakeups}
	err := s.turns(func() error {
		m, err := s.bench(ctx, live, "TerminalIdle/hearth", 1)
		if err != nil {
			return err
		}
		if err := m.add(&cpu.ours, "cpu-ns/s"); err != nil {
			return err
		}
		return m.add(&wakeups.ours, "wakeups/s")
	}, func() error {
		m, err := s.bench(ctx, live, "TerminalIdle/tmux", 1)
		if err != nil {
			return err
		}
		return m.add(&cpu.peer, "cpu-ns/s")
	}, nil)
	return rows, err
}
