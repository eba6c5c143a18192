package mux

import "time"

// What both ends must know alike: the numbers of the protocol.
const (
	// headerLen is the length of a frame's header.
	headerLen = 8
	// maxData is the most that one DATA frame carries. A frame and a few control
	// frames fill one record of the secured connection, and at 50 Mbit/s a small
	// message waits less than 3 ms behind it.
	maxData = 16<<10 - 64
	// maxReason bounds the reason of a GOAWAY.
	maxReason = 255
	// InitialWindow is what a stream may send before the receiver says more: a
	// tenth of a second at 5 Mbit/s. It is also the least window.
	InitialWindow = 64 << 10
	// MaxWindow is the most credit that a stream may ever hold: a quarter of a
	// second at 500 Mbit/s.
	MaxWindow = 16 << 20
)

// Defaults of Options.
const (
	// DefaultMaxStreams is for a peer with a few streams for each thing it does.
	DefaultMaxStreams = 1024
	// DefaultKeepAlive is less than any address translator forgets a connection.
	DefaultKeepAlive = 5 * time.Second
	// DefaultDead is three keep-alives without an answer.
	DefaultDead = 15 * time.Second
	// DefaultMemory bounds what all windows of a session together hold above
	// their floor.
	DefaultMemory = 32 << 20
)

// Limits on what this end holds for the other.
const (
	// batchMax is how much of interactive streams goes out in one write.
	batchMax = 64 << 10
	// burstMax is how many bulk frames go into a batch where the connection takes
	// them all within burstTime, so that nobody notices.
	burstMax  = 4
	burstTime = 500 * time.Microsecond
	// fastAfter is how much a connection must take at full pace to count as fast:
	// more than what the kernel takes at once from a slow one.
	fastAfter = 8 << 20
	// sendBuffer is what Write queues before it blocks: one batch, so that the
	// next is ready when one has left.
	sendBuffer = 64 << 10
	// readMin and readMax are the sizes of the buffer that a session reads with.
	// An idle session keeps the small one.
	readMin, readMax = 4 << 10, 64 << 10
	// readLarge is what a session reads ahead where large frames follow one
	// another: little, as what it reads ahead of a payload is copied once more.
	readLarge = 512
	// wholeMin is how much of a block or of a payload is worth moving without
	// copying it.
	wholeMin = 4 << 10
	// maxPings is how many pings may wait for their answer. A peer that is owed
	// more than twice as many is flooding.
	maxPings = 16
	// maxRefused is how many refused streams are remembered until the other end
	// has heard of it.
	maxRefused = 4096
	// Frames that carry nothing (pings, refused or abandoned streams, credit and
	// resets for streams that are gone) may come floodBurst at once and floodRate
	// a second: beyond anything that crosses by chance, and no load.
	floodBurst = 16 << 10
	floodRate  = 8 << 10
)

// How long things may take.
const (
	// flushTime is what Close gives the streams to send what they queued.
	flushTime = 2 * time.Second
	// lingerTime is what Close then gives the other end to hear the reason.
	lingerTime = time.Second
)
