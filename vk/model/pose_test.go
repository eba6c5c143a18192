package model

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-gl/mathgl/mgl32"
)

// animated is a node that one channel drives, with a child at (1, 0, 0).
func animated(c Channel) *Model {
	ident, one := mgl32.QuatIdent(), mgl32.Vec3{1, 1, 1}
	return &Model{
		Nodes: []Node{
			{Parent: -1, Rotation: ident, Scale: one, Skin: -1, Light: -1, Weights: []float32{0.5, 0}},
			{Parent: 0, Translation: mgl32.Vec3{1, 0, 0}, Rotation: ident, Scale: one, Skin: -1, Light: -1},
		},
		Animations: []Animation{{Channels: []Channel{c}, Duration: c.Times[len(c.Times)-1]}},
	}
}

func TestInterpolation(t *testing.T) {
	times := []float32{1, 2, 4}
	line := []float32{0, 0, 0, 10, 0, 0, 30, 0, 0}
	// Splines whose keys are 0, 10, 30 with slopes 0: smooth steps.
	spline := []float32{
		9, 9, 9, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 10, 0, 0, 2, 0, 0,
		4, 0, 0, 30, 0, 0, 9, 9, 9,
	}
	for _, c := range []struct {
		name   string
		kind   Interpolation
		values []float32
		at     float32
		want   float32
	}{
		{"before", Linear, line, 0, 0}, {"first", Linear, line, 1, 0}, {"between", Linear, line, 1.25, 2.5},
		{"key", Linear, line, 2, 10}, {"second span", Linear, line, 3, 20}, {"last", Linear, line, 4, 30}, {"behind", Linear, line, 100, 30},
		{"step", Step, line, 1.99, 0}, {"step at key", Step, line, 2, 10}, {"step late", Step, line, 3.9, 10}, {"step end", Step, line, 4, 30},
		{"spline before", CubicSpline, spline, 0, 0}, {"spline middle", CubicSpline, spline, 1.5, 5}, {"spline key", CubicSpline, spline, 2, 10},
		// (2u3-3u2+1)10 + 2(u3-2u2+u)2 + (-2u3+3u2)30 + 2(u3-u2)4 at u = 1/2
		{"spline slopes", CubicSpline, spline, 3, 19.5}, {"spline end", CubicSpline, spline, 9, 30},
	} {
		m := animated(Channel{Path: Translation, Interpolation: c.kind, Times: times, Values: c.values})
		var p Pose
		m.Pose(0, c.at, &p)
		if got := p.Globals[0][12]; !near(got, c.want, 1e-5) {
			t.Errorf("%s: at %v it is at %v, want %v", c.name, c.at, got, c.want)
		}
		if got := p.Globals[1][12]; !near(got, c.want+1, 1e-5) {
			t.Errorf("%s: the child is at %v", c.name, got)
		}
	}
}

// Rotations go the shorter way at an even pace, also where the keys have opposite
// signs, and splines of them stay of unit length.
func TestRotations(t *testing.T) {
	q := func(deg float64, sign float32) []float32 {
		s, c := math.Sincos(deg / 2 * math.Pi / 180)
		return []float32{0, sign * float32(s), 0, sign * float32(c)}
	}
	angle := func(p *Pose) float32 {
		g := p.Globals[0]
		return float32(math.Atan2(float64(g[8]), float64(g[0])) * 180 / math.Pi)
	}
	for _, c := range []struct {
		from, to float64
		sign     float32
		at, want float32
	}{
		{0, 90, 1, 0.5, 45}, {0, 90, -1, 0.5, 45}, {0, 120, 1, 0.25, 30}, {170, -170, 1, 0.5, 180}, {10, 10.01, 1, 0.5, 10.005}, {0, 179, 1, 0.1, 17.9},
	} {
		m := animated(Channel{Path: Rotation, Interpolation: Linear, Times: []float32{0, 1}, Values: append(q(c.from, 1), q(c.to, c.sign)...)})
		var p Pose
		m.Pose(0, c.at, &p)
		if got := angle(&p); !near(got, c.want, 1e-2) && !near(got, c.want-360, 1e-2) {
			t.Errorf("%v to %v at %v: %v, want %v", c.from, c.to, c.at, got, c.want)
		}
	}
	v := append(append([]float32{0, 0, 0, 0}, q(0, 1)...), 5, 0, 0, 0)
	v = append(append(append(v, 0, 0, 5, 0), q(90, 1)...), 0, 0, 0, 0)
	m := animated(Channel{Path: Rotation, Interpolation: CubicSpline, Times: []float32{0, 1}, Values: v})
	var p Pose
	m.Pose(0, 0.4, &p)
	if l := p.Globals[0].Col(0).Vec3().Len(); !near(l, 1, 1e-5) {
		t.Errorf("an axis has length %v", l)
	}
}

func TestPoseOfWeights(t *testing.T) {
	m := animated(Channel{Path: Weights, Interpolation: Linear, Times: []float32{0, 2}, Values: []float32{0, 1, 1, 0}})
	var p Pose
	m.Pose(0, 1.5, &p)
	if w := p.Weights[0]; len(w) != 2 || !near(w[0], 0.75, 1e-6) || !near(w[1], 0.25, 1e-6) || p.Weights[1] != nil {
		t.Errorf("weights %v", p.Weights)
	}
	m.Pose(-1, 0, &p) // what an animation left must not stay
	if w := p.Weights[0]; w[0] != 0.5 || w[1] != 0 {
		t.Errorf("default weights %v", w)
	}
	if d := m.Default(); d.Weights[0][0] != 0.5 || d.Globals[1][12] != 1 {
		t.Errorf("default pose %+v", d)
	}
}

