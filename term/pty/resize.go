package pty

import (
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// ResizePause is the shortest time between two sizes that programs are told: a window
// that is dragged changes with every frame, and a full-screen program draws itself anew
// for every change.
const ResizePause = 25 * time.Millisecond

func newWinsize(columns, rows, width, height int) *unix.Winsize {
	return &unix.Winsize{
		Col: uint16(min(max(columns, 1), MaxSize)), Row: uint16(min(max(rows, 1), MaxSize)),
		Xpixel: uint16(min(max(width, 0), MaxSize)), Ypixel: uint16(min(max(height, 0), MaxSize)),
	}
}

// A sizer tells the kernel sizes, not too often.
type sizer struct {
	master *os.File

	mu     sync.Mutex   // guards what follows
	want   unix.Winsize // the last that was asked for
	told   unix.Winsize
	at     time.Time   // when it was told
	timer  *time.Timer // runs while want waits
	closed bool
}

func (s *sizer) init(master *os.File, now *unix.Winsize) {
	s.master, s.want, s.told = master, *now, *now
}

func (s *sizer) set(w *unix.Winsize) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.want = *w
	if s.closed || s.timer != nil {
		return
	}
	if wait := ResizePause - time.Since(s.at); wait > 0 {
		s.timer = time.AfterFunc(wait, s.late)
		return
	}
	s.tell()
}

// late tells what waited.
func (s *sizer) late() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer = nil
	if !s.closed {
		s.tell()
	}
}

// tell needs mu. The kernel signals only a size that differs.
func (s *sizer) tell() {
	if s.want == s.told {
		return
	}
	s.told, s.at = s.want, time.Now()
	if c, err := s.master.SyscallConn(); err == nil {
		// Fails only on a terminal that was hung up, whose size is nobody's matter.
		_ = c.Control(func(fd uintptr) { _ = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &s.told) })
	}
}

// close forgets what waits: the terminal ends.
func (s *sizer) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
}
