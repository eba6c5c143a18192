package model

import (
	"math"

	"github.com/go-gl/mathgl/mgl32"
	"github.com/qmuntal/gltf"
)

// readNodes brings the nodes in an order with parents first. Those outside of the
// scene that the file shows first stay, for joints may be among them, but show
// nothing.
func (d *gltfDecoder) readNodes() error {
	parents := make([]int, len(d.doc.Nodes))
	for i := range parents {
		parents[i] = -1
	}
	for i, g := range d.doc.Nodes {
		where := item("nodes", i)
		for _, c := range g.Children {
			if c < 0 || c >= len(parents) {
				return badGLTF(where, "it names child %d, which is not there; export the file again", c)
			}
			if parents[c] >= 0 {
				return badGLTF(item("nodes", c), "it is below two nodes, %d and %d; export the file again", parents[c], i)
			}
			parents[c] = i
		}
	}
	shown, err := d.shown()
	if err != nil {
		return err
	}
	d.nodes = make([]int, len(parents))
	type visit struct {
		node, depth int
		shown       bool
	}
	var queue []visit
	for i, p := range parents {
		if p < 0 {
			queue = append(queue, visit{i, 1, false})
		}
	}
	for at := 0; at < len(queue); at++ {
		v := queue[at]
		if v.depth > d.l.Depth {
			return badGLTF(item("nodes", v.node), "%w", &LimitError{"levels of nodes", int64(d.l.Depth)})
		}
		v.shown = v.shown || shown[v.node]
		parent := -1
		if parents[v.node] >= 0 {
			parent = d.nodes[parents[v.node]]
		}
		n, err := d.node(v.node, parent, v.shown)
		if err != nil {
			return err
		}
		d.nodes[v.node] = len(d.m.Nodes)
		d.m.Nodes = append(d.m.Nodes, n)
		for _, c := range d.doc.Nodes[v.node].Children {
			queue = append(queue, visit{c, v.depth + 1, v.shown})
		}
	}
	if len(queue) < len(parents) {
		// Each node has one parent at most: what no root reaches is a ring.
		seen := make([]bool, len(parents))
		for _, v := range queue {
			seen[v.node] = true
		}
		for i := range seen {
			if !seen[i] {
				return badGLTF(item("nodes", i), "it is below itself; export the file again")
			}
		}
	}
	return nil
}

// shown says which nodes the scene begins with. A file without scenes shows all.
func (d *gltfDecoder) shown() ([]bool, error) {
	shown := make([]bool, len(d.doc.Nodes))
	scene := 0
	if d.doc.Scene != nil {
		if scene = *d.doc.Scene; scene < 0 || scene >= len(d.doc.Scenes) {
			return nil, badGLTF("scene", "it names scene %d, which is not there; export the file again", scene)
		}
	}
	if len(d.doc.Scenes) == 0 {
		for i := range shown {
			shown[i] = true
		}
		return shown, nil
	}
	for _, n := range d.doc.Scenes[scene].Nodes {
		if n < 0 || n >= len(shown) {
			return nil, badGLTF(item("scenes", scene), "it names node %d, which is not there; export the file again", n)
		}
		shown[n] = true
	}
	return shown, nil
}

func (d *gltfDecoder) node(i, parent int, shown bool) (Node, error) {
	g, where := d.doc.Nodes[i], item("nodes", i)
	n := Node{Name: g.Name, Parent: parent, Skin: -1, Light: -1}
	for k := range 3 {
		n.Translation[k], n.Scale[k] = float32(g.Translation[k]), float32(g.Scale[k])
	}
	n.Rotation = unitQuat([4]float32{float32(g.Rotation[0]), float32(g.Rotation[1]), float32(g.Rotation[2]), float32(g.Rotation[3])})
	if g.Matrix != gltf.DefaultMatrix {
		var m mgl32.Mat4
		for k := range m {
			m[k] = float32(g.Matrix[k])
		}
		m[3], m[7], m[11], m[15] = 0, 0, 0, 1
		n.setMatrix(m)
	}
	for _, f := range n.Local() {
		if f-f != 0 {
			return n, badGLTF(where, "its transform is no finite number; export the file again")
		}
	}
	if g.Skin != nil && (*g.Skin < 0 || *g.Skin >= len(d.doc.Skins)) {
		return n, badGLTF(where, "it names skin %d, which is not there; export the file again", *g.Skin)
	}
	if g.Mesh != nil {
		if *g.Mesh < 0 || *g.Mesh >= len(d.doc.Meshes) {
			return n, badGLTF(where, "it names mesh %d, which is not there; export the file again", *g.Mesh)
		}
		if g.Skin != nil {
			n.Skin = *g.Skin
		}
		if err := d.weights(&n, g, where); err != nil {
			return n, err
		}
		if shown {
			n.Meshes = d.meshes[*g.Mesh]
		}
	}
	light := struct {
		Light int `json:"light"`
	}{-1}
	if ok, err := extension(g.Extensions, "KHR_lights_punctual", where, &light); err != nil {
		return n, err
	} else if ok && shown {
		if light.Light < 0 || light.Light >= len(d.m.Lights) {
			return n, badGLTF(where, "it names light %d, which is not there; export the file again", light.Light)
		}
		n.Light = light.Light
	}
	return n, nil
}

