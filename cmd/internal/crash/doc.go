// Package crash holds the tests that kill the real server and prove that nothing
// was lost: hearth-server as a child process, real guests, clients on its socket.
//
// The key idea: a client keeps a ledger of what it sent and what was acknowledged,
// and every message has a body that no other has. After a restart the journal says
// which messages were accepted, each at most once; every acknowledged one must be
// there, at the place that its sender was told; and what the guests counted must be
// exactly what the journal holds, no message more and none less.
//
//	HEARTH_SOAK=1          many more kills
//	HEARTH_CRASH_SEED=N    the choices of an earlier run, which it printed
//	HEARTH_CRASH_KILLS=N   how many kills
//	HEARTH_CRASH_RACE=1    a server that was built with the race detector
//	HEARTH_CRASH_KEEP=1    leaves the worlds where they are
package crash
