// Package journal keeps the history of a space: an append-only, hash-chained
// sequence of records in segment files. It does not know what the bodies mean.
//
// A record is durable when Append or Wait returns. Records that wait together
// share one write and one fdatasync: the committer, the only goroutine that
// writes records, takes everything that was submitted while it was busy.
//
// The key idea is the durable mark: every record says which record was the last
// durable one when it was written. After a crash the tail may hold any mixture
// of written and lost sectors, in any order. If what follows a hole was written
// while the hole's record was not durable yet, nobody was told of that record,
// and the tail is cut. If it was written later, somebody was: that is damage,
// and Open refuses with a *DamageError and changes nothing.
//
// # The folder
//
//	00000000000000000001.seg   segments, named by the seq of their first record
//	00000000000000004711.seg   the last one is open, the ones before it are sealed
//	segments                   what the archive holds (see below); absent without one
//	next.tmp                   the segment to come; worthless after a crash
//	lock                       flock: exclusive for the writer, shared for readers
//
// # A segment
//
// All integers are little endian. A segment is a header and frames. Every
// version begins with these 72 bytes.
//
//	 0         8            12        16           24        32             40
//	+---------+------------+---------+------------+---------+--------------+---------+
//	| magic 8 | version 4  | crc 4   | first 8    | salt 8  | prev time 8  | prev 32 |
//	+---------+------------+---------+------------+---------+--------------+---------+
//
//	magic      "hearthJ\n"
//	version    1
//	crc        CRC-32C of the 72 bytes with this field zero
//	first      seq of the first record
//	salt       random, so that no body can contain a frame of this file
//	prev time  time of the record before first, 0 if there is none
//	prev       hash of the record before first, zero if there is none
//
// A frame begins at a multiple of 4 and is filled with zeros to the next:
//
//	 0          4          8       12       16      24       32      34       36        68
//	+----------+----------+-------+--------+-------+--------+-------+--------+---------+------+
//	| head crc | body crc | len 4 | back 4 | seq 8 | time 8 | kind 2| flags 2| prev 32 | body |
//	+----------+----------+-------+--------+-------+--------+-------+--------+---------+------+
//
//	head crc  CRC-32C of salt and the bytes 4 to 68
//	body crc  CRC-32C of the body
//	len       length of the body, at most MaxBody
//	back      seq - back is the durable mark: the last durable seq when this was written
//	seq       position in the journal, from 1
//	time      Unix nanoseconds, never decreasing
//	flags     0: a record. 1: no record but a mark without body and kind; its seq,
//	          time and prev are those of the last record, and back is 0
//	prev      hash of the record before; for a mark, of the last record
//
// A mark is left by Close and by recovery. It makes the difference between a
// torn write and damage to the last group.
//
// The hash of a record is BLAKE3 of 86 bytes: seq 8, time 8, kind 2, len 4, prev
// 32, BLAKE3 of the body 32. The body enters by its hash alone, so that it could
// be erased and the chain would still hold. The hash of the last record vouches
// for the whole history.
//
// A sealed segment ends with its last frame. The open one is filled with zeros
// some way ahead, so that fdatasync has no metadata to write. What stands in it
// behind the durable mark is nobody's.
//
// # The index of the archive
//
// Sealed segments may move to an Archive. The file segments says which did:
//
//	 0         8            12
//	+---------+------------+---------+---------+---------+-----
//	| magic 8 | version 4  | crc 4   | entry   | entry   | ...
//	+---------+------------+---------+---------+---------+-----
//
//	 0     4         8        16      24       32           40             72          104    140
//	+-----+---------+--------+-------+--------+------------+--------------+-----------+------+
//	| crc | zero 4  | first 8| last 8| size 8 | last time 8| first prev 32| last hash | CID  |
//	+-----+---------+--------+-------+--------+------------+--------------+-----------+------+
//
// The magic is "hearthS\n"; each crc is the CRC-32C of what it stands in with
// the crc zero. An entry is durable before its segment's file is removed; a last
// entry that is short or fails its checksum never became durable and is cut.
//
// # Locks
//
// Order: fill.mu before mu; nothing is held while a file is written or synced,
// except fill.mu for one piece of zeros.
package journal
