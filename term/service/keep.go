package service

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hearth/term"
)

// picture is what was on a screen, as it is kept:
//
//	+-----------+---------------+----------------+--------------------+
//	| "HTERM01" | header len u32| header, JSON   | replay, to the end |
//	+-----------+---------------+----------------+--------------------+
//
// The length is little endian. The replay is bytes that, fed to a terminal of the
// header's size, make the screen, its history and its title.
type picture struct {
	header
	replay []byte
}

type header struct {
	State   *stateWire `json:"state"`
	Columns int        `json:"columns"`
	Rows    int        `json:"rows"`
	Name    string     `json:"name"`
	Title   string     `json:"title"`
	Again   bool       `json:"again"`
	Time    int64      `json:"time"` // Unix seconds
}

const pictureMagic = "HTERM01"

// maxHeader bounds a header: a palette is a few KiB.
const maxHeader = 64 << 10

var errPicture = errors.New("this is no picture of a terminal")

func (x *picture) encode() []byte {
	head, err := json.Marshal(&x.header)
	if err != nil {
		return nil // a state that was checked has finite numbers
	}
	out := binary.LittleEndian.AppendUint32([]byte(pictureMagic), uint32(len(head)))
	return append(append(out, head...), x.replay...)
}

// decodePicture reads a picture, whoever wrote it.
func decodePicture(b []byte) (*picture, error) {
	const fixed = len(pictureMagic) + 4
	if len(b) < fixed || len(b) > maxPicture || string(b[:len(pictureMagic)]) != pictureMagic {
		return nil, errPicture
	}
	n := binary.LittleEndian.Uint32(b[len(pictureMagic):])
	if n > maxHeader || int(n) > len(b)-fixed {
		return nil, errPicture
	}
	x := &picture{replay: b[fixed+int(n):]}
	if err := json.Unmarshal(b[fixed:fixed+int(n)], &x.header); err != nil {
		return nil, fmt.Errorf("%w: %w", errPicture, err)
	}
	if x.State == nil || x.Columns < 1 || x.Rows < 1 || x.Columns > term.MaxColumns || x.Rows > term.MaxRows || x.Columns > term.MaxCells/x.Rows {
		return nil, errPicture
	}
	st, err := x.State.state()
	if err == nil {
		err = st.check()
	}
	if err == nil {
		x.Name, err = cleanName(x.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPicture, err)
	}
	return x, nil
}

// pastLine tells on a screen, and in Info, that its shell ended with the program.
const pastLine = "The shell of this terminal ended with the client."

// show gives a new session the screen that was. The caller has it for itself.
func (s *session) show(x *picture) {
	columns, rows := s.t.Size()
	s.t.Resize(x.Columns, x.Rows)
	s.t.Feed(x.replay)
	s.t.Replies()
	s.t.Events()
	s.t.Resize(columns, rows)
	s.t.Replies()
	s.phase = past
	s.bar.status = pastLine + " Press a key for a new one."
}

// recall loads the picture under a key, nil where there is none that can be read.
func (p *Plugin) recall(key string) *picture {
	if p.keep == nil {
		return nil
	}
	b, err := p.keep.Load(key)
	if err == nil && b == nil {
		return nil
	}
	var x *picture
	if err == nil {
		x, err = decodePicture(b)
	}
	if err != nil {
		p.log.Warn("what was on a terminal could not be read", "key", key, "error", err)
		return nil
	}
	return x
}

// restore puts the terminals of the person back where they were. Those of others come
// back when they are asked for again, by the same one under the same name.
func (p *Plugin) restore() {
	keys, err := p.keep.Keys()
	if err != nil {
		p.log.Warn("the pictures of terminals could not be listed", "error", err)
		return
	}
	slices.Sort(keys)
	for _, key := range keys {
		name, mine := strings.CutPrefix(key, person.key+"/")
		if !mine {
			continue
		}
		x := p.recall(key)
		if x == nil {
			continue
		}
		st, err := x.State.state()
		if err == nil {
			_, err = p.create(creation{state: st, name: name, again: x.Again, keep: true, owner: person})
		}
		if err != nil {
			p.log.Warn("a terminal could not be put back", "name", name, "error", err)
		}
	}
}

// save keeps the picture of a terminal that changed.
func (s *session) save() error {
	p := s.p
	if s.key == "" || len(s.key) > MaxKey {
		return nil
	}
	s.mu.Lock()
	if !s.changed || s.removed {
		s.mu.Unlock()
		return nil
	}
	columns, rows := s.t.Size()
	x := picture{header{s.state.wire(), columns, rows, s.name, cleanTitle(s.t.Title()), s.again, time.Now().Unix()}, slices.Clone(s.t.Replay())}
	s.changed = false
	s.mu.Unlock()
	data := x.encode()
	if len(data) > maxPicture {
		return fmt.Errorf("the screen of %q is too large to be kept", s.name)
	}
	if err := p.keep.Save(s.key, data); err != nil {
		s.mu.Lock()
		s.changed = true
		s.mu.Unlock()
		return fmt.Errorf("the screen of %q is not kept: %w", s.name, err)
	}
	return nil
}

// saving keeps pictures now and then.
func (p *Plugin) saving() {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	for {
		select {
		case <-p.ctx.Done():
			return
		case <-tick.C:
		}
		p.mu.Lock()
		sessions := slices.Clone(p.order)
		p.mu.Unlock()
		for _, s := range sessions {
			if err := s.save(); err != nil {
				p.log.Warn("a terminal was not kept", "error", err)
			}
		}
	}
}
