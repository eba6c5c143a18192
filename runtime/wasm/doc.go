// Package wasm runs WebAssembly modules as processes: it makes code of a lump,
// instances of code, and it is the host that guests import.
//
// The key idea: a module is initialised once, and what its memory is then is an
// image. Every instance maps the image privately, so it shares what it does not
// write; what ended is wiped by dropping its private pages and used again. A
// durable process is the same thing with another image: the one that a snapshot
// has of it.
//
//	module lump --rewrite--> code for initialising --run--> image (pages, globals)
//	                '------> code without data      <--maps--'
//
// Every module goes through package rewrite first: fuel makes it preemptible and
// countable, exported globals make it possible to save. The ABI is in
// hearth/runtime/guest/ABI.md.
package wasm
