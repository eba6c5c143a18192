package term

// NextPrompt returns the first line behind p on which a prompt begins, as the shell
// marks it by OSC 133; false if there is none.
func (t *Terminal) NextPrompt(p Point) (Point, bool) {
	first, end := t.Lines()
	for n := max(p.Line+1, first); n < end; n++ {
		if l, _ := t.Line(n); l.Marks&PromptMark != 0 {
			return Point{Line: n}, true
		}
	}
	return Point{}, false
}

// PreviousPrompt returns the last line before p on which a prompt begins.
func (t *Terminal) PreviousPrompt(p Point) (Point, bool) {
	first, end := t.Lines()
	for n := min(p.Line, end) - 1; n >= first; n-- {
		if l, _ := t.Line(n); l.Marks&PromptMark != 0 {
			return Point{Line: n}, true
		}
	}
	return Point{}, false
}
