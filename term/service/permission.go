package service

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"hearth/runtime"
)

// asker puts questions to the person, one at a time.
type asker struct {
	ask    func(ctx context.Context, r Request) (Answer, error)
	grants Grants
	turn   chan struct{} // held while a question is on the screen
	log    *slog.Logger

	// mu guards what follows.
	mu     sync.Mutex
	asking map[string]bool      // who has a question waiting
	denied map[string]time.Time // who was told no, and when
	most   int
}

func newAsker(ask func(context.Context, Request) (Answer, error), g Grants, most int, log *slog.Logger) *asker {
	if g == nil {
		g = &memory{}
	}
	return &asker{ask: ask, grants: g, turn: make(chan struct{}, 1), asking: map[string]bool{}, denied: map[string]time.Time{}, most: most, log: log}
}

// verdict is what is known without a question.
type verdict int

const (
	permitted verdict = iota
	refused
	unknown
)

// judge tells whether somebody may have a shell, if that needs no question.
func (p *Plugin) judge(sender runtime.Sender, reply runtime.Capability, o owner, remote bool) verdict {
	switch {
	case p.policy == None:
		return refused
	case !sender.Host && sender.Process == 0 && sender.Peer == "":
		return refused // nobody to ask about
	case !remote && sender.Host, !remote && p.policy == Local:
		return permitted
	case !remote && forItself(sender, reply) && p.trusted != nil && !sender.Module.IsZero() && p.trusted(sender.Module):
		return permitted
	case o.key != "" && p.ask.grants.Granted(o.key):
		return permitted
	}
	return unknown
}

// admit takes room for a question about somebody: who floods is refused at once.
func (a *asker) admit(who string) error {
	if a.ask == nil {
		return ErrRefused
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	for k, at := range a.denied {
		if now.Sub(at) > denyPause {
			delete(a.denied, k)
		}
	}
	switch _, no := a.denied[who]; {
	case no:
		return ErrRefused
	case a.asking[who]:
		return &busyError{"the person is being asked about you already; wait for the answer"}
	case len(a.asking) >= a.most:
		return &busyError{"too many wait for an answer of the person at this screen; ask later"}
	case len(a.denied) >= denyMany:
		return &busyError{"the person at this screen just said no to several; ask later"}
	}
	a.asking[who] = true
	return nil
}

// put asks the person, in the place that admit took. A question whose asker ends goes
// away, and counts as a no: who asks and ends again and again is no better off.
func (a *asker) put(ctx context.Context, who, key string, r Request) error {
	ctx, cancel := context.WithTimeout(ctx, promptWait)
	defer cancel()
	answer, err := a.wait(ctx, r)
	a.mu.Lock()
	delete(a.asking, who)
	yes := err == nil && (answer == Once || answer == Always)
	if !yes {
		a.denied[who] = time.Now()
	}
	a.mu.Unlock()
	switch {
	case !yes:
		return ErrRefused
	case answer == Always && key != "":
		if err := a.grants.Grant(key); err != nil {
			// It costs another question, not this answer.
			a.log.Warn("that a shell is always permitted could not be remembered", "who", key, "error", err)
		}
	}
	return nil
}

func (a *asker) wait(ctx context.Context, r Request) (Answer, error) {
	select {
	case a.turn <- struct{}{}:
	case <-ctx.Done():
		return Deny, ctx.Err()
	}
	defer func() { <-a.turn }()
	if ctx.Err() != nil {
		return Deny, ctx.Err()
	}
	answer, err := a.ask(ctx, r)
	if ctx.Err() != nil {
		return Deny, ctx.Err() // an answer that came too late was to another question
	}
	return answer, err
}

// memory is Grants that end with the program.
type memory struct {
	mu   sync.Mutex
	keys map[string]bool
}

func (m *memory) Granted(key string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.keys[key]
}

func (m *memory) Grant(key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.keys == nil {
		m.keys = map[string]bool{}
	}
	m.keys[key] = true
	return nil
}
