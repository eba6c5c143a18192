// Package want moves blocks between two peers by want-lists, and whole DAGs by
// walking them.
//
// The key idea: one side names the blocks that it lacks and the other answers each
// name once. Nothing else travels, so what arrives was asked for, and what it is
// named by says whether it is right: data that was not asked for, is too long,
// stands at a wrong offset or does not hash to its name ends the exchange with
// ErrProtocol, and none of it leaves this package. Both peers ask and serve over
// the same two streams: control, whose frames are small and quick, and data.
//
// Numbers are big-endian. A frame of the control stream carries up to 1024 entries
// of one kind:
//
//	+---------+-----------+---------+
//	| kind u8 | count u16 | entries |
//	+---------+-----------+---------+
//	1 WANT       ref u32 | flags u8 | priority u8 | offset u32 | CID 36
//	2 CANCEL     ref u32
//	3 HAVE       ref u32
//	4 DONT_HAVE  ref u32
//	5 BUSY       ref u32
//	6 FAILED     ref u32
//	7 RAISE      ref u32 | priority u8
//
// The asker chooses a ref that none of its unanswered wants has. Flag 1 asks only
// whether the block is there. Priority is 0, 1 or 2; the highest is served first,
// and RAISE lifts that of a want that is on its way when somebody comes who is in
// more of a hurry.
// A frame of the data stream is a chunk of a block or the end of a cancelled one:
//
//	+--------+---------+-----------+------------+---------+-------+
//	| 1 DATA | ref u32 | total u32 | offset u32 | len u16 | bytes |
//	+--------+---------+-----------+------------+---------+-------+
//	| 2 STOP | ref u32 |
//	+--------+---------+
//
// Every want is answered once: by chunks that reach total (at most 1 MiB, chunks at
// most 16 KiB and empty only if total is 0), HAVE (if only that was asked),
// DONT_HAVE (absent or not granted: the asker cannot tell), BUSY (the queue is
// full: ask again later) or FAILED (it could not be read just now). A want with an
// offset is a transfer that goes on; the first chunk stands at that offset, or at
// 0. Chunks of different blocks interleave, so that large ones do not delay small
// ones; at most 32 blocks are begun and not finished. A cancelled want is answered
// by whatever was under way, by DONT_HAVE if nothing of it was sent, or by STOP.
// CANCEL and RAISE of a want that is answered already mean nothing.
//
// There is no frame that asks for all below a root: who is sent what was not named
// cannot say what it has already, nor tell a gift from a flood. Fetch pays a round
// trip for each level instead, and none for each block.
//
// Locks: an Exchange has one for what it asks and one for what it serves; neither
// is held while the other is taken, nor while a stream or a Provider is called.
package want
