package pass

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/go-gl/mathgl/mgl32"
	"github.com/go-gl/mathgl/mgl64"

	"hearth/vk/raw"
)

// clusterView is a camera and its lights.
type clusterView struct {
	lights           []Light
	view, projection mgl32.Mat4
	width, height    int
	near, far        float32
}

// randomView puts lights all around a camera, most within what it sees.
func randomView(seed uint64, n int) *clusterView {
	r := rand.New(rand.NewPCG(seed, 7))
	v := &clusterView{width: 1000, height: 530, near: 0.5, far: 60}
	v.view = mgl32.LookAtV(mgl32.Vec3{3, 2, 1}, mgl32.Vec3{-4, 0, -9}, mgl32.Vec3{0, 1, 0})
	f := float32(1 / math.Tan(math.Pi/6))
	aspect := float32(v.width) / float32(v.height)
	v.projection = mgl32.Mat4{0: f / aspect, 5: -f, 11: -1, 14: 0.05} // reverse, infinite, y down
	out := v.view.Inv()
	for range n {
		p := out.Mul4x1(mgl32.Vec4{float32(r.NormFloat64()) * 8, float32(r.NormFloat64()) * 5, 4 - r.Float32()*80, 1}).Vec3()
		l := Light{Position: p, Range: 0.2 + 6*r.Float32(), Color: mgl32.Vec3{r.Float32(), r.Float32(), r.Float32()}}
		if r.IntN(2) == 0 {
			l.Spot = true
			l.Direction = mgl32.Vec3{float32(r.NormFloat64()), float32(r.NormFloat64()), float32(r.NormFloat64())}
			l.Outer = 0.1 + 1.4*r.Float32()
			if r.IntN(8) == 0 {
				l.Outer = 2 // wider than a half space
			}
			l.Inner = l.Outer * r.Float32()
			l.Range *= 3
		}
		v.lights = append(v.lights, l)
	}
	return v
}

// assign runs the pass and returns its buffers.
func (v *clusterView) assign(g *rig, p *Cluster) (lights, clusters Range, words []byte) {
	b := make([]byte, len(v.lights)*LightSize)
	for i := range v.lights {
		PutLight(b[i*LightSize:], &v.lights[i])
	}
	lights = g.upload(b)
	out := g.buffer(ClusterBytes)
	for i := range out.Bytes {
		out.Bytes[i] = 0xCD // what the pass leaves must be its own
	}
	clusters = Range{Buffer: out.Handle}
	g.do(func(s *raw.Stream) error {
		return p.Record(s, ClusterInput{Frame: 1, Lights: lights, Count: len(v.lights), Clusters: clusters, View: v.view,
			Projection: v.projection, Width: v.width, Height: v.height, Near: v.near, Far: v.far})
	})
	return lights, clusters, g.download(out)
}

// mask returns the bit mask of a cluster, following the summary as shaders do.
func clusterMask(words []byte, cluster int) []uint32 {
	base := clusterHeader + cluster*clusterWords*4
	mask := make([]uint32, MaxLights/32)
	for i := range mask {
		if binary.LittleEndian.Uint32(words[base+i/32*4:])>>(i%32)&1 != 0 {
			mask[i] = binary.LittleEndian.Uint32(words[base+16+i*4:])
		}
	}
	return mask
}

// slice is where a slice of depth begins, by the definition in the documentation.
func (v *clusterView) slice(s int) float64 {
	switch {
	case s == 0:
		return 0
	case s >= ClustersZ:
		return 1e4
	}
	return float64(v.near) * math.Pow(float64(v.far/v.near), float64(s-1)/(ClustersZ-2))
}

// point is a point of a cluster in world space; x, y, z in [0, 1] go across it.
func (v *clusterView) point(cluster int, x, y, z float64) mgl64.Vec3 {
	cx, cy, cz := cluster%ClustersX, cluster/ClustersX%ClustersY, cluster/(ClustersX*ClustersY)
	d0, d1 := v.slice(cz), v.slice(cz+1)
	d := d0 + (d1-d0)*z
	nx := (float64(cx)+x)/ClustersX*2 - 1
	ny := (float64(cy)+y)/ClustersY*2 - 1
	p := mgl64.Vec4{nx * d / float64(v.projection[0]), ny * d / float64(v.projection[5]), -d, 1}
	var inverse mgl64.Mat4
	for i, f := range v.view.Inv() {
		inverse[i] = float64(f)
	}
	return inverse.Mul4x1(p).Vec3()
}

