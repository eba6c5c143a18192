// Package space owns the state of a space as plain data, and the rules by which
// events make it: the fold.
//
// The key idea: State(S) is every event up to S executed to its end and none
// later, plus the outbox: the effects that those executions caused and that
// have no event up to S. So the state is a function of the journal, and a
// snapshot is only a way not to compute it again.
//
// Two halves make a state. The kernel (Kernel) is what the fold itself changes:
// which processes live, under which names, who watches whom, timers, roots,
// idempotency keys. The images (Image) are what guests changed while they
// executed: memory, globals, capability tables. The kernel folds events without
// running anything; the images need the runtime. Encode joins both, and the
// outbox, into one dag-cbor DAG whose CID is the CID of the state:
//
//	snapshot -> state -> processes (tree) -> pages (radix tree) -> 4 KiB pages
//	    |          |---> names, roots, monitors, links, timers, keys (trees)
//	    |          '---> outbox
//	    |---> parent snapshot
//	    '---> journal: segment manifest -> segment bytes, lumps that it names
//	                          '---> the manifest before
//
// Every block but the pages and files is dag-cbor with real links, and what is
// written is what any other implementation would write for the same data. Numbers
// stay below 2^63, as far as IPLD libraries go that know no larger ones.
//
// Whole worlds are compared (Diff), verified (Check), carried (Backup, Restore)
// and cut short (CopyHistory) here too, all by the fold and the links alone:
// nothing in this package executes a guest.
//
// In the state: what equal histories make equal. Out of it: the clock, texts,
// the number and entropy of the epoch, the hash of the chain; the snapshot that
// wraps the state carries those.
package space
