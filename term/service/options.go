package service

import (
	"context"
	"log/slog"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/lumps"
	"hearth/term/glyph"
	"hearth/vk/scene"
)

// Factory is the name of the service.
const Factory = "hearth.terminal.TerminalFactory"

// Names returns the names of all services: what a client shares with the servers
// that it joins. Sharing the name permits nothing: Policy and Ask do.
func Names() []string { return []string{Factory} }

// Policy says who gets a shell here.
type Policy int

const (
	None  Policy = iota // nobody but the person at the screen (OpenHere)
	Ask                 // the program itself, trusted modules, and whom the person said yes to
	Local               // the program itself and every process here; peers are asked about as with Ask
)

// Answer is what the person said to a Request.
type Answer int

const (
	Deny   Answer = iota
	Once          // this terminal
	Always        // this one, and every other that the same one asks for (Grants)
)

// Request is a question to the person at the screen: may this one have a shell?
type Request struct {
	Who    string    // for people: a process with its module, or a peer
	Module lumps.CID // of a process here; zero for a peer
	Peer   string    // as runtime.PeerOf identifies it; "" for a process here
	Remote bool      // a peer asks, or the terminal would go to one
	What   string    // what is asked for, in one sentence
}

// Grants remembers what was answered with Always. Keys name a module by its CID or a
// peer by its identity.
type Grants interface {
	Granted(key string) bool
	Grant(key string) error
}

// Keep remembers pictures of what was on screens, by keys of at most MaxKey bytes.
type Keep interface {
	Save(key string, picture []byte) error
	// Load returns nil for a key that nothing was saved under.
	Load(key string) ([]byte, error)
	Remove(key string) error
	Keys() ([]string, error)
}

// Clipboard is that of the person's desktop. The calls must be quick.
type Clipboard interface {
	Get() string
	Set(text string)
}

// Command is what runs in a terminal.
type Command struct {
	Path string   // of the program; "": the person's login shell
	Args []string // behind its name
	Dir  string   // where it begins; "": the person's home
}

// Options say what the terminals work on.
type Options struct {
	Scene *scene.Scene
	// Family is the font; nil is glyph.Default.
	Family *glyph.Family
	// Shell is what runs where a request names no command; nil: the login shell.
	Shell func() Command
	// Env is added to the environment of what runs, as NAME=value.
	Env []string
	// Policy says who gets a shell; the zero Policy is None.
	Policy Policy
	// Ask asks the person, until ctx ends. It may block; one question at a time is
	// asked. nil: nobody can be asked, so who would be asked about is refused.
	Ask func(ctx context.Context, r Request) (Answer, error)
	// Trusted names the modules that this program brought itself. A process with such
	// a module gets a shell without a question, with any command.
	Trusted   func(module lumps.CID) bool
	Grants    Grants    // nil: "always" lasts until Close
	Keep      Keep      // nil: nothing is kept
	Clipboard Clipboard // nil: one that only terminals see
	// Primary is what was selected last, on desktops that have that: the middle button
	// pastes it. nil: the clipboard, which selecting leaves alone.
	Primary Clipboard
	// Here is where a terminal stands before the person's eyes, for one that is opened
	// through the socket of this program. Any goroutine calls it. nil: nobody looks.
	Here func() State
	// Open follows a link that the person clicked on: http, https or mailto. nil: links
	// are not followed.
	Open   func(uri string)
	Limits Limits
	Log    *slog.Logger
}

// State is where a terminal stands and how it looks, in hearth-rs's terms. Its grid
// has as many cells as fit.
type State struct {
	Position    mgl32.Vec3 // of its middle
	Orientation mgl32.Quat // turns it out of the XY plane, where it faces +Z
	HalfSize    mgl32.Vec2 // metres from the middle to the right and to the upper edge
	Opacity     float32    // of the background, 0 to 1
	Padding     mgl32.Vec2 // metres between the edges and the cells
	UnitsPerEm  float32    // metres an em
	// Colors replace those of the palette: 0 to 255, 256 the foreground, 257 the
	// background, 258 the cursor; 0xRRGGBB, sRGB. What is above the 24 bits, and other
	// indices up to 268 (hearth-rs's dim and bright ones), is not looked at.
	Colors map[int]uint32
}

// ID names a terminal for as long as the plugin lives.
type ID uint64

// Hit is where a ray meets a terminal.
type Hit struct {
	Terminal    ID
	Column, Row int     // the nearest cell, from 0
	X, Y        float32 // pixels from the upper left corner of the first cell, CellWidth by CellHeight each cell
	Distance    float32 // along the ray, in lengths of its direction
	Beyond      int     // of Drag: rows above the first one (less than 0) or below the last
}

// Info tells of a terminal.
type Info struct {
	ID            ID
	Name, Title   string
	Who           string // who opened it
	Columns, Rows int
	PID           int // of the shell; 0: none runs
	Screen        bool
	Ended         string // how the shell ended, "" while it runs
	Focused       bool
}