// A channel without an end and times that are no numbers leave a pose finite.
func TestPoseOfOddTimes(t *testing.T) {
	m := animated(Channel{Path: Translation, Interpolation: Linear, Times: []float32{3}, Values: []float32{1, 2, 3}})
	var p Pose
	for _, at := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 3} {
		m.Pose(0, at, &p)
		if g := p.Globals[0].Col(3).Vec3(); g != (mgl32.Vec3{1, 2, 3}) {
			t.Errorf("at %v: %v", at, g)
		}
	}
	m.Pose(99, 0, &p)
	if g := p.Globals[0].Col(3).Vec3(); g != (mgl32.Vec3{}) {
		t.Errorf("an animation that is not there: %v", g)
	}
}

// The joint matrices of a skin at rest leave its vertices where they are: that is
// what inverse bind matrices are.
func TestSkinAtRest(t *testing.T) {
	m, err := decodeFile(t, fixtures, "hand.glb")
	if err != nil {
		t.Fatal(err)
	}
	checkWhole(t, m)
	p := m.Default()
	joints := m.JointMatrices(0, p, nil)
	mesh := &m.Meshes[0]
	if len(joints) != 25 || mesh.Joints == nil {
		t.Fatalf("%d joints", len(joints))
	}
	for i, v := range mesh.Positions {
		var sum mgl32.Vec3
		for k, j := range mesh.Joints[i] {
			sum = sum.Add(mgl32.TransformCoordinate(v, joints[j]).Mul(mesh.Weights[i][k]))
		}
		for k := range 3 {
			if sum[k] < m.Min[k]-1e-4 || sum[k] > m.Max[k]+1e-4 {
				t.Fatalf("vertex %d, skinned, is at %v, outside of %v %v", i, sum, m.Min, m.Max)
			}
		}
		if d := sum.Sub(v).Len(); d > 0.01 {
			t.Fatalf("vertex %d moves by %v m at rest", i, d)
		}
	}
}

// simple_skin bends its upper half by 90 degrees after one second (Khronos'
// tutorial). By hand: the inverse bind matrix moves (0, 2, 0) to (-0.5, 1, 0), the
// turn to (-1, -0.5, 0), and the joint is at (0, 1, 0).
func TestSkinMoves(t *testing.T) {
	m, err := decodeSample(t, "glTF2/simple_skin/simple_skin.gltf")
	if err != nil {
		t.Fatal(err)
	}
	var p Pose
	m.Pose(0, 1, &p)
	joints := m.JointMatrices(0, &p, nil)
	got := mgl32.TransformCoordinate(mgl32.Vec3{0, 2, 0}, joints[1])
	if !nearVec(got, mgl32.Vec3{-1, 0.5, 0}, 1e-3) {
		t.Errorf("the top is at %v", got)
	}
}

// Morph targets of the sample reach beyond its cube, and its bounds say so.
func TestMorphMoves(t *testing.T) {
	m, err := decodeSample(t, "glTF2/glTF-Sample-Models/AnimatedMorphCube-glTF/AnimatedMorphCube.gltf")
	if err != nil {
		t.Fatal(err)
	}
	a, mesh := &m.Animations[0], &m.Meshes[0]
	if a.Duration < 4.1 || a.Duration > 4.3 || len(a.Channels) != 1 || a.Channels[0].Path != Weights {
		t.Fatalf("%v s, %d channels", a.Duration, len(a.Channels))
	}
	var p Pose
	seen := float32(0)
	for s := float32(0); s <= a.Duration; s += 0.05 {
		m.Pose(0, s, &p)
		w := p.Weights[0]
		seen = max(seen, w[0], w[1])
		for i, v := range mesh.Positions {
			for j := range mesh.Targets {
				v = v.Add(mesh.Targets[j].Positions[i].Mul(min(max(w[j], 0), 1)))
			}
			for k := range 3 {
				if v[k] < mesh.Min[k]-1e-6 || v[k] > mesh.Max[k]+1e-6 {
					t.Fatalf("at %v vertex %d is at %v, outside of %v %v", s, i, v, mesh.Min, mesh.Max)
				}
			}
		}
	}
	if seen < 0.99 {
		t.Errorf("the largest weight is %v", seen)
	}
}

func TestPoseDoesNotAllocate(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(fixtures, "hand.glb"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := Decode(context.Background(), data, nil, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	m.Animations = []Animation{{Duration: 1}}
	for i := range m.Nodes {
		m.Animations[0].Channels = append(m.Animations[0].Channels,
			Channel{Node: i, Path: Rotation, Interpolation: Linear, Times: []float32{0, 1}, Values: []float32{0, 0, 0, 1, 0, 1, 0, 0}})
	}
	var p Pose
	var joints []mgl32.Mat4
	at := float32(0)
	if n := testing.AllocsPerRun(100, func() {
		at += 0.01
		m.Pose(0, at, &p)
		joints = m.JointMatrices(0, &p, joints)
	}); n > 1 { // the first call
		t.Errorf("%v allocations", n)
	}
}
