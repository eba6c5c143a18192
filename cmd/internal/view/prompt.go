package view

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"
	"unicode"

	terminal "hearth/term/service"
	"hearth/vk/pass"
	"hearth/vk/window"
)

const (
	// promptFor is how long a question is shown; then it is answered by no.
	promptFor = time.Minute
	// promptQuiet is how long nobody may have typed before a key answers: a question
	// that comes up while somebody types is not answered by their text.
	promptQuiet = 700 * time.Millisecond
	// maxPrompts bounds the questions that wait; one more is answered by no.
	maxPrompts = 16
	// maxPromptText bounds what a question says, in characters: it fits on the
	// smallest window.
	maxPromptText = 400
	// promptWidth is the width of the box, in characters.
	promptWidth = 60
)

// errAsked answers who asks while too many wait.
var errAsked = errors.New("too many questions wait for the user; ask later")

// prompts are questions for the user, shown one after the other over the picture. Any
// goroutine asks; the frame loop shows them and hears the keys.
type prompts struct {
	wake func()

	mu      sync.Mutex // guards what follows
	waiting []*prompt

	// Of the frame loop.
	shown *prompt         // that the user sees
	since time.Time       // when it was first shown
	typed time.Time       // when a key was last pressed, for anything
	held  map[string]bool // places of keys that were pressed for a question
}

type prompt struct {
	text   string
	answer chan terminal.Answer // of one
}

// ask waits for the user's answer: no where they do not answer for a minute.
func (p *prompts) ask(ctx context.Context, text string) (terminal.Answer, error) {
	q := &prompt{text: plain(text), answer: make(chan terminal.Answer, 1)}
	p.mu.Lock()
	if len(p.waiting) >= maxPrompts {
		p.mu.Unlock()
		return terminal.Deny, errAsked
	}
	p.waiting = append(p.waiting, q)
	p.mu.Unlock()
	p.wake()
	defer func() {
		p.drop(q)
		p.wake()
	}()
	select {
	case v := <-q.answer:
		return v, nil
	case <-ctx.Done():
		return terminal.Deny, ctx.Err()
	}
}

func (p *prompts) drop(q *prompt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, o := range p.waiting {
		if o == q {
			p.waiting = append(p.waiting[:i:i], p.waiting[i+1:]...)
			return
		}
	}
}

// look is what is shown now, and nil for nothing. A minute after it came up it is no.
func (p *prompts) look(now time.Time) *prompt {
	p.mu.Lock()
	var first *prompt
	if len(p.waiting) > 0 {
		first = p.waiting[0]
	}
	p.mu.Unlock()
	if first != p.shown {
		p.shown, p.since = first, now
	}
	if p.shown != nil && now.Sub(p.since) >= promptFor {
		p.say(terminal.Deny)
	}
	return p.shown
}

// say answers what is shown.
func (p *prompts) say(v terminal.Answer) {
	p.shown.answer <- v
	p.drop(p.shown)
	p.shown = nil
}

// take takes an event while something is shown; every key is the question's then.
func (p *prompts) take(e window.Event, now time.Time) (taken bool) {
	k, ok := e.(window.Key)
	if !ok {
		_, text := e.(window.Character)
		return text && p.shown != nil
	}
	quiet := now.Sub(p.typed) >= promptQuiet
	if k.Pressed {
		p.typed = now
	}
	if !k.Pressed {
		// What was held before is let go by whoever has it.
		taken = p.held[k.Place]
		delete(p.held, k.Place)
		return taken
	}
	if p.shown == nil {
		return false
	}
	if p.held == nil {
		p.held = map[string]bool{}
	}
	p.held[k.Place] = true
	if k.Repeat || !quiet || now.Sub(p.since) < promptQuiet || k.Modifiers&^window.Shift != 0 {
		return true
	}
	switch {
	case k.Name == "Y":
		p.say(terminal.Once)
	case k.Name == "A":
		p.say(terminal.Always)
	case k.Name == "N", k.Place == "Escape":
		p.say(terminal.Deny)
	}
	return true
}

// plain is a text as the box shows it: one line, and nothing but what can be seen.
func plain(text string) string {
	var b strings.Builder
	n := 0
	for _, r := range text {
		if n++; n > maxPromptText {
			b.WriteString("...")
			break
		}
		if r < ' ' || r > '~' {
			if unicode.IsSpace(r) {
				r = ' '
			} else {
				r = '?' // the overlay's font has no others
			}
		}
		b.WriteRune(r)
	}
	return b.String()
}

var promptKeys = "[y] this time   [a] always   [n] no"

var (
	promptColor = [4]uint8{20, 20, 60, 245}
	edgeColor   = [4]uint8{255, 190, 60, 255}
)

// box adds the question to what stands over a picture of w by h pixels.
func (q *prompt) box(c *pass.OverlayContent, w, h int) {
	most := min(promptWidth, max((w-4*margin)/pass.GlyphWidth, len("[y]")))
	lines := append(wrap([]string{q.text}, most), "")
	lines = append(lines, wrap([]string{promptKeys}, most)...)
	wide := 0
	for _, l := range lines {
		wide = max(wide, len(l))
	}
	bw, bh := wide*pass.GlyphWidth+2*margin, len(lines)*pass.GlyphHeight+2*margin
	x, y := (w-bw)/2, max((h-bh)/2, 0)
	c.Rects = append(c.Rects, pass.OverlayRect{X: x - 2, Y: y - 2, Width: bw + 4, Height: bh + 4, Color: edgeColor},
		pass.OverlayRect{X: x, Y: y, Width: bw, Height: bh, Color: promptColor})
	c.Texts = append(c.Texts, pass.OverlayText{X: x + margin, Y: y + margin, Text: strings.Join(lines, "\n"), Color: inkColor})
}
