// Package mux carries many streams over one reliable, ordered connection: the
// secured one between two peers.
//
// Its key idea is that a small message is quick during bulk because little is
// ever under way. A sender may send what the receiver gave it credit for, and the
// receiver gives about what the path holds: 1.75 times the rate that it measures
// times the shortest round trip. So neither the path nor, with [Tune], the kernel
// keeps a queue, and what is queued stays here, where an interactive stream goes
// first and at most one bulk frame goes behind it in a batch.
//
// A frame is a header and its payload; numbers are big-endian:
//
//	+---------+----------+-------------+------------+-------------------+
//	| type u8 | flags u8 | length u16  | stream u32 | payload (length)  |
//	+---------+----------+-------------+------------+-------------------+
//
//	type       flags      stream   payload
//	1 OPEN     0          new id   class u8 (0 interactive, 1 bulk), kind u8
//	2 DATA     bit 0 FIN  id       0 to 16320 bytes; none only with FIN
//	3 WINDOW   0          id       credit u32, at least 1
//	4 RESET    0          id       code u32
//	5 PING     bit 0      0        8 bytes that the PONG repeats; bit 0 asks the
//	           QUIET               receiver to hold credit back for a moment
//	6 PONG     0          0        the 8 bytes of the PING
//	7 GOAWAY   0          0        reason, up to 255 bytes of UTF-8
//
// The end that dialed opens odd ids, the other even ones, each always higher than
// the one before. A stream begins with InitialWindow bytes of credit each way,
// WINDOW adds to it, and never to more than MaxWindow.
//
// Each direction of a stream ends once, with FIN or RESET. RESET ends both
// directions for who sends it, and who hears it answers with RESET unless its own
// direction ended already; so when both directions ended, nothing but a WINDOW or
// a RESET that crossed on the way can follow. What arrives for a stream that was
// reset here is dropped, and may not be more than the credit that was out.
//
// Everything else is a violation: it ends the session with an error that matches
// ErrProtocol. So does a flood of frames that carry nothing.
//
// A session is two goroutines, however many streams it has. Lock order: a
// stream's mutex before its session's, and neither while the connection moves.
package mux
