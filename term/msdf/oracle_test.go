package msdf

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"math"
	"os"
	"os/exec"
	"runtime"
	"testing"
)

// oracle is msdfgen in a process of its own: see testdata/msdfgen.
type oracle struct {
	tb  testing.TB
	in  io.WriteCloser
	out *bufio.Reader
}

func startOracle(tb testing.TB) *oracle {
	tb.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		tb.Skip("msdfgen is built for Linux on x86-64 alone")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		msg := "the comparison with msdfgen needs Node (apt-get install nodejs): " + err.Error()
		if os.Getenv("CI") == "true" {
			tb.Fatal(msg)
		}
		tb.Skip(msg)
	}
	cmd := exec.Command(node, "testdata/msdfgen/driver.js")
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			tb.Errorf("node: %v\n%s", err, &stderr)
		}
	})
	return &oracle{tb: tb, in: in, out: bufio.NewReader(out)}
}

type oraclePoint struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

type oracleEdge struct {
	Type   string        `json:"type"`
	Points []oraclePoint `json:"points"`
}

type oracleContour struct {
	Edges []oracleEdge `json:"edges"`
}

type oracleShape struct {
	Contours []oracleContour `json:"contours"`
}

type oracleRequest struct {
	Shape   oracleShape `json:"shape"`
	Options struct {
		Scale     float64     `json:"scale"`
		Range     float64     `json:"range"`
		Translate oraclePoint `json:"translate"`
		Width     int         `json:"width"`
		Height    int         `json:"height"`
	} `json:"options"`
	Repeat int `json:"repeat"`
}

// draw asks for a field: RGB, bottom row first, and the time that one took.
func (o *oracle) draw(s *Shape, w, h int, p Params, repeat int) (pix []byte, nanoseconds float64) {
	o.tb.Helper()
	req := oracleRequest{Repeat: repeat}
	for _, c := range s.Contours {
		var edges []oracleEdge
		for _, g := range c {
			e := oracleEdge{Type: [...]string{"linear", "quadratic", "cubic"}[g.Kind]}
			for _, q := range g.P[:g.Kind.last()+1] {
				e.Points = append(e.Points, oraclePoint(q))
			}
			edges = append(edges, e)
		}
		req.Shape.Contours = append(req.Shape.Contours, oracleContour{edges})
	}
	req.Options.Scale = p.Scale
	req.Options.Range = p.Range / p.Scale
	req.Options.Translate = oraclePoint{-p.Origin.X, -p.Origin.Y}
	req.Options.Width, req.Options.Height = w, h
	if err := json.NewEncoder(o.in).Encode(&req); err != nil {
		o.tb.Fatal(err)
	}
	line, err := o.out.ReadBytes('\n')
	if err != nil {
		o.tb.Fatalf("node is gone: %v", err)
	}
	var answer struct {
		Pixels      []byte
		Nanoseconds float64
		Error       string
	}
	if err := json.Unmarshal(line, &answer); err != nil || answer.Error != "" {
		o.tb.Fatalf("%v %s", err, answer.Error)
	}
	return answer.Pixels, answer.Nanoseconds
}

// Medians are msdfgen's to a twentieth of a texel, but for at most one texel in two
// hundred: near the extensions of corners msdfgen takes in edges that are not the
// nearest, and each of the two levels other texels for what lies between them. There
// ours is the one nearer to the true distance, and within a texel of the edge, where
// it shows, such texels are one or two in a font.
func TestMediansAreThoseOfMSDFGen(t *testing.T) {
	o := startOracle(t)
	const (
		em, rng   = 48, 6
		tolerance = 0.05 // texels: two steps of eight bits
	)
	for i, f := range fontFiles {
		t.Run(f.name, func(t *testing.T) {
			var g Generator
			o := *o
			o.tb = t
			total, differ, near := 0, 0, 0
			for _, gl := range someGlyphs(t, i) {
				pix, w, h, p := draw(&g, &gl.shape, em, rng)
				theirs, _ := o.draw(&gl.shape, w, h, p, 1)
				if len(theirs) != 3*w*h {
					t.Fatalf("%q: %d bytes of %d by %d texels", gl.r, len(theirs), w, h)
				}
				poly := polygonOf(&gl.shape)
				for y := range h {
					for x := range w {
						k, l := 4*(y*w+x), 3*((h-1-y)*w+x)
						ours := (median(float64(pix[k]), float64(pix[k+1]), float64(pix[k+2]))/255 - 0.5) * rng
						other := ((median(float64(theirs[l]), float64(theirs[l+1]), float64(theirs[l+2]))+0.5)/256 - 0.5) * rng
						total++
						if math.Abs(ours-other) <= tolerance {
							continue
						}
						differ++
						at := Point{p.Origin.X + (float64(x)+0.5)/em, p.Origin.Y + (float64(h-1-y)+0.5)/em}
						d := poly.distance(at) * em
						if !poly.inside(at) {
							d = -d
						}
						if math.Abs(d) < 1 {
							near++
						}
						d = max(-rng/2, min(rng/2, d))
						if math.Abs(ours-d) > math.Abs(other-d) {
							t.Errorf("%q at %d, %d: ours %.3f, msdfgen's %.3f, the distance %.3f", gl.r, x, y, ours, other, d)
						}
					}
				}
			}
			t.Logf("%d texels, %d differ, %d of them within a texel of the edge", total, differ, near)
			if differ*200 > total || near > 2 {
				t.Errorf("of %d texels %d differ, %d of them within a texel of the edge", total, differ, near)
			}
		})
	}
}
