package draw

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/go-gl/mathgl/mgl32"
	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/graph"
	"hearth/vk/mem"
	"hearth/vk/pass"
	"hearth/vk/raw"
)

// The formats that are drawn to.
const (
	ColorFormat  = vk.FormatR16g16b16a16Sfloat
	DepthFormat  = vk.FormatD32Sfloat
	ShadowFormat = vk.FormatD32Sfloat
)

const (
	views         = 1 + MaxCascades // the camera's and one for each cascade
	visibleBegin  = 1 << 10         // items a list has room for at first
	commandsBegin = 64
)

// Options say how a Drawer draws.
type Options struct {
	Samples    int               // of the picture: 1, 2, 4 or 8
	ShadowSize int               // texels a side of a cascade
	ShadowSoft int               // 0 to 2: how soft edges of shadows are
	Materials  *device.SetLayout // set 1
	Limits     Limits
}

// Environment is what set 0 holds besides what a Drawer owns.
type Environment struct {
	Cube       vk.ImageView // prefiltered light
	Irradiance vk.Buffer
}

// Resources are the buffers and images of a Drawer, for the passes that use them.
type Resources struct {
	Objects, Locals, Items, Batches, Visible, Commands, Template, Views, Frame *graph.Buffer
	Lights, Clusters                                                           *graph.Buffer
	Shadow                                                                     *graph.Image
}

// Drawer draws a World on a device. It belongs to the goroutine that owns it.
type Drawer struct {
	World *World
	Resources

	d    *device.Device
	a    *mem.Allocator
	o    Options
	mine [bufferCount]*mem.Buffer

	frameLayout, cullLayout, skyLayout *device.SetLayout
	meshPipes, cullPipe, skyPipes      vk.PipelineLayout
	set, cullSet                       vk.DescriptorSet
	skySet                             vk.DescriptorSet
	skyView                            vk.ImageView
	equirect                           bool
	stale                              bool // the sets name buffers that are gone
	environment                        Environment
	nothing                            *mem.Image // a black cube, where there is no sky
	nothingLight                       *mem.Buffer

	shadow      *mem.Image
	shadowViews [MaxCascades]vk.ImageView
	pipes       map[pipeKey]vk.Pipeline
	modules     map[string]vk.ShaderModule
	cull        vk.Pipeline
	sky         [2]vk.Pipeline // cube, equirectangular

	counter  counter
	stride   int // items a view has in visible
	commands int // commands a view has
	template []gpuCommand

	materials    func() vk.DescriptorSet // bindless: set 1
	copies       []copyRange             // of this frame, from its ring
	sorted       []sorted
	runs         []run
	list         []uint32
	material     vk.DescriptorSet // bindless: of this frame
	cascades     int
	cascadeClips [MaxCascades]mgl32.Mat4
	viewData     [views]gpuView
	frame        Frame
	views        int
}

// The buffers of a Drawer.
const (
	bufObjects = iota
	bufLocals
	bufItems
	bufBatches
	bufVisible
	bufCommands
	bufTemplate
	bufViews
	bufFrame
	bufLights
	bufClusters
	bufferCount
)

const (
	storage = vk.BufferUsageStorageBufferBit
	written = vk.BufferUsageTransferDstBit
)

// bufferDescs are the buffers with their first sizes: some grow (ensure).
var bufferDescs = [bufferCount]struct {
	name  string
	size  uint64
	usage vk.BufferUsageFlagBits
}{
	bufObjects:  {"objects", 256 * 80, storage | written},
	bufLocals:   {"places of parts", 256 * 48, storage | written},
	bufItems:    {"items", 1024 * 16, storage | written},
	bufBatches:  {"batches", 256 * 32, storage | written},
	bufVisible:  {"visible items", 0, storage | written},
	bufCommands: {"draw commands", 20 * views * commandsBegin, storage | written | vk.BufferUsageIndirectBufferBit | vk.BufferUsageTransferSrcBit},
	bufTemplate: {"empty draw commands", 20 * views * commandsBegin, vk.BufferUsageTransferSrcBit | written},
	bufViews:    {"views", uint64(unsafe.Sizeof([views]gpuView{})), storage | written},
	bufFrame:    {"frame", uint64(unsafe.Sizeof(Frame{})), vk.BufferUsageUniformBufferBit | written},
	bufLights:   {"lights", pass.MaxLights * pass.LightSize, storage | written},
	bufClusters: {"light clusters", pass.ClusterBytes, storage},
}