// reaches tells whether a light shines on a point.
func reaches(l *Light, p mgl64.Vec3) bool {
	v := p.Sub(mgl64.Vec3{float64(l.Position[0]), float64(l.Position[1]), float64(l.Position[2])})
	if v.Len() >= float64(l.Range) {
		return false
	}
	if !l.Spot {
		return true
	}
	d := l.Direction.Normalize()
	return v.Normalize().Dot(mgl64.Vec3{float64(d[0]), float64(d[1]), float64(d[2])}) > math.Cos(float64(l.Outer))
}

// No light that shines on a point of a cluster is missing there, whatever the cluster;
// and no light is in a cluster whose box it does not reach.
func TestClusterAgainstBruteForce(t *testing.T) {
	g := open(t)
	p, err := NewCluster(g.dev)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	r := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{1, 40, 333} {
		v := randomView(uint64(n), n)
		_, _, words := v.assign(g, p)
		found, set := 0, 0
		for c := range ClustersX * ClustersY * ClustersZ {
			mask := clusterMask(words, c)
			low, high := mgl64.Vec3{math.Inf(1), math.Inf(1), math.Inf(1)}, mgl64.Vec3{math.Inf(-1), math.Inf(-1), math.Inf(-1)}
			var points []mgl64.Vec3
			var viewMatrix mgl64.Mat4
			for i, f := range v.view {
				viewMatrix[i] = float64(f)
			}
			for i := range 12 {
				x, y, z := float64(i&1), float64(i>>1&1), float64(i>>2&1)
				if i >= 8 {
					x, y, z = r.Float64(), r.Float64(), r.Float64()
				}
				q := v.point(c, x, y, z)
				points = append(points, q)
				q = viewMatrix.Mul4x1(q.Vec4(1)).Vec3()
				for k := range 3 {
					low[k], high[k] = min(low[k], q[k]), max(high[k], q[k])
				}
			}
			for i := range v.lights {
				l := &v.lights[i]
				has := mask[i/32]>>(i%32)&1 != 0
				if has {
					set++
					q := viewMatrix.Mul4x1(mgl64.Vec4{float64(l.Position[0]), float64(l.Position[1]), float64(l.Position[2]), 1}).Vec3()
					d := 0.0
					for k := range 3 {
						e := max(low[k]-q[k], q[k]-high[k], 0)
						d += e * e
					}
					if c/(ClustersX*ClustersY) < ClustersZ-1 && math.Sqrt(d) > float64(l.Range)*1.001+0.02*high.Sub(low).Len() {
						t.Fatalf("%d lights: light %d (range %v) is in cluster %d, %v from its box", n, i, l.Range, c, math.Sqrt(d))
					}
				}
				for _, q := range points {
					if reaches(l, q) {
						found++
						if !has {
							t.Fatalf("%d lights: light %d shines on %v in cluster %d and is missing there", n, i, q, c)
						}
						break
					}
				}
			}
			for i := n; i < MaxLights; i++ {
				if mask[i/32]>>(i%32)&1 != 0 {
					t.Fatalf("light %d is in cluster %d; there are only %d", i, c, n)
				}
			}
		}
		if n > 1 && (found == 0 || set > 8*found) {
			t.Errorf("%d lights: %d of %d are in clusters that they shine into", n, found, set)
		}
		t.Logf("%d lights: %d lit pairs, %d in masks", n, found, set)
	}
}

// Every light in every cluster, the most lights that there can be, and none at all.
func TestClusterExtremes(t *testing.T) {
	g := open(t)
	p, err := NewCluster(g.dev)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, n := range []int{0, 1, 31, 32, 33, MaxLights} {
		v := randomView(9, 0)
		for range n {
			v.lights = append(v.lights, Light{Range: 1e6})
		}
		_, _, words := v.assign(g, p)
		for c := range ClustersX * ClustersY * ClustersZ {
			got := 0
			for _, m := range clusterMask(words, c) {
				got += bits.OnesCount32(m)
			}
			if got != n {
				t.Fatalf("cluster %d has %d lights, want all %d", c, got, n)
			}
		}
	}
}

