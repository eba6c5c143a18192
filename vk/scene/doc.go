// Package scene owns what there is to see: objects, lights, canvases, lines, grids of
// characters with their glyphs, cameras, the sky and the look of the picture, as plain
// data.
//
// The key idea: a Scene is changed by many and read by one, who never waits. A
// Snapshot is immutable and cheap, since it shares with the scene, and with the
// snapshot before it, all that did not change in between: things lie in tables of
// chunks, and the first change of a chunk behind a snapshot copies that chunk.
//
//	Scene -----> Table -> page (64) -> Chunk (256 slots: live bits, IDs, items)
//	Snapshot --> Table ----^ shared until one of its chunks changes
//
// So who keeps a copy of a table elsewhere, as on the GPU, compares the pointers
// of chunks with those of the snapshot before, and looks only at what differs.
//
// Everything in a scene is finite and in range: what is not is refused where it
// comes in, so that no reader has to look again. Slices in items (pixels, joints,
// vertices) belong to the scene from the call on and are never written again; to
// change one, put another in its place.
//
// Text is grids of cells, which name glyphs by handles. Who makes the pictures of
// glyphs lays them onto pages as tiles, and says then which part of which page a handle
// names:
//
//	Grid.Lines[row][column] --handle--> Glyphs (slot = handle) --page, x, y--> Pages
//	                                                                             ^ tiles, a log
//
// Coordinates are metres, right-handed, Y up; angles are radians; colours are
// linear unless it is said otherwise; matrices are column-major.
package scene
