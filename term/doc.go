// Package term is a terminal emulator: what a program writes goes in as bytes, and what
// a person sees, the rows of a screen with its history, comes out.
//
// It behaves as xterm does, with the extensions that terminals share today. A Terminal
// has one owner, no goroutine and no clock. Its state depends on the bytes alone and
// never on how they were cut into pieces.
//
// The key idea is that rows are cheap. A cell is 16 bytes without a pointer:
//
//	+---------------+---------------+---------------+---------+---------+
//	| content u32   | foreground u32| background u32| attr u16|extra u16|
//	+---------------+---------------+---------------+---------+---------+
//
//	content   0 nothing was written; a code point; or, with bit 31, a cluster's index
//	colours   high byte 0 the default, 1 a palette index in the low byte, 2 RGB
//	attr      bold, faint, ..., the underline's style, the halves of a wide character
//	extra     index of a link and an underline colour, 0 for none
//
// What does not fit (clusters of several code points, links, underline colours) lies in
// tables where each is kept once, bounded, and collected when the table is full.
//
// History and screen are one ring of rows: to scroll is to move the ring's end. A row
// knows how many of its cells are occupied and in which colour the rest was erased, so
// blank rows cost nothing to make and lines cost what they hold.
//
// Each row keeps the revision at which it last changed, each View the revision at which
// it was filled, and so a View takes over only what changed, for any number of Views.
//
// Sources: xterm's "Control Sequences", DEC's VT420 and VT510 manuals, ECMA-48, and the
// documents of kitty, iTerm2 and contour for what they added.
package term