type copyRange struct {
	src   vk.Buffer
	from  uint64
	dst   int // one of the buffers
	at, n uint64
}

// New makes a drawer with an empty world. materials gives set 1 where the profile
// is bindless; nil where it is bound.
func New(d *device.Device, a *mem.Allocator, o Options, materials func() vk.DescriptorSet) (*Drawer, error) {
	r := &Drawer{World: NewWorld(o.Limits), d: d, a: a, o: o, materials: materials, stale: true,
		pipes: map[pipeKey]vk.Pipeline{}, modules: map[string]vk.ShaderModule{}}
	if err := r.make(); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Drawer) bindless() bool { return r.materials != nil }

func (r *Drawer) make() (err error) {
	const vf, f, c = vk.ShaderStageVertexBit | vk.ShaderStageFragmentBit, vk.ShaderStageFragmentBit, vk.ShaderStageComputeBit
	ub, sb, is := vk.DescriptorTypeUniformBuffer, vk.DescriptorTypeStorageBuffer, vk.DescriptorTypeCombinedImageSampler
	if r.frameLayout, err = r.d.SetLayout([]device.Binding{
		{Binding: 0, Type: ub, Stages: vf}, {Binding: 1, Type: sb, Stages: vf | c}, {Binding: 2, Type: sb, Stages: vf | c},
		{Binding: 3, Type: sb, Stages: vf | c}, {Binding: 4, Type: sb, Stages: vf | c}, {Binding: 5, Type: sb, Stages: vf | c},
		{Binding: 6, Type: sb, Stages: f}, {Binding: 7, Type: sb, Stages: f}, {Binding: 8, Type: is, Stages: f},
		{Binding: 9, Type: is, Stages: f}, {Binding: 10, Type: sb, Stages: f},
	}); err != nil {
		return err
	}
	if r.cullLayout, err = r.d.SetLayout([]device.Binding{{Binding: 0, Type: sb, Stages: c}, {Binding: 1, Type: sb, Stages: c}}); err != nil {
		return err
	}
	if r.skyLayout, err = r.d.SetLayout([]device.Binding{{Binding: 0, Type: is, Stages: f}}); err != nil {
		return err
	}
	if r.meshPipes, err = r.d.PipelineLayout(64, r.frameLayout, r.o.Materials); err != nil {
		return err
	}
	if r.cullPipe, err = r.d.PipelineLayout(16, r.frameLayout, r.cullLayout); err != nil {
		return err
	}
	if r.skyPipes, err = r.d.PipelineLayout(0, r.frameLayout, r.skyLayout); err != nil {
		return err
	}
	if r.cull, err = r.compute("cull_items.comp", r.cullPipe); err != nil {
		return err
	}
	size := uint32(r.o.ShadowSize)
	if r.shadow, err = r.a.NewImage(mem.ImageDesc{Name: "shadow map", Width: size, Height: size, Layers: MaxCascades, Array: true,
		Format: ShadowFormat, Aspect: vk.ImageAspectDepthBit, Usage: vk.ImageUsageDepthStencilAttachmentBit | vk.ImageUsageSampledBit}); err != nil {
		return err
	}
	for i := range r.shadowViews {
		if r.shadowViews[i], err = r.shadow.LayerView(0, uint32(i)); err != nil {
			return err
		}
	}
	if r.nothing, err = r.a.NewImage(mem.ImageDesc{Name: "no sky", Width: 1, Height: 1, Layers: 6, Cube: true, Format: ColorFormat,
		Usage: vk.ImageUsageSampledBit | vk.ImageUsageTransferDstBit}); err != nil {
		return err
	}
	if r.nothingLight, err = r.a.NewBuffer(mem.BufferDesc{Name: "no light", Size: pass.IrradianceBytes, Usage: storage | vk.BufferUsageTransferDstBit}); err != nil {
		return err
	}
	for i, b := range bufferDescs {
		size := b.size
		if i == bufVisible {
			r.stride = visibleBegin
			size = uint64(4 * (r.World.limits.Blended + views*r.stride))
		}
		if r.mine[i], err = r.a.NewBuffer(mem.BufferDesc{Name: b.name, Size: size, Usage: b.usage, Memory: mem.DeviceLocal}); err != nil {
			return err
		}
		*r.resource(i) = graph.NewBuffer(r.mine[i].Handle)
	}
	r.commands = commandsBegin
	r.Shadow = graph.NewImage(r.shadow.Handle, r.shadow.View, vk.ImageAspectDepthBit)
	return r.d.Do(func(s *raw.Stream) {
		s.Barriers([]raw.ImageBarrier{{Image: r.nothing.Handle, New: vk.ImageLayoutTransferDstOptimal, DstStage: raw.StageTransfer, DstAccess: raw.AccessTransferWrite}}, nil, nil)
		s.ClearColorImage(r.nothing.Handle, vk.ImageLayoutTransferDstOptimal, [4]float32{})
		s.FillBuffer(r.nothingLight.Handle, 0, pass.IrradianceBytes, 0)
		s.Barriers([]raw.ImageBarrier{{Image: r.nothing.Handle, Old: vk.ImageLayoutTransferDstOptimal, New: vk.ImageLayoutShaderReadOnlyOptimal,
			SrcStage: raw.StageTransfer, SrcAccess: raw.AccessTransferWrite, DstStage: raw.StageFragment, DstAccess: raw.AccessShaderRead}}, nil, nil)
	})
}

