package view

import (
	"slices"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/cmd/internal/eye"
	"hearth/store/asset"
	"hearth/store/mem"
	"hearth/term/input"
	terminal "hearth/term/service"
	"hearth/vk"
	"hearth/vk/device"
	"hearth/vk/scene"
)

// BenchmarkHundredTerminals draws a hundred terminals of 80x24 with a shell each, first
// while all are silent and then while all print without end: how long frames last, in
// the median, and the longest over the median. The picture is small, since a device
// that is a program shares the processors with the shells.
func BenchmarkHundredTerminals(b *testing.B) {
	const frames = 150
	var silent, printing, longest, cpu float64
	for range b.N {
		sc := scene.New(scene.Limits{})
		p, err := terminal.New(terminal.Options{Scene: sc, Limits: terminal.Limits{Terminals: 128},
			Shell: func() terminal.Command {
				return terminal.Command{Path: "/bin/sh", Args: []string{"-c", "read x; exec seq 1000000000"}}
			}})
		if err != nil {
			b.Fatal(err)
		}
		r, err := vk.Open(vk.Options{Assets: asset.New(asset.FromBlocks(mem.New()), asset.Options{}), Device: device.Options{}, Samples: 1})
		if err != nil {
			b.Fatal(err)
		}
		off, err := r.NewOffscreen(320, 180)
		if err != nil {
			b.Fatal(err)
		}
		var ids []terminal.ID
		for i := range 100 {
			s := terminal.State{Position: mgl32.Vec3{float32(i%10)*2.2 - 10, float32(i/10)*1.3 - 6, -14}, Orientation: mgl32.QuatIdent(),
				HalfSize: mgl32.Vec2{1, 0.6}, Opacity: 0.9, UnitsPerEm: 0.045}
			id, err := p.OpenHere(s)
			if err != nil {
				b.Fatal(err)
			}
			ids = append(ids, id)
		}
		e := eye.Look(mgl32.Vec3{}, mgl32.Vec3{0, 0, -1})
		camera := e.Camera(mgl32.DegToRad(60), 0.1)
		var computed time.Duration
		// measure draws frames one after the other and returns how long each lasted.
		measure := func() []float64 {
			var took []float64
			computed = 0
			for range frames {
				begun := time.Now()
				st, err := r.Draw(sc.Snapshot(), off, vk.FrameOptions{Camera: &camera})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := r.Read(off); err != nil { // waits for the device
					b.Fatal(err)
				}
				computed += st.CPU
				took = append(took, float64(time.Since(begun).Microseconds())/1000)
			}
			slices.Sort(took)
			return took
		}
		measure() // glyphs arrive
		quiet := measure()
		for _, id := range ids {
			p.Focus(id)
			p.Key(input.Key{Code: input.Enter, Text: "\r"})
		}
		measure() // all have begun
		before := sc.Snapshot()
		busy := measure()
		changed := 0
		for id, g := range sc.Snapshot().Grids.All() {
			if was, ok := before.Grids.Get(id); ok && was.Version != g.Version {
				changed++
			}
		}
		if changed != len(ids) {
			b.Fatalf("%d of %d terminals print", changed, len(ids))
		}
		cpu += float64(computed.Microseconds()) / frames
		silent += quiet[frames/2]
		printing += busy[frames/2]
		longest += busy[frames-1] / busy[frames/2]
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
		if err := p.Close(); err != nil {
			b.Fatal(err)
		}
	}
	n := float64(b.N)
	b.ReportMetric(silent/n, "ms-silent/frame")
	b.ReportMetric(printing/n, "ms-printing/frame")
	b.ReportMetric(longest/n, "longest/median")
	b.ReportMetric(cpu/n, "µs-draw/frame")
	b.ReportMetric(0, "ns/op")
}
