// Package peerbench measures what peers do on the wire beside what others do it
// with: yamux, gRPC and crypto/tls. It is a module of its own, so that their
// dependencies stay out of Hearth's.
//
//	go test -bench . -benchtime 2s
//
// Where a machine is shared, the processor time (cpu-ns/op) says more than the
// wall; it is that of both ends together.
package peerbench
