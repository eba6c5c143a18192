package mirror

import "time"

// Version is of the requests and answers.
const Version = 1

const (
	// maxFrame bounds a frame: the largest is a path of two times maxPath links.
	maxFrame = 1 << 20
	// maxPath is how many snapshots, and how many manifests, a path names: with 64
	// in flight 4096 are 64 round trips, and what lies further back follows the links.
	maxPath = 4096
	// maxWrapper bounds a block that a path names. Snapshots and manifests have
	// some hundreds of bytes.
	maxWrapper = 64 << 10
	// maxPathBytes bounds what a path brings before anything of it was looked at.
	maxPathBytes = 16 << 20
	// maxRoots is how many roots a request names.
	maxRoots = 1024
	// maxHave is how many snapshots a dialer tells that it has.
	maxHave = 64
	// maxBatch is how many lumps a frame names.
	maxBatch = 1024
	// maxLoose bounds the lumps that one request moves; the rest is for the next.
	maxLoose = 1 << 20
	// maxName bounds the name of a mirror, so that its root has a legal name, and
	// keeps it readable.
	maxName = 64
	// maxFault bounds the text of an error that comes from the other side.
	maxFault = 1024

	// maxWalks is how many pushes and requests for loose lumps a repository takes at
	// once: each may hold the CIDs of a world in memory.
	maxWalks = 4
	// parallel is how many blocks a fetch asks for at once: enough to fill a line
	// of 50 Mbit/s and 60 ms with blocks of 4 KiB.
	parallel = 256
	// cacheBytes bounds what a comparison keeps of a remote state.
	cacheBytes = 64 << 20

	// requestTimeout is how long a dialer may be silent that has no work to do: with
	// its request, with its side of a reconciliation, with the next batch. Many
	// round trips over any line.
	requestTimeout = 30 * time.Second
	// stallTimeout is how long a fetch goes on of which nothing comes, on a connection
	// that stands: a dead one is found sooner, by whoever keeps it.
	stallTimeout = 2 * time.Minute
	// progressEvery keeps a request that takes long alive and seen.
	progressEvery = 500 * time.Millisecond
	// silence is how long the dialer waits for a sign of the server: many times
	// progressEvery, and verifying a large history reports nothing.
	silence = 10 * time.Minute
	// maxWait bounds a long poll, so that a server forgets watchers that are gone.
	maxWait = time.Minute
	// minEvery is the least time between two snapshots that are taken because
	// somebody asked: a watcher must not keep a world busy with them.
	minEvery = time.Second
	// pollEvery is how often a watched root is looked at where nobody tells of its
	// changes.
	pollEvery = 200 * time.Millisecond
)
