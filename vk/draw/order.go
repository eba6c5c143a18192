package draw

import (
	"cmp"

	"hearth/vk/raw"
)

// compareKeys orders batches: by pipeline first, then buffers, then material, so
// that what a shadow needs of them (pipeline and buffers) changes least often.
func compareKeys(a, b *batchKey) int {
	return cmp.Or(
		cmp.Compare(a.kind.order(), b.kind.order()),
		cmp.Compare(raw.Bits(a.vertices), raw.Bits(b.vertices)),
		cmp.Compare(raw.Bits(a.indices), raw.Bits(b.indices)),
		cmp.Compare(raw.Bits(a.set), raw.Bits(b.set)),
		cmp.Compare(a.material, b.material),
		cmp.Compare(a.vertexOffset, b.vertexOffset),
		cmp.Compare(a.firstIndex, b.firstIndex),
		cmp.Compare(a.indexCount, b.indexCount),
	)
}

// order packs a kind: opaque before masked, which makes the device look into
// textures before it knows the depth.
func (k Kind) order() int {
	n := int(k.Alpha)<<4 | int(k.Topology)<<2
	if k.DoubleSided {
		n |= 2
	}
	if k.Mirrored {
		n |= 1
	}
	return n
}

// sameGroup says whether two batches can be drawn by one call: materials of the
// table need no set of their own.
func sameGroup(a, b *batchKey) bool {
	return sameBuffers(a, b) && a.set == b.set
}

func sameBuffers(a, b *batchKey) bool {
	return a.kind == b.kind && a.vertices == b.vertices && a.indices == b.indices
}
