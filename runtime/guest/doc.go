// Package guest is the SDK for guests written in Go: processes of a space that
// are compiled to WebAssembly.
//
// The key idea: a guest is a set of handlers. The runtime calls one with each
// signal, and between two signals the process is nothing but memory, which can
// be journaled, snapshotted, moved and restored. So nothing here waits: what
// takes time is a request whose answer calls a function.
//
//	package main
//
//	import "hearth/runtime/guest"
//
//	func init() { guest.Handle(greet) }
//
//	func greet(m *guest.Message) {
//		m.Reply([]byte("hello, " + string(m.Data)))
//	}
//
//	func main() {}
//
// Build it as a reactor; -ldflags and -trimpath make it small and reproducible:
//
//	GOOS=wasip1 GOARCH=wasm go build -trimpath -ldflags="-s -w" -buildmode=c-shared -o greet.wasm .
//
// Handlers are registered in an init function, which runs before the first
// signal. It must have no effects (see ABI.md): send from a handler only.
//
// # Who owns what
//
// A Capability is an entry of the process's table, and counted. A [Message]'s
// capabilities are released when its handler returns, except those that the
// handler takes with [Message.Take]; so are its lumps. Whatever else returns a Capability or a
// Lump hands it to the caller, who frees it. Sending takes nothing. Message.Data
// is a buffer that the next message overwrites.
//
// # Requests
//
// [Request] sends a message with a reply address and calls a function with the
// answer, in a later handler call. [Lookup], [Register], [Spawn] and [Sleep] are
// requests to the services that every space has. Where steps follow one another,
// [Go] and [Await] let them be written one under the other: the goroutine's
// stack lives in the process's memory too, and survives a restart with it.
//
// A reply that never comes keeps its function forever, except that the end of a
// target that grants monitor is reported as a nil message.
//
// # Restarts
//
// Durable processes go on after a restart, their requests to services of the
// host do not. A guest that wants to be told adds this line pair to package main
// and calls [HandleResume]:
//
//	//go:wasmexport _hearth_resume
//	func resume() {}
//
// # Limits of Go here
//
// time.Sleep and time.After never fire: use [Sleep]. Goroutines run only while a
// handler runs. Time stands still within a handler.
package guest
