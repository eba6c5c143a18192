package pass

import (
	"fmt"
	"math/bits"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/mem"
	"hearth/vk/raw"
)

// Environment is what surfaces take from a sky: Irradiance, a buffer of
// IrradianceBytes, and Cube, whose level l is filtered for roughness l/(Levels-1).
type Environment struct {
	Irradiance vk.Buffer
	Cube       vk.ImageView // a cube, layout ShaderReadOnlyOptimal
	Levels     int
	Size       int // side of level 0 in texels

	buffer               *mem.Buffer
	base, cube           *mem.Image // the sky reduced, with all its levels; the result
	baseLevels           int
	baseViews            []vk.ImageView // each level as 6 layers, which is how compute shaders write cubes
	baseFaces, cubeFaces []vk.ImageView // level after level
}

// NewEnvironment makes room for a filtered sky: a cube with sides of size texels, a
// power of two from MinEnvironmentSize to MaxEnvironmentSize; 128 is sharp enough for most
// mirrors.
func (p *IBL) NewEnvironment(size int) (*Environment, error) {
	if size < MinEnvironmentSize || size > MaxEnvironmentSize || size&(size-1) != 0 {
		return nil, fmt.Errorf("%w: an environment of %d texels, it must be a power of two from %d to %d", ErrInput, size, MinEnvironmentSize, MaxEnvironmentSize)
	}
	e := &Environment{Size: size, baseLevels: bits.Len(uint(size))}
	e.Levels = min(environmentLevels, bits.Len(uint(size/roughestSize)))
	err := e.make(p.alloc)
	if err != nil {
		e.Close()
		return nil, err
	}
	e.Irradiance, e.Cube = e.buffer.Handle, e.cube.View
	return e, nil
}

func (e *Environment) make(a *mem.Allocator) (err error) {
	if e.buffer, err = a.NewBuffer(mem.BufferDesc{Size: IrradianceBytes, Memory: mem.DeviceLocal, Name: "irradiance",
		Usage: vk.BufferUsageStorageBufferBit | vk.BufferUsageUniformBufferBit | vk.BufferUsageTransferSrcBit}); err != nil {
		return err
	}
	d := mem.ImageDesc{Width: uint32(e.Size), Height: uint32(e.Size), Levels: uint32(e.baseLevels), Layers: faces, Cube: true, Format: hdrFormat,
		Usage: vk.ImageUsageSampledBit | vk.ImageUsageColorAttachmentBit | vk.ImageUsageStorageBit, Name: "environment base"}
	if e.base, err = a.NewImage(d); err != nil {
		return err
	}
	d.Levels, d.Name = uint32(e.Levels), "environment"
	d.Usage = vk.ImageUsageSampledBit | vk.ImageUsageColorAttachmentBit | vk.ImageUsageTransferSrcBit
	if e.cube, err = a.NewImage(d); err != nil {
		return err
	}
	for l := range e.base.Levels {
		v, err := e.base.ViewOf(mem.ViewDesc{Type: vk.ImageViewType2dArray, Level: l, Levels: 1})
		if err != nil {
			return err
		}
		e.baseViews = append(e.baseViews, v)
	}
	if e.baseFaces, err = faceViews(e.base, 1); err == nil {
		e.cubeFaces, err = faceViews(e.cube, e.cube.Levels)
	}
	return err
}

// faceViews are views of each face of the first levels.
func faceViews(im *mem.Image, levels uint32) ([]vk.ImageView, error) {
	var out []vk.ImageView
	for l := range levels {
		for face := range uint32(faces) {
			v, err := im.LayerView(l, face)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
	}
	return out, nil
}

// written makes what was written to the base visible to what comes next.
func (e *Environment) written(s *raw.Stream, stage raw.Stage, access raw.Access) {
	s.Barriers([]raw.ImageBarrier{{Image: e.base.Handle, Old: vk.ImageLayoutGeneral, New: vk.ImageLayoutGeneral, SrcStage: stage, SrcAccess: access,
		DstStage: raw.StageCompute | raw.StageFragment, DstAccess: raw.AccessShaderRead | raw.AccessShaderWrite}}, nil, nil)
}

// Close destroys the environment behind the frames in flight.
func (e *Environment) Close() {
	e.base.Close()
	e.cube.Close()
	e.buffer.Close()
}
