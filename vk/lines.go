package vk

import (
	"encoding/binary"
	"errors"
	"math"

	vulkan "github.com/vulkan-go/vulkan"

	"hearth/vk/mem"
	"hearth/vk/pass"
	"hearth/vk/raw"
	"hearth/vk/scene"
)

// lineState is the debug lines of the scene on the device.
type lineState struct {
	seen  []*scene.Chunk[scene.Lines]
	sets  map[scene.ID]*lineSet
	draws []pass.LinesDraw
	round uint64
}

type lineSet struct {
	buffer  *mem.Buffer
	version uint64
	draw    pass.LinesDraw
	round   uint64
}

// syncLines takes over the lines that changed. Each version has a buffer of its own,
// which frames in flight may still read when the next one comes.
func (r *Renderer) syncLines(t scene.Table[scene.Lines]) error {
	l := &r.lineSets
	if same(&l.seen, t) {
		return nil
	}
	if l.sets == nil {
		l.sets = map[scene.ID]*lineSet{}
	}
	l.round++
	l.draws = l.draws[:0]
	for id, x := range t.All() {
		s := l.sets[id]
		if s == nil {
			s = &lineSet{}
			l.sets[id] = s
		}
		s.round = l.round
		if s.version != x.Version {
			err := r.fillLines(s, x)
			if errors.Is(err, mem.ErrMemory) { // the rest of the picture goes on
				r.log.Warn("lines are not shown", "why", err)
				err = nil
			}
			if err != nil {
				l.seen = l.seen[:0] // once more in the next frame
				return err
			}
		}
		if !x.Hidden && s.draw.Count > 0 {
			l.draws = append(l.draws, s.draw)
		}
	}
	for id, s := range l.sets {
		if s.round != l.round {
			s.buffer.Close()
			delete(l.sets, id)
		}
	}
	return nil
}

func (r *Renderer) fillLines(s *lineSet, x *scene.Lines) error {
	s.buffer.Close()
	s.buffer, s.draw, s.version = nil, pass.LinesDraw{}, x.Version
	if len(x.Vertices) == 0 || len(x.Indices) < 2 {
		return nil
	}
	vertices := uint64(len(x.Vertices) * pass.LineVertexSize)
	b, err := r.a.NewBuffer(mem.BufferDesc{Name: "lines", Size: vertices + uint64(4*len(x.Indices)), Memory: mem.Upload,
		Usage: vulkan.BufferUsageVertexBufferBit | vulkan.BufferUsageIndexBufferBit})
	if err != nil {
		return err
	}
	for i, v := range x.Vertices {
		at := b.Bytes[i*pass.LineVertexSize:]
		for k := range 3 {
			binary.LittleEndian.PutUint32(at[4*k:], math.Float32bits(v.Position[k]))
			binary.LittleEndian.PutUint32(at[12+4*k:], math.Float32bits(v.Color[k]))
		}
	}
	for i, n := range x.Indices {
		if int(n) >= len(x.Vertices) { // a scene refuses it; the device would read what is not there
			n = 0
		}
		binary.LittleEndian.PutUint32(b.Bytes[vertices+uint64(4*i):], n)
	}
	s.buffer = b
	s.draw = pass.LinesDraw{Vertices: pass.Range{Buffer: b.Handle}, Indices: pass.Range{Buffer: b.Handle, Offset: vertices}, Count: uint32(len(x.Indices))}
	return nil
}

func (l *lineState) close() {
	for _, s := range l.sets {
		s.buffer.Close()
	}
	l.sets = nil
}

func (r *Renderer) recordLines(s *raw.Stream) error {
	f := &r.now
	return r.lines.Record(s, pass.LinesInput{ViewProjection: f.combined, Brightness: f.asTheyAre(), Draws: r.lineSets.draws,
		Width: f.plan.key.width, Height: f.plan.key.height})
}

// asTheyAre is the factor that undoes the exposure, for what shows colours and no
// light.
func (n *now) asTheyAre() float32 { return float32(math.Exp2(-float64(n.snapshot.Look.Exposure))) }
