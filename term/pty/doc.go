// Package pty runs a native program in a pseudo-terminal of its own: a shell, and what
// the shell starts.
//
// A Process is the leader of a new session whose controlling terminal is the slave
// side; the master side is read and written here. The kernel keeps the flow: nobody
// reads, so its buffer (some ten KiB) fills and the program waits in its write. Nothing
// is gathered on this side but what was typed and is not read yet, and that is bounded.
//
//	Write ─▶ queue ─▶ a goroutine ─▶ master ═ kernel ═ slave ─▶ the program
//	Read  ◀──── limit (bytes a second) ◀── master ═ kernel ═ slave ◀── the program
//
// The key idea is that the first process is not reaped while others of its session
// live: as long as it is a zombie the kernel gives its number, which is the session's,
// to nobody else, so that Close finds every process of the session by that number and
// never hits a stranger. Without others it is reaped at once.
//
// A process has two goroutines, one that waits for its end and one that writes, and
// both end with Close. It holds two file descriptors: the master and, on Linux, a
// pidfd, on which the runtime waits as on a socket, so that hundreds of children cost
// no thread.
//
// # The terminal's name
//
// Programs in it see TERM=hearth, and the entry of that name (hearth.ti) is written to
// the user's cache folder and found through TERMINFO_DIRS. Where that variable is lost
// the name is unknown: on another machine (ssh), in a container, under sudo, which
// cleans the environment. There, either start the program with TERM=xterm-256color,
// whose sequences the terminal understands, or bring the entry:
//
//	infocmp -x hearth | ssh HOST tic -x -
//
// Where the entry cannot be written at all, TERM is xterm-256color from the start.
package pty
