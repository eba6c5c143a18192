// Package input turns what a person does (keys, mouse, pastes, focus) into the bytes
// that a program in a terminal reads, by the modes that the program has set.
//
// It is functions that append to a slice and hold no state, so that the same event
// under the same modes is always the same bytes; only Tracker remembers anything, the
// cell in which the mouse was last reported.
//
// A key is sent in one of three ways, the first that applies:
//
//	kitty      CSI code[:shifted[:base]] [; 1+mods[:event] [; text[:text...]]] u   (or ~, or a letter)
//	other keys CSI 27 ; 1+mods ; code ~    or    CSI code ; 1+mods u               (modifyOtherKeys)
//	legacy     text | C0 | ESC text | SS3 letter | CSI [1 ; 1+mods] letter | CSI number [; 1+mods] ~
//
// and a mouse event as
//
//	default    CSI M  button+32  column+33  row+33            one byte each, up to 223 cells
//	UTF-8      the same, each number a rune, up to 2015 cells
//	URXVT      CSI button+32 ; column+1 ; row+1 M
//	SGR        CSI < button ; column+1 ; row+1 M              (m where a button goes up)
//	pixels     as SGR, in pixels
//
// Sources: xterm's "Control Sequences" and "modifyOtherKeys" documents, and the
// specification "Comprehensive keyboard handling in terminals" of the terminal kitty.
package input
