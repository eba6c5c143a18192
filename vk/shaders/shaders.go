// Package shaders holds the programs of the renderer: GLSL sources and the
// SPIR-V made from them, which is committed and embedded, so that building
// Hearth needs no compiler for shaders.
//
// FILE.STAGE (vert, frag, comp) is compiled by build.sh to FILE.STAGE.spv; a line
// "// variant NAME FLAGS" in a source makes FILE.NAME.STAGE.spv besides. FILE.glsl
// is included by others and is no program of its own. A test compiles all of it
// again and compares the bytes: what is committed is what the sources say.
//
// The sources are named for whom they serve: frame_ what all share and what is
// drawn over the whole picture, mesh_ surfaces, shadow_ and cull_ what comes
// before them, sky_ what is behind them; the rest belongs to the pass of its name.
package shaders

import (
	"embed"
	"fmt"
)

//go:generate ./build.sh

//go:embed *.spv
var modules embed.FS

// Module returns the SPIR-V of a program, named by source and variant:
// "mesh_pbr.frag", "mesh_pbr.bindless.frag". The slice is the caller's.
func Module(name string) ([]byte, error) {
	b, err := modules.ReadFile(name + ".spv")
	if err != nil {
		return nil, fmt.Errorf("no shader is called %q; see the sources in vk/shaders: %w", name, err)
	}
	return b, nil
}
