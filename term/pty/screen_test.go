package pty_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hearth/term"
	"hearth/term/input"
	"hearth/term/pty"
)

// patience is how long a test waits for a screen: a quick machine needs milliseconds.
const patience = 20 * time.Second

// A screen is a program in a terminal, as a person sees and drives it.
type screen struct {
	t       *testing.T
	p       *pty.Process
	mu      sync.Mutex // guards what follows
	term    *term.Terminal
	raw     []byte        // the last that the program wrote, for who looks at a failure
	changed chan struct{} // one token after output
	done    chan struct{} // closed at the end of the output
}

// open runs a program in a terminal of 80 by 24, in an empty home.
func open(t *testing.T, home, name string, args ...string) *screen {
	t.Helper()
	entry, err := pty.Terminfo(filepath.Join(home, "terminfo"))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CACHE_HOME", filepath.Join(home, "cache"))
	env := pty.Environment([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "SHELL=/bin/sh", "LC_ALL=C.UTF-8", "TMUX_TMPDIR=" + home, "TERMINFO_DIRS=" + entry})
	if !slices.Contains(env, "TERM=hearth") {
		t.Fatalf("the environment is %q", env)
	}
	p, err := pty.Start(pty.Options{Path: name, Args: args, Env: env, Dir: home, Columns: 80, Rows: 24, Width: 640, Height: 384})
	if err != nil {
		t.Fatal(err)
	}
	s := &screen{
		t: t, p: p, term: term.New(term.Options{Columns: 80, Rows: 24}),
		changed: make(chan struct{}, 1), done: make(chan struct{}),
	}
	go s.read()
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		<-s.done
	})
	return s
}

func (s *screen) read() {
	defer close(s.done)
	buf := make([]byte, 64<<10)
	for {
		n, err := s.p.Read(buf)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.term.Feed(buf[:n])
		s.raw = append(s.raw, buf[:n]...)
		if len(s.raw) > 8<<10 {
			s.raw = append(s.raw[:0], s.raw[len(s.raw)-4<<10:]...)
		}
		reply := bytes.Clone(s.term.Replies())
		s.mu.Unlock()
		if len(reply) > 0 {
			_, _ = s.p.Write(reply) // it may have ended meanwhile
		}
		select {
		case s.changed <- struct{}{}:
		default:
		}
	}
}

// with does something to the terminal while nobody else does.
func (s *screen) with(f func(*term.Terminal)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.term)
}

// wait waits until the terminal is as it should be.
func (s *screen) wait(what string, holds func(*term.Terminal) bool) {
	s.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	done := s.done
	for {
		var ok bool
		s.with(func(t *term.Terminal) { ok = holds(t) })
		if ok {
			return
		}
		select {
		case <-s.changed:
		case <-done:
			done = nil // one last look
		case <-deadline.C:
			s.t.Fatalf("it never came that %s; the screen is\n%s\nafter %.2000q", what, s.text(), s.raw)
		}
	}
}

// shows waits until every text stands somewhere on the screen.
func (s *screen) shows(texts ...string) {
	s.t.Helper()
	s.wait("the screen shows "+strings.Join(texts, ", "), func(t *term.Terminal) bool {
		all := strings.Join(rows(t), "\n")
		return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(all, text) })
	})
}

// row waits until a row is as it should be.
func (s *screen) row(n int, want string) {
	s.t.Helper()
	s.wait("row is "+want, func(t *term.Terminal) bool { return rows(t)[n] == want })
}

func (s *screen) text() string {
	var text []string
	s.with(func(t *term.Terminal) { text = rows(t) })
	return strings.Join(text, "\n")
}

// rows are what is shown, without the blanks at the ends of lines.
func rows(t *term.Terminal) []string {
	var v term.View
	t.View(&v)
	text := make([]string, v.Rows)
	for y, l := range v.Lines {
		var b []byte
		for _, c := range l.Cells {
			switch {
			case c.Blank():
				b = append(b, ' ')
			case c.Width() > 0:
				b = v.Text(b, c)
			}
		}
		text[y] = strings.TrimRight(string(b), " ")
	}
	return text
}

