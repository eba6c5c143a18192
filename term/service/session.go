package service

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"hearth/runtime"
	"hearth/term"
	"hearth/term/input"
	"hearth/term/pty"
	"hearth/vk/scene"
)

// phase is what stands behind a screen.
type phase int

const (
	running phase = iota // a shell
	ended                // none any more: its last screen, and how it ended
	past                 // none since the program began: a picture of what was
	fed                  // none ever: a screen
)

// session is one terminal: an emulator, what runs in it, and its grid in the scene.
type session struct {
	p       *Plugin
	id      ID
	grid    scene.ID
	client  *client
	owner   owner
	name    string
	key     string // of its picture; "": none is kept
	command Command
	again   bool
	cells   int // that were claimed, -1 when they were given back; guarded by Plugin.mu

	queued  atomic.Bool // the painter will look
	working atomic.Bool // the goroutine that follows messages lives
	place   atomic.Pointer[place]
	brush   canvas // of the painter

	// mu guards what follows. Nothing is sent under it but to the shell, whose queue
	// does not block.
	mu      sync.Mutex
	t       *term.Terminal
	state   State
	restyle bool // state is others than the scene's
	phase   phase
	removed bool
	proc    *pty.Process
	wg      sync.WaitGroup // the goroutines of proc

	focused bool
	bar     bar
	mouse   mouse
	tracker input.Tracker
	program program       // what it told, and when
	stir    time.Duration // when something last happened, for the cursor to blink
	changed bool          // since its picture was kept

	rt       *runtime.Runtime // where the maker's messages come from; nil: the person's own
	main     *access
	shares   []*access
	watchers []*watcher
	inbox    []message
	replayed time.Duration // when watchers were last shown all
	cancel   []func()      // take interests in the ends of others back
}

// create makes a terminal and starts what runs in it.
func (p *Plugin) create(x creation) (*session, error) {
	if x.columns == 0 {
		if err := p.size(&x); err != nil {
			return nil, err
		}
	}
	if x.name == "" && x.keep {
		x.name = p.freeName()
	}
	c, err := p.reserve(x.owner, x.columns*x.rows)
	if err != nil {
		return nil, err
	}
	s := p.build(c, x)
	var old *picture
	if s.key != "" && !x.screen {
		old = p.recall(s.key)
	}
	switch {
	case x.screen:
		s.phase = fed
	case old != nil:
		s.show(old)
	default:
		s.mu.Lock()
		err := s.launch()
		s.mu.Unlock()
		if err != nil {
			s.release()
			return nil, err
		}
	}
	if err := p.add(s); err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

// build makes a session that nobody sees so far.
func (p *Plugin) build(c *client, x creation) *session {
	s := &session{p: p, client: c, owner: x.owner, name: x.name, command: x.command, again: x.again, cells: x.columns * x.rows, state: x.state, changed: true}
	if p.keep != nil && x.keep && x.owner.key != "" {
		s.key = x.owner.key + "/" + x.name
		p.mu.Lock()
		if slices.ContainsFunc(p.order, func(o *session) bool { return o.key == s.key }) {
			s.key = "" // what is kept under this name is that one's
		}
		p.mu.Unlock()
	}
	o := term.Options{
		Columns: x.columns, Rows: x.rows, History: p.limits.History, CellWidth: CellWidth, CellHeight: CellHeight, Palette: x.state.palette(),
	}
	if x.screen {
		o.Limits = screenLimits
	}
	s.t = term.New(o)
	s.settle()
	s.stir = p.now()
	return s
}

// add shows a session and gives it its number.
func (p *Plugin) add(s *session) error {
	grid, err := p.scene.AddGrid(s.blankGrid())
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.life.Lock()
	closed := p.closed // before Close looks at what there is
	p.life.Unlock()
	if closed {
		p.mu.Unlock()
		_ = p.scene.RemoveGrid(grid)
		return errClosed
	}
	s.mu.Lock()
	s.grid = grid
	p.last++
	s.id = p.last
	p.sessions[s.id] = s
	p.order = append(p.order, s)
	s.mu.Unlock()
	p.mu.Unlock()
	s.touch()
	return nil
}

// freeName is a name that no terminal of the person has.
func (p *Plugin) freeName() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for n := 1; ; n++ {
		name := fmt.Sprintf("terminal %d", n)
		if !slices.ContainsFunc(p.order, func(s *session) bool { return s.owner == person && s.name == name }) {
			return name
		}
	}
}

// pour feeds output in as many turns as it takes. proc is what it came from, nil for a
// screen.
func (s *session) pour(data []byte, proc *pty.Process) {
	for len(data) > 0 {
		var n int
		s.p.turns.take(func() { n = s.feed(data[:min(len(data), turnBytes)], proc) })
		data = data[n:]
	}
}

