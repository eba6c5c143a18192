package service

import (
	"time"

	"hearth/term"
)

// Limits bound what one client may have and ask for. A client is a process of this
// runtime, a peer with all that runs there, or the person. Zero fields get the default.
type Limits struct {
	// Terminals with and without a shell; default 256. One that is idle, of 80 columns by
	// 24 rows, takes 0.2 MiB, one process and two files.
	Terminals int
	// Others bounds what all but the person have together; default 768, of the 1024 that
	// a scene holds: who has many processes, each a client, leaves room for the person.
	Others int
	// Shells bounds the shells of all together; default 512: each is a process, four
	// goroutines, two files and up to 64 MiB of history.
	Shells int
	// Cells of one terminal; default 1<<18: 16 screens full of text. AllCells are those of
	// all terminals of a client; default 1<<22: some 64 bytes each with the other screen,
	// the view and the scene.
	Cells, AllCells int
	// History is how many rows are kept above a screen; default 10,000, of which a screen
	// without a shell, which nobody has to permit, has no more than 128 Ki cells.
	History int
	// Watchers and Shares of one terminal; default 64: a room of people. Watchers who were
	// shown it, and those of who made it, are counted apart.
	Watchers, Shares int
	// Pending bounds the bytes of messages that wait; default 32 MiB: as many of the
	// largest size. What is above is lost, and said in the log.
	Pending int64
	// Prompts is how many questions may wait for the person; default 4: who reads a
	// fifth does not read it.
	Prompts int
}

// DefaultLimits returns the limits that zero fields get.
func DefaultLimits() Limits {
	return Limits{
		Terminals: 256, Others: 768, Shells: 512, Cells: 1 << 18, AllCells: 1 << 22, History: 10_000, Watchers: 64, Shares: 64,
		Pending: 32 << 20, Prompts: 4,
	}
}

func (l Limits) filled() Limits {
	d := DefaultLimits()
	for _, f := range []struct{ v, d *int }{
		{&l.Terminals, &d.Terminals}, {&l.Others, &d.Others}, {&l.Shells, &d.Shells}, {&l.Cells, &d.Cells}, {&l.AllCells, &d.AllCells}, {&l.History, &d.History},
		{&l.Watchers, &d.Watchers}, {&l.Shares, &d.Shares}, {&l.Prompts, &d.Prompts},
	} {
		if *f.v <= 0 {
			*f.v = *f.d
		}
	}
	if l.Pending <= 0 {
		l.Pending = d.Pending
	}
	return l
}

// screenLimits are those of the emulator of a screen without a shell: nobody permits it,
// so a client with all that it may have should not fill the memory.
var screenLimits = term.Limits{HistoryCells: 1 << 17, Links: 512, Clusters: 4096, Extras: 2048, Strings: 64 << 10, EventBytes: 64 << 10, Titles: 4}

const (
	// turnBytes is how much output is fed to one terminal at a turn: a few tenths of a
	// millisecond of work.
	turnBytes = 64 << 10
	// readBytes is how much is read at once: a PTY seldom has more than 4 KiB to give, and
	// each terminal has such a buffer.
	readBytes = 16 << 10
	// turnTime is how long a turn lasts at most, but for its last turnPiece bytes. Text
	// is through long before; sequences of a few bytes that fill a large screen are not.
	turnTime  = 4 * time.Millisecond
	turnPiece = 256
	// crowdSize is how many terminals that print at once are a crowd, which shares
	// crowdRate bytes a second: 500 lines a second on each of a hundred screens.
	crowdSize = 8
	crowdRate = 4 << 20
	// crowdWindow is how long a terminal that printed is counted. crowdRest is how long
	// one rests at most: longer would be seen.
	crowdWindow = 100 * time.Millisecond
	crowdRest   = 200 * time.Millisecond
	// crowdBytes is how much is so little that nobody rests for it: an echo, a prompt,
	// a line or two.
	crowdBytes = 256
	// paintEvery is the least time between two looks at what changed: 120 a second,
	// the rate of quick screens.
	paintEvery = time.Second / 120
	// looks is how many looks that found nothing to show follow each other without that
	// rest: a key was typed, and its echo, a moment later, is not to wait for a frame.
	looks = 8
	// keepEvery is how often pictures of what was are kept of terminals that changed:
	// what a crash loses at most.
	keepEvery = 5 * time.Second
	// promptWait is how long the person has for an answer.
	promptWait = time.Minute
	// denyPause is how long nobody is asked again about one to whom the person said
	// no: a second prompt at once would be pressure.
	denyPause = 30 * time.Second
	// denyMany is to how many the person says no within denyPause before nobody is
	// asked about for the rest of it: whoever has many modules is not asked about each.
	denyMany = 3
	// blinkEvery is half a period of the cursor; blinkFor is how long it blinks
	// without anything happening: an idle screen costs no frames.
	blinkEvery = 530 * time.Millisecond
	blinkFor   = 20 * time.Second
	// flashFor is how long the border shows a bell; bellEvery the least time between
	// two that anybody hears of.
	flashFor  = 150 * time.Millisecond
	bellEvery = 250 * time.Millisecond
	// tellEvery is the least time between two titles, directories, marks and
	// notifications of one terminal that watchers hear of; the last is always told,
	// but of notifications, which are lost.
	tellEvery = 100 * time.Millisecond
	// clipboardEvery is the least time in which a program may set the clipboard again.
	clipboardEvery = time.Second
	// maxClipboard bounds what a program may put there, and what is pasted, in bytes.
	maxClipboard = 1 << 20
	maxName      = 256 // bytes of a name, which is shown to people
	maxTitle     = 256 // bytes of a title, likewise
	maxArgs      = 256 // arguments of a command
	maxArgBytes  = 64 << 10
	maxURI       = 2048 // bytes of a link that is followed
	maxQuery     = 256  // bytes that are searched for
	// watchBytes is how much output waits for one watcher. Who is further behind gets
	// the screen as a whole again.
	watchBytes = 1 << 20
	// messageCost is what a waiting message takes besides its bytes.
	messageCost = 128
	// complainEvery is how often the log tells of one client's faults.
	complainEvery = 10 * time.Second
	// MaxKey bounds a key of Keep and of Grants, in bytes.
	MaxKey = 1024
	// maxPicture bounds a picture of what was, in bytes: a history of 10,000 long rows.
	maxPicture = 16 << 20
)

// CellWidth and CellHeight are the size of a cell in pixels that programs are told.
const (
	CellWidth  = 8
	CellHeight = 16
)
