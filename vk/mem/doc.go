// Package mem owns the memory of a device: buffers and images, cut from few large
// allocations, because a device allows some thousands of allocations and each
// takes it a call into the kernel.
//
// The key idea: a block of memory is divided by a two-level segregated fit (M.
// Masmano and others, "TLSF: a new dynamic memory allocator for real-time
// systems", 2004): free ranges hang in lists by size class, two bitmaps find the
// first that is large enough, neighbours that are free are joined; both ways take
// a constant number of steps. Nothing of it is kept in the memory itself, which
// the program cannot always reach.
//
// Buffers and images never share a block, so bufferImageGranularity has nothing to
// keep apart. What is larger than dedicatedSize has an allocation of its own.
// Mapped memory is always coherent and stays mapped.
//
// An Allocator and what it makes are safe for use by many goroutines. Close of a
// buffer or an image takes effect behind the frames in flight.
package mem
