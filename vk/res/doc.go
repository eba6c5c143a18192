// Package res brings lumps to the device: who draws asks for a model or a texture
// by CID and is answered at once, with something that will be ready some frames
// later.
//
// The key idea is that nobody waits. Lumps are fetched and decoded by the asset
// cache, on its goroutines, and packed there into the device's formats; what is
// packed joins a queue; Record copies as much of the queue as a frame may carry,
// through memory that is mapped, at the beginning of the frame. A thing is ready
// when its last part is in the stream: commands recorded after Record may use it.
//
//	asked ──> fetched, decoded, packed ──> copied in parts ──> Ready
//	   │          (asset cache)              (Record)
//	   └────────────> Failed, with the error of whoever failed
//
// Things are shared by all who ask for the same, and counted. Some frames after
// the last one let go they are destroyed, behind the frames in flight; a thing that
// is asked for again before that is simply there.
//
// Meshes lie in a few large buffers (pages), so that draws of different meshes need
// no binding in between. A vertex has 64 bytes:
//
//	@0  position f32x3 | @12 normal f32x3 | @24 tangent f32x4 | @40 uv0 f32x2
//	@48 uv1 f32x2      | @56 colour u8x4, linear, unorm       | @60 0 u32
//
// what a skinned vertex has besides, 24 bytes:
//
//	@0  joints u16x4   | @8 weights f32x4
//
// and what a morph target adds to a vertex, 36 bytes, vertex after vertex and
// target after target:
//
//	@0  position f32x3 | @12 normal f32x3 | @24 tangent f32x3
//
// An index has 4 bytes. Materials are drawn in vk/shaders/material.glsl.
package res
