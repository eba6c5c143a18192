package pty

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Term is the name under which programs find what this terminal can do.
const Term = "hearth"

// fallbackTerm is the nearest name that every system knows.
const fallbackTerm = "xterm-256color"

// leftovers are variables by which other terminals and multiplexers tell programs that
// they run inside them. One that stays makes a program speak to a terminal that is not
// there: its own graphics, its socket, its window. A name that ends with "_" stands for
// all that begin with it.
var leftovers = []string{
	"ALACRITTY_", "COLORFGBG", "COLORTERM", "COLUMNS", "GHOSTTY_", "GNOME_TERMINAL_",
	"INSIDE_EMACS",
	"ITERM_", "KITTY_", "KONSOLE_", "LC_TERMINAL", "LC_TERMINAL_VERSION", "LINES",
	"MC_SID", "MC_TMPDIR", "MLTERM", "PTYXIS_", "RIO_", "RXVT_SOCKET", "SHELL_SESSION_ID",
	"STY", "TERM", "TERMCAP", "TERMINAL_EMULATOR", "TERMINATOR_UUID", "TERMINFO",
	"TERMINFO_DIRS", "TERM_FEATURES", "TERM_PROGRAM", "TERM_PROGRAM_VERSION",
	"TERM_SESSION_ID", "TILIX_ID", "TMUX", "TMUX_PANE",
	"VIM", "VIMRUNTIME", "MYVIMRC", "NVIM", "NVIM_LISTEN_ADDRESS", "VSCODE_", "VTE_VERSION",
	"WARP_", "WEZTERM_", "WINDOW", "WINDOWID", "WT_PROFILE_ID", "WT_SESSION", "XTERM_LOCALE", "XTERM_SHELL",
	"XTERM_VERSION", "ZED_TERM", "ZELLIJ", "ZELLIJ_",
}

// Environment is the environment of a program in the terminal: base without what other
// terminals left there, with what names this one, and extra ("NAME=value"), which wins.
// The terminal's entry is written to the user's cache folder where it is missing; if
// that fails, TERM names the nearest terminal that every system knows. Of a name that
// stands more than once the last counts.
func Environment(base []string, extra ...string) []string {
	dir, err := Terminfo("")
	if err != nil {
		dir = ""
	}
	return environment(base, dir, extra)
}

func environment(base []string, terminfo string, extra []string) []string {
	set := make(map[string]string, len(base))
	var order []string
	add := func(entries []string) {
		for _, e := range entries {
			// A name may not be empty; whoever began with "=" meant something else.
			name, value, ok := strings.Cut(e, "=")
			if !ok || name == "" || strings.ContainsRune(e, 0) {
				continue
			}
			if _, twice := set[name]; !twice {
				order = append(order, name)
			}
			set[name] = value
		}
	}
	add(base)
	// Where other entries lie stays known: somebody installed them.
	dirs := []string{set["TERMINFO"], set["TERMINFO_DIRS"]}
	order = slices.DeleteFunc(order, func(name string) bool {
		if leftover(name) {
			delete(set, name)
			return true
		}
		return false
	})

	own := []string{"TERM=" + fallbackTerm, "COLORTERM=truecolor", "TERM_PROGRAM=hearth"}
	if terminfo != "" {
		own[0] = "TERM=" + Term
		own = append(own, "TERMINFO_DIRS="+searchPath(terminfo, dirs...))
	} else if path := searchPath("", dirs...); path != "" {
		own = append(own, "TERMINFO_DIRS="+path)
	}
	if set["LC_ALL"] == "" && set["LC_CTYPE"] == "" && set["LANG"] == "" {
		// The terminal speaks UTF-8, and programs ask their locale whether it does.
		own = append(own, "LC_CTYPE=C.UTF-8")
	}
	add(own)
	add(extra)

	env := make([]string, len(order))
	for i, name := range order {
		env[i] = name + "=" + set[name]
	}
	return env
}

func leftover(name string) bool {
	return slices.ContainsFunc(leftovers, func(l string) bool {
		return name == l || strings.HasSuffix(l, "_") && strings.HasPrefix(name, l)
	})
}

// searchPath puts folders into one list. An empty element is what ncurses was built to
// search, so that the system's own entries are still found.
func searchPath(first string, more ...string) string {
	var dirs []string
	for _, m := range append([]string{first}, more...) {
		for _, dir := range strings.Split(m, ":") {
			if dir != "" && !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
		}
	}
	if len(dirs) == 0 {
		return ""
	}
	return strings.Join(append(dirs, ""), ":")
}

// Shell is the user's: $SHELL, else what the password file names, else /bin/sh. One
// that cannot be run is passed over.
func Shell() string {
	for _, path := range []string{os.Getenv("SHELL"), passwdShell("/etc/passwd", os.Getuid())} {
		if info, err := os.Stat(path); err == nil && filepath.IsAbs(path) && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path
		}
	}
	return "/bin/sh"
}
