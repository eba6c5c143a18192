// Package peertest owns the links that tests of peers run over and break: slow,
// long, cut, stalled, damaged.
//
// A [Link] is a relay in user space between two TCP connections; it needs no
// rights, and can do to a connection what only an attacker does: flip a bit that
// no checksum of TCP sees, end it early, hold it still. [Namespaces] are two
// network namespaces whose packets pass through the test, so that both ends are
// the kernel's own TCP, with its windows, losses and retransmissions; they need
// root. A [Path] is the second where it can be had, and says so where it has to be
// the first.
package peertest
