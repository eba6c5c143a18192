package res

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	vk "github.com/vulkan-go/vulkan"

	"hearth/lumps"
	"hearth/store/asset"
	"hearth/vk/device"
	"hearth/vk/mem"
	"hearth/vk/model"
	"hearth/vk/raw"
	"hearth/vk/vktest"
)

// samples is where Debian's assimp-testmodels puts files that others wrote.
const samples = "/usr/share/assimp/models/glTF2"

// shelf is a source of lumps. One that is not there never arrives.
type shelf struct {
	mu    sync.Mutex
	lumps map[lumps.CID][]byte
	asked int
}

func (s *shelf) put(b []byte) lumps.CID {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := lumps.Sum(lumps.Raw, b)
	s.lumps[c] = b
	return c
}

func (s *shelf) Open(ctx context.Context, c lumps.CID) (asset.Content, error) {
	s.mu.Lock()
	s.asked++
	b, ok := s.lumps[c]
	s.mu.Unlock()
	if !ok {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return bytes.NewReader(b), nil
}

// bench is all that resources stand on.
type bench struct {
	t      testing.TB
	a      *mem.Allocator
	shelf  *shelf
	r      *Resources
	frames *device.Frames
}

func newBench(t testing.TB, d *device.Device, a *mem.Allocator, o Options) *bench {
	t.Helper()
	b := &bench{t: t, a: a, shelf: &shelf{lumps: map[lumps.CID][]byte{}}}
	c := asset.New(b.shelf, asset.Options{Budget: -1, Grace: -1, Parallel: 64})
	model.Register(c)
	var err error
	if b.r, err = New(a, c, o); err != nil {
		t.Fatal(err)
	}
	if b.frames, err = d.NewFrames(2, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.r.Close()
		b.frames.Close()
		c.Close()
	})
	return b
}

func onCPU(t testing.TB, o Options) *bench {
	t.Helper()
	d := vktest.Open(t)
	return newBench(t, d, vktest.Memory(t, d), o)
}

func (b *bench) frame() {
	b.t.Helper()
	fr, err := b.frames.Begin()
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.r.Record(fr); err != nil {
		b.t.Fatal(err)
	}
	if err := fr.Submit(vk.NullSemaphore, vk.NullSemaphore, 0); err != nil {
		b.t.Fatal(err)
	}
}

type ref interface {
	State() State
	Err() error
}

// until draws frames until none of refs is pending.
func (b *bench) until(refs ...ref) {
	b.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		b.frame()
		if !slices.ContainsFunc(refs, func(r ref) bool { return r.State() == Pending }) {
			return
		}
	}
	b.t.Fatal("not ready after 30 seconds")
}

func (b *bench) ready(refs ...ref) {
	b.t.Helper()
	b.until(refs...)
	for _, r := range refs {
		if r.State() != Ready {
			b.t.Fatalf("%v: %v", r.State(), r.Err())
		}
	}
}

// read copies a part of a buffer back.
func (b *bench) read(buf vk.Buffer, offset, size uint64) []byte {
	b.t.Helper()
	back, err := b.a.NewBuffer(mem.BufferDesc{Size: size, Usage: vk.BufferUsageTransferDstBit, Memory: mem.Readback, Name: "back"})
	if err != nil {
		b.t.Fatal(err)
	}
	defer back.Close()
	if err := b.a.Device().Do(func(s *raw.Stream) {
		s.Barriers(nil, nil, []raw.MemoryBarrier{{SrcStage: raw.StageAll, SrcAccess: raw.AccessMemoryWrite, DstStage: raw.StageCopy, DstAccess: raw.AccessTransferRead}})
		s.CopyBuffer(buf, offset, back.Handle, 0, size)
		s.Barriers(nil, nil, []raw.MemoryBarrier{{SrcStage: raw.StageCopy, SrcAccess: raw.AccessTransferWrite, DstStage: raw.StageHost, DstAccess: raw.AccessHostRead}})
	}); err != nil {
		b.t.Fatal(err)
	}
	return slices.Clone(back.Bytes)
}

