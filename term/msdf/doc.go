// Package msdf makes multi-channel signed distance fields of outlines: pictures of
// glyphs that a shader draws sharply at every size and angle.
//
// The method is that of Viktor Chlumský's thesis "Shape Decomposition for
// Multi-channel Distance Fields" (Prague, 2015) and of his msdfgen (MIT licence):
// edges between corners take turns in two of three colours, every channel holds the
// distance to the nearest edge of its colour, extended beyond the edge's ends, and
// the median of the three is the outline, corners included. The code is Hearth's.
//
// A texel is four bytes, the top row first:
//
//	+--------+--------+--------+--------+
//	| R      | G      | B      | A      |
//	+--------+--------+--------+--------+
//	 255·(1/2 + d/Range), d the distance  255 times the exact
//	 to the edges of red, green, blue:    area of the texel
//	 texels, positive inside, clamped     that is covered
//
// A shader interpolates the channels and covers a pixel by
// clamp((median(R, G, B) - 1/2) · range + 1/2), where range is Range in pixels of the
// screen; it fades to A, from mip levels, where that is little more than a pixel.
//
// A picture is made in these steps, each in a file of its own:
//
//   - outline: curves are cut where X or Y turns, and where they meet; pieces with the
//     same winding on both sides are dropped, the others turned to have the filled side
//     on their left. Contours drawn backwards, over each other or across themselves are
//     then simple ones, and signs are right by construction.
//   - colouring: corners part the colours.
//   - field: blocks of texels, halved again and again, leave behind the edges that are
//     nearest to none of their texels, so that a texel is measured against a few.
//   - mend: where interpolated channels would show what the outline does not have, the
//     texel at fault gets the true distance in all three.
//   - coverage: areas come from the same united edges. Windings of the edges as they
//     were drawn have the last word on both.
//
// An outline that was made to cost too much runs out of a budget and is drawn from
// windings at points alone, without corners; a glyph of sixty curves needs less than a
// hundredth of any.
package msdf
