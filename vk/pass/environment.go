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
	baseViews, cubeViews []vk.ImageView // each level as 6 layers
	fresh                bool
}

// NewEnvironment makes room for a filtered sky: a cube with sides of size texels, a
// power of two from MinEnvironmentSize to MaxEnvironmentSize; 128 is sharp enough for most
// mirrors.
func (p *IBL) NewEnvironment(size int) (*Environment, error) {
	if size < MinEnvironmentSize || size > MaxEnvironmentSize || size&(size-1) != 0 {
		return nil, fmt.Errorf("%w: an environment of %d texels, it must be a power of two from %d to %d", ErrInput, size, MinEnvironmentSize, MaxEnvironmentSize)
	}
	e := &Environment{Size: size, baseLevels: bits.Len(uint(size)), fresh: true}
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
	d := mem.ImageDesc{Width: uint32(e.Size), Height: uint32(e.Size), Levels: uint32(e.baseLevels), Layers: 6, Cube: true, Samples: 1, Format: hdrFormat,
		Usage: vk.ImageUsageSampledBit | vk.ImageUsageStorageBit | vk.ImageUsageTransferSrcBit, Name: "environment base"}
	if e.base, err = a.NewImage(d); err != nil {
		return err
	}
	d.Levels, d.Name = uint32(e.Levels), "environment"
	if e.cube, err = a.NewImage(d); err != nil {
		return err
	}
	if e.baseViews, err = levelViews(e.base); err == nil {
		e.cubeViews, err = levelViews(e.cube)
	}
	return err
}

// levelViews are views of each level as an array of 6 layers, which is how compute
// shaders write cubes.
func levelViews(im *mem.Image) ([]vk.ImageView, error) {
	var out []vk.ImageView
	for l := range im.Levels {
		v, err := im.ViewOf(mem.ViewDesc{Type: vk.ImageViewType2dArray, Level: l, Levels: 1})
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// written makes what a dispatch wrote to an image visible to the next.
func (e *Environment) written(s *raw.Stream, im *mem.Image) {
	s.Barriers([]raw.ImageBarrier{{Image: im.Handle, Old: vk.ImageLayoutGeneral, New: vk.ImageLayoutGeneral,
		SrcStage: raw.StageCompute, SrcAccess: raw.AccessShaderWrite,
		DstStage: raw.StageCompute, DstAccess: raw.AccessShaderRead | raw.AccessShaderWrite}}, nil, nil)
}

// Close destroys the environment behind the frames in flight.
func (e *Environment) Close() {
	e.base.Close()
	e.cube.Close()
	e.buffer.Close()
}
