package service

import (
	"bytes"
	"errors"
	"slices"

	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/serde"
	"hearth/vk/scene"
)

// kind is what a thing is.
type kind int

const (
	objectKind kind = iota
	lightKind
	canvasKind
	linesKind
	cameraKind
	kinds
)

func (k kind) String() string {
	return [kinds]string{"object", "light", "canvas", "lines", "camera"}[k]
}

func (k kind) plural() string {
	return [kinds]string{"objects", "lights", "canvases", "sets of lines", "cameras"}[k]
}

// word is the plural in one word, for programs.
func (k kind) word() string {
	return [kinds]string{"objects", "lights", "canvases", "lines", "cameras"}[k]
}

// thing is something in the scene that a client holds a capability to: a mailbox of
// the host. What it is told waits until the maker's goroutine takes it over, and of
// messages that say the same thing only the newest waits.
type thing struct {
	m     *maker
	rt    *runtime.Runtime
	kind  kind
	id    scene.ID
	name  string
	port  *runtime.Port
	watch func()                                    // takes back the interest in the port's end
	apply func(c serde.Codec, t serde.Tagged) error // follows a message, on the maker's goroutine
	flush func() (later bool)                       // shows what apply collected; nil: nothing is collected

	// Of the maker's goroutine: what it takes of its client's bytes, and the
	// message that is followed.
	bytes int64
	told  *message

	// Guarded by the maker's mu.
	dirty, gone, removed bool
	pending, spare       []message
	materials            int // how many were asked for
}

// message is what a thing was told.
type message struct {
	topic topic
	data  []byte
	lumps []lumps.CID
	reply runtime.Capability // sending to it is permitted, where it has a place
	full  bool               // there was no room for data, and this is to be answered
	cbor  bool               // the answer is to be in CBOR
}

// topic says which messages make each other void. 0 makes none.
type topic uint8

// paint is the topic of what changes pixels: a new picture voids what was painted
// on the old one, and a stroke voids nothing.
const paint topic = 255

var topics = map[string]topic{
	"Transform": 1, "JointMatrices": 2, "JointTransforms": 2, "Tint": 3, "Animation": 4, "Weights": 5, "Hidden": 6, "Material": 7,
	"Color": 8, "Intensity": 9, "Direction": 10, "Distance": 11, "Position": 12, "Range": 13, "Cone": 14, "Shadow": 15,
	"Relocate": 16, "Opacity": 17, "Contents": 18, "Hide": 19, "Start": 20, "Stop": 20, "Lens": 21,
	"Resize": paint,
}

// thingPerms is what the maker of a thing may do with it.
const thingPerms = caps.All

// keep bounds the buffers of a thing that are used again, in bytes.
const keep = 4 << 10

// add makes a capability to what was put into the scene and hands it out. It is
// called on the maker's goroutine.
func (m *maker) add(rt *runtime.Runtime, t *thing) runtime.Capability {
	t.m, t.rt = m, rt
	t.port = rt.NewPort(t.sink)
	m.p.mu.Lock()
	m.p.things[t.id] = t
	m.mu.Lock()
	m.things[t] = struct{}{}
	m.mu.Unlock()
	m.p.mu.Unlock()
	t.watch = rt.Monitor(t.port.Cap(caps.Monitor), func(string) { t.killed() })
	return t.port.Cap(thingPerms)
}

// killed is called when somebody has killed the capability.
func (t *thing) killed() {
	t.m.mu.Lock()
	t.gone = true
	t.touch()
	t.m.mu.Unlock()
}

// touch has the goroutine look at the thing. The caller holds the maker's mu.
func (t *thing) touch() {
	if !t.dirty && !t.removed {
		t.dirty = true
		t.m.dirty = append(t.m.dirty, t)
		t.m.kick()
	}
}

// sink takes a message, in the sender's call.
func (t *thing) sink(s *runtime.Signal) {
	if s.Kind != runtime.SignalMessage {
		return
	}
	x := message{}
	if len(s.Caps) > 0 && s.Caps[0].Perms.Has(caps.Send) {
		x.reply = s.Caps[0]
	}
	replaces := topic(0)
	c := serde.Of(s.Data)
	x.cbor = c.CBOR
	if name, _, err := c.Tag(s.Data); err == nil {
		replaces = topics[string(name)]
		x.topic = replaces
		if string(name) == "Blit" {
			x.topic = paint
		}
	}
	answered := x.reply.Ref.Process != 0
	cl := t.m.client
	t.m.mu.Lock()
	defer t.m.mu.Unlock()
	if t.gone || t.removed || t.m.ended {
		return
	}
	if replaces != 0 && !answered {
		t.pending = slices.DeleteFunc(t.pending, func(o message) bool {
			void := o.topic == replaces && o.reply.Ref.Process == 0
			if void {
				cl.pending.Add(-o.cost())
				x.data = o.data[:0]
			}
			return void
		})
	}
	data := s.Data
	if cost := messageCost + int64(len(data)); cl.pending.Add(cost) > cl.p.limits.Pending {
		cl.pending.Add(-cost)
		// For a refusal there is twice the room: it takes little.
		x.full, data = answered, nil
		if !answered || cl.pending.Add(messageCost) > 2*cl.p.limits.Pending {
			if answered {
				cl.pending.Add(-messageCost)
			}
			cl.lost.Add(1)
			t.touch() // so that the log hears of it
			return
		}
	}
	if n := len(t.pending); x.data == nil && n < cap(t.pending) {
		x.data = t.pending[:n+1][n].data[:0]
	}
	x.data = append(x.data, data...)
	if len(s.Lumps) > 0 {
		x.lumps = slices.Clone(s.Lumps)
	}
	t.pending = append(t.pending, x)
	t.touch()
}

