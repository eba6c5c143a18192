package draw

import "github.com/go-gl/mathgl/mgl32"

// The structures of vk/shaders/frame_data.glsl, as they lie in memory.

const none = ^uint32(0)

// matrix is 3 rows of 4.
type matrix [12]float32

var identity = matrix{0: 1, 5: 1, 10: 1}

func rows(m *mgl32.Mat4) matrix {
	return matrix{m[0], m[4], m[8], m[12], m[1], m[5], m[9], m[13], m[2], m[6], m[10], m[14]}
}

func (m *matrix) mat4() mgl32.Mat4 {
	return mgl32.Mat4{m[0], m[4], m[8], 0, m[1], m[5], m[9], 0, m[2], m[6], m[10], 0, m[3], m[7], m[11], 1}
}

const (
	flagHidden   = 1
	flagNoShadow = 2
)

// gpuObject is 80 bytes.
type gpuObject struct {
	world matrix
	tint  mgl32.Vec4
	flags uint32
	_     [3]uint32
}

// gpuItem is 16 bytes.
type gpuItem struct {
	object, batch, local uint32
	_                    uint32
}

const (
	batchNoShadow = 1
	batchBlend    = 2
)

// gpuBatch is 32 bytes.
type gpuBatch struct {
	center        mgl32.Vec3
	radius        float32
	command       uint32
	firstInstance uint32
	material      uint32
	flags         uint32
}

// gpuCommand is VkDrawIndexedIndirectCommand, 20 bytes.
type gpuCommand struct {
	indexCount    uint32
	instanceCount uint32 // counted by the device
	firstIndex    uint32
	vertexOffset  int32
	firstInstance uint32
}

// gpuView is a volume of cull_items.comp, 112 bytes.
type gpuView struct {
	planes     [6]mgl32.Vec4
	planeCount uint32
	flags      uint32
	_          [2]uint32
}

const viewShadow = 1

// MaxSuns and MaxCascades bound the directional lights and the cascades of the one
// that throws shadows: what a shader walks for each pixel.
const (
	MaxSuns     = 4
	MaxCascades = 4
)

// Sun is a directional light.
type Sun struct {
	Direction mgl32.Vec4 // the way that light goes, unit
	Color     mgl32.Vec4 // rgb times lux
}

// Frame is what a whole picture shares: the uniform block of frame_data.glsl, 704
// bytes.
type Frame struct {
	ViewProjection, View, FromClip mgl32.Mat4
	Cascades                       [MaxCascades]mgl32.Mat4
	CascadeEnd, CascadeTexel       mgl32.Vec4
	Camera                         mgl32.Vec4 // w: near
	Ambient                        mgl32.Vec4
	Background                     mgl32.Vec4 // w: factor of the sky
	Size                           mgl32.Vec4 // w, h, 1/w, 1/h
	Suns                           [MaxSuns]Sun
	SunCount, ShadowSun            uint32
	LightCount, CascadeCount       uint32
	EnvironmentLevels, ShadowSize  float32
	_                              [2]uint32
}
