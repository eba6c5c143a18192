// Package raw is the shim between the renderer and Vulkan: the loader, the
// functions of a device, and everything that takes arrays of structures.
//
// The key idea is the Stream: a frame is recorded in Go as packed 32-bit words,
// and one call into C replays them into a command buffer. That costs tens of
// nanoseconds a command instead of hundreds, allocates nothing once the stream
// has grown, and hands C no structure of Go's that the garbage collector could
// move or free while the driver reads it.
//
// A command is a header and its operands, least significant word first:
//
//	+---------------------+------------------------------+
//	| op << 24 | words    | words-1 operands, 32 bits    |
//	+---------------------+------------------------------+
//
// words counts the header. Handles, sizes and offsets take two words, low half
// first; floats are their bits. The order of the operands is the order of the
// arguments of the method that appends them.
//
// Handles and enumerations are those of github.com/vulkan-go/vulkan, which also
// makes what is simple to make (buffers, images, memory). Its helpers may free
// the C copies of structures with arrays before the driver has read them, so what
// takes such structures is here.
package raw
