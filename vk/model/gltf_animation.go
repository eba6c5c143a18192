package model

import (
	"fmt"

	"github.com/qmuntal/gltf"
)

func (d *gltfDecoder) readAnimations() error {
	channels := 0
	for i, g := range d.doc.Animations {
		if channels += len(g.Channels); channels > d.l.Items {
			return badGLTF("animations", "%w", &LimitError{"channels", int64(d.l.Items)})
		}
		a := Animation{Name: g.Name}
		times := map[int][]float32{} // by accessor: channels share them
		for j, c := range g.Channels {
			where := fmt.Sprintf("animations[%d].channels[%d]", i, j)
			if c == nil {
				return badGLTF(where, "it is null; export the file again")
			}
			if c.Target.Node == nil {
				continue // meant for an extension
			}
			if err := d.ctx.Err(); err != nil {
				return err
			}
			out, err := d.channel(g, c, times, where)
			if err != nil {
				return err
			}
			if out.Times == nil {
				continue // it drives the weights of a node that has no targets
			}
			a.Duration = max(a.Duration, out.Times[len(out.Times)-1])
			a.Channels = append(a.Channels, out)
		}
		d.m.Animations = append(d.m.Animations, a)
	}
	return nil
}

func (d *gltfDecoder) channel(g *gltf.Animation, c *gltf.AnimationChannel, times map[int][]float32, where string) (Channel, error) {
	var out Channel
	if n := *c.Target.Node; n < 0 || n >= len(d.nodes) {
		return out, badGLTF(where, "it names node %d, which is not there; export the file again", n)
	}
	if c.Sampler < 0 || c.Sampler >= len(g.Samplers) || g.Samplers[c.Sampler] == nil {
		return out, badGLTF(where, "it names sampler %d, which is not there; export the file again", c.Sampler)
	}
	s := g.Samplers[c.Sampler]
	out.Node = d.nodes[*c.Target.Node]
	out.Interpolation = [...]Interpolation{
		gltf.InterpolationLinear: Linear, gltf.InterpolationStep: Step, gltf.InterpolationCubicSpline: CubicSpline,
	}[s.Interpolation]
	n, kind := 3, gltf.AccessorVec3
	switch c.Target.Path {
	case gltf.TRSTranslation:
		out.Path = Translation
	case gltf.TRSScale:
		out.Path = Scale
	case gltf.TRSRotation:
		out.Path, n, kind = Rotation, 4, gltf.AccessorVec4
	case gltf.TRSWeights:
		out.Path, n, kind = Weights, len(d.m.Nodes[out.Node].Weights), gltf.AccessorScalar
		if n == 0 {
			return out, nil
		}
	default:
		return out, badGLTF(where, "%q is no path of a node; export the file again", c.Target.Path)
	}
	if out.Path != Weights && d.m.Nodes[out.Node].Fixed {
		return out, badGLTF(where, "it drives a node with a matrix that shears; export the file again")
	}
	var err error
	if out.Times, err = d.times(s.Input, where, times); err != nil {
		return out, err
	}
	v, err := d.accessor(s.Output, where+".output", kind)
	if err != nil {
		return out, err
	}
	want := len(out.Times)
	if out.Path == Weights {
		want *= n
	}
	if out.Interpolation == CubicSpline {
		want *= 3
	}
	if v.count != want {
		return out, badGLTF(v.where, "it has %d values and ought to have %d; export the file again", v.count, want)
	}
	if v.component != gltf.ComponentFloat && !v.normalized {
		return out, badGLTF(v.where, "its integers are not normalized; export the file again")
	}
	if d.left.Keys -= v.count * v.components; d.left.Keys < 0 {
		return out, badGLTF(where, "%w", &LimitError{"values of animations", int64(d.l.Keys)})
	}
	out.Values, err = v.floats(nil, false)
	return out, err
}

// times reads the keys of a sampler, which ascend.
func (d *gltfDecoder) times(i int, where string, seen map[int][]float32) ([]float32, error) {
	if t, ok := seen[i]; ok {
		return t, nil
	}
	v, err := d.accessor(i, where+".input", gltf.AccessorScalar)
	if err != nil {
		return nil, err
	}
	if v.component != gltf.ComponentFloat {
		return nil, badGLTF(v.where, "times are no floats; export the file again")
	}
	if d.left.Keys -= v.count; d.left.Keys < 0 {
		return nil, badGLTF(where, "%w", &LimitError{"values of animations", int64(d.l.Keys)})
	}
	t, err := v.floats(nil, false)
	if err != nil {
		return nil, err
	}
	for k := range t {
		if t[k] < 0 || (k > 0 && t[k] <= t[k-1]) {
			return nil, badGLTF(v.where, "its times do not ascend from 0 on at key %d; export the file again", k)
		}
	}
	seen[i] = t
	return t, nil
}