// What shaders read through cluster.glsl is the cluster of the pixel, its lights in
// order, and the light that KHR_lights_punctual says.
func TestClusterLookup(t *testing.T) {
	g := open(t)
	p, err := NewCluster(g.dev)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	v := randomView(11, 200)
	lights, clusters, words := v.assign(g, p)
	probe := g.compile("cluster_probe.comp", 4, storage, storage, storage, storage)
	r := rand.New(rand.NewPCG(8, 9))
	const n = 500
	var in []byte
	type ask struct{ x, y, depth float32 }
	var asks []ask
	var places []mgl32.Vec3
	inverse := v.view.Inv()
	for range n {
		a := ask{r.Float32() * float32(v.width), r.Float32() * float32(v.height), float32(math.Exp(r.Float64()*7 - 2))}
		nx, ny := a.x/float32(v.width)*2-1, a.y/float32(v.height)*2-1
		w := inverse.Mul4x1(mgl32.Vec4{nx * a.depth / v.projection[0], ny * a.depth / v.projection[5], -a.depth, 1}).Vec3()
		asks, places = append(asks, a), append(places, w)
		for _, f := range []float32{a.x, a.y, a.depth, 0, w[0], w[1], w[2], 1} {
			in = binary.LittleEndian.AppendUint32(in, math.Float32bits(f))
		}
	}
	out := g.buffer(n * 32)
	probes := g.upload(in)
	g.do(func(s *raw.Stream) error {
		set, err := probe.sets.take(1)
		if err != nil {
			return err
		}
		for i, b := range []Range{lights, clusters, probes, {Buffer: out.Handle}} {
			probe.sets.buffer(i, b)
		}
		probe.sets.write(set)
		count := uint32(n)
		probe.dispatch(s, set, bytesOf(&count), groups(n, 64), 1, 1)
		return nil
	})
	lit := 0
	for i, a := range asks {
		b := g.download(out)[i*32:]
		u := func(k int) uint32 { return binary.LittleEndian.Uint32(b[k*4:]) }
		z := 0
		for z < ClustersZ-1 && float64(a.depth) >= v.slice(z+1) {
			z++
		}
		cluster := (z*ClustersY+int(a.y*ClustersY/float32(v.height)))*ClustersX + int(a.x*ClustersX/float32(v.width))
		if u(0) != uint32(cluster) {
			t.Fatalf("pixel %v is in cluster %d, want %d", a, u(0), cluster)
		}
		var count, sum uint32
		for k, m := range clusterMask(words, cluster) {
			for ; m != 0; m &= m - 1 {
				count++
				sum = sum*31 + uint32(k*32+bits.TrailingZeros32(m))
			}
		}
		if u(1) != count || u(2) != sum {
			t.Fatalf("pixel %v walks %d lights (hash %08x), want %d (%08x)", a, u(1), u(2), count, sum)
		}
		// The truth asks every light, in a cluster or not.
		var want mgl64.Vec3
		for k := range v.lights {
			want = want.Add(radiance(&v.lights[k], places[i]))
		}
		for k := range 3 {
			got := float64(math.Float32frombits(u(4 + k)))
			if math.Abs(got-want[k]) > 1e-4+2e-3*want[k] {
				t.Fatalf("pixel %v channel %d receives %v, want %v", a, k, got, want[k])
			}
		}
		if want.Len() > 0 {
			lit++
		}
	}
	if lit < n/10 {
		t.Errorf("only %d of %d points are lit; the test sees too little", lit, n)
	}
}

// radiance is KHR_lights_punctual in double precision.
func radiance(l *Light, p mgl32.Vec3) mgl64.Vec3 {
	d := l.Position.Sub(p)
	v := mgl64.Vec3{float64(d[0]), float64(d[1]), float64(d[2])}
	d2 := max(v.Dot(v), 1e-4)
	x := math.Sqrt(d2) / float64(l.Range)
	f := min(max(1-x*x*x*x, 0), 1) / d2
	if l.Spot {
		n := l.Direction.Normalize()
		c := -v.Normalize().Dot(mgl64.Vec3{float64(n[0]), float64(n[1]), float64(n[2])})
		in, out := math.Cos(float64(l.Inner)), math.Cos(float64(l.Outer))
		a := min(max((c-out)/max(in-out, 1e-3), 0), 1)
		f *= a * a
	}
	return mgl64.Vec3{float64(l.Color[0]), float64(l.Color[1]), float64(l.Color[2])}.Mul(f)
}

