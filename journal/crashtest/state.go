package crashtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// State is what a crash left: an FS that the check may open, and what the
// workload had been told.
type State struct {
	FS    *FS
	After string // the last operation before the crash, for messages
	Point int    // its number
	acks  [][]byte
}

// Acked returns the acknowledgements that the workload had received.
func Acked[A any](s State) ([]A, error) {
	as := make([]A, len(s.acks))
	for i, b := range s.acks {
		if err := json.Unmarshal(b, &as[i]); err != nil {
			return nil, err
		}
	}
	return as, nil
}

// WriteTo writes the state's files to a folder of the real file system.
func (s State) WriteTo(dir string) error {
	s.FS.mu.Lock()
	defer s.FS.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(s.FS.names)) {
		f := s.FS.files[s.FS.names[name]]
		to := filepath.Join(dir, filepath.FromSlash(name))
		var err error
		if f.dir {
			err = os.MkdirAll(to, 0o700)
		} else {
			err = writeSparse(to, f.data)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// writeSparse writes a file with holes for pages of zeros.
func writeSparse(name string, c *content) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Truncate(c.size); err != nil {
		return err
	}
	for n, p := range c.pages {
		at := n * pageSize
		if _, err := f.WriteAt(p[:min(pageSize, c.size-at)], at); err != nil {
			return err
		}
	}
	return f.Close()
}

// Options say how much is explored.
type Options struct {
	Seed uint64
	// States is about how many crash states are built; points are chosen evenly
	// when the record has more of them.
	States int
	// PerPoint is how many states are built at an operation, the two extremes
	// (everything reached the disk, nothing that was not synced did) included.
	PerPoint int
	// Base is what the record began with, durable; nil for an empty file system.
	Base *FS
	// Drop removes operations from the record: what a mutant would not do.
	Drop func(Op) bool
}

func (o Options) withDefaults() Options {
	if o.Seed == 0 {
		if o.Seed = 1; soaking() {
			o.Seed = uint64(time.Now().UnixNano()) // a violation names it
		}
	}
	if o.PerPoint == 0 {
		o.PerPoint = 6
	}
	if o.States == 0 {
		o.States = 1000
	}
	if soaking() {
		o.States *= 20
		o.PerPoint *= 10
	}
	return o
}

// soaking reports whether the long form of the tests is wanted.
func soaking() bool { return os.Getenv("HEARTH_SOAK") == "1" }

// disk is what of a record is durable, and what may be.
type disk struct {
	names   names            // durable
	pending []Op             // changes of names that are not
	files   map[int]*content // durable contents; never changed in place
	writes  map[int][]Op     // writes and truncates that are not durable
	dirs    map[int]bool
}

func newDisk(base *FS) *disk {
	d := &disk{names: names{".": 0}, files: map[int]*content{}, writes: map[int][]Op{}, dirs: map[int]bool{0: true}}
	if base != nil {
		base = base.Fork()
		d.names = base.names
		for id, f := range base.files {
			d.files[id], d.dirs[id] = f.data, f.dir
		}
	}
	return d
}

// do takes over one operation.
func (d *disk) do(o Op) {
	switch {
	case o.Kind == Write || o.Kind == Truncate:
		d.writes[o.File] = append(d.writes[o.File], o)
	case o.Kind == Sync:
		d.files[o.File] = d.contents(o.File, everything, nil)
		delete(d.writes, o.File)
	case o.changesNames():
		if o.Kind == MakeDir {
			d.dirs[o.File] = true
		}
		d.pending = append(d.pending, o)
	case o.Kind == SyncDir:
		// Names reach the disk in order: all up to the last one in this folder.
		last := -1
		for i, p := range d.pending {
			if slices.Contains(p.folders(), o.Name) {
				last = i
			}
		}
		for _, p := range d.pending[:last+1] {
			d.names.apply(p)
		}
		d.pending = slices.Delete(d.pending, 0, last+1)
	}
}

// choice says what of the undecided reached the disk.
type choice int

const (
	everything choice = iota
	nothing
	someOfIt
)

// crash builds one state.
func (d *disk) crash(c choice, r *rand.Rand) *FS {
	s := NewFS()
	s.names = maps.Clone(d.names)
	n := len(d.pending)
	switch c {
	case nothing:
		n = 0
	case someOfIt:
		n = r.IntN(n + 1)
	}
	for _, o := range d.pending[:n] {
		s.names.apply(o)
	}
	for _, id := range slices.Sorted(maps.Values(s.names)) {
		s.nextID = max(s.nextID, id+1)
		if d.dirs[id] {
			s.files[id] = &memory{id: id, dir: true}
			continue
		}
		s.files[id] = &memory{id: id, data: d.contents(id, c, r), shared: true}
	}
	// A name may have reached the disk without the folder that it is in.
	for name := range s.names {
		for dir := filepath.Dir(name); ; dir = filepath.Dir(dir) {
			if _, ok := s.names[dir]; !ok {
				delete(s.names, name)
				break
			}
			if dir == "." {
				break
			}
		}
	}
	return s
}

// contents returns what a file holds; the caller must not change it.
func (d *disk) contents(id int, c choice, r *rand.Rand) *content {
	durable, ws := d.files[id], d.writes[id]
	if durable == nil {
		durable = newContent()
	}
	if c == nothing || len(ws) == 0 {
		return durable
	}
	b := durable.clone()
	if c == everything {
		for _, w := range ws {
			b.apply(w, nil)
		}
		return b
	}
	p := r.Float64()
	var kept []Op
	for _, w := range ws {
		if r.Float64() < p {
			kept = append(kept, w)
		}
	}
	for i, w := range kept {
		var keep func(int64) bool
		if i == len(kept)-1 {
			switch q := r.Float64(); r.IntN(3) {
			case 0: // torn: up to some sector
				end := (w.Off + int64(q*float64(len(w.Data)))) / sector
				keep = func(s int64) bool { return s < end }
			case 1: // torn: any of its sectors
				keep = func(int64) bool { return r.Float64() < q }
			}
		}
		b.apply(w, keep)
	}
	return b
}

// Explore builds the crash states of a record and calls visit with each, until
// it returns false.
func Explore(ops []Op, o Options, visit func(State) bool) {
	o = o.withDefaults()
	if o.Drop != nil {
		ops = slices.DeleteFunc(slices.Clone(ops), o.Drop)
	}
	points := 0
	for _, op := range ops {
		if op.Kind != Ack {
			points++
		}
	}
	// Every step-th point on average, always the last.
	share := min(1, float64(o.States)/float64(o.PerPoint)/float64(max(1, points)))
	r := rand.New(rand.NewPCG(o.Seed, 0))
	d := newDisk(o.Base)
	var acks [][]byte
	for i, op := range ops {
		if op.Kind == Ack {
			acks = append(acks, op.Data)
		} else {
			d.do(op)
			if r.Float64() >= share && i < len(ops)-1 {
				continue
			}
		}
		if op.Kind == Ack && i < len(ops)-1 {
			continue
		}
		for n := range o.PerPoint {
			c := min(choice(n), someOfIt)
			s := State{FS: d.crash(c, r), Point: i, acks: acks[:len(acks):len(acks)],
				After: fmt.Sprintf("operation %d (%s), state %d of seed %d", i, op, n, o.Seed)}
			if !visit(s) {
				return
			}
		}
	}
}
