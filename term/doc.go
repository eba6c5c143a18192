// Package term is the room of the terminal: an emulator, its PTY and its glyphs.
// It imports store/asset and nothing of the runtime; only its service
// (term/service) joins the two. Nothing lives here so far: the spine comes first.
package term
