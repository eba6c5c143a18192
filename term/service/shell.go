package service

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"hearth/term"
	"hearth/term/pty"
)

// launch starts a shell. The caller holds mu.
func (s *session) launch() error {
	p := s.p
	if n := p.shells.Add(1); n > int64(p.limits.Shells) {
		p.shells.Add(-1)
		return &LimitError{"this program", "shells", int64(p.limits.Shells)}
	}
	c := s.command
	if c.Path == "" && p.shell != nil {
		c = p.shell()
	}
	columns, rows := s.t.Size()
	proc, err := pty.Start(pty.Options{
		Path: c.Path, Args: c.Args, Dir: directory(c.Dir), Env: environment(p.env),
		Columns: columns, Rows: rows, Width: columns * CellWidth, Height: rows * CellHeight,
	})
	if err != nil {
		p.shells.Add(-1)
		return err
	}
	out := make(chan struct{})
	if !p.start(func() { s.read(proc, out) }) {
		proc.Close()
		p.shells.Add(-1)
		return errClosed
	}
	s.proc, s.phase = proc, running
	s.wg.Go(func() { s.await(proc, out) })
	return nil
}

// drainFor is how long output is awaited when the shell has ended: what it left in the
// background may hold the terminal open for ever.
const drainFor = 300 * time.Millisecond

// read feeds what the programs write.
func (s *session) read(proc *pty.Process, out chan struct{}) {
	defer close(out)
	buf := make([]byte, readBytes)
	var among standing
	for {
		n, err := proc.Read(buf)
		if n > 0 {
			s.pour(buf[:n], proc)
			if rest := s.p.crowd.rest(&among, n, s.p.now()); rest > 0 {
				select {
				case <-proc.Ended(): // what it left is read at once
				case <-s.p.ctx.Done():
				case <-time.After(rest):
				}
			}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				s.p.log.Warn("a terminal was not read to its end", "error", err)
			}
			return
		}
	}
}

// await sees to the end of a shell.
func (s *session) await(proc *pty.Process, out chan struct{}) {
	<-proc.Ended()
	late := time.NewTimer(drainFor)
	defer late.Stop()
	select {
	case <-out:
	case <-late.C:
	}
	err := proc.Close()
	<-out
	exit := proc.Wait()
	s.p.shells.Add(-1)
	if err != nil {
		s.p.log.Warn("the programs of a terminal did not all end", "error", err)
	}
	s.mu.Lock()
	if s.proc == proc {
		s.proc, s.phase = nil, ended
		s.program.exit = exit.String()
		key := "closes it"
		if s.again {
			key = "starts another shell"
		}
		s.bar.status = cleanTitle(exit.String() + " Enter " + key + ".")
		s.tell(event{"Exit": exited{exit.String(), exit.Code}})
	}
	s.mu.Unlock()
	s.touch()
}

// typed hands bytes to whatever reads them. The caller holds mu.
func (s *session) typed(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	switch {
	case s.proc != nil:
		_, err := s.proc.Write(data)
		return err
	case s.phase == fed:
		for _, w := range s.watchers {
			if w.a.rights.has(own) {
				w.event(event{"Input": slices.Clone(data)})
			}
		}
		return nil
	case s.phase == past:
		if err := s.revive(); err != nil {
			return err
		}
		if string(data) == "\r" {
			return nil // the key was for the new shell to begin
		}
		_, err := s.proc.Write(data)
		return err
	}
	return errNoShell
}

// revive starts a new shell beneath the screen that was. The caller holds mu.
func (s *session) revive() error {
	t, phase := s.t, s.phase
	columns, rows := t.Size()
	if err := s.launch(); err != nil {
		s.bar.say(err.Error())
		return err
	}
	t.Feed([]byte(calm))
	text := fmt.Sprintf("\x1b[%d;1H\r\n", lastRow(t))
	if phase == past {
		text += "\x1b[2m" + pastLine + "\x1b[0m\r\n"
	}
	t.Feed([]byte(text))
	t.Replies()
	t.Events()
	s.program, s.changed = program{}, true
	s.bar = bar{}
	for _, w := range s.watchers {
		w.behind()
	}
	s.tell(event{"Resized": size{columns, rows}})
	s.touch()
	return nil
}

// calm undoes the modes in which a program left a screen, also in the middle of a
// sequence or as a VT52: the main screen, no mouse, no pastes in brackets, no reports of
// its own accord, plain keys, margins and colours.
const calm = "\x18\x1b<\x1b[?1049;1047;47l\x1b[!p\x1b[?5;9;66;67;69;1000;1002;1003;1004;1005;1006;1015;1016;1034;2004;2026;2031;2048l" +
	"\x1b[?7;25;1007;1036h\x1b[2;4;20l\x1b[=0u\x1b[<99u\x1b[>4;0m\x1b[>4;0f\x1b(B\x0f\x1b[0m"

// lastRow is the last row of the screen with text, from 1.
func lastRow(t *term.Terminal) int {
	_, rows := t.Size()
	_, end := t.Lines()
	for n := rows; n > 1; n-- {
		if l, _ := t.Line(end - int64(rows-n) - 1); slices.ContainsFunc(l.Cells, func(c term.Cell) bool { return c.Rune() != ' ' }) {
			return n
		}
	}
	return 1
}

// directory is where a program begins: the person's home where nothing is said, and
// the root of all folders where that is gone, as at a login.
func directory(dir string) string {
	if dir != "" {
		return dir
	}
	if home, err := os.UserHomeDir(); err == nil {
		if i, err := os.Stat(home); err == nil && i.IsDir() {
			return home
		}
	}
	return "/"
}

// environment is that of this program, fit for a terminal, with more.
func environment(more []string) []string { return pty.Environment(os.Environ(), more...) }
