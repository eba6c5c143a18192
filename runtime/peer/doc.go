// Package peer joins runtimes: one space, many machines. It owns sessions: what
// two peers say to each other once package secure has made them sure of each other
// and package mux has given them streams.
//
// The key idea: a mailbox of another peer is stood for by a proxy, a process
// without a body. So monitors, links, tables, the registry and the durable world
// need no second kind of capability: a proxy ends when the connection does, it is
// dead after a restart like every transient, and a server that gives a proxy on to
// another client relays between clients without a line for it.
//
// # Streams
//
// The dialer opens three streams when the connection stands; the kind is the first
// thing that package mux tells of a stream:
//
//	'm'  messages  interactive: the frames below
//	'w'  wants     interactive: package lumps/want, control
//	'd'  data      bulk:        package lumps/want, data
//	's'  mirror    bulk:        opened later by the dialer, one a request: package mirror
//
// A stream that is not taken is reset: with mux.CodeUser where its kind is not known,
// with the code behind it where the mirror service is not for this peer.
//
// # Messages
//
// The message stream is a sequence of frames in each direction, delivered in their
// order. Numbers are big endian; uvarint is that of encoding/binary.
//
//	+---------+----+----------------+
//	| len u32 | op | body (len - 1) |      len is 1 to MaxFrame
//	+---------+----+----------------+
//
//	op  name      body
//	 1  hello     version u8, root capability, text (the rest): the program; first, once
//	 2  send      target uvarint, caps uvarint, lumps uvarint, capabilities, CIDs (36 each), the message (the rest)
//	 3  release   pairs of id uvarint, count uvarint
//	 4  watch     id uvarint
//	 5  unwatch   id uvarint
//	 6  down      id uvarint, reason (the rest)
//	 7  kill      id uvarint
//	 8  link      id uvarint
//	 9  unlink    id uvarint
//	10  failed    id uvarint: a process that was linked to it failed
//	11  offer     id uvarint, CIDs (36 each): whoever has that mailbox may have these lumps; fetch them now
//
// A capability is one of
//
//	0                            one that reaches nothing
//	1, perms u8, id uvarint      one of the sender's: an export
//	2, perms u8, id uvarint      one of the receiver's, that comes home
//
// # Exports and imports
//
// Who sends a capability gives the mailbox a number, the same for all capabilities
// to it, remembers the permissions that it gave, and counts how often it sent the
// number. The receiver makes a proxy for it. When nobody there holds the proxy any
// more, which is for Go's collector to find out, it releases as many as it has
// received, and the exporter forgets a number whose count comes to nothing. Since
// releases are counted, one that crosses a new sending does no harm. What a holder
// may do is the exporter's to check, with the permissions that it remembers; a
// capability that comes home is what the exporter has under the number, with no
// more permissions than it gave.
//
// # Order
//
// Messages of one connection are delivered in the order in which they were sent,
// with one exception: a message to a durable process is accepted when the lumps
// that it names are here, since an event may name nothing that is missing; until
// then it and what follows it for the same process wait, and others pass, as long
// as not too many wait.
//
// # Flow
//
// Who sends to a peer that does not keep up waits: a guest is not called again
// before there is room. A receiver whose mailbox is long holds the connection up
// for a while, and then loses messages, as a local sender's would be lost. A peer
// that takes nothing at all is cut off.
//
// # Lumps
//
// Knowing a CID is no authority: a peer is served the lumps that were named in
// messages to it, what they reach, and what is public. Where such a message was only
// passed on from another peer, that one shows first, with the lump's first block,
// that it has what it names; so does who names a lump to a durable process, which
// would hold it. What a peer names may be asked of it, and only what somebody here
// wants is. Both are remembered by the peer's key for a while after a connection.
package peer
