// Package draw draws many objects with few commands.
//
// The key idea is that objects live on the device. An object is a slot with a
// transform; its model is some items, each a mesh with a material; equal meshes
// with equal materials are a batch, and a batch is one indirect draw:
//
//	object --- item --- batch --- command
//	  slot      1 per     1 per     1 per
//	            mesh      mesh x    batch
//	                      material  and view
//
// Each frame a compute shader asks of every item which views see it (the camera,
// the cascades of the sun's shadow), counts it in its batch's command and lists it.
// What the processor does is by change, not by object: it takes over slots that are
// other than they were, adds and takes away items, and records a few commands for
// each group of batches that share a pipeline, a material and buffers.
//
// Surfaces that light shines through must be drawn from back to front, which the
// lists of the device do not keep: the processor finds, sorts and draws those.
//
// The layouts of all GPU structures are drawn in vk/shaders/frame_data.glsl.
package draw