// weights are those of the node, else those of its mesh, else zeros.
func (d *gltfDecoder) weights(n *Node, g *gltf.Node, where string) error {
	targets := 0
	for _, m := range d.meshes[*g.Mesh] {
		targets = max(targets, len(d.m.Meshes[m].Targets))
	}
	if targets == 0 {
		return nil
	}
	if d.left.Keys -= targets; d.left.Keys < 0 {
		return badGLTF(where, "%w", &LimitError{"weights", int64(d.l.Keys)})
	}
	from := d.doc.Meshes[*g.Mesh].Weights
	if len(g.Weights) > 0 {
		from = g.Weights
	}
	n.Weights = make([]float32, targets)
	for i := range min(targets, len(from)) {
		if n.Weights[i] = float32(from[i]); n.Weights[i]-n.Weights[i] != 0 {
			return badGLTF(where, "a weight is no finite number; export the file again")
		}
	}
	return nil
}

// setMatrix takes a matrix apart into translation, rotation and scale; one that
// shears or flattens stays a matrix. A mirror becomes a negative scale along x.
func (n *Node) setMatrix(m mgl32.Mat4) {
	x, y, z := m.Col(0).Vec3(), m.Col(1).Vec3(), m.Col(2).Vec3()
	s := mgl32.Vec3{x.Len(), y.Len(), z.Len()}
	if x.Dot(y.Cross(z)) < 0 {
		s[0] = -s[0]
	}
	n.Translation = m.Col(3).Vec3()
	if s[0] != 0 && s[1] != 0 && s[2] != 0 {
		n.Scale = s
		n.Rotation = quatOf(x.Mul(1/s[0]), y.Mul(1/s[1]), z.Mul(1/s[2]))
		back, size := compose(n.Translation, n.Rotation, n.Scale), max(-s[0], s[0], s[1], s[2])
		same := true
		for k := range 12 {
			same = same && math.Abs(float64(back[k]-m[k])) <= 1e-4*float64(size)
		}
		if same {
			return
		}
	}
	n.Matrix, n.Fixed = m, true
	n.Rotation, n.Scale = mgl32.QuatIdent(), mgl32.Vec3{1, 1, 1}
}

// quatOf returns the rotation whose axes are x, y and z (Shepperd, 1978).
func quatOf(x, y, z mgl32.Vec3) mgl32.Quat {
	var q [4]float32
	switch trace := x[0] + y[1] + z[2]; {
	case trace > 0:
		q = [4]float32{y[2] - z[1], z[0] - x[2], x[1] - y[0], 1 + trace}
	case x[0] >= y[1] && x[0] >= z[2]:
		q = [4]float32{1 + x[0] - y[1] - z[2], x[1] + y[0], z[0] + x[2], y[2] - z[1]}
	case y[1] >= z[2]:
		q = [4]float32{x[1] + y[0], 1 + y[1] - x[0] - z[2], y[2] + z[1], z[0] - x[2]}
	default:
		q = [4]float32{z[0] + x[2], y[2] + z[1], 1 + z[2] - x[0] - y[1], x[1] - y[0]}
	}
	return unitQuat(q)
}

func (d *gltfDecoder) readSkins() error {
	total := 0
	for i, g := range d.doc.Skins {
		where := item("skins", i)
		if len(g.Joints) == 0 {
			return badGLTF(where, "it has no joints; export the file again")
		}
		if total += len(g.Joints); total > d.l.Items {
			return badGLTF(where, "%w", &LimitError{"joints in all skins", int64(d.l.Items)})
		}
		if len(g.Joints) > d.l.Joints {
			return badGLTF(where, "%w", &LimitError{"joints", int64(d.l.Joints)})
		}
		s := Skin{Joints: make([]int, len(g.Joints)), InverseBind: make([]mgl32.Mat4, len(g.Joints))}
		for k, j := range g.Joints {
			if j < 0 || j >= len(d.nodes) {
				return badGLTF(where, "it names node %d, which is not there; export the file again", j)
			}
			s.Joints[k], s.InverseBind[k] = d.nodes[j], mgl32.Ident4()
		}
		if g.InverseBindMatrices != nil {
			at := where + ".inverseBindMatrices"
			v, err := d.accessor(*g.InverseBindMatrices, at, gltf.AccessorMat4)
			if err != nil {
				return err
			}
			if v.component != gltf.ComponentFloat || v.count < len(g.Joints) || v.count > d.l.Joints {
				return badGLTF(at, "it has %d matrices for %d joints; export the file again", v.count, len(g.Joints))
			}
			f, err := v.floats(nil, false)
			if err != nil {
				return err
			}
			for k := range s.InverseBind {
				m := mgl32.Mat4(f[16*k : 16*k+16])
				m[3], m[7], m[11], m[15] = 0, 0, 0, 1
				s.InverseBind[k] = m
			}
		}
		d.m.Skins = append(d.m.Skins, s)
	}
	return nil
}

// checkSkins sees that no vertex names a joint that its skin has not.
func (d *gltfDecoder) checkSkins() error {
	d.joints = make([]int, len(d.m.Meshes))
	for i := range d.m.Meshes {
		for _, j := range d.m.Meshes[i].Joints {
			d.joints[i] = max(d.joints[i], int(j[0]), int(j[1]), int(j[2]), int(j[3]))
		}
	}
	for i := range d.m.Nodes {
		n := &d.m.Nodes[i]
		if n.Skin < 0 {
			continue
		}
		skinned := false
		for _, m := range n.Meshes {
			if d.m.Meshes[m].Joints == nil {
				continue
			}
			skinned = true
			if have := len(d.m.Skins[n.Skin].Joints); d.joints[m] >= have {
				return badGLTF(item("skins", n.Skin), "a vertex names joint %d of %d; export the file again", d.joints[m], have)
			}
		}
		if !skinned {
			n.Skin = -1
		}
	}
	return nil
}
