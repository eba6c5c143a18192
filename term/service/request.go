package service

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"hearth/runtime"
	"hearth/runtime/serde"
	"hearth/term"
)

// creation says what terminal to make.
type creation struct {
	state         State
	columns, rows int // 0: as many as fit
	name          string
	command       Command
	screen        bool
	again         bool // Enter starts another shell when one has ended
	keep          bool
	owner         owner
}

// creationWire is a request to the factory: a state of hearth-rs, and what is ours.
type creationWire struct {
	stateWire
	Name    string       `json:"name"`
	Command *commandWire `json:"command"`
	Columns int          `json:"columns"`
	Rows    int          `json:"rows"`
	Again   bool         `json:"again"`
	Keep    *bool        `json:"keep"`
}

type commandWire struct {
	Path string   `json:"path"`
	Args []string `json:"args"`
	Dir  string   `json:"dir"`
}

// read checks what can be checked before anybody is asked.
func (p *Plugin) read(c serde.Codec, t serde.Tagged) (creation, error) {
	if t.Name != "CreateTerminal" && t.Name != "CreateScreen" {
		return creation{}, &parseError{errUnknown}
	}
	w, err := serde.Value[creationWire](c, t)
	if err != nil {
		return creation{}, &parseError{err}
	}
	st, err := w.state()
	if err != nil {
		return creation{}, err
	}
	x := creation{state: st, columns: w.Columns, rows: w.Rows, screen: t.Name == "CreateScreen", again: w.Again}
	if x.name, err = cleanName(w.Name); err != nil {
		return creation{}, err
	}
	x.keep = x.name != "" && (w.Keep == nil || *w.Keep) && !x.screen
	if w.Command != nil {
		if x.screen {
			return creation{}, &parseError{errScreen}
		}
		if x.command, err = w.Command.command(); err != nil {
			return creation{}, err
		}
	}
	return x, p.size(&x)
}

// size gives a creation its cells and its half size, whichever was left out.
func (p *Plugin) size(x *creation) error {
	cell := p.metrics.cell
	switch {
	case x.columns < 0 || x.rows < 0 || x.columns > term.MaxColumns || x.rows > term.MaxRows:
		return &valueError{fmt.Sprintf("a terminal has between 1 and %d columns and rows", term.MaxColumns)}
	case (x.columns == 0) != (x.rows == 0):
		return &valueError{"columns and rows are given together"}
	case x.columns > 0 && x.state.HalfSize[0] == 0 && x.state.HalfSize[1] == 0:
		x.state.grow(cell, x.columns, x.rows)
	}
	if err := x.state.check(); err != nil {
		return err
	}
	if x.columns == 0 {
		x.columns, x.rows = x.state.fit(cell)
	}
	if n := x.columns * x.rows; n > p.limits.Cells {
		return tooManyCells(p.limits.Cells)
	}
	return nil
}

func (w *commandWire) command() (Command, error) {
	n := len(w.Path) + len(w.Dir)
	bad := strings.ContainsRune(w.Path+w.Dir, 0)
	for _, a := range w.Args {
		n += len(a)
		bad = bad || strings.ContainsRune(a, 0)
	}
	switch {
	case w.Path == "":
		return Command{}, &parseError{errors.New("a command has a path")}
	case bad:
		return Command{}, &parseError{errors.New("a command has no zero bytes")}
	case n > maxArgBytes || len(w.Args) > maxArgs:
		return Command{}, &parseError{fmt.Errorf("a command has %d arguments and %d bytes at most", maxArgs, maxArgBytes)}
	case w.Dir != "" && !filepath.IsAbs(w.Dir):
		return Command{}, &parseError{errors.New("the dir of a command is absolute")}
	}
	return Command{w.Path, w.Args, w.Dir}, nil
}

// what says what is asked for, in one sentence for the person.
func (x *creation) what() string {
	if x.command.Path == "" {
		return "It wants a shell on this computer, with all that you may do here."
	}
	parts := []string{strconv.Quote(x.command.Path)}
	for _, a := range x.command.Args {
		parts = append(parts, strconv.Quote(a))
	}
	text := strings.Join(parts, " ")
	if x.command.Dir != "" {
		text += " in " + strconv.Quote(x.command.Dir)
	}
	const most = 160 // characters that fit into a question, with who asks
	if n := utf8.RuneCountInString(text); n > most {
		// A person who cannot read a command should know that.
		text = fmt.Sprintf("%s and %d characters that are too many to show", string([]rune(text)[:most]), n-most)
	}
	return "It wants to run this on this computer, with all that you may do here: " + text + "."
}

