// Package view shows a world: in a window, in pictures, and to programs that record.
//
// Its key idea: one goroutine owns all of Vulkan and the window, the main one of the
// program; guests, peers and the control interface only ever change the scene, and
// each frame draws what the scene is at that moment.
//
//	guests -> vk/service -> scene.Scene --Snapshot--> frame loop -> vk.Renderer
//	    ^                                                |
//	    +---- window.Event, unless the hands take it ----+
package view
