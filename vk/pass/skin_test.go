package pass

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/vk/raw"
)

// skinMesh is a mesh as Skin takes it, and what plain Go makes of it.
type skinMesh struct {
	vertices [][16]uint32
	joints   [][4]uint16
	weights  []mgl32.Vec4
	targets  [][][3]mgl32.Vec3
	morph    []float32
	matrices []mgl32.Mat4
}

// randomMesh makes a mesh of n vertices; joints or targets 0 leave them out.
func randomMesh(r *rand.Rand, n, joints, targets int) *skinMesh {
	v3 := func() mgl32.Vec3 {
		return mgl32.Vec3{float32(r.NormFloat64()), float32(r.NormFloat64()), float32(r.NormFloat64())}
	}
	m := &skinMesh{}
	for range n {
		var v [16]uint32
		p, nn, t := v3(), v3().Normalize(), v3().Normalize()
		for i := range 3 {
			v[i], v[3+i], v[6+i] = math.Float32bits(p[i]), math.Float32bits(nn[i]), math.Float32bits(t[i])
		}
		v[9] = math.Float32bits(float32(r.IntN(2)*2 - 1))
		for i := 10; i < 16; i++ {
			v[i] = r.Uint32()
		}
		m.vertices = append(m.vertices, v)
		if joints > 0 {
			var j [4]uint16
			var w mgl32.Vec4
			for i := range 4 {
				j[i] = uint16(r.IntN(joints))
				w[i] = r.Float32()
			}
			m.joints = append(m.joints, j)
			m.weights = append(m.weights, w.Mul(1/(w[0]+w[1]+w[2]+w[3])))
		}
	}
	for range joints {
		a := mgl32.HomogRotate3D(r.Float32()*6, v3().Normalize())
		s := mgl32.Scale3D(0.5+r.Float32(), 0.5+r.Float32(), 0.5+r.Float32())
		d := v3()
		m.matrices = append(m.matrices, mgl32.Translate3D(d[0], d[1], d[2]).Mul4(a).Mul4(s))
	}
	for range targets {
		t := make([][3]mgl32.Vec3, n)
		for i := range t {
			t[i] = [3]mgl32.Vec3{v3().Mul(0.3), v3().Mul(0.3), v3().Mul(0.3)}
		}
		m.targets = append(m.targets, t)
		m.morph = append(m.morph, r.Float32())
	}
	return m
}

// skinned is the truth: each vertex by double precision and an inverted matrix.
func (m *skinMesh) skinned(i int) [16]uint32 {
	v := m.vertices[i]
	at := func(k int) mgl32.Vec3 {
		return mgl32.Vec3{math.Float32frombits(v[k]), math.Float32frombits(v[k+1]), math.Float32frombits(v[k+2])}
	}
	p, n, t, w := at(0), at(3), at(6), math.Float32frombits(v[9])
	for k, target := range m.targets {
		p = p.Add(target[i][0].Mul(m.morph[k]))
		n = n.Add(target[i][1].Mul(m.morph[k]))
		t = t.Add(target[i][2].Mul(m.morph[k]))
	}
	sum := float32(0)
	for k := range 4 {
		if len(m.weights) > 0 {
			sum += m.weights[i][k]
		}
	}
	if len(m.matrices) > 0 && sum > 0 {
		var blend mgl32.Mat4
		for k := range 4 {
			j := min(int(m.joints[i][k]), len(m.matrices)-1)
			blend = blend.Add(m.matrices[j].Mul(m.weights[i][k] / sum))
		}
		linear := blend.Mat3()
		p = blend.Mul4x1(p.Vec4(1)).Vec3()
		n = linear.Inv().Transpose().Mul3x1(n)
		t = linear.Mul3x1(t)
		if linear.Det() < 0 {
			w = -w
		}
	}
	n, t = n.Normalize(), t.Normalize()
	for k := range 3 {
		v[k], v[3+k], v[6+k] = math.Float32bits(p[k]), math.Float32bits(n[k]), math.Float32bits(t[k])
	}
	v[9] = math.Float32bits(w)
	return v
}