// A light lies in its bytes as the shaders read it.
func TestPutLight(t *testing.T) {
	for _, c := range []struct {
		light Light
		want  [16]float32
	}{
		{Light{Position: mgl32.Vec3{1, 2, 3}, Range: 4, Color: mgl32.Vec3{5, 6, 7}, Direction: mgl32.Vec3{9, 9, 9}},
			[16]float32{1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 0, -1, -1, 0}},
		{Light{Range: 1, Spot: true, Direction: mgl32.Vec3{0, 0, 8}, Inner: 0, Outer: math.Pi / 3},
			[16]float32{3: 1, 10: 1, 11: 0.5, 12: 1, 13: 1}},
		{Light{Range: 1, Spot: true, Outer: math.Pi / 3},
			[16]float32{3: 1, 9: -1, 11: 0.5, 12: 1, 13: 1}},
	} {
		b := make([]byte, LightSize)
		PutLight(b, &c.light)
		for i, want := range c.want {
			if got := math.Float32frombits(binary.LittleEndian.Uint32(b[i*4:])); math.Abs(float64(got-want)) > 1e-6 {
				t.Errorf("%+v: word %d is %v, want %v", c.light, i, got, want)
			}
		}
	}
}

func TestClusterInput(t *testing.T) {
	g := open(t)
	b := Range{Buffer: g.buffer(16).Handle}
	good := ClusterInput{Count: 1, Lights: b, Clusters: b, View: mgl32.Ident4(), Projection: mgl32.Ident4(), Width: 10, Height: 10, Near: 1, Far: 10}
	for name, f := range map[string]func(*ClusterInput){
		"too many lights": func(in *ClusterInput) { in.Count = MaxLights + 1 },
		"negative count":  func(in *ClusterInput) { in.Count = -1 },
		"no lights":       func(in *ClusterInput) { in.Lights = Range{} },
		"no clusters":     func(in *ClusterInput) { in.Clusters = Range{} },
		"no picture":      func(in *ClusterInput) { in.Width = 0 },
		"no depth":        func(in *ClusterInput) { in.Near = 0 },
		"NaN depth":       func(in *ClusterInput) { in.Near = float32(math.NaN()) },
		"far before near": func(in *ClusterInput) { in.Far = 1 },
		"flat projection": func(in *ClusterInput) { in.Projection[5] = 0 },
	} {
		in := good
		f(&in)
		var s raw.Stream
		if err := (&Cluster{}).Record(&s, in); !errors.Is(err, ErrInput) || s.Len() != 0 {
			t.Errorf("%s: %v, %d words", name, err, s.Len())
		}
	}
}

func BenchmarkClusterRecord(b *testing.B) {
	g := open(b)
	p, err := NewCluster(g.dev)
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	in := ClusterInput{Count: 100, Lights: Range{Buffer: g.buffer(100 * LightSize).Handle}, Clusters: Range{Buffer: g.buffer(ClusterBytes).Handle},
		View: mgl32.Ident4(), Projection: mgl32.Ident4(), Width: 10, Height: 10, Near: 1, Far: 10}
	g.record(b, func(s *raw.Stream, frame uint64) error {
		in.Frame = frame
		return p.Record(s, in)
	})
}

// The time of assigning lights, on the device that tests run on.
func BenchmarkClusterAssign(b *testing.B) {
	for _, n := range []int{0, 16, 256, MaxLights} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			g := open(b)
			p, err := NewCluster(g.dev)
			if err != nil {
				b.Fatal(err)
			}
			defer p.Close()
			v := randomView(1, n)
			in := ClusterInput{Count: n, Clusters: Range{Buffer: g.buffer(ClusterBytes).Handle}, View: v.view, Projection: v.projection,
				Width: v.width, Height: v.height, Near: v.near, Far: v.far}
			in.Lights, _, _ = v.assign(g, p)
			b.ReportAllocs()
			for b.Loop() {
				in.Frame++
				g.do(func(s *raw.Stream) error { return p.Record(s, in) })
			}
		})
	}
}
