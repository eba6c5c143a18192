// Package msdf makes multi-channel signed distance fields of outlines: pictures of
// glyphs that a shader draws sharply at every size and angle.
//
// The method is that of Viktor Chlumský's thesis "Shape Decomposition for
// Multi-channel Distance Fields" (Prague, 2015) and of his msdfgen (MIT licence):
// edges between corners take turns in two of three colours, every channel holds the
// distance to the nearest edge of its colour, extended beyond the edge's ends, and
// the median of the three is the outline, corners included.
package msdf
