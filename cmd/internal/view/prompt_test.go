package view

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	terminal "hearth/term/service"
	"hearth/vk/pass"
	"hearth/vk/window"
)

// asked asks, and waits until the question is there.
func asked(t *testing.T, p *prompts, text string) <-chan terminal.Answer {
	t.Helper()
	out := make(chan terminal.Answer, 1)
	p.mu.Lock()
	n := len(p.waiting)
	p.mu.Unlock()
	go func() {
		a, err := p.ask(t.Context(), text)
		if err != nil {
			t.Error(err)
		}
		out <- a
	}()
	for {
		p.mu.Lock()
		there := len(p.waiting) > n
		p.mu.Unlock()
		if there {
			return out
		}
		time.Sleep(time.Millisecond)
	}
}

func newPrompts() *prompts { return &prompts{wake: func() {}} }

func pressed(place string) window.Key { return window.Key{Place: place, Name: place, Pressed: true} }

// A question is answered by its keys, which nobody else sees, and by no others.
func TestPromptKeys(t *testing.T) {
	for key, want := range map[string]terminal.Answer{"Y": terminal.Once, "A": terminal.Always, "N": terminal.Deny, "Escape": terminal.Deny} {
		p := newPrompts()
		out := asked(t, p, "a terminal?")
		now := time.Now()
		if q := p.look(now); q == nil || q.text != "a terminal?" {
			t.Fatalf("%+v", q)
		}
		now = now.Add(promptQuiet)
		for _, e := range []window.Event{pressed("Q"), window.Character{Rune: 'q'}, pressed("Return")} {
			if !p.take(e, now) {
				t.Errorf("%+v goes to somebody else", e)
			}
		}
		if now = now.Add(promptQuiet); !p.take(pressed(key), now) {
			t.Errorf("%s goes to somebody else", key)
		}
		if got := <-out; got != want {
			t.Errorf("%s is %v", key, got)
		}
		if !p.take(window.Key{Place: key, Name: key}, now) || p.take(window.Key{Place: key, Name: key}, now) {
			t.Error("the release of a key goes where its press did not")
		}
		if p.look(now) != nil || p.take(pressed(key), now) {
			t.Error("an answered question keeps the keys")
		}
	}
}

// Who types when a question comes up does not answer it: a key counts only after a
// pause, and with no modifier.
func TestPromptIsNotAnsweredByAccident(t *testing.T) {
	p := newPrompts()
	start := time.Now()
	at := func(d time.Duration) time.Time { return start.Add(d) }
	if p.take(pressed("M"), at(0)) {
		t.Fatal("a key without a question is taken")
	}
	out := asked(t, p, "a terminal?")
	p.look(at(0))
	step := promptQuiet / 4
	for i := range 20 {
		p.take(pressed("Y"), at(time.Duration(i)*step))
	}
	last := at(20*step + promptQuiet)
	ctrl, held := pressed("Y"), pressed("Y")
	ctrl.Modifiers, held.Repeat = window.Ctrl, true
	p.take(ctrl, last)
	p.take(held, last.Add(promptQuiet))
	select {
	case a := <-out:
		t.Fatalf("answered by accident: %v", a)
	default:
	}
	p.take(pressed("Y"), last.Add(2*promptQuiet))
	if a := <-out; a != terminal.Once {
		t.Errorf("%v", a)
	}
}

// Nobody answers for a minute: no. Who stops asking leaves no question behind. More
// questions than anybody reads are refused.
func TestPromptEnds(t *testing.T) {
	p := newPrompts()
	out := asked(t, p, "first?")
	now := time.Now()
	p.look(now)
	if p.look(now.Add(promptFor-time.Second)) == nil {
		t.Error("it is gone too early")
	}
	p.look(now.Add(promptFor))
	if a := <-out; a != terminal.Deny {
		t.Errorf("%v", a)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, maxPrompts)
	for range maxPrompts {
		go func() {
			_, err := p.ask(ctx, "more?")
			done <- err
		}()
	}
	for full := false; !full; {
		p.mu.Lock()
		full = len(p.waiting) == maxPrompts
		p.mu.Unlock()
	}
	if _, err := p.ask(t.Context(), "one more?"); !errors.Is(err, errAsked) {
		t.Error(err)
	}
	cancel()
	for range maxPrompts {
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	if p.look(now) != nil {
		t.Error("a question that nobody asks any more")
	}
}

// What asks cannot draw the box as it likes.
func TestPromptText(t *testing.T) {
	if got := plain("line\nfeed\x1b[31m \u202e" + strings.Repeat("x", 1000)); strings.ContainsAny(got, "\n\x1b\u202e") || len(got) > maxPromptText+3 || !strings.HasSuffix(got, "...") {
		t.Errorf("%q", got)
	}
	for _, size := range [][2]int{{640, 360}, {64, 36}, {1, 1}} {
		var c pass.OverlayContent
		(&prompt{text: plain(strings.Repeat("word ", 50) + strings.Repeat("long", 50))}).box(&c, size[0], size[1])
		if len(c.Rects) != 2 || len(c.Texts) != 1 || !strings.Contains(c.Texts[0].Text, "[y]") {
			t.Errorf("%v: %+v", size, c)
		}
		if size[0] >= 64 && (c.Rects[1].X < 0 || c.Rects[1].X+c.Rects[1].Width > size[0]) {
			t.Errorf("%v: the box is not within: %+v", size, c.Rects[1])
		}
	}
}
