package pty_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"hearth/term"
	"hearth/term/input"
)

func numbered(n int) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "line %d of the file\n", i)
	}
	return b.String()
}

// bash: editing with readline, completion, history, a paste that is not run, job
// control, and its end.
func TestBash(t *testing.T) {
	home := t.TempDir()
	file(t, home, "completeme.txt", "what was completed\n")
	file(t, home, ".inputrc", "set enable-bracketed-paste on\nset bell-style none\n")
	s := open(t, home, "bash", "--norc", "--noprofile")
	s.types("PS1='$ '; clear\r")
	s.row(0, "$")
	s.types("echo wrld")
	s.row(0, "$ echo wrld")
	s.press(0, input.Left, input.Left, input.Left)
	s.types("o")
	s.press(0, input.Home)
	s.press(0, input.End)
	s.types("!\r")
	s.row(1, "world!")
	s.row(2, "$") // before the prompt keys are the kernel's
	s.types("cat comp\t\r")
	s.row(3, "what was completed")
	s.row(4, "$")
	s.press(0, input.Up, input.Up)
	s.row(4, "$ echo world!")
	s.press(input.Ctrl, 'u')
	s.row(4, "$")

	s.wait("readline asks for bracketed pastes", func(t *term.Terminal) bool { return t.Modes().BracketedPaste })
	s.paste("echo one\necho two")
	s.shows("echo two")
	s.row(5, "echo two") // it was not run: line breaks in a paste are text
	s.types("\r")
	s.row(6, "one")
	s.row(7, "two")

	s.row(8, "$")
	s.types("sh -c 'echo asleep; exec sleep 1000'\r")
	s.shows("\nasleep") // only now the keys are not the shell's
	s.wait("readline lets go of the terminal", func(t *term.Terminal) bool { return !t.Modes().BracketedPaste })
	s.press(input.Ctrl, 'z')
	s.shows("Stopped")
	s.types("kill %1; wait; clear; echo 'üñ 日本語' | cat; tput cols; tput lines\r")
	s.shows("üñ 日本語\n") // bash may tell of the job that ended in between
	s.shows("\n80\n24")
	s.types("clear; printf '\\e[38;5;208mA\\e[38;2;1;2;3mB\\e[m'; tput setaf 3; echo C\r")
	s.wait("colours arrive", func(t *term.Terminal) bool {
		_, y, ok := find(t, "ABC")
		if !ok {
			return false
		}
		x, _, _ := find(t, "ABC")
		i, indexed := cell(t, x, y).FG().Index()
		r, g, b, rgb := cell(t, x+1, y).FG().RGB()
		j, second := cell(t, x+2, y).FG().Index()
		return indexed && i == 208 && rgb && r == 1 && g == 2 && b == 3 && second && j == 3
	})
	s.types("exit 5\r")
	s.ends(5)
	s.clean()
}

// less: pages, searches, follows the size, and gives the screen back.
func TestLess(t *testing.T) {
	home := t.TempDir()
	path := file(t, home, "long", numbered(300))
	s := open(t, home, "sh", "-c", "echo before; less "+path+"; echo after")
	s.shows("line 1 of the file", "line 23 of the file")
	s.wait("the other screen is shown", func(t *term.Terminal) bool { return t.Alternate() })
	s.types(" ")
	s.row(0, "line 24 of the file")
	s.press(0, input.PageDown)
	s.row(0, "line 47 of the file")
	s.press(0, input.PageUp)
	s.row(0, "line 24 of the file")
	s.types("/line 150\r")
	s.row(0, "line 150 of the file")
	s.wait("what was found is highlighted", func(t *term.Terminal) bool { return cell(t, 0, 0).Attr()&term.Inverse != 0 })
	s.press(0, input.End)
	s.row(22, "line 300 of the file")
	s.press(0, input.Home)
	s.row(0, "line 1 of the file")
	s.press(0, input.Down, input.Down)
	s.row(0, "line 3 of the file")
	s.resize(60, 10)
	// less forgets a key that comes beside the signal, so a person presses it again.
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		s.types("g")
		if r := strings.Split(s.text(), "\n"); r[0] == "line 1 of the file" && r[8] == "line 9 of the file" && strings.HasPrefix(r[9], ":") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("less does not follow the size; the screen is\n%s", s.text())
		}
	}
	s.types("q")
	s.ends(0)
	s.row(0, "before")
	s.row(1, "after")
	s.clean()
}

