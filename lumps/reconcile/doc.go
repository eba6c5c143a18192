// Package reconcile finds how two sets of CIDs differ, by ranges (Aljoscha Meyer,
// "Range-Based Set Reconciliation", arXiv:2212.13567).
//
// The key idea: both sides sort their sets in the same way; one side cuts the order
// into ranges and sends a fingerprint of what it has in each; where the other has
// the same fingerprint nothing more is said, and where not the range is cut again,
// until what is left is short enough to be named. What travels grows with the
// differences and only logarithmically with the sets.
//
// The initiator asks and ends with the answer: Have, what only it has, and Need,
// what only the responder has. The responder remembers nothing between messages but
// the nonce. A message is a length u32, big-endian as all numbers, and so many
// bytes, at most 1 MiB. An empty one of the initiator ends it.
//
// A key is a CID without the bytes that are the same in all, and orders the set:
//
//	+-----------+-------+------+
//	| digest 32 | codec | hash |
//	+-----------+-------+------+
//
// A bound is the shortest prefix of a key that parts two neighbours: length u8 and
// so many bytes, or 255 for the end of all keys. A range goes from a lower bound,
// included, to an upper one. The first message of the initiator begins with
//
//	+-----------+----------+
//	| version 1 | nonce 16 |
//	+-----------+----------+
//
// and all have ranges, rising and apart, at most 4096:
//
//	+---------+---------------------------+-------------+------+
//	| kind u8 | lower bound, with bit 128 | upper bound | body |
//	+---------+---------------------------+-------------+------+
//	1 fingerprint 12         what the initiator has in the range
//	2 count u8 | tags 8 each  all that it has there, in order
//
// Without bit 128 the range begins where the last one ended. The answer has, for
// each range in turn, no bounds, and
//
//	0                                                     there is no difference
//	1 count u8 | fingerprint 12 | (bound | fingerprint 12)...  to 1: cut at the bounds
//	2 count u8 | keys                                     to 1: all that is there
//	3 bits | bound | count u16 | keys                     to 2: one bit, lowest first,
//	  for each tag that the responder has not, and the keys that were not tagged; if
//	  the bound is not 255, bits and keys are good below it, and the rest is to be
//	  asked again
//	4                                                     the message is full: ask again
//
// # What a stranger can do
//
// The hash of a key is SHA-256 over the nonce and the key; a fingerprint is the sum
// of the hashes of a range modulo 2^96, a tag the part of a hash that no sum has.
// Sums of hashes that are known beforehand can be made to collide (Wagner's
// generalised birthday attack), so that whoever may put blocks into both stores
// could hide others from every comparison. But the nonce is drawn by the initiator,
// the one who relies on the result, when both sets stand: what was chosen before
// it is known collides by chance alone, once in 2^96 comparisons of ranges and 2^64
// of tags.
//
// The peer itself knows the nonce. A responder that lies can hide what it has, name
// what it has not (which shows when the blocks are asked for), and make the
// initiator work up to the limits below. An initiator learns which CIDs the
// responder has: answer only those who may list the whole set. Who chooses CIDs
// with long common prefixes makes bounds longer, up to 34 bytes, and nothing else:
// ranges are cut by count.
package reconcile