func (x *message) cost() int64 { return messageCost + int64(len(x.data)) }

// errQuit asks to remove the thing.
var errQuit = errors.New("quit")

// work follows what the thing was told.
func (t *thing) work() {
	m := t.m
	m.mu.Lock()
	told, gone := t.pending, t.gone
	t.pending, t.spare = t.spare[:0], nil
	m.mu.Unlock()
	for i := range told {
		x := &told[i]
		m.client.pending.Add(-x.cost())
		if gone {
			continue
		}
		err := t.follow(x)
		if gone = errors.Is(err, errQuit); gone {
			err = nil
		}
		t.answer(x, err)
		x.reply, x.lumps = runtime.Capability{}, nil
		if cap(x.data) > keep {
			x.data = nil
		}
	}
	if gone {
		t.remove()
		return
	}
	later := t.flush != nil && t.flush()
	if n := m.client.lost.Load(); n > 0 && m.p.ctx.Err() == nil {
		m.client.tellLost(n)
	}
	m.mu.Lock()
	t.spare = told[:0]
	if later {
		t.touch()
	}
	m.mu.Unlock()
}

func (t *thing) follow(x *message) error {
	if x.full {
		return errLost
	}
	c := serde.Codec{CBOR: x.cbor}
	tag, err := c.Tagged(x.data)
	if err != nil {
		return &parseError{err}
	}
	switch tag.Name {
	case "Quit", "Destroy":
		return errQuit
	case "Describe":
		if x.reply.Ref.Process != 0 {
			t.send(x.reply, ok(c, map[string]any{"Describe": t.describe()}))
			x.reply = runtime.Capability{}
		}
		return nil
	}
	t.told = x
	return t.apply(c, tag)
}

// answer tells who gave a reply address what became of the message; of others' the
// log hears.
func (t *thing) answer(x *message, err error) {
	switch {
	case x.reply.Ref.Process == 0:
		if err != nil {
			t.m.client.complain(t.kind.String(), err)
		}
	case err != nil:
		t.send(x.reply, refusal(serde.Codec{CBOR: x.cbor}, err))
	default:
		t.send(x.reply, ok(serde.Codec{CBOR: x.cbor}, "Ok"))
	}
}

func (t *thing) send(to runtime.Capability, data []byte) {
	t.rt.Accept(to, runtime.Message{Data: data, Origin: "the screen"})
}

// remove takes the thing out of the scene. It is called on the maker's goroutine.
func (t *thing) remove() {
	m, p := t.m, t.m.p
	p.mu.Lock()
	m.mu.Lock()
	was := t.removed
	t.removed, t.gone = true, true
	for i := range t.pending {
		m.client.pending.Add(-t.pending[i].cost())
	}
	t.pending, t.spare = nil, nil
	delete(m.things, t)
	m.mu.Unlock()
	if !was {
		delete(p.things, t.id)
	}
	p.mu.Unlock()
	if was {
		return
	}
	switch t.kind {
	case objectKind:
		p.scene.RemoveObject(t.id)
	case lightKind:
		p.scene.RemoveLight(t.id)
	case canvasKind:
		p.scene.RemoveCanvas(t.id)
	case linesKind:
		p.scene.RemoveLines(t.id)
	case cameraKind:
		p.scene.RemoveView(t.id)
	}
	m.client.unreserve(t.kind, t.bytes)
	t.watch()
	t.port.Close()
}

// grow changes what the thing takes of its client's bytes, if there is room.
func (t *thing) grow(to int64) error {
	if err := t.m.client.charge(to - t.bytes); err != nil {
		return err
	}
	t.bytes = to
	return nil
}

// within makes a change that needs another number of bytes: f is called with room
// taken for the larger of both.
func (t *thing) within(to int64, f func() error) error {
	from := t.bytes
	if to > from {
		if err := t.grow(to); err != nil {
			return err
		}
	}
	if err := f(); err != nil {
		t.grow(from)
		return err
	}
	return t.grow(to)
}

type description struct {
	ID     scene.ID `json:"id"`
	Kind   string   `json:"kind"`
	Name   string   `json:"name"`
	Client string   `json:"client"`
}

func (t *thing) describe() description {
	return description{t.id, t.kind.String(), t.name, t.m.client.name}
}

// cleanName is a name for people: one line of bounded length.
func cleanName(s string) (string, error) {
	if len(s) > maxName || bytes.ContainsAny([]byte(s), "\x00\n\r") {
		return "", &parseError{errors.New("a name is one line of 256 bytes at most")}
	}
	return s, nil
}
