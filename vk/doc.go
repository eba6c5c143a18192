// Package vk is the room of the renderer: a space drawn with Vulkan from plain
// frame data. It imports store/asset and nothing of the runtime; only its service
// (vk/service) joins the two. Nothing lives here so far: the spine comes first.
package vk
