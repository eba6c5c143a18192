// Package model owns what a thing looks like before a GPU has seen it: meshes,
// pictures, materials, nodes, skins and animations as plain Go slices, and the
// decoders that make them out of files that others wrote.
//
// The key idea: whatever the file was, what comes out is the same and is whole.
// Every index is in range, every array of a mesh is as long as its positions,
// normals and tangents are there, parents come before children, no number is
// infinite or NaN. So the renderer checks nothing again, and a file that cannot be
// made so is refused with a *FormatError that names the fault.
//
// What is read:
//
//	models    glTF 2.0 (.gltf, .glb), Wavefront OBJ with MTL
//	pictures  PNG (8 and 16 bit), JPEG, WebP, Radiance HDR
//	lumps     mesh, texture, cube texture and material of hearth-rs (JSON, base64),
//	          and the material of Hearth (JSON or CBOR, textures by CID)
//
// Faults that do not change what is seen are repaired: directions without a length
// are made of the triangles, weights are brought to a sum of 1, a strip that ends
// early loses the rest, a third set of texture coordinates is not there. Faults
// that do are refused. What nothing uses is not looked at.
//
// A lump that is a model stands alone: the URIs in it are data: or ipfs://CID.
// Pack makes such a lump out of a file and its neighbours.
//
// Axes are those of glTF: right-handed, Y up, metres, radians, seconds. Colours in
// factors and vertices are linear; whether a picture is sRGB is said by its use
// (base colour and emissive are, the rest is not; RGBA16F is linear always).
package model