func (r *Drawer) resource(i int) **graph.Buffer {
	return [bufferCount]**graph.Buffer{&r.Objects, &r.Locals, &r.Items, &r.Batches, &r.Visible, &r.Commands, &r.Template,
		&r.Views, &r.Frame, &r.Lights, &r.Clusters}[i]
}

// Close gives back what the drawer made, once it is not in use any more.
func (r *Drawer) Close() {
	for _, p := range r.pipes {
		r.d.Destroy(p)
	}
	for _, m := range r.modules {
		r.d.Destroy(m)
	}
	for _, p := range []vk.Pipeline{r.cull, r.sky[0], r.sky[1]} {
		r.d.Destroy(p)
	}
	for _, l := range []vk.PipelineLayout{r.meshPipes, r.cullPipe, r.skyPipes} {
		r.d.Destroy(l)
	}
	for _, l := range []*device.SetLayout{r.frameLayout, r.cullLayout, r.skyLayout} {
		if l != nil {
			l.Close()
		}
	}
	for _, b := range r.mine {
		b.Close()
	}
	r.counter.close()
	r.nothingLight.Close()
	r.nothing.Close()
	r.shadow.Close()
}

// SetEnvironment says what the surfaces reflect; the zero value is nothing.
func (r *Drawer) SetEnvironment(e Environment) {
	if e != r.environment {
		r.environment, r.stale = e, true
	}
}

// SetSky says what is behind everything: the view of a cube or of an equirectangular
// picture, in ShaderReadOnlyOptimal; the zero view is nothing.
func (r *Drawer) SetSky(v vk.ImageView, equirect bool) error {
	if v == r.skyView && equirect == r.equirect {
		return nil
	}
	if r.skySet != vk.NullDescriptorSet {
		r.skyLayout.FreeSets(r.skySet)
	}
	r.skySet, r.skyView, r.equirect = vk.NullDescriptorSet, vk.NullImageView, equirect
	if v == vk.NullImageView {
		return nil
	}
	sampler, err := r.d.Sampler(device.SamplerDesc{Mag: vk.FilterLinear, Min: vk.FilterLinear,
		U: vk.SamplerAddressModeRepeat, V: vk.SamplerAddressModeClampToEdge})
	if err != nil {
		return err
	}
	sets, err := r.skyLayout.NewSets(1)
	if err != nil {
		return err
	}
	r.skySet, r.skyView = sets[0], v
	r.d.WriteSet(r.skySet, []device.Write{{Binding: 0, Type: vk.DescriptorTypeCombinedImageSampler, View: v, Sampler: sampler,
		Layout: vk.ImageLayoutShaderReadOnlyOptimal}})
	return nil
}

// Sky reports whether there is one.
func (r *Drawer) Sky() bool { return r.skyView != vk.NullImageView }

