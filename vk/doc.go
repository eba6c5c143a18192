// Package vk is the renderer: a snapshot of a scene in, a picture out, in a window
// or offscreen, with Vulkan 1.3.
//
// A Renderer keeps what a scene names on the device. Draw compares the snapshot with
// the one before it, chunk by chunk, and takes over what changed; asks vk/res for
// the models, which arrive when they do; and records one frame, whose passes
// (vk/graph) are
//
//	upload, skin, cull, clusters   what the device needs to know of the scene
//	shadows                        cascades of one sun
//	surfaces                       opaque, sky, canvases and text, blended, lines; resolved
//	bloom, tone                    light to colour; the overlay over it
//
// Text is grids of cells. The cells of all grids lie in one buffer, of which Draw sends
// the rows that are other slices than before; glyphs lie in the layers of one image,
// to which it sends the tiles that are new; and a grid is one rectangle, whose pixels
// find their cells and glyphs themselves. Canvases and grids are drawn from back to
// front together.
//
// Draw never waits for a lump. What is on its way is not drawn at first and is a grey
// box of wires after two seconds; what failed is a box of magenta and black checks.
//
// A Renderer and all that it made belong to one goroutine. Only Pick and the
// channels that it returns may be used by others.
package vk
