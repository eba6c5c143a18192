package pass

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/go-gl/mathgl/mgl32"
	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/raw"
)

// The grid of clusters: tiles of the picture, and slices of depth that grow
// exponentially from ClusterInput.Near to Far. As in cluster.glsl.
const (
	ClustersX = 16
	ClustersY = 9
	ClustersZ = 24
	// MaxLights is how many point and spot lights a frame can have: the bits of a
	// cluster's mask.
	MaxLights = 4096
	// LightSize is the bytes of a light:
	//
	//	position f32x3 @0, range f32 @12, colour f32x3 @16 (times intensity), 0 @28,
	//	direction f32x3 @32, cosine of the outer angle f32 @44,
	//	cosine of the inner angle f32 @48, kind f32 @52 (0 point, 1 spot), 0, 0
	LightSize = 64

	clusterHeader = 32
	clusterWords  = 4 + MaxLights/32
	// ClusterBytes is the size of ClusterInput.Clusters: a header of 32 bytes (tiles per
	// pixel f32x2, scale and bias of the slice f32x2, lights u32, 0, 0, 0), then for each
	// cluster 4 words whose bits say which words of the mask are not zero, and the mask.
	ClusterBytes = clusterHeader + ClustersX*ClustersY*ClustersZ*clusterWords*4
)

// Light is a point or spot light in world space.
type Light struct {
	Position     mgl32.Vec3 // metres
	Range        float32    // metres, above 0: no light beyond
	Color        mgl32.Vec3 // linear, times the intensity in candela
	Spot         bool
	Direction    mgl32.Vec3 // of a spot: the way light goes; any length but 0
	Inner, Outer float32    // of a spot: radians from Direction
}

// PutLight writes a light into dst, LightSize bytes.
func PutLight(dst []byte, l *Light) {
	words := [LightSize / 4]float32{0: l.Position[0], 1: l.Position[1], 2: l.Position[2], 3: l.Range,
		4: l.Color[0], 5: l.Color[1], 6: l.Color[2], 11: -1, 12: -1}
	if l.Spot {
		d := mgl32.Vec3{0, -1, 0} // where a direction of no length would be NaN
		if n := l.Direction.Len(); n > 0 {
			d = l.Direction.Mul(1 / n)
		}
		words[8], words[9], words[10] = d[0], d[1], d[2]
		words[11] = float32(math.Cos(float64(l.Outer)))
		words[12] = float32(math.Cos(float64(l.Inner)))
		words[13] = 1
	}
	_ = dst[LightSize-1]
	for i, w := range words {
		binary.LittleEndian.PutUint32(dst[i*4:], math.Float32bits(w))
	}
}

// Cluster finds the lights that reach each cluster of a view. A cluster is a bit mask
// over all lights: it cannot overflow, needs no counting, and comes out the same
// every time. Shaders read it through cluster.glsl.
type Cluster struct{ program }

// ClusterInput is what Record reads (Lights: storage, compute) and writes (Clusters:
// storage, ClusterBytes).
type ClusterInput struct {
	Frame         uint64
	Lights        Range
	Count         int
	Clusters      Range
	View          mgl32.Mat4 // world to view, a rigid motion
	Projection    mgl32.Mat4 // symmetrical; of its elements 0,0 and 1,1 are used
	Width, Height int        // of the picture, pixels
	Near, Far     float32    // metres: the first slice is nearer, the last farther
}

// NewCluster makes the pass.
func NewCluster(d *device.Device) (*Cluster, error) {
	p, err := newCompute(d, "cluster_assign.comp", 92, storage, storage)
	if err != nil {
		return nil, err
	}
	return &Cluster{p}, nil
}

// Close destroys the pass behind the frames in flight.
func (p *Cluster) Close() { p.program.close() }

// Record assigns Count lights to clusters. It must also run where there are none:
// the clusters say so then.
func (p *Cluster) Record(s *raw.Stream, in ClusterInput) error {
	switch {
	case in.Count < 0 || in.Count > MaxLights:
		return fmt.Errorf("%w: %d lights, at most %d can be in a frame", ErrInput, in.Count, MaxLights)
	case in.Count > 0 && in.Lights.Buffer == vk.NullBuffer || in.Clusters.Buffer == vk.NullBuffer:
		return fmt.Errorf("%w: clusters without a buffer of lights or of clusters", ErrInput)
	case in.Width <= 0 || in.Height <= 0:
		return fmt.Errorf("%w: clusters of a picture of %d by %d pixels", ErrInput, in.Width, in.Height)
	case !(in.Near > 0 && in.Far > in.Near):
		return fmt.Errorf("%w: clusters from %v to %v metres", ErrInput, in.Near, in.Far)
	case in.Projection[0] == 0 || in.Projection[5] == 0:
		return fmt.Errorf("%w: clusters of a projection that is flat", ErrInput)
	}
	set, err := p.sets.take(in.Frame)
	if err != nil {
		return err
	}
	if in.Lights.Buffer == vk.NullBuffer { // none to read, but something must be bound
		in.Lights = in.Clusters
	}
	p.sets.buffer(0, in.Lights)
	p.sets.buffer(1, in.Clusters)
	p.sets.write(set)
	push := struct {
		view       mgl32.Mat4
		projection [2]float32
		size       [2]float32
		near, far  float32
		lights     uint32
	}{in.View, [2]float32{in.Projection[0], in.Projection[5]}, [2]float32{float32(in.Width), float32(in.Height)},
		in.Near, in.Far, uint32(in.Count)}
	p.dispatch(s, set, bytesOf(&push), groups(ClustersX*ClustersY*ClustersZ, 64), 1, 1)
	return nil
}