// feed gives the beginning of output to the emulator, as much as fits into a turn, and
// returns how much that was.
func (s *session) feed(data []byte, proc *pty.Process) int {
	s.mu.Lock()
	if s.removed || s.proc != proc {
		s.mu.Unlock()
		return len(data)
	}
	n, until := 0, s.p.now()+turnTime
	for n == 0 || n < len(data) && s.p.now() < until {
		piece := data[n:min(n+turnPiece, len(data))]
		s.t.Feed(piece)
		n += len(piece)
	}
	data = data[:n]
	s.answer()
	s.hear(s.t.Events())
	for _, w := range s.watchers {
		w.output(data)
	}
	s.stir, s.changed = s.p.now(), true
	s.mu.Unlock()
	s.touch()
	return n
}

// answer hands the program what the emulator answers: nobody else hears of it. Who asks
// and does not read loses answers, as on a slow line. The caller holds mu.
func (s *session) answer() {
	if replies := s.t.Replies(); len(replies) > 0 && s.proc != nil {
		_, _ = s.proc.Write(replies)
	}
}

// resize gives the screen other cells. The caller holds mu.
func (s *session) resize(columns, rows int) {
	if c, r := s.t.Size(); c == columns && r == rows {
		return
	}
	s.t.Resize(columns, rows)
	if s.proc != nil {
		s.proc.Resize(columns, rows, columns*CellWidth, rows*CellHeight)
	}
	s.answer() // some programs asked to be told
	s.changed = true
	s.tell(event{"Resized": size{columns, rows}})
}

// move gives the terminal another state, and the cells that fit into it.
func (s *session) move(st State) error {
	if err := st.check(); err != nil {
		return err
	}
	columns, rows := st.fit(s.p.metrics.cell)
	if columns*rows > s.p.limits.Cells {
		return tooManyCells(s.p.limits.Cells)
	}
	if err := s.claim(columns * rows); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !maps.Equal(s.state.Colors, st.Colors) {
		s.t.SetPalette(st.palette())
		s.answer()
	}
	s.state, s.restyle = st, true
	s.resize(columns, rows)
	s.settle()
	return nil
}

// refit gives the terminal other cells of the same size: its half size follows.
func (s *session) refit(columns, rows int) error {
	if columns < 1 || rows < 1 || columns > term.MaxColumns || rows > term.MaxRows {
		return &valueError{fmt.Sprintf("a terminal has between 1 and %d columns and rows", term.MaxColumns)}
	}
	if columns*rows > s.p.limits.Cells {
		return tooManyCells(s.p.limits.Cells)
	}
	s.mu.Lock()
	st := s.state
	s.mu.Unlock()
	if st.grow(s.p.metrics.cell, columns, rows); st.check() != nil {
		return &valueError{"so many cells of this size are larger than the space; give the terminal smaller letters"}
	}
	if err := s.claim(columns * rows); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.HalfSize, s.restyle = st.HalfSize, true
	s.resize(columns, rows)
	s.settle()
	return nil
}

func (s *session) info() Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	columns, rows := s.t.Size()
	i := Info{ID: s.id, Name: s.name, Title: cleanTitle(s.t.Title()), Who: s.owner.who, Columns: columns, Rows: rows, Screen: s.phase == fed}
	if s.proc != nil {
		i.PID = s.proc.Pid()
	}
	switch s.phase {
	case ended:
		i.Ended = s.program.exit
	case past:
		i.Ended = pastLine
	}
	return i
}

// quit removes the terminal because somebody wants it gone: what it showed is not kept.
func (s *session) quit() {
	if s.remove() && s.key != "" {
		if err := s.p.keep.Remove(s.key); err != nil {
			s.p.log.Warn("a picture of a terminal was not removed", "name", s.name, "error", err)
		}
	}
}

// remove ends the terminal and all that belongs to it, and waits for its shell. It
// reports false where that was done before.
func (s *session) remove() bool {
	p := s.p
	s.mu.Lock()
	was := s.removed
	s.removed = true
	proc, cancel := s.proc, s.cancel
	for _, a := range s.shares {
		if a.cancel != nil {
			cancel = append(cancel, a.cancel)
		}
	}
	watchers := s.watchers
	accesses := slices.Clone(s.shares)
	if s.main != nil {
		accesses = append(accesses, s.main)
	}
	s.cancel, s.shares, s.watchers = nil, nil, nil
	s.drop()
	s.mu.Unlock()
	if was {
		return false
	}
	p.mu.Lock()
	delete(p.sessions, s.id)
	p.order = slices.DeleteFunc(p.order, func(o *session) bool { return o == s })
	if p.focus == s.id {
		p.focus = 0
	}
	p.mu.Unlock()
	for _, f := range cancel {
		f()
	}
	stopWatching(watchers)
	for _, a := range accesses {
		a.port.Close()
	}
	if s.grid != 0 {
		_ = p.scene.RemoveGrid(s.grid)
	}
	if proc != nil {
		if err := proc.Close(); err != nil {
			p.log.Warn("the programs of a terminal did not all end", "error", err)
		}
	}
	s.wg.Wait()
	s.release()
	s.touch() // the painter gives its glyphs back
	return true
}