// skinBuffers lays meshes out behind each other, and makes the jobs.
func skinBuffers(meshes []*skinMesh) (vertices, skins, joints, deltas, weights []byte, jobs []SkinJob) {
	f32 := func(b []byte, v ...float32) []byte {
		for _, x := range v {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
		return b
	}
	out := uint32(3) // not where they came from
	for _, m := range meshes {
		j := SkinJob{VertexIn: uint32(len(vertices) / VertexSize), VertexOut: out, Vertices: uint32(len(m.vertices)), FirstSkin: NotSkinned,
			FirstJoint: uint32(len(joints) / JointSize), Joints: uint32(len(m.matrices)),
			FirstTarget: uint32(len(deltas) / DeltaSize), Targets: uint32(len(m.targets)), FirstWeight: uint32(len(weights) / 4)}
		out += j.Vertices
		if len(m.joints) > 0 {
			j.FirstSkin = uint32(len(skins) / SkinSize)
		}
		for i, v := range m.vertices {
			for _, w := range v {
				vertices = binary.LittleEndian.AppendUint32(vertices, w)
			}
			if len(m.joints) > 0 {
				for _, k := range m.joints[i] {
					skins = binary.LittleEndian.AppendUint16(skins, k)
				}
				skins = f32(skins, m.weights[i][:]...)
			}
		}
		for _, k := range m.matrices {
			joints = f32(joints, k[:]...)
		}
		for _, t := range m.targets {
			for _, d := range t {
				deltas = f32(f32(f32(deltas, d[0][:]...), d[1][:]...), d[2][:]...)
			}
		}
		weights = f32(weights, m.morph...)
		jobs = append(jobs, j)
	}
	return
}

// What the device skins is what plain Go skins, for meshes that morph, are skinned, do
// both or neither, all in one dispatch.
func TestSkin(t *testing.T) {
	g := open(t)
	p, err := NewSkin(g.dev, g.alloc)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	r := rand.New(rand.NewPCG(1, 2))
	empty := randomMesh(r, 0, 0, 0)
	mirror := randomMesh(r, 40, 1, 0)
	mirror.matrices[0] = mgl32.Scale3D(-1, 1, 2)
	flat := randomMesh(r, 70, 1, 0) // flattened: the inverse does not exist, normals must still be finite
	flat.matrices[0] = mgl32.Scale3D(1, 1, 0)
	beyond := randomMesh(r, 10, 2, 0)
	beyond.joints[3][1] = 60000
	heavy := randomMesh(r, 30, 3, 1) // weights that do not sum to 1
	for i := range heavy.weights {
		heavy.weights[i] = heavy.weights[i].Mul(float32(i) * 0.2)
	}
	meshes := []*skinMesh{randomMesh(r, 1, 0, 0), empty, randomMesh(r, 200, 0, 3), randomMesh(r, 64, 5, 0),
		randomMesh(r, 333, 20, 8), mirror, beyond, flat, heavy, empty}
	vertices, skins, joints, deltas, weights, jobs := skinBuffers(meshes)
	list := make([]byte, len(jobs)*SkinJobSize)
	n, err := PutSkinJobs(list, jobs)
	if err != nil {
		t.Fatal(err)
	}
	out := g.buffer(len(vertices) + 3*VertexSize)
	in := SkinInput{Frame: 1, Vertices: g.upload(vertices), Skins: g.upload(skins), Joints: g.upload(joints), Deltas: g.upload(deltas),
		Weights: g.upload(weights), Jobs: g.upload(list), Out: Range{Buffer: out.Handle}, JobCount: len(jobs), Groups: n}
	g.do(func(s *raw.Stream) error { return p.Record(s, in) })
	got := g.download(out)
	for m, mesh := range meshes {
		for i := range mesh.vertices {
			want := mesh.skinned(i)
			b := got[(int(jobs[m].VertexOut)+i)*VertexSize:]
			for k := range 16 {
				w := binary.LittleEndian.Uint32(b[k*4:])
				x, y := math.Float32frombits(w), math.Float32frombits(want[k])
				switch {
				case mesh == flat && k >= 3 && k < 9:
					if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
						t.Fatalf("flattened vertex %d word %d is %v", i, k, x)
					}
				case k >= 10:
					if w != want[k] {
						t.Fatalf("mesh %d vertex %d: word %d was not copied", m, i, k)
					}
				case !(math.Abs(float64(x-y)) <= 2e-4):
					t.Fatalf("mesh %d vertex %d word %d: %v, want %v", m, i, k, x, y)
				}
			}
		}
	}
	// A flattened mesh's normals point along the axis that it was flattened in.
	b := got[int(jobs[7].VertexOut)*VertexSize:]
	if z := math.Float32frombits(binary.LittleEndian.Uint32(b[20:])); math.Abs(math.Abs(float64(z))-1) > 1e-5 {
		t.Errorf("normal of a flattened mesh has z %v, want 1 or -1", z)
	}
}

// Without skins, morphs or joints nothing needs to be bound for them.
func TestSkinMorphOnly(t *testing.T) {
	g := open(t)
	p, err := NewSkin(g.dev, g.alloc)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	m := randomMesh(rand.New(rand.NewPCG(3, 4)), 5, 0, 0)
	vertices, _, _, _, _, jobs := skinBuffers([]*skinMesh{m})
	list := make([]byte, SkinJobSize)
	n, _ := PutSkinJobs(list, jobs)
	out := g.buffer(len(vertices) + 3*VertexSize)
	g.do(func(s *raw.Stream) error {
		return p.Record(s, SkinInput{Frame: 1, Vertices: g.upload(vertices), Jobs: g.upload(list), Out: Range{Buffer: out.Handle}, JobCount: 1, Groups: n})
	})
	got := g.download(out)[3*VertexSize:]
	for i := range vertices {
		if i%VertexSize < 12 && got[i] != vertices[i] { // normals may differ in their last bit
			t.Fatalf("byte %d is %d, want %d", i, got[i], vertices[i])
		}
	}
}

func TestSkinInput(t *testing.T) {
	if _, err := PutSkinJobs(make([]byte, SkinJobSize-1), make([]SkinJob, 1)); !errors.Is(err, ErrInput) {
		t.Errorf("a list that is too short: %v", err)
	}
	jobs := []SkinJob{{Vertices: 1 << 31}}
	if _, err := PutSkinJobs(make([]byte, SkinJobSize), jobs); !errors.Is(err, ErrInput) {
		t.Errorf("too many vertices: %v", err)
	}
	var s raw.Stream
	if err := (&Skin{}).Record(&s, SkinInput{}); err != nil || s.Len() != 0 {
		t.Errorf("no jobs: %v, %d words", err, s.Len())
	}
	if err := (&Skin{}).Record(&s, SkinInput{JobCount: 1, Groups: 1}); !errors.Is(err, ErrInput) || s.Len() != 0 {
		t.Errorf("no vertices: %v, %d words", err, s.Len())
	}
}

func BenchmarkSkinRecord(b *testing.B) {
	g := open(b)
	p, err := NewSkin(g.dev, g.alloc)
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	some := Range{Buffer: g.buffer(1 << 16).Handle}
	in := SkinInput{Vertices: some, Jobs: some, Out: Range{Buffer: g.buffer(1 << 16).Handle}, JobCount: 100, Groups: 1000}
	g.record(b, func(s *raw.Stream, frame uint64) error {
		in.Frame = frame
		return p.Record(s, in)
	})
}
