package peer

import (
	"time"

	"hearth/journal/space"
	"hearth/lumps"
)

const (
	// MaxFrame bounds a frame: the largest message with all capabilities and lumps
	// that it may have.
	MaxFrame = space.MaxMessage + space.MaxCaps*12 + space.MaxLumps*lumps.CIDLen + 64
	// MaxExports bounds the mailboxes that a peer holds capabilities to. What is sent
	// beyond it reaches nothing, and who sends more is cut off.
	MaxExports = 1 << 18
	// collectEvery is after how many new imports a collection is asked for, so that
	// those nobody holds are released while a busy peer makes more.
	collectEvery = 1 << 15
	// collectShare is the part of the time, one in so many, that such collections may
	// take: a hostile peer makes imports faster than they are worth.
	collectShare = 8
	// Full is how many bytes may wait for a peer before senders must.
	Full = 1 << 20
	// drained is where they may go on.
	drained = Full / 4
	// MaxWaiting is how many bytes may wait for a peer before it is cut off: senders
	// that cannot wait, durable processes above all, fill it.
	MaxWaiting = 64 << 20
	// longMailbox is how many signals may wait for a process before the connection
	// that sends more is held up.
	longMailbox = 8 << 10
	// lookEvery is how many messages a mailbox takes between two looks at its length.
	lookEvery = 32
	// MaxStall is how long one mailbox may hold a connection up. After it, messages
	// to that mailbox are lost until it has become shorter.
	MaxStall = 5 * time.Second
	// MaxHeld bounds the messages that wait for lumps, for one process.
	MaxHeld = 1024
	// MaxHeldBytes bounds their bytes, for one connection.
	MaxHeldBytes = 32 << 20
	// MaxOffers is how many lumps that a peer offers are fetched at a time.
	MaxOffers = 16
	// MaxPartials bounds the bytes of blocks that a peer had begun to send when it was
	// cut off, and goes on with: a few of the largest.
	MaxPartials = 4 << 20
	// MaxNamed is how many lumps are remembered that a peer has named: it is asked
	// for these.
	MaxNamed = 1 << 16
	// MaxGrants bounds the lumps that a peer may load.
	MaxGrants = 1 << 20
	// memoryKept is how long a peer that was cut off may still load what it was
	// granted and be asked for what it named, so that both can go on where they were.
	memoryKept = 10 * time.Minute
	// walkAgain is how soon a lump is walked again that was not here as a whole.
	walkAgain = time.Second
	// maxVia is how many peers are remembered that had one lump passed on to another.
	maxVia = 8
	// showTimeout bounds how long a peer may take to show that it has what it names.
	showTimeout = 10 * time.Second
	// MaxLump bounds the bytes of a lump that is fetched from a peer: what is named by
	// who is not to be trusted must not fill the disk. Worlds move by package mirror.
	MaxLump = 1 << 30
	// MaxLumpBlocks bounds its blocks, which cost memory while they are fetched.
	MaxLumpBlocks = 1 << 18
	// maxReason bounds the text of a down signal.
	maxReason = 256
	// maxProgram bounds the name that a peer gives itself.
	maxProgram = 128
	// helloTimeout bounds how long a peer may take to say hello.
	helloTimeout = 10 * time.Second
	// MaxPeers is how many peers may be connected.
	MaxPeers = 4096
)
