#!/bin/sh
# Compiles every shader of this folder with glslc. FILE.STAGE becomes
# FILE.STAGE.spv; each line
#
#	// variant NAME FLAGS...
#
# of a shader makes FILE.NAME.STAGE.spv besides, compiled with FLAGS. The output
# folder is the first argument, or this folder itself, where the modules are
# committed: who builds Hearth needs no compiler for shaders. Later arguments
# name the sources; without them, all.
set -eu
cd "$(dirname "$0")"
out=${1:-.}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- *.vert *.frag *.comp
for f; do
	[ -f "$f" ] || continue # a stage without any source
	glslc -O --target-env=vulkan1.2 -o "$out/$f.spv" "$f"
	sed -n 's,^// variant ,,p' "$f" | while read -r name flags; do
		# shellcheck disable=SC2086 # flags are words
		glslc -O --target-env=vulkan1.2 $flags -o "$out/${f%.*}.$name.${f##*.}.spv" "$f"
	done
done
