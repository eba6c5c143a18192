package device_test

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	vk "github.com/vulkan-go/vulkan"
	"go.uber.org/goleak"

	"hearth/vk/device"
	"hearth/vk/mem"
	"hearth/vk/raw"
	"hearth/vk/vktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What is built from testdata by: glslc -O --target-env=vulkan1.2.
var (
	//go:embed testdata/fill.comp.spv
	fillComp []byte
	//go:embed testdata/corner.vert.spv
	cornerVert []byte
	//go:embed testdata/paint.frag.spv
	paintFrag []byte
)

// The modules in testdata are those of the sources beside them.
func TestShadersAreCurrent(t *testing.T) {
	for name, want := range map[string][]byte{"fill.comp": fillComp, "corner.vert": cornerVert, "paint.frag": paintFrag} {
		out, err := exec.Command("glslc", "-O", "--target-env=vulkan1.2", filepath.Join("testdata", name), "-o", "-").Output()
		if err != nil {
			t.Fatalf("glslc: %v", err)
		}
		if !bytes.Equal(out, want) {
			t.Errorf("testdata/%s.spv is not built from %s", name, name)
		}
	}
}

// Without a driver, without a device that fits, without what was asked for: each is
// said, by an error that names what to do.
func TestOpenRefuses(t *testing.T) {
	t.Run("no device of that name", func(t *testing.T) {
		_, err := device.Open(device.Options{Device: "Voodoo 2"})
		var e *device.NoDeviceError
		if !errors.As(err, &e) || len(e.Devices) == 0 || !strings.Contains(err.Error(), "Voodoo 2") {
			t.Errorf("%v", err)
		}
	})
	t.Run("no bindless", func(t *testing.T) {
		_, err := device.Open(device.Options{Device: "llvmpipe", Profile: device.ProfileBindless})
		var e *device.NoDeviceError
		if !errors.As(err, &e) || !strings.Contains(err.Error(), "descriptor indexing") {
			t.Errorf("%v", err)
		}
	})
	t.Run("no such window system", func(t *testing.T) {
		if _, err := device.Open(device.Options{InstanceExtensions: []string{"VK_KHR_hologram_surface\x00"}}); err == nil || !strings.Contains(err.Error(), "hologram") {
			t.Errorf("%v", err)
		}
	})
	t.Run("few buffers", func(t *testing.T) {
		l := vk.PhysicalDeviceLimits{MaxPerStageDescriptorStorageBuffers: 4}
		if why := device.Short(&l); !strings.Contains(why, "4 storage buffers") {
			t.Errorf("%q", why)
		}
		l.MaxPerStageDescriptorStorageBuffers = 16
		if why := device.Short(&l); why != "" {
			t.Errorf("%q", why)
		}
	})
	t.Run("no surface", func(t *testing.T) {
		broken := errors.New("the display went away")
		_, err := device.Open(device.Options{Surface: func(vk.Instance) (vk.Surface, error) { return vk.NullSurface, broken }})
		if !errors.Is(err, broken) {
			t.Errorf("%v", err)
		}
	})
}

// In a process whose loader finds no driver, or no validation layer, Open says so.
func TestNoDriver(t *testing.T) {
	const child = "HEARTH_DEVICE_CHILD"
	if os.Getenv(child) != "" {
		_, err := device.Open(device.Options{Validate: os.Getenv(child) == "layer"})
		fmt.Printf("driver=%v layer=%v: %v\n", errors.Is(err, device.ErrNoDriver), errors.Is(err, device.ErrNoValidation), err)
		os.Exit(0)
	}
	for _, c := range []struct{ name, env, want string }{
		{"driver", "VK_ICD_FILENAMES=/nowhere/icd.json", "driver=true layer=false"},
		{"layer", "VK_LAYER_PATH=/nowhere", "driver=false layer=true"},
	} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestNoDriver$")
		cmd.Env = append(os.Environ(), child+"="+c.name, c.env)
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), c.want) {
			t.Errorf("%s: %v\n%s", c.name, err, out)
		}
	}
}

