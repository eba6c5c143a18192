package main

import "context"

// The emulator is fed the same streams as libvterm and tmux, by turns, in one benchmark
// of term/pty; what a program prints reaches it by a PTY, which all three would share.

// terminalFeed compares the speed at which three kinds of output are taken in: by fresh
// terminals beside their peers, and then without the memory that a history takes first.
func terminalFeed(ctx context.Context, s *session) ([]*row, error) {
	var rows []*row
	kinds := []struct {
		name, what string
		limit      float64
	}{{"ascii", "text", 200}, {"sgr", "text in many colours", 80}, {"cjk", "wide characters", 80}}
	for _, c := range kinds {
		vterm := &row{what: "terminal, " + c.what + ", beside libvterm", unit: megabytes, goal: goal{ours, c.limit, true}}
		tmux := &row{what: "the same beside tmux", unit: megabytes, goal: goal{ours, c.limit, true}}
		rows = append(rows, vterm, tmux)
		for range s.rounds {
			m, err := s.bench(ctx, "term/pty", "Peers/"+c.name, 2)
			if err != nil {
				return rows, err
			}
			for _, x := range []struct {
				row  *row
				peer string
			}{{vterm, "libvterm-MB/s"}, {tmux, "tmux-MB/s"}} {
				x.row.ours, x.row.peer = append(x.row.ours, m["hearth-MB/s"]), append(x.row.peer, m[x.peer])
				x.row.wall = append(x.row.wall, m["hearth-MB/s"]/m[x.peer])
			}
		}
	}
	allocs := &row{what: "terminal, allocations while 64 KiB of text are taken in", unit: count, goal: goal{ours, 0, false}}
	steady := map[string]*row{}
	for _, c := range kinds {
		steady[c.name] = &row{what: "terminal, " + c.what + ", once its history is full", unit: megabytes, goal: goal{ours, c.limit, true}}
		rows = append(rows, steady[c.name])
	}
	rows = append(rows, allocs)
	for range s.rounds {
		for _, c := range kinds {
			m, err := s.bench(ctx, "term", "Feed/"+c.name, 500)
			if err != nil {
				return rows, err
			}
			steady[c.name].ours = append(steady[c.name].ours, m["MB/s"])
			if c.name == "ascii" {
				allocs.ours = append(allocs.ours, m["allocs/op"])
			}
		}
	}
	return rows, nil
}

// terminalScreen measures a screen whose cells all change, from its bytes to the
// snapshot of the scene.
func terminalScreen(ctx context.Context, s *session) ([]*row, error) {
	small := &row{what: "terminal, all of 80x24 changes, to the snapshot", unit: nanoseconds, goal: goal{ours, 2e6, false}}
	large := &row{what: "terminal, all of 200x60", unit: nanoseconds, goal: goal{ours, 2e6, false}}
	rows := []*row{small, large}
	for range s.rounds {
		for _, x := range []struct {
			row  *row
			name string
		}{{small, "FullScreen/80x24"}, {large, "FullScreen/200x60"}} {
			m, err := s.bench(ctx, "term/service", x.name, 1000)
			if err != nil {
				return rows, err
			}
			x.row.ours = append(x.row.ours, m["ns/op"])
		}
	}
	return rows, nil
}

// terminalFrame measures frames while a hundred shells print without end, beside the
// same terminals while they are silent.
func terminalFrame(ctx context.Context, s *session) ([]*row, error) {
	frame := &row{what: "terminal, a frame of 320x180 with 100 that print, beside silent ones", unit: nanoseconds, goal: goal{wallRatio, 2, false}}
	longest := &row{what: "terminal, the longest of these frames, over the median", unit: factor, goal: goal{ours, 2, false}}
	rows := []*row{frame, longest}
	for range s.rounds {
		m, err := s.bench(ctx, "cmd/internal/view", "HundredTerminals", 1)
		if err != nil {
			return rows, err
		}
		own, peer := m["ms-printing/frame"]*1e6, m["ms-silent/frame"]*1e6
		frame.ours, frame.peer, frame.wall = append(frame.ours, own), append(frame.peer, peer), append(frame.wall, own/peer)
		longest.ours = append(longest.ours, m["longest/median"])
	}
	return rows, nil
}

// terminalGlyph compares the distance field of a letter with msdfgen's.
func terminalGlyph(ctx context.Context, s *session) ([]*row, error) {
	var rows []*row
	for _, font := range []string{"mononoki", "DejaVu_Sans_Mono", "Go_Mono"} {
		r := &row{what: "terminal, a glyph of " + font + " beside msdfgen", unit: nanoseconds, goal: goal{wallRatio, 1.5, false}}
		rows = append(rows, r)
		for range s.rounds {
			m, err := s.bench(ctx, "term/msdf", "Draw/"+font, 500)
			if err != nil {
				return rows, err
			}
			r.ours, r.peer = append(r.ours, m["ns/op"]), append(r.peer, m["msdfgen-ns/op"])
			r.wall = append(r.wall, m["ns/op"]/m["msdfgen-ns/op"])
		}
	}
	return rows, nil
}