// ensure makes a buffer large enough. What it held is lost.
func (r *Drawer) ensure(i int, size uint64) (bool, error) {
	if r.mine[i].Size >= size {
		return false, nil
	}
	old := r.mine[i]
	desc := bufferDescs[i]
	most := uint64(r.d.Limits.MaxStorageRange) // 128 MiB everywhere: more than a scene's objects take
	if size > most {
		return false, fmt.Errorf("%w: the device reads %d bytes of %s", ErrFull, most, desc.name)
	}
	b, err := r.a.NewBuffer(mem.BufferDesc{Name: desc.name, Size: min(max(size, 2*old.Size), most), Usage: desc.usage, Memory: mem.DeviceLocal})
	if errors.Is(err, mem.ErrMemory) { // doubling is a convenience
		b, err = r.a.NewBuffer(mem.BufferDesc{Name: desc.name, Size: size, Usage: desc.usage, Memory: mem.DeviceLocal})
	}
	if err != nil {
		return false, fmt.Errorf("%s for the objects of the scene: %w", desc.name, err)
	}
	old.Close()
	r.mine[i] = b
	(*r.resource(i)).Replace(b.Handle, graph.Use{})
	r.stale = true
	return true, nil
}

// bind writes the sets anew where buffers or images have changed. Frames in flight
// keep the old ones.
func (r *Drawer) bind() error {
	if !r.stale {
		return nil
	}
	linear, err := r.d.Sampler(device.SamplerDesc{Mag: vk.FilterLinear, Min: vk.FilterLinear, Mipmap: vk.SamplerMipmapModeLinear, MaxLod: device.LodAll,
		U: vk.SamplerAddressModeClampToEdge, V: vk.SamplerAddressModeClampToEdge})
	if err != nil {
		return err
	}
	compare, err := r.d.Sampler(device.SamplerDesc{Mag: vk.FilterLinear, Min: vk.FilterLinear, Compare: true, CompareOp: vk.CompareOpLessOrEqual,
		U: vk.SamplerAddressModeClampToEdge, V: vk.SamplerAddressModeClampToEdge})
	if err != nil {
		return err
	}
	sets, err := r.frameLayout.NewSets(1)
	if err != nil {
		return err
	}
	culls, err := r.cullLayout.NewSets(1)
	if err != nil {
		r.frameLayout.FreeSets(sets...)
		return err
	}
	if r.set != vk.NullDescriptorSet {
		r.frameLayout.FreeSets(r.set)
		r.cullLayout.FreeSets(r.cullSet)
	}
	r.set, r.cullSet, r.stale = sets[0], culls[0], false
	cube, light := r.environment.Cube, r.environment.Irradiance
	if cube == vk.NullImageView {
		cube, light = r.nothing.View, r.nothingLight.Handle
	}
	ub, sb, is := vk.DescriptorTypeUniformBuffer, vk.DescriptorTypeStorageBuffer, vk.DescriptorTypeCombinedImageSampler
	read := vk.ImageLayoutShaderReadOnlyOptimal
	r.d.WriteSet(r.set, []device.Write{
		{Binding: 0, Type: ub, Buffer: r.Frame.Handle}, {Binding: 1, Type: sb, Buffer: r.Objects.Handle},
		{Binding: 2, Type: sb, Buffer: r.Locals.Handle}, {Binding: 3, Type: sb, Buffer: r.Items.Handle},
		{Binding: 4, Type: sb, Buffer: r.Batches.Handle}, {Binding: 5, Type: sb, Buffer: r.Visible.Handle},
		{Binding: 6, Type: sb, Buffer: r.Lights.Handle}, {Binding: 7, Type: sb, Buffer: r.Clusters.Handle},
		{Binding: 8, Type: is, View: r.shadow.View, Sampler: compare, Layout: read},
		{Binding: 9, Type: is, View: cube, Sampler: linear, Layout: read}, {Binding: 10, Type: sb, Buffer: light},
	})
	r.d.WriteSet(r.cullSet, []device.Write{{Binding: 0, Type: sb, Buffer: r.Views.Handle}, {Binding: 1, Type: sb, Buffer: r.Commands.Handle}})
	return nil
}

// bytesOf is a structure as it lies in memory: all machines that Vulkan runs on are
// little-endian, and the layouts are drawn so that Go adds no padding.
func bytesOf[T any](v *T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v))
}

func bytesOfSlice[T any](v []T) []byte {
	if len(v) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&v[0])), int(unsafe.Sizeof(v[0]))*len(v))
}
