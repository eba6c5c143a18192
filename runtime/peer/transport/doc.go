// Package transport carries the secured connection of two peers: over TCP, or as a
// WebSocket where only the web passes. Both arrive at one port.
//
// The key idea: a listener looks at the first four bytes of a connection without
// taking them. "HRTH" is the preface of the secured handshake, and the connection
// is handed on as it is; "GET " is the web, and is upgraded first; everything else
// is refused.
//
//	HRTH              -> TCP, the handshake follows
//	GET /PATH HTTP/1.1 -> WebSocket, subprotocol "hearth"; the handshake, in binary
//	                     messages whose bounds mean nothing
//	anything else     -> closed
//
// Nothing here is secret or authenticated: that is the handshake's. TLS is for
// the way to a reverse proxy, which ends it.
//
// A connection that has not said what it is counts as pending. Pending ones are
// bounded in number, in time, and for each address, and a new one pushes out the
// oldest, so that those that hold a connection open and say nothing do not keep
// out those that speak.
package transport
