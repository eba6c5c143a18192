package service

// TurnsWaited is the most turns that others took while one waited for its own.
func (p *Plugin) TurnsWaited() uint64 {
	p.turns.mu.Lock()
	defer p.turns.mu.Unlock()
	return p.turns.most
}

// Asking is how many questions there are.
func Asking(p *Plugin) int {
	p.ask.mu.Lock()
	defer p.ask.mu.Unlock()
	return len(p.ask.asking)
}

// Shells is how many shells run.
func Shells(p *Plugin) int64 { return p.shells.Load() }

// Scrolled is how far a terminal is scrolled into its history.
func Scrolled(p *Plugin, id ID) int {
	s := p.session(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	return int(s.t.Scrolled())
}

// Hold keeps a terminal busy until release is called.
func Hold(p *Plugin, id ID) (release func()) {
	s := p.session(id)
	s.mu.Lock()
	return s.mu.Unlock
}

// Glyphs is how many pictures of characters are in use.
func Glyphs(p *Plugin) int { return p.atlas.Stats().Used }

// Passes is how often the painter was through with what changed.
func Passes(p *Plugin) uint64 { return p.brush.passes.Load() }

// DecodePicture is decodePicture, for the fuzz test.
func DecodePicture(b []byte) error { _, err := decodePicture(b); return err }

// Bench is a screen that only a benchmark paints.
type Bench struct {
	s   *session
	ink *ink
}

// NewBench makes one in the scene of p, which its painter does not know.
func NewBench(p *Plugin, columns, rows int) *Bench {
	x := creation{columns: columns, rows: rows, state: State{UnitsPerEm: 0.1, Opacity: 1}, screen: true, owner: person}
	x.state.Orientation.W = 1
	if err := p.size(&x); err != nil {
		panic(err)
	}
	s := p.build(&client{p: p}, x)
	s.phase = fed
	s.queued.Store(true)
	id, err := p.scene.AddGrid(s.blankGrid())
	if err != nil {
		panic(err)
	}
	s.grid = id
	return &Bench{s, &ink{atlas: p.atlas}}
}

func (b *Bench) Feed(data []byte)     { b.s.pour(data, nil) }
func (b *Bench) Turn(data []byte) int { return b.s.feed(data, nil) }
func (b *Bench) Paint()               { b.s.paint(b.ink, b.s.p.now()) }
func (b *Bench) Show(data []byte)     { b.Feed(data); b.Paint() }
func (b *Bench) Close() {
	b.s.removed = true
	b.Paint()
	b.ink.close()
	_ = b.s.p.scene.RemoveGrid(b.s.grid)
}
