// Package secure is the secured connection of two peers over any net.Conn: a
// handshake in which the server proves an Ed25519 identity and both prove the
// password of a credential by OPAQUE (RFC 9807), and authenticated records after it.
package secure