// A compute pipeline with a constant, push constants and a descriptor set writes
// what it should, in both profiles.
func TestCompute(t *testing.T) {
	for name, open := range map[string]func(testing.TB, ...func(*device.Options)) *device.Device{"bound": vktest.Open, "bindless": vktest.SwiftShader} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			a := vktest.Memory(t, d)
			const words = 1000
			b, err := a.NewBuffer(mem.BufferDesc{Size: 4 * words, Usage: vk.BufferUsageStorageBufferBit, Memory: mem.Readback, Name: "out"})
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			l, set, p := fill(t, d, b)
			push := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, words), 100)
			if err := d.Do(func(s *raw.Stream) {
				s.BindPipeline(vk.PipelineBindPointCompute, p)
				s.BindSets(vk.PipelineBindPointCompute, l, 0, set)
				s.Push(l, device.PushStages, 0, push)
				s.Dispatch((words+63)/64, 1, 1)
				s.Barriers(nil, nil, []raw.MemoryBarrier{{SrcStage: raw.StageCompute, SrcAccess: raw.AccessShaderWrite, DstStage: raw.StageHost, DstAccess: raw.AccessHostRead}})
			}); err != nil {
				t.Fatal(err)
			}
			for i := range words {
				if v := binary.LittleEndian.Uint32(b.Bytes[4*i:]); v != 142 {
					t.Fatalf("word %d is %d", i, v)
				}
			}
		})
	}
}

