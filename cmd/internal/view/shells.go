package view

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/cmd/internal/exit"
	"hearth/lumps"
	"hearth/term/glyph"
	terminal "hearth/term/service"
)

// Terminals say what terminals a world has.
type Terminals struct {
	Policy terminal.Policy
	Shell  *terminal.Command // nil: the user's login shell
	Family *glyph.Family     // nil: the fonts that this program brings

	// World is the folder of the world, where is kept what outlasts the program.
	World string
	// Env is added to the environment of shells, as NAME=value.
	Env []string
	// Trusted are the modules that the program brought itself.
	Trusted []lumps.CID
}

// Environment is what shells in a space have besides what the user has: the world to
// talk to, and where the program for that is. HEARTH_TERMINAL says that the socket is
// that of the space around, and none for a server that is started there to listen at.
func Environment(socket string) []string {
	env := []string{"HEARTH_SOCKET=" + socket, "HEARTH_TERMINAL=1"}
	if self, err := os.Executable(); err == nil {
		dirs := append(filepath.SplitList(os.Getenv("PATH")), filepath.Dir(self))
		env = append(env, "PATH="+strings.Join(dirs, string(filepath.ListSeparator)))
	}
	return env
}

// policies are the values of --terminal.
var policies = map[string]terminal.Policy{"ask": terminal.Ask, "local": terminal.Local}

// newTerminals reads the flags of terminals; nil where there are to be none.
func newTerminals(policy, shell string, fonts []string) (*Terminals, error) {
	if policy == "none" {
		if shell != "" || len(fonts) > 0 {
			return nil, exit.Usagef("--terminal none has no use for --shell and --font")
		}
		return nil, nil
	}
	p, ok := policies[policy]
	if !ok {
		return nil, exit.Usagef("--terminal is none, ask or local")
	}
	t := &Terminals{Policy: p}
	var err error
	if t.Family, err = readFonts(fonts); err != nil {
		return nil, err
	}
	if shell == "" {
		return t, nil
	}
	w, err := words(shell)
	if err != nil {
		return nil, exit.Usagef("--shell %q: %w", shell, err)
	}
	if len(w) == 0 {
		return nil, exit.Usagef("--shell is a command, such as 'bash -l'")
	}
	path, err := exec.LookPath(w[0])
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return nil, exit.Usagef("--shell: %s cannot be run; name a program that is in $PATH, or its file", w[0])
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	t.Shell = &terminal.Command{Path: path, Args: w[1:]}
	return t, nil
}

// openShells makes the services of terminals.
func (v *View) openShells(t *Terminals) error {
	family := t.Family
	if family == nil {
		var err error
		if family, err = glyph.Default(); err != nil {
			return fmt.Errorf("terminals: %w", err)
		}
	}
	w, h, _ := family.Cell()
	v.cell = mgl32.Vec2{float32(w), float32(h)}
	o := terminal.Options{
		Scene: v.scene, Family: family, Env: t.Env, Policy: t.Policy,
		Ask:       v.permit,
		Trusted:   func(c lumps.CID) bool { return slices.Contains(t.Trusted, c) },
		Here:      v.hereOpens,
		Clipboard: &v.board, Primary: &v.primary,
		Log: v.log,
	}
	if v.win != nil {
		o.Open = v.follow
	}
	if t.World != "" {
		o.Grants, o.Keep = openGrants(t.World, v.log), openPictures(t.World, v.log)
	}
	if t.Shell != nil {
		o.Shell = func() terminal.Command { return *t.Shell }
	}
	p, err := terminal.New(o)
	if err != nil {
		return fmt.Errorf("terminals: %w", err)
	}
	v.shells, v.terminals = p, p
	return nil
}

// hereOpens is where a terminal opens that is asked for elsewhere. Any goroutine calls it.
func (v *View) hereOpens() terminal.State { return v.free(*v.stands.Load()) }

// permit asks the user.
func (v *View) permit(ctx context.Context, r terminal.Request) (terminal.Answer, error) {
	text := r.Who + ": " + r.What
	if v.win == nil {
		v.log.Warn("nobody can be asked without a window, so no terminal opens; --terminal local lets every process of this world open them", "who", r.Who, "question", r.What)
		return terminal.Deny, nil
	}
	a, err := v.prompts.ask(ctx, text)
	v.log.Info("the user was asked about a terminal", "who", r.Who, "question", r.What, "answer", answers[a])
	return a, err
}

var answers = map[terminal.Answer]string{terminal.Deny: "no", terminal.Once: "this time", terminal.Always: "always"}

// follow opens a link as the user's desktop does. Only schemes come here that are safe
// to follow.
func (v *View) follow(uri string) {
	cmd := exec.Command("xdg-open", uri)
	if err := cmd.Start(); err != nil {
		v.log.Warn("a link is not followed; xdg-utils has the program that does it", "link", uri, "error", err)
		return
	}
	go cmd.Wait() // it ends with what it opens, or at once
}

// nameOf is what a terminal is called.
func (v *View) nameOf(id terminal.ID) string {
	for _, t := range v.terminals.List() {
		switch {
		case t.ID != id:
		case t.Title != "":
			return t.Title
		case t.Name != "":
			return t.Name
		}
	}
	return "a terminal"
}