func (b *bench) texels(i *mem.Image, level, layer uint32, size int) []byte {
	b.t.Helper()
	return vktest.Bytes(b.t, b.a, i, vk.ImageLayoutShaderReadOnlyOptimal, level, layer, size)
}

// same compares a mesh on the device with the mesh it was made of.
func (b *bench) same(h *Mesh, m *model.Mesh) {
	b.t.Helper()
	if h.VertexCount != uint32(len(m.Positions)) || h.IndexCount != uint32(len(m.Indices)) || h.Targets != uint32(len(m.Targets)) {
		b.t.Fatalf("counts %d %d %d of %d %d %d", h.VertexCount, h.IndexCount, h.Targets, len(m.Positions), len(m.Indices), len(m.Targets))
	}
	v := b.read(h.VertexBuffer, uint64(h.VertexOffset)*VertexSize, uint64(h.VertexCount)*VertexSize)
	for i, p := range m.Positions {
		f := func(at int) float32 {
			return math.Float32frombits(binary.LittleEndian.Uint32(v[i*VertexSize+at:]))
		}
		uv := at(m.UV0, i)
		if f(0) != p[0] || f(4) != p[1] || f(8) != p[2] || f(12) != m.Normals[i][0] || f(24) != m.Tangents[i][0] || f(36) != m.Tangents[i][3] || f(40) != uv[0] || f(44) != uv[1] {
			b.t.Fatalf("vertex %d differs", i)
		}
	}
	x := b.read(h.IndexBuffer, uint64(h.FirstIndex)*IndexSize, uint64(h.IndexCount)*IndexSize)
	for i, want := range m.Indices {
		if got := binary.LittleEndian.Uint32(x[4*i:]); got != want {
			b.t.Fatalf("index %d is %d, want %d", i, got, want)
		}
	}
	if len(m.Joints) > 0 && !bytes.Equal(b.read(h.SkinBuffer, uint64(h.FirstSkin)*SkinSize, uint64(h.VertexCount)*SkinSize), packSkin(m)) {
		b.t.Fatal("joints and weights differ")
	}
	if h.Targets > 0 && !bytes.Equal(b.read(h.DeltaBuffer, uint64(h.FirstDelta)*DeltaSize, uint64(h.VertexCount*h.Targets)*DeltaSize), packTargets(m)) {
		b.t.Fatal("morph targets differ")
	}
}

func file(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatalf("%v; apt-get install assimp-testmodels", err)
	}
	return data
}

func decode(t testing.TB, data []byte) *model.Model {
	t.Helper()
	m, err := model.Decode(t.Context(), data, nil, model.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// far is the largest difference of two bytes.
func far(a, b []byte) int {
	if len(a) != len(b) {
		return 256
	}
	d := 0
	for i := range a {
		d = max(d, int(a[i])-int(b[i]), int(b[i])-int(a[i]))
	}
	return d
}

func triangle() model.Mesh {
	m := model.Mesh{Indices: []uint32{0, 1, 2}, Material: -1}
	for i := range 3 {
		m.Positions = append(m.Positions, [3]float32{float32(i), float32(i * i), 1})
		m.Normals = append(m.Normals, [3]float32{0, 0, 1})
		m.Tangents = append(m.Tangents, [4]float32{1, 0, 0, 1})
	}
	return m
}

// picture is a PNG of w x h pixels, no two rows alike.
func picture(t testing.TB, w, h int, seed byte) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetNRGBA(x, y, color.NRGBA{byte(x) + seed, byte(y), byte(x*y) ^ seed, 255 - byte(x+y)/2})
		}
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// meshLump is a triangle as hearth-rs writes meshes.
func meshLump(t testing.TB) []byte {
	t.Helper()
	var pos []byte
	for _, v := range []float32{0, 0, 0, 1, 0, 0, 0, 1, 0} {
		pos = f32(pos, v)
	}
	b, err := json.Marshal(map[string]any{"positions": pos, "indices": []byte{0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}
