package main

import (
	"context"
	"fmt"
)

// The picture is drawn by lavapipe, so that the figures are about the same on every
// machine of a kind: there the device is a program, and processor time is what counts.

// pictureModel compares a frame with one PBR model with a bare triangle that runs the
// same shader once for every pixel. The benchmark lets both take turns itself.
func pictureModel(ctx context.Context, s *session) ([]*row, error) {
	const turns = 10
	var rows []*row
	for _, c := range []struct{ what, name string }{
		{"filling every pixel, in sun and shadow", "filling"},
		{"the same under a sky, with bloom", "sky"},
		{"seen whole, on a part of the pixels", "whole"},
	} {
		r := &row{what: "picture, one model at 1280x720, beside a bare triangle: " + c.what, unit: nanoseconds, goal: goal{cpuRatio, 1.5, false}}
		rows = append(rows, r)
		for range s.rounds {
			m, err := s.bench(ctx, "vk", "Model/"+c.name, turns)
			if err != nil {
				return rows, err
			}
			ratio, err := m.need("ratio")
			if err != nil {
				return rows, err
			}
			r.ours, r.peer = append(r.ours, m["ms-cpu/frame"]*1e6), append(r.peer, m["ms-cpu/bare"]*1e6)
			r.cpu, r.wall = append(r.cpu, ratio), append(r.wall, m["wall-ratio"])
		}
	}
	return rows, nil
}

// beside fills rows with the figures of a benchmark and, by turns, of another size of
// the same; the ratio is one of processor time where the metric is.
func (s *session) beside(ctx context.Context, own, other benchmark, isCPU bool, figures ...figureOf) error {
	fill := func(b benchmark, to func(*row) *[]float64) func() error {
		return func() error {
			m, err := s.measure(ctx, b)
			if err != nil {
				return err
			}
			for _, f := range figures {
				v, err := m.need(f.metric)
				if err != nil {
					return err
				}
				*to(f.row) = append(*to(f.row), v*f.scale)
			}
			return nil
		}
	}
	return s.turns(fill(own, func(r *row) *[]float64 { return &r.ours }), fill(other, func(r *row) *[]float64 { return &r.peer }), func() {
		for _, f := range figures {
			n := len(f.row.ours) - 1
			if f.row.unit != nanoseconds || f.row.peer[n] == 0 {
				continue
			}
			ratio := f.row.ours[n] / f.row.peer[n]
			if isCPU {
				f.row.cpu = append(f.row.cpu, ratio)
			} else {
				f.row.wall = append(f.row.wall, ratio)
			}
		}
	})
}

// pictureRecord measures the thread that draws: many objects beside few.
func pictureRecord(ctx context.Context, s *session) ([]*row, error) {
	const n = 200
	record := &row{what: "picture, recording 10,000 objects, beside 100", unit: nanoseconds, goal: goal{ours, 100_000, false}}
	allocs := &row{what: "picture, allocations in that", unit: count, goal: goal{ours, 0, false}}
	whole := &row{what: "picture, the same with the driver's part and the submission", unit: nanoseconds, goal: goal{ours, 100_000, false}}
	rows := []*row{record, allocs, whole}
	many, few := benchmark{module: ".", dir: "vk", name: "Record/10000", n: n}, benchmark{module: ".", dir: "vk", name: "Record/100", n: n}
	if err := s.beside(ctx, many, few, false, figureOf{"ns-record", 1, record}, figureOf{"allocs/op", 1, allocs}); err != nil {
		return rows, err
	}
	many.name, few.name = "Draw/10000", "Draw/100"
	return rows, s.beside(ctx, many, few, true, figureOf{"ns-thread", 1, whole})
}

// pictureMoved follows one object that moved to the snapshot, and to the device.
func pictureMoved(ctx context.Context, s *session) ([]*row, error) {
	const what = "picture, one moved object of a million, beside of 10,000: "
	snapshot := &row{what: what + "to the snapshot", unit: nanoseconds, goal: goal{of: none}}
	device := &row{what: what + "until it is recorded", unit: nanoseconds, goal: goal{of: none}}
	sent := &row{what: what + "bytes that the device is sent", unit: count, goal: goal{of: none}}
	rows := []*row{snapshot, device, sent}
	many, few := benchmark{module: ".", dir: "vk/scene", name: "UpdateAndSnapshot/1M", n: 1000}, benchmark{module: ".", dir: "vk/scene", name: "UpdateAndSnapshot/10k", n: 1000}
	if err := s.beside(ctx, many, few, false, figureOf{"ns/op", 1, snapshot}); err != nil {
		return rows, err
	}
	many = benchmark{module: ".", dir: "vk", name: "Moved/1000000", n: 100}
	few = benchmark{module: ".", dir: "vk", name: "Moved/10000", n: 100}
	return rows, s.beside(ctx, many, few, false, figureOf{"ns-moved", 1, device}, figureOf{"B-sent", 1, sent})
}

