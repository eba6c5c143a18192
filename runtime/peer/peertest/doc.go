// Package peertest owns the links that tests of peers run over and break: slow,
// long, cut, stalled, damaged.
//
// A [Link] is a relay in user space between two TCP connections; it needs no
// rights, and can do to a connection what only an attacker does: flip a bit that
// no checksum of TCP sees, end it early, hold it still.
package peertest