// fill makes the pipeline of fill.comp over a buffer, with 42 for its constant.
func fill(t testing.TB, d *device.Device, b *mem.Buffer) (vk.PipelineLayout, vk.DescriptorSet, vk.Pipeline) {
	t.Helper()
	sl, err := d.SetLayout([]device.Binding{{Type: vk.DescriptorTypeStorageBuffer, Stages: vk.ShaderStageComputeBit}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := d.PipelineLayout(8, sl)
	if err != nil {
		t.Fatal(err)
	}
	m, err := d.Shader(fillComp)
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.Compute(device.ComputeDesc{Name: "fill", Layout: l, Shader: device.ShaderStage{Module: m, Constants: []device.Constant{{ID: 3, Value: 42}}}})
	if err != nil {
		t.Fatal(err)
	}
	sets, err := d.NewSets(sl, 1)
	if err != nil {
		t.Fatal(err)
	}
	d.WriteSet(sets[0], []device.Write{{Type: vk.DescriptorTypeStorageBuffer, Buffer: b.Handle}})
	d.Destroy(m)
	t.Cleanup(func() { d.Destroy(p, l) })
	return l, sets[0], p
}

// Instances from two vertex buffers, drawn by index and indirectly, multisampled
// and resolved, land where they should in the colour of a uniform of the frame.
func TestGraphics(t *testing.T) {
	d := vktest.Open(t)
	a := vktest.Memory(t, d)
	const w, h = 64, 32
	color := func(samples uint32, usage vk.ImageUsageFlagBits) *mem.Image {
		i, err := a.NewImage(mem.ImageDesc{Width: w, Height: h, Samples: samples, Format: vk.FormatR8g8b8a8Unorm, Usage: vk.ImageUsageColorAttachmentBit | usage, Name: "colour"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(i.Close)
		return i
	}
	many, one := color(4, 0), color(1, vk.ImageUsageTransferSrcBit)
	sl, err := d.SetLayout([]device.Binding{{Type: vk.DescriptorTypeUniformBuffer, Stages: vk.ShaderStageFragmentBit}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := d.PipelineLayout(0, sl)
	if err != nil {
		t.Fatal(err)
	}
	vs, err := d.Shader(cornerVert)
	if err != nil {
		t.Fatal(err)
	}
	fs, err := d.Shader(paintFrag)
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.Graphics(device.GraphicsDesc{Name: "corners", Vertex: device.ShaderStage{Module: vs}, Fragment: device.ShaderStage{Module: fs}, Layout: l,
		Bindings:   []device.VertexBinding{{Stride: 8}, {Stride: 8, PerInstance: true}},
		Attributes: []device.VertexAttribute{{Location: 0, Binding: 0, Format: vk.FormatR32g32Sfloat}, {Location: 1, Binding: 1, Format: vk.FormatR32g32Sfloat}},
		Colors:     []vk.Format{vk.FormatR8g8b8a8Unorm}, Samples: 4, Blend: device.BlendAlpha})
	if err != nil {
		t.Fatal(err)
	}
	d.Destroy(vs, fs)
	defer d.Destroy(p, l)
	sets, err := d.NewSets(sl, 1)
	if err != nil {
		t.Fatal(err)
	}
	frames, err := d.NewFrames(2, 4096)
	if err != nil {
		t.Fatal(err)
	}
	defer frames.Close()
	fr, err := frames.Begin()
	if err != nil {
		t.Fatal(err)
	}
	put := func(words ...uint32) device.Slice {
		s, err := fr.Alloc(4*len(words), 0)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range words {
			binary.LittleEndian.PutUint32(s.Bytes[4*i:], v)
		}
		return s
	}
	f := func(v ...float32) (out []uint32) {
		for _, x := range v {
			out = append(out, f32bits(x))
		}
		return
	}
	colour := put(f(1, 0.5, 0.25, 1)...)
	corners := put(f(-0.25, -0.5, 0.25, -0.5, -0.25, 0.5, 0.25, 0.5)...)
	moves := put(f(-0.5, 0, 0.5, 0)...)
	indices := put(0, 1, 2, 2, 1, 3)
	indirect := put(6, 1, uint32(indices.Offset/4), 0, 1) // the second instance
	d.WriteSet(sets[0], []device.Write{{Type: vk.DescriptorTypeUniformBuffer, Buffer: colour.Buffer, Offset: colour.Offset, Range: 16}})
	s := fr.Stream
	s.BeginLabel("corners")
	s.Barriers([]raw.ImageBarrier{{Image: many.Handle, New: vk.ImageLayoutColorAttachmentOptimal, DstStage: raw.StageColorOutput, DstAccess: raw.AccessColorWrite},
		{Image: one.Handle, New: vk.ImageLayoutColorAttachmentOptimal, DstStage: raw.StageColorOutput, DstAccess: raw.AccessColorWrite}}, nil, nil)
	s.BeginRendering(&raw.Rendering{Width: w, Height: h, Color: []raw.Attachment{{View: many.View, Resolve: one.View, Layout: vk.ImageLayoutColorAttachmentOptimal,
		Load: vk.AttachmentLoadOpClear, Store: vk.AttachmentStoreOpDontCare, Clear: [4]float32{0, 0, 1, 1}}}})
	s.BindPipeline(vk.PipelineBindPointGraphics, p)
	s.BindSets(vk.PipelineBindPointGraphics, l, 0, sets[0])
	s.Viewport(0, 0, w, h, 0, 1)
	s.Scissor(0, 0, w, h)
	s.BindVertex(0, corners.Buffer, corners.Offset)
	s.BindVertex(1, moves.Buffer, moves.Offset)
	s.BindIndex(indices.Buffer, 0, vk.IndexTypeUint32)
	s.DrawIndexed(6, 1, uint32(indices.Offset/4), 0, 0)
	s.DrawIndexedIndirect(indirect.Buffer, indirect.Offset, 1, 20)
	s.EndRendering()
	s.EndLabel()
	if err := fr.Submit(vk.NullSemaphore, vk.NullSemaphore, 0); err != nil {
		t.Fatal(err)
	}
	pic := vktest.Picture(t, a, one, vk.ImageLayoutColorAttachmentOptimal)
	for y := range h {
		for x := range w {
			in := y >= 8 && y < 24 && (x >= 8 && x < 24 || x >= 40 && x < 56)
			c := pic.NRGBAAt(x, y)
			if in != (c.R == 255 && c.G > 126 && c.G < 129 && c.B > 62 && c.B < 65) || in == (c.B == 255 && c.R == 0) {
				t.Fatalf("%d,%d is %v", x, y, c)
			}
		}
	}
}

// What is no shader is refused before a driver sees it.
func TestShaderRefuses(t *testing.T) {
	d := vktest.Open(t)
	cut := bytes.Clone(paintFrag[:len(paintFrag)-4])
	zero := bytes.Clone(paintFrag)
	binary.LittleEndian.PutUint32(zero[20:], 0)
	for name, b := range map[string][]byte{
		"nothing": nil, "short": paintFrag[:16], "odd": paintFrag[:len(paintFrag)-1], "text": []byte(strings.Repeat("#version 450\n", 8)),
		"cut in an instruction": cut[:len(cut)-len(cut)%4], "an instruction of no words": zero,
	} {
		if name == "cut in an instruction" {
			b = append(bytes.Clone(paintFrag), 0, 0, 9, 0)
		}
		if m, err := d.Shader(b); !errors.Is(err, device.ErrShader) {
			t.Errorf("%s: %v", name, err)
			d.Destroy(m)
		}
	}
}

func FuzzCheckSPIRV(f *testing.F) {
	f.Add(paintFrag)
	f.Add(fillComp)
	f.Fuzz(func(t *testing.T, b []byte) {
		w := make([]uint32, len(b)/4)
		for i := range w {
			w[i] = binary.LittleEndian.Uint32(b[4*i:])
		}
		if err := device.CheckSPIRV(w); err != nil && !errors.Is(err, device.ErrShader) {
			t.Error(err)
		}
	})
}

// The pipeline cache comes back; one that is damaged, cut, of another device, or
// not ours is left aside, and replaced.
func TestPipelineCache(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "deep", "pipelines")
	var log strings.Builder
	run := func(t *testing.T) string {
		log.Reset()
		d := vktest.Open(t, func(o *device.Options) {
			o.Cache, o.Log = file, slog.New(slog.NewTextHandler(&log, nil))
		})
		a := vktest.Memory(t, d)
		b, err := a.NewBuffer(mem.BufferDesc{Size: 4, Usage: vk.BufferUsageStorageBufferBit, Name: "out"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(b.Close)
		fill(t, d, b)
		return log.String()
	}
	t.Run("new", func(t *testing.T) {
		if s := run(t); strings.Contains(s, "not used") {
			t.Error(s)
		}
	})
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("again", func(t *testing.T) {
		if s := run(t); strings.Contains(s, "not used") {
			t.Error(s)
		}
	})
	change := func(at int) []byte {
		b := bytes.Clone(good)
		b[at] ^= 1
		return b
	}
	for name, b := range map[string][]byte{
		"damaged": change(len(good) - 1), "another device": change(41), "not ours": change(0), "a wrong sum": change(9),
		"cut": good[:len(good)/2], "too short": good[:device.CacheHeader-1], "empty": {},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(file, b, 0o600); err != nil {
				t.Fatal(err)
			}
			t.Run("open", func(t *testing.T) {
				if s := run(t); !strings.Contains(s, "not used") {
					t.Errorf("it was used: %s", s)
				}
			})
			if now, err := os.ReadFile(file); err != nil || bytes.Equal(now, b) || len(now) < device.CacheHeader {
				t.Errorf("it was not replaced: %d bytes, %v", len(now), err)
			}
		})
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "deep", ".pipelines-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// Samplers that are the same are one; sets that are freed are used again.
func TestSharing(t *testing.T) {
	d := vktest.Open(t)
	a, err := d.Sampler(device.SamplerDesc{Mag: vk.FilterLinear, Anisotropy: 1})
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := d.Sampler(device.SamplerDesc{Mag: vk.FilterLinear, Anisotropy: 16}); b != a {
		t.Error("a CPU has no anisotropy, yet made another sampler for it")
	}
	if b, _ := d.Sampler(device.SamplerDesc{}); b == a {
		t.Error("another sampler is the same")
	}
	l, err := d.SetLayout([]device.Binding{{Type: vk.DescriptorTypeUniformBuffer, Stages: vk.ShaderStageFragmentBit}})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[vk.DescriptorSet]bool{}
	for _, n := range []int{1, 3, 100, 1000, 0} {
		sets, err := l.NewSets(n)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range sets {
			if seen[s] {
				t.Fatal("a set was handed out twice")
			}
			seen[s] = true
		}
	}
	for s := range seen {
		l.FreeSets(s)
	}
	if err := d.WaitIdle(); err != nil {
		t.Fatal(err)
	}
	again, err := l.NewSets(len(seen))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range again {
		if !seen[s] {
			t.Fatal("a set was made while there were free ones")
		}
	}
	l.Close()
	l.Close()
}
