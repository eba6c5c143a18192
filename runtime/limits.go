package runtime

import "time"

const (
	// MaxQueue is how many signals may wait for one process. Outside senders are
	// refused beyond it; between durable processes the refusal is an event.
	MaxQueue = 1 << 20
	// MaxQueueBytes bounds the messages that wait for a transient process: what it
	// does not take soon enough is the sender's to keep.
	MaxQueueBytes = 64 << 20
	// busyQueue is where outside senders to a durable process are refused: far
	// enough below MaxQueue that processes inside can still talk.
	busyQueue = MaxQueue / 2
	// queueInMemory is how many events of a durable process's mailbox are kept in
	// memory; the rest are read again from the journal.
	queueInMemory = 4096
	// maxBatch is how many signals a process handles before others get their turn.
	maxBatch = 64
	// FuelSlice is how much fuel a guest burns before it must let others run: about
	// 50 to 100 microseconds, so that a pause of the garbage collector stays short
	// and refilling is under a percent of a tight loop.
	FuelSlice = 100_000
	// longRun is how many slices in one call make a worker hand its place to
	// another goroutine: about ten milliseconds.
	longRun = 100
	// maxLogLines is how many lines of log are kept for one process.
	maxLogLines = 1000
	// maxLogLine bounds one line.
	maxLogLine = 4096
	// logRate and logBurst bound what one process may log.
	deadLogs = 256 // how many ended processes keep their logs
	// DefaultSnapshotEvery is how often a changed space is snapshotted.
	DefaultSnapshotEvery = 5 * time.Minute
	// DefaultSnapshotEvents is after how many events it is, at the latest: it
	// bounds what a restart must execute again.
	DefaultSnapshotEvents = 200_000
	// GCPercent is how far the heap of a program that runs a space should grow
	// between two collections (debug.SetGCPercent). The memories of guests are
	// outside of it, so it is small, and what it holds most of is messages and
	// processes that live shortly: collecting them at Go's 100 costs a quarter of a
	// spawn and exit.
	GCPercent = 400
	// FetchTimeout bounds how long a process waits for a lump of a peer.
	FetchTimeout = 30 * time.Second
	// replayWindow is how many events a replay keeps in queues at a time.
	replayWindow = 16 << 10
)
