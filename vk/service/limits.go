package service

import "time"

// Limits bound what one client may have and ask for. A client is a process of this
// runtime, or a peer with all that runs there. Zero fields get the default.
type Limits struct {
	// Things in the scene at the same time. The defaults are a quarter of what a
	// scene holds by default, so that one client leaves room for others.
	Objects  int // default 1<<18
	Lights   int // default 1024
	Canvases int // default 1024
	Lines    int // default 1024
	Cameras  int // default 4
	// Bytes bounds pixels, vertices, joints and weights; default 256 MiB.
	Bytes int64
	// Requests that wait for lumps or their turn; default 8192: a scene of that many
	// objects is asked for in one go.
	Requests int
	// RequestBytes bounds the bytes of those; default 64 MiB: as many of the largest
	// size, which wait together for one lump that does not come.
	RequestBytes int64
	// Pending bounds the bytes of messages that wait; default 32 MiB: as many
	// messages of the largest size. What is above is lost, and said in the log.
	Pending int64
	// Checks is how many lumps of one client are decoded at the same time; default
	// 16.
	Checks int
	// Subscribers to the window, of all clients together; default 64: each event is
	// sent to each.
	Subscribers int
	// Makers bounds the addresses that things are made from, of all clients; default
	// 1<<18: many guests take another address for each request.
	Makers int
}

// DefaultLimits returns the limits that zero fields get.
func DefaultLimits() Limits {
	return Limits{
		Objects: 1 << 18, Lights: 1024, Canvases: 1024, Lines: 1024, Cameras: 4,
		Bytes: 256 << 20, Requests: 8192, RequestBytes: 64 << 20, Pending: 32 << 20, Checks: 16, Subscribers: 64, Makers: 1 << 18,
	}
}

func (l Limits) filled() Limits {
	d := DefaultLimits()
	for _, f := range []struct{ v, d *int }{
		{&l.Objects, &d.Objects}, {&l.Lights, &d.Lights}, {&l.Canvases, &d.Canvases}, {&l.Lines, &d.Lines},
		{&l.Cameras, &d.Cameras}, {&l.Requests, &d.Requests}, {&l.Checks, &d.Checks},
		{&l.Subscribers, &d.Subscribers}, {&l.Makers, &d.Makers},
	} {
		if *f.v <= 0 {
			*f.v = *f.d
		}
	}
	for _, f := range []struct{ v, d *int64 }{{&l.Bytes, &d.Bytes}, {&l.RequestBytes, &d.RequestBytes}, {&l.Pending, &d.Pending}} {
		if *f.v <= 0 {
			*f.v = *f.d
		}
	}
	return l
}

const (
	// passEvery is how often what was told to things is taken over into the scene, at
	// most: twice for each frame of the fastest screens. Of what came in between, the
	// newest counts, so a flood costs its sender and changes the scene at this rate.
	passEvery = 4 * time.Millisecond
	// paintEvery is the same for the pixels of a canvas, which are copied each time.
	paintEvery = 15 * time.Millisecond
	// DefaultLumpWait is how long a request waits for its lumps: as long as the
	// runtime waits for peers.
	DefaultLumpWait = 30 * time.Second
	// pickWait bounds how long somebody waits for what is under a pixel. The answer
	// takes a few frames; none comes while the window is minimised.
	pickWait = 2 * time.Second
	// maxName bounds names that guests give, in bytes: they are shown to people.
	maxName = 256
	// maxListed bounds the answer to List, which is one message.
	maxListed = 1000
	// maxLineVertices and maxLineIndices bound one set of debug lines: more than fits
	// in a message, so that it is the message that bounds.
	maxLineVertices, maxLineIndices = 1 << 18, 1 << 19
	// maxKnown is how many lumps are remembered as good.
	maxKnown = 1 << 16
	// messageCost is what a waiting message takes besides its bytes.
	messageCost = 128
	// complainEvery is how often the log tells of one client's faults.
	complainEvery = 10 * time.Second
)
