package vk

import (
	"strconv"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/device"
	"hearth/vk/scene"
)

// scroll moves the lines of a text up by one: all rows are other slices, as with a
// program that floods.
type scroll struct {
	rows [][]scene.GridCell
	at   int
}

func newScroll(p *press, columns, rows int) *scroll {
	s := &scroll{}
	for i := range 2 * rows {
		s.rows = append(s.rows, p.line(columns, strconv.Itoa(i)+" "+page[i%len(page)]+page[(i+1)%len(page)]))
	}
	return s
}

// lines are other slices of other rows each time.
func (s *scroll) lines(rows int) [][]scene.GridCell {
	out := make([][]scene.GridCell, rows)
	s.at++
	for i := range out {
		out[i] = s.rows[(s.at+i)%len(s.rows)]
	}
	return out
}

// BenchmarkGrids is what Draw computes for 100 terminals of 80x24 beside an empty
// scene, without what the device does: when nothing changes, when all rows of one do,
// and when all rows of all do. "µs/draw" is of Stats.CPU, "MB/frame" what is sent.
func BenchmarkGrids(b *testing.B) {
	const columns, rows = 80, 24
	for _, c := range []struct {
		name           string
		grids, changed int
	}{{"empty", 0, 0}, {"100 still", 100, 0}, {"100, 1 changes", 100, 1}, {"100 change", 100, 100}} {
		b.Run(c.name, func(b *testing.B) {
			s := newStage(b, device.ProfileBound, unwatched, func(o *Options) { o.Samples = 1 })
			p := newPress(b, s.scene)
			flow := newScroll(p, columns, rows)
			var ids []scene.ID
			for i := range c.grids {
				g := screen(columns, rows, 2)
				g.Origin = mgl32.Vec3{float32(i%10)*2.5 - 12, float32(i/10)*1.5 - 7, -30}
				g.Lines = flow.lines(rows)
				ids = append(ids, s.grid(g))
			}
			s.look(mgl32.Vec3{0, 0, 5}, mgl32.Vec3{})
			s.resize(16, 16) // a program that draws is not what is measured
			s.settle()
			snap := s.scene.Snapshot()
			var cpu, sync time.Duration
			b.ReportAllocs()
			for b.Loop() {
				begun := time.Now()
				for _, id := range ids[:c.changed] {
					lines := flow.lines(rows)
					if err := s.scene.UpdateGrid(id, func(g *scene.Grid) { g.Lines = lines }); err != nil {
						b.Fatal(err)
					}
				}
				if c.changed > 0 {
					snap = s.scene.Snapshot()
				}
				sync += time.Since(begun)
				st, err := s.r.Draw(snap, s.off, FrameOptions{})
				if err != nil {
					b.Fatal(err)
				}
				cpu += st.CPU
			}
			b.ReportMetric(float64(cpu.Microseconds())/float64(b.N), "µs/draw")
			b.ReportMetric(float64(sync.Microseconds())/float64(b.N), "µs/scene")
		})
	}
}

// BenchmarkScreenful draws a terminal of 120x40 that fills a picture of 1280x720 on a
// device that is a program, beside one without any text and beside a picture of a
// canvas, in processor time of all threads.
func BenchmarkScreenful(b *testing.B) {
	for _, kind := range []string{"canvas", "blank", "text"} {
		b.Run(kind, func(b *testing.B) {
			s, off := benchStage(b)
			s.plain()
			p := newPress(b, s.scene)
			g := screen(120, 40, 2)
			if kind == "text" {
				g.Lines = p.lines(120, 40, []string{page[0] + page[1] + page[2] + page[3], page[4] + page[3] + page[1] + page[0]})
			}
			if kind != "canvas" {
				s.grid(g)
			} else if _, err := s.scene.AddCanvas(scene.Canvas{Orientation: g.Orientation, HalfSize: g.HalfSize, Width: 640, Height: 360, Pixels: make([]byte, 4*640*360), Opacity: 1}); err != nil {
				b.Fatal(err)
			}
			s.look(mgl32.Vec3{0, 0, 1.4}, mgl32.Vec3{})
			s.settle()
			var total time.Duration
			snap := s.scene.Snapshot()
			for b.Loop() {
				t := processor()
				if _, err := s.r.Draw(snap, off, FrameOptions{}); err != nil {
					b.Fatal(err)
				}
				if err := s.r.d.WaitIdle(); err != nil {
					b.Fatal(err)
				}
				total += processor() - t
			}
			b.ReportMetric(float64(total.Microseconds())/1000/float64(b.N), "ms-cpu/frame")
			for _, g := range s.r.timers.Spans() {
				b.Logf("%-12s %v", g.Name, g.Duration)
			}
		})
	}
}