// request takes a request to the factory in.
func (p *Plugin) request(r *runtime.Request) {
	reply, hasReply := r.ReplyTo()
	if !hasReply || reply.Ref.Process == 0 {
		r.Drop(errNoReply.Error())
		return
	}
	c := serde.Of(r.Data)
	t, err := c.Tagged(r.Data)
	if err != nil {
		r.Reply(refusal(c, &parseError{err}))
		return
	}
	if t.Name == "Describe" {
		r.Reply(ok(c, map[string]any{"Describe": p.describe()}))
		return
	}
	if isControl(t.Name) {
		v, err := p.control(r, reply, c, t)
		if err != nil {
			r.Reply(refusal(c, err))
			return
		}
		r.Reply(ok(c, v))
		return
	}
	x, err := p.read(c, t)
	if err != nil {
		r.Reply(refusal(c, err))
		return
	}
	var remote bool
	x.owner, remote = ownerOf(r.Sender, reply)
	verdict := permitted
	if !x.screen {
		verdict = p.judge(r.Sender, reply, x.owner, remote)
	}
	switch verdict {
	case permitted:
		p.answer(r, reply, c, x)
	case refused:
		r.Reply(refusal(c, ErrRefused))
	case unknown:
		who := x.owner.asks
		if err := p.ask.admit(who); err != nil {
			r.Reply(refusal(c, err))
			return
		}
		q := Request{Who: x.owner.who, Module: r.Sender.Module, Peer: r.Sender.Peer, Remote: remote, What: x.what()}
		if peer := runtime.PeerOf(reply); peer != "" {
			q.Peer = peer
		}
		if remote {
			q.Module = cid{}
		}
		if !p.start(func() {
			ctx, cancel := p.whileThere(r, reply)
			err := p.ask.put(ctx, who, x.owner.key, q)
			cancel()
			if err != nil {
				r.Reply(refusal(c, err))
				return
			}
			p.answer(r, reply, c, x)
		}) {
			r.Reply(refusal(c, errClosed))
		}
	}
}

// whileThere is for as long as those are there who sent a request and wait for its
// answer.
func (p *Plugin) whileThere(r *runtime.Request, reply runtime.Capability) (context.Context, func()) {
	ctx, cancel := context.WithCancel(p.ctx)
	rt := r.Runtime()
	stop := []func(){cancel, rt.Monitor(reply, func(string) { cancel() })}
	if pid := r.Sender.Process; pid != 0 {
		if sender, err := rt.Target(pid, ""); err != nil {
			cancel() // it has ended
		} else {
			stop = append(stop, rt.Monitor(sender, func(string) { cancel() }))
		}
	}
	return ctx, func() {
		for _, f := range stop {
			f()
		}
	}
}

// answer makes the terminal and hands out its capability.
func (p *Plugin) answer(r *runtime.Request, reply runtime.Capability, c serde.Codec, x creation) {
	s, err := p.create(x)
	if err != nil {
		r.Reply(refusal(c, err))
		return
	}
	name := "Terminal"
	if x.screen {
		name = "Screen"
	}
	r.Reply(ok(c, name), s.hand(r.Runtime(), reply))
}

type description struct {
	Shell     bool     `json:"shell"` // somebody may get one here
	Terminals int      `json:"terminals"`
	Services  []string `json:"services"`
}

func (p *Plugin) describe() description {
	p.mu.Lock()
	defer p.mu.Unlock()
	return description{p.policy != None, len(p.sessions), Names()}
}

// cleanName is a name for people: one line of bounded length.
func cleanName(s string) (string, error) {
	bad := func(r rune) bool { return r == '/' || unseen(r) }
	if len(s) > maxName || strings.ContainsFunc(s, bad) || !utf8.ValidString(s) {
		return "", &parseError{fmt.Errorf("a name is one line of %d bytes at most, without a slash and characters that nobody sees", maxName)}
	}
	return s, nil
}