// vim: opens, types, searches, pastes, is clicked, shows its colours, follows the size,
// saves, and gives the screen back.
func TestVim(t *testing.T) {
	home := t.TempDir()
	path := file(t, home, "a.go", "package a\n\n// words here\nfunc F() string { return \"text\" }\n"+numbered(100))
	file(t, home, ".vimrc", "set nocompatible mouse=a ttymouse=sgr number laststatus=2 hlsearch esckeys\nset ttimeout ttimeoutlen=50\nfiletype off\nsyntax on\n")
	s := open(t, home, "sh", "-c", "echo before; vim a.go; echo after")
	s.row(0, "  1 package a")
	s.shows("a.go", "  5 line 1 of the file")
	s.wait("the other screen is shown", func(t *term.Terminal) bool { return t.Alternate() && t.Modes().Mouse != 0 })
	s.wait("the syntax is coloured", func(t *term.Terminal) bool {
		x, y, ok := find(t, "func F")
		return ok && !cell(t, x, y).FG().Default()
	})
	s.types(":hi Normal ctermfg=208 ctermbg=17\r")
	s.wait("the palette of 256 is used", func(t *term.Terminal) bool {
		x, y, ok := find(t, "line 1 of")
		if !ok {
			return false
		}
		fg, is := cell(t, x, y).FG().Index()
		bg, too := cell(t, x, y).BG().Index()
		return is && too && fg == 208 && bg == 17
	})
	s.types(":let &t_8f=\"\\e[38;2;%lu;%lu;%lum\" | let &t_8b=\"\\e[48;2;%lu;%lu;%lum\" | set termguicolors | hi Normal guifg=#010203 guibg=#fafbfc\r")
	s.wait("true colours are used", func(t *term.Terminal) bool {
		x, y, ok := find(t, "line 1 of")
		if !ok {
			return false
		}
		r, g, b, is := cell(t, x, y).FG().RGB()
		br, bg, bb, too := cell(t, x, y).BG().RGB()
		return is && too && r == 1 && g == 2 && b == 3 && br == 0xfa && bg == 0xfb && bb == 0xfc
	})
	s.types("/line 50 \r")
	s.shows(" 54 line 50 of the file")
	s.wait("the cursor is where it was found", func(t *term.Terminal) bool {
		var v term.View
		t.View(&v)
		_, y, ok := find(t, " 54 line 50")
		return ok && v.Cursor.Row == y && v.Cursor.Column == 4
	})
	s.types("gg")
	s.row(0, "  1 package a")
	s.mouse(input.ButtonLeft, 4, 6)
	s.wait("a click moves the cursor", func(t *term.Terminal) bool {
		var v term.View
		t.View(&v)
		return v.Cursor.Row == 6 && v.Cursor.Column == 4
	})
	s.types("Otyped ü日\x1b")
	s.row(6, "  7 typed ü日")
	s.types("o")
	s.shows("-- INSERT --")
	s.wait("vim asks for bracketed pastes", func(t *term.Terminal) bool { return t.Modes().BracketedPaste })
	s.paste("\tpasted\n\t\tas it is")
	s.row(7, "  8         pasted")
	s.row(8, "  9                 as it is")
	s.types("\x1b")
	s.resize(50, 12)
	s.wait("the status line moves up", func(t *term.Terminal) bool {
		return t.Alternate() && strings.Contains(rows(t)[10], "a.go")
	})
	s.types(":wq\r")
	s.ends(0)
	b, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(b), "\ntyped ü日\n\tpasted\n\t\tas it is\nline 3 of") {
		t.Errorf("the file is %.200q (%v)", b, err)
	}
	s.row(0, "before")
	s.row(1, "after")
	s.clean()
}