// find is where a text begins on the screen, in cells; it needs a text without wide
// characters before it.
func find(t *term.Terminal, text string) (x, y int, ok bool) {
	for y, row := range rows(t) {
		if i := strings.Index(row, text); i >= 0 {
			return len([]rune(row[:i])), y, true
		}
	}
	return 0, 0, false
}

func cell(t *term.Terminal, x, y int) term.Cell {
	var v term.View
	t.View(&v)
	return v.Lines[y].Cells[x]
}

func (s *screen) write(b []byte) {
	s.t.Helper()
	if _, err := s.p.Write(b); err != nil {
		s.t.Fatal(err)
	}
}

// types sends text as a person types it.
func (s *screen) types(text string) {
	s.t.Helper()
	var b []byte
	s.with(func(t *term.Terminal) {
		for _, r := range text {
			k := input.Key{Code: input.Code(r), Text: string(r)}
			switch r {
			case '\r':
				k = input.Key{Code: input.Enter}
			case '\t':
				k = input.Key{Code: input.Tab}
			case 0x1b:
				k = input.Key{Code: input.Escape}
			}
			b = input.AppendKey(b, k, t.Modes())
		}
	})
	s.write(b)
}

// press sends keys.
func (s *screen) press(mods input.Mods, codes ...input.Code) {
	s.t.Helper()
	var b []byte
	s.with(func(t *term.Terminal) {
		for _, c := range codes {
			b = input.AppendKey(b, input.Key{Code: c, Mods: mods}, t.Modes())
		}
	})
	s.write(b)
}

func (s *screen) paste(text string) {
	s.t.Helper()
	var b []byte
	s.with(func(t *term.Terminal) { b = input.AppendPaste(nil, text, t.Modes()) })
	s.write(b)
}

func (s *screen) mouse(button input.Button, x, y int) {
	s.t.Helper()
	var b []byte
	s.with(func(t *term.Terminal) {
		e := input.Mouse{Button: button, Column: x, Row: y, X: 8*x + 4, Y: 16*y + 8}
		e.Action = input.Press
		b = input.AppendMouse(b, e, t.Modes())
		e.Action = input.Release
		b = input.AppendMouse(b, e, t.Modes())
	})
	s.write(b)
}

func (s *screen) resize(columns, rows int) {
	s.with(func(t *term.Terminal) { t.Resize(columns, rows) })
	s.p.Resize(columns, rows, 8*columns, 16*rows)
}

// ends waits until the program has ended and all that it wrote is on the screen.
func (s *screen) ends(code int) {
	s.t.Helper()
	select {
	case <-s.done:
	case <-time.After(patience):
		s.t.Fatalf("the program does not end; the screen is\n%s", s.text())
	}
	if e := s.p.Wait(); e.Code != code || e.Signal != 0 {
		s.t.Errorf("%s; the screen is\n%s", e, s.text())
	}
}

// clean checks that a program gave the terminal back as it was.
func (s *screen) clean() {
	s.t.Helper()
	s.with(func(t *term.Terminal) {
		m := t.Modes()
		if t.Alternate() || m.Mouse != input.MouseNone || m.BracketedPaste || m.FocusEvents || m.AppCursor || m.AppKeypad || m.Kitty != 0 || m.ModifyOtherKeys != 0 {
			s.t.Errorf("a program left the other screen %t and the modes %+v", t.Alternate(), m)
		}
		var v term.View
		t.View(&v)
		if !v.Cursor.Visible {
			s.t.Error("a program left the cursor hidden")
		}
	})
}

func file(t *testing.T, home, name, text string) string {
	t.Helper()
	path := filepath.Join(home, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