// pictureUpload measures the longest of the frames in which textures are copied.
func pictureUpload(ctx context.Context, s *session) ([]*row, error) {
	const what = "picture, 100 MB of textures arrive, longest frame over median: "
	copying := &row{what: what + "copying, processor time", unit: factor, goal: goal{ours, 2, false}}
	decoding := &row{what: what + "decoding beside the device's threads, by the clock", unit: factor, goal: goal{ours, 2, false}}
	rows := []*row{copying, decoding}
	for range min(s.rounds, longRounds) {
		for r, name := range map[*row]string{copying: "copying", decoding: "decoding"} {
			if err := s.fill(ctx, benchmark{module: ".", dir: "vk", name: "Upload/" + name, n: 1}, figureOf{"longest/median", 1, r}); err != nil {
				return rows, err
			}
		}
	}
	return rows, nil
}

// pictureDecode measures what reads files that others wrote.
func pictureDecode(ctx context.Context, s *session) ([]*row, error) {
	var rows []*row
	for _, c := range []struct{ what, name string }{
		{"a .glb of 100,000 vertices", "GLB/bulk"}, {"2CylinderEngine.glb, 1.8 MB of small meshes", "GLB/2CylinderEngine"},
		{"PNG, pixels of 1024x1024", "Picture/PNG"}, {"JPEG, the same", "Picture/JPEG"}, {"WebP, the same", "Picture/WebP"},
	} {
		r := &row{what: "picture, decoding " + c.what, unit: megabytes, goal: goal{of: none}}
		rows = append(rows, r)
		for range s.rounds {
			if err := s.fill(ctx, benchmark{module: ".", dir: "vk/model", name: c.name, n: 10}, figureOf{"MB/s", 1, r}); err != nil {
				return rows, err
			}
		}
	}
	return rows, nil
}

// pictureSkin measures vertices that are bent by four joints each.
func pictureSkin(ctx context.Context, s *session) ([]*row, error) {
	const vertices = 100_000 // of the benchmark
	r := &row{what: "picture, vertices skinned by 4 joints", unit: perSecond, goal: goal{of: none}}
	for range s.rounds {
		m, err := s.bench(ctx, "vk/pass", "Skin", 20)
		if err != nil {
			return []*row{r}, err
		}
		r.ours = append(r.ours, vertices/m["ns/op"]*1e9)
	}
	return []*row{r}, nil
}

// pictureStart measures the real client from its start to the picture of the starting
// world, which is then a file; beside it the first start of all on an empty cache.
func pictureStart(ctx context.Context, s *session) ([]*row, error) {
	r := &row{what: "picture, start to the first of the starting world, beside without any cache", unit: seconds, goal: goal{ours, 2, false}}
	rows := []*row{r}
	c, err := s.buildClient(ctx)
	if err != nil {
		return rows, err
	}
	if _, err := c.capture(ctx, "home", 1); err != nil { // makes the world, and the cache
		return rows, err
	}
	var warm, cold capture
	empty := 0
	own := func() (err error) {
		warm, err = c.capture(ctx, "home", 1)
		r.ours, r.cost = append(r.ours, warm.first.Seconds()), append(r.cost, float64(warm.cpu.Nanoseconds()))
		return err
	}
	peer := func() (err error) {
		empty++
		cold, err = c.capture(ctx, fmt.Sprint("home", empty), 1)
		r.peer = append(r.peer, cold.first.Seconds())
		return err
	}
	return rows, s.turns(own, peer, func() {
		r.wall, r.cpu = append(r.wall, warm.first.Seconds()/cold.first.Seconds()), append(r.cpu, float64(warm.cpu)/float64(cold.cpu))
	})
}

// pictureFrame measures a frame of the starting world by the real client: what a
// capture of many frames takes more than one of one frame.
func pictureFrame(ctx context.Context, s *session) ([]*row, error) {
	const frames = 20
	r := &row{what: "picture, a frame of the starting world at 1280x720, 4 samples, beside 1", unit: nanoseconds, goal: goal{of: none}}
	rows := []*row{r}
	c, err := s.buildClient(ctx)
	if err != nil {
		return rows, err
	}
	one := func(samples string, wall, cpu *float64) func() error {
		return func() error {
			few, err := c.capture(ctx, "home", 1, "--samples", samples)
			if err != nil {
				return err
			}
			many, err := c.capture(ctx, "home", 1+frames, "--samples", samples)
			*wall = float64((many.first - few.first).Nanoseconds()) / frames
			*cpu = float64((many.cpu - few.cpu).Nanoseconds()) / frames
			return err
		}
	}
	if _, err := c.capture(ctx, "home", 1); err != nil {
		return rows, err
	}
	var wall, cpu, otherWall, otherCPU float64
	short := *s
	short.rounds = min(s.rounds, longRounds)
	return rows, short.turns(one("4", &wall, &cpu), one("1", &otherWall, &otherCPU), func() {
		r.ours, r.cost, r.peer = append(r.ours, wall), append(r.cost, cpu), append(r.peer, otherWall)
		r.wall, r.cpu = append(r.wall, wall/otherWall), append(r.cpu, cpu/otherCPU)
	})
}
