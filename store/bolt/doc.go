// Package bolt is the embedded store: blocks in append-only pack files, and a
// bbolt database that says where they are.
//
// The key idea: the packs are the truth and the database is a cache of them.
// Everything that the store was told (blocks, catalogue, roots) is a
// self-describing record in a pack, and a call returns when its record is on
// disk. The database is written behind, many entries at a time, and after a
// crash it catches up by reading the tail of the packs; if it is lost it is made
// again from all of them. So a put costs one sequential write and a share of one
// fdatasync, and random keys are sorted into the database in large batches.
//
//	DIR/lock             held by flock while the store is open
//	DIR/index.db         bbolt
//	DIR/packs/N.pack     N is a decimal of at least eight digits, ascending
//
// # Packs
//
// Numbers are little endian. A pack begins with a header:
//
//	+-------------+-------------+------------+----------+--------+---------+
//	| "HEARTHPK"  | version u32 | number u32 | salt u32 | zero 8 | crc u32 |
//	+-------------+-------------+------------+----------+--------+---------+
//	0             8             12           16         20       28        32
//
// and goes on with records to its end:
//
//	+---------+---------+------+-------+------+----------+-----------+------------+
//	| crc u32 | len u32 | kind | codec | hash | encoding | digest 32 | body (len) |
//	+---------+---------+------+-------+------+----------+-----------+------------+
//	0         4         8      9       10     11         12          44
//
// Codec, hash and digest are the CID. The checksum is CRC-32C over all behind
// it and begins with the salt, which is random, the same in all packs of a store
// and never told to anyone: a pack that somebody stores as a lump holds no
// records, so that a search for records behind damage cannot be led astray.
//
//	kind  name    body                                   encoding
//	1     block   the bytes                              0 plain
//	2     lump    size u64, blocks u64, kind u8          0
//	3     unlump  nothing: the catalogue forgets the CID 0
//	4     root    name; the CID is zero to remove it     0
//
// Of two records about one thing the later counts. Removal of blocks has no
// record: a removed block may come back with a lost database, and a collector
// removes it again. Removals from the catalogue and of roots do have one.
//
// The last pack grows; the others are sealed and never change. A pack is made
// under a temporary name, synced and renamed, so every pack has its header.
// A record that ends early or fails its checksum with no record behind it, at
// the end of the last pack, is a torn write and is cut. With records behind it
// it is damage: it is reported, and the records behind it count.
//
// # Index
//
// The database has the buckets
//
//	blocks  hash, digest (33)         -> place (12), codec
//	lumps   digest, hash, codec (34)  -> place (12), body of the lump record
//	roots   name                      -> place (12), CID (36)
//	packs   number u32 big endian     -> live bytes u64
//	doomed  number u32 big endian     -> nothing: delete the file
//	meta    "version", "salt", "head" -> u32, u32, position (pack u32, offset u64)
//
// where a place is pack u32, offset of the record u32, length of its body u32.
// Everything before head is in the database. Its commits are atomic, so after a
// crash it is the state at some earlier head.
//
// # Goroutines and locks
//
// One committer goroutine owns the end of the last pack and makes every change
// of the tables in memory; callers hash and encode before they queue. A flusher
// writes a snapshot of the changes into the database while the committer goes
// on. A sweeper deletes packs in which nothing lives any more.
//
// Lock order: Store.sweeping, Store.life, Store.mu. No lock is held while a file
// is synced or a caller's code runs.
package bolt