// htop: its bars, its list in colours, a click on its last function key, its end.
func TestHtop(t *testing.T) {
	home := t.TempDir()
	s := open(t, home, "sh", "-c", "echo before; htop -d 5; echo after")
	s.shows("Mem[", "Swp[", "Load average:", "PID", "F10Quit")
	s.wait("bars are drawn in colours", func(t *term.Terminal) bool {
		x, y, ok := find(t, "Mem[")
		if !ok {
			return false
		}
		c := cell(t, x+4, y)
		return c.Rune() == '|' && !c.FG().Default()
	})
	s.press(0, input.F1)
	s.shows("Released under the GNU GPL")
	s.types("q")
	s.shows("F10Quit")
	s.resize(100, 30)
	s.wait("the keys move to the last row", func(t *term.Terminal) bool {
		return len(rows(t)) == 30 && strings.Contains(rows(t)[29], "F10Quit")
	})
	x, y := 0, 0
	s.with(func(t *term.Terminal) { x, y, _ = find(t, "F10Quit") })
	s.mouse(input.ButtonLeft, x+4, y)
	s.ends(0)
	s.row(0, "before")
	s.row(1, "after")
	s.clean()
}

// tmux: splits its window, draws borders, gives the mouse and true colours on, follows
// the size, detaches, is attached again, and gives the screen back.
func TestTmux(t *testing.T) {
	home := t.TempDir()
	file(t, home, ".tmux.conf", "set -g mouse on\nset -g default-command 'PS1=\"> \" exec sh'\nset -g default-terminal screen-256color\nset -sg escape-time 10\nset -g assume-paste-time 0\n")
	s := open(t, home, "sh", "-c", "echo before; tmux -L test; echo left; read x; tmux -L test attach; tmux -L test kill-server; echo after")
	s.shows("[0] 0:", ">")
	t.Cleanup(func() { // a server has a session of its own, so a test that failed would leave it
		cmd := exec.Command("tmux", "-L", "test", "kill-server")
		cmd.Env = append(os.Environ(), "TMUX_TMPDIR="+home)
		_ = cmd.Run() // it is gone where all went well
	})
	prefix := func(key string) {
		s.press(input.Ctrl, 'b')
		s.types(key)
	}
	prefix("%")
	s.wait("a border divides the window", func(t *term.Terminal) bool {
		for _, row := range rows(t)[:23] {
			if cells := []rune(row); len(cells) < 41 || cells[40] != '│' {
				return false
			}
		}
		return true
	})
	s.wait("the right pane has a prompt", func(t *term.Terminal) bool { return strings.HasSuffix(rows(t)[0], "│>") })
	s.types("echo on the right\r")
	s.row(1, "                                        │on the right")
	prefix("\"")
	s.shows("├───")
	s.mouse(input.ButtonLeft, 5, 5)
	s.wait("a click chooses the left pane", func(t *term.Terminal) bool {
		var v term.View
		t.View(&v)
		return v.Cursor.Column == 2 && v.Cursor.Row == 0
	})
	s.types("echo on the left\r")
	s.wait("the left pane answers", func(t *term.Terminal) bool {
		return strings.HasPrefix(rows(t)[1], "on the left") && strings.HasPrefix(rows(t)[2], "> ")
	})
	s.types("clear; printf '\\033[38;2;9;8;7mTRUE\\033[m\\n'\r")
	s.wait("true colours come through", func(t *term.Terminal) bool {
		for y, row := range rows(t) {
			if strings.HasPrefix(row, "TRUE") {
				r, g, b, ok := cell(t, 0, y).FG().RGB()
				return ok && r == 9 && g == 8 && b == 7
			}
		}
		return false
	})
	s.resize(100, 30)
	s.wait("the status line moves down", func(t *term.Terminal) bool { return strings.Contains(rows(t)[29], "[0] 0:") })
	prefix("d")
	s.shows("before\n[detached (from session 0)]\nleft")
	s.types("\r")
	s.shows("[0] 0:", "TRUE", "├───")
	prefix("d")
	s.ends(0)
	s.shows("before\n[detached (from session 0)]\nleft\n\n[detached (from session 0)]\nafter")
	s.clean()
}

// What is killed in the middle of the other screen still ends.
func TestKilledEditor(t *testing.T) {
	s := open(t, t.TempDir(), "vim", "-u", "NONE", "-i", "NONE")
	s.shows("VIM - Vi IMproved")
	if err := s.p.Close(); err != nil {
		t.Fatal(err)
	}
	if e := s.p.Wait(); e.Ok() {
		t.Errorf("it ended as %+v", e)
	}
}
