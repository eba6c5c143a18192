// Package mirror moves worlds by their differences: push, pull, watch, roots,
// loose lumps, and comparing worlds without copying them.
//
// The key idea: a root vouches. A root is set only when everything below it is
// stored and verified, so whoever has a root knows a whole DAG that need not be
// looked at again, and what is new is found by walking from the new snapshot down
// to what roots vouch for. Blocks come first, in any order and over any number of
// attempts; the root moves last, at once, and only forward: the new snapshot must
// have the old one among its ancestors. What was cut off in between left blocks
// that the next attempt finds, and nothing else.
//
// A mirror of the world NAME at another world is the root mirror/NAME/head of its
// store. Whoever receives fetches: for a pull that is the dialer, for a push the
// server, through the block exchange of the same connection (package lumps/want)
// and by the same code, so that both are verified and resumed alike.
//
// # The stream
//
// The dialer opens a stream for each request. Both sides send frames:
//
//	+---------+-----------------------------+
//	| len u32 | dag-cbor map of len bytes   |  len is big-endian, 1 to 1 MiB
//	+---------+-----------------------------+
//
// The first frame is the request:
//
//	{v: 1, op: text, body: map}
//
// Every frame that follows, in either direction, is
//
//	{is: text, body: map}
//
// and what may follow depends on op. "fault" may answer anything and is the last
// frame; links may be null; fields that a side does not know are skipped.
//
//	op "describe"  {fresh: bool, of: link, root: name, roots: [name], have: [link]}
//	  head is of, or what root names, or the world's newest, where fresh has one
//	  taken if the space has moved
//	  <- "world"   {name, writable: bool, head: link, seq, time, branch: bytes,
//	                roots: [{name, at: link}], path: [link]}
//
//	op "push"      {name, fork, head: link, path: [link],
//	                roots: [{name, at: link, force: bool}]}
//	  <- "progress" {blocks, bytes}           any number, at least one each second
//	  <- "moved"   {moves: [{root, from: link, to: link, already: bool}],
//	                blocks, bytes, lumps}
//
//	op "watch"     {last: link, wait: ms, every: ms}
//	  <- "world"   when the newest snapshot is not last, or wait has passed
//
//	op "loose"     {take: bool}
//	  <- "ready"   {lumps: count}
//	  then the messages of package lumps/reconcile, the dialer initiating, over the
//	  CIDs of the lumps that the catalogue names and no root reaches; then the
//	  dialer sends batches, waits for the answer to each, and ends with an empty one:
//	  take: -> "lumps" {lumps: [{cid: link, size, blocks, kind}]}   at most 1024
//	        <- "progress" any number, then "moved" with the count of lumps
//	  else: -> "lumps" {lumps: [{cid: link}]}
//	        <- "lumps" the records of those that are still there
//
//	"fault"        {kind, text, root, new: link, old: link, common: link, seq,
//	                oldest, newest}
//
// path is a help and no claim: the snapshots and the manifests of segments that
// lead from head back to what the receiver has, so that it can fetch these at
// once where following the links takes a round trip for each.
//
// # Who may do what
//
// A session of this package is one of a mirror's credential: it reads everything
// that the server's store holds (Everything), and writes blocks, mirror/*/head and
// the roots that it names, never space/snapshot. The dialer serves only what it
// offers for the time of a push (Offers): the snapshot, the roots and lumps that
// it pushes and what they reach. Nothing that the other side says is believed: a
// block is what hashes to its name, a snapshot is what its history gives: all but
// the memory of guests, which only executing the history again tells.
//
// # Locks
//
// Repository.mu is held while a root is compared and set, and while nothing else
// is called but the store. Offers.mu is taken before a grant's.
package mirror
