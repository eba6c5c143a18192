// Package graph orders the passes of a frame: each pass declares which images and
// buffers it reads and writes, and how; the graph makes every barrier and every
// transient image from that. No pass names a barrier itself.
//
// The key idea is that of frame graphs (O'Donnell, "FrameGraph: Extensible
// Rendering Architecture in Frostbite", GDC 2017) without its search: passes run in
// the order in which they were added, and a configuration is compiled once into a
// Plan. Executing a plan walks it, keeps the state of each resource
//
//	write: stages, access   who wrote last, and what must become available
//	read:  stages, access   who can see that write already
//	layout                  of images
//
// and emits a barrier only where the next use is not covered by it. The state stays
// with the resource, so that one plan goes on where another ended: a shadow map, a
// buffer of objects, a swapchain image are used by many plans.
//
// Transient images live from the first to the last pass that names them; two of the
// same shape whose lives do not overlap are one image. Nothing is allocated when a
// plan is executed.
//
// A graph, a plan and its resources belong to the goroutine that owns the device.
package graph
