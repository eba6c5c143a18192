package term

// moveTo moves the cursor to row y and column x, counted from the margins in origin
// mode.
func (t *Terminal) moveTo(y, x int) {
	t.wrap = false
	if t.modes.has(modeOrigin) {
		t.y = min(t.top+y, t.bottom-1)
		t.x = min(t.left+x, t.right-1)
	} else {
		t.y = min(y, t.rows-1)
		t.x = min(x, t.columns-1)
	}
	t.y, t.x = max(t.y, 0), max(t.x, 0)
	t.fitLine()
}

// fitLine keeps the cursor in a line of double width.
func (t *Terminal) fitLine() {
	if end := t.lineEnd(t.row(t.y)); t.x >= end {
		t.x, t.wrap = end-1, false
	}
}

// keepWrap lets a wrap that is due be so only where text still ends: the margins moved.
func (t *Terminal) keepWrap() { t.wrap = t.wrap && t.x+1 == t.limit(t.row(t.y)) }

// up, down, right and back move the cursor by n and stop at the margin, if it was
// within it, or at the edge.
func (t *Terminal) up(n int) {
	t.wrap = false
	stop := 0
	if t.y >= t.top {
		stop = t.top
	}
	t.y = max(t.y-n, stop)
	t.fitLine()
}

func (t *Terminal) down(n int) {
	t.wrap = false
	stop := t.rows
	if t.y < t.bottom {
		stop = t.bottom
	}
	t.y = min(t.y+n, stop-1)
	t.fitLine()
}

func (t *Terminal) forward(n int) {
	t.wrap = false
	stop := t.columns
	if t.x < t.right {
		stop = t.right
	}
	t.x = min(t.x+n, stop-1)
	t.fitLine()
}

func (t *Terminal) back(n int) {
	if t.modes.has(modeAutowrap) && (t.modes.has(modeReverseWrap) || t.modes.has(modeReverseWrap2)) {
		t.backWrap(n)
		return
	}
	t.wrap = false
	stop := 0
	if t.x >= t.left {
		stop = t.left
	}
	t.x = max(t.x-n, stop)
}

// backWrap moves back by n in reverse wraparound: from the left margin to the right one
// of the row above, from the top of the screen to its bottom, and from the first place
// within the margins to the last. A wrap that is due is undone first.
func (t *Terminal) backWrap(n int) {
	if t.wrap {
		t.wrap = false
		n--
	}
	left := 0
	if t.x >= t.left {
		left = t.left
	}
	if t.x-n >= left {
		t.x -= n
		return
	}
	if t.x == t.left && t.y == t.top {
		t.x, t.y = t.right-1, t.bottom-1
		t.fitLine()
		return
	}
	width := t.right - left
	at := (t.y*width+t.x-left-n)%(width*t.rows) + width*t.rows
	at %= width * t.rows
	t.y, t.x = at/width, at%width+left
	t.fitLine()
}

func (t *Terminal) backspace() { t.back(1) }

func (t *Terminal) carriageReturn() {
	t.wrap = false
	if t.x >= t.left || t.modes.has(modeOrigin) {
		t.x = t.left
	} else {
		t.x = 0
	}
}

func (t *Terminal) lineFeed() {
	t.index()
	if t.modes.has(modeNewLine) {
		t.carriageReturn()
	}
}

// index moves down, and scrolls at the bottom margin.
func (t *Terminal) index() {
	t.wrap = false
	if t.y == t.bottom-1 {
		if t.x >= t.left && t.x < t.right {
			t.scrollUp(t.top, 1)
		}
		return
	}
	if t.y < t.rows-1 {
		t.y++
		if t.row(t.y).flags&rowSizes != 0 {
			t.fitLine()
		}
	}
}

// reverseIndex moves up, and scrolls at the top margin.
func (t *Terminal) reverseIndex() {
	t.wrap = false
	if t.y == t.top {
		if t.x >= t.left && t.x < t.right {
			t.scrollDown(t.top, 1)
		}
		return
	}
	if t.y > 0 {
		t.y--
		t.fitLine()
	}
}

// backIndex does DECBI, forwardIndex DECFI: one column, and at a margin the columns
// move instead.
func (t *Terminal) backIndex() {
	if t.x == t.left {
		if t.y >= t.top && t.y < t.bottom {
			t.shiftColumns(t.left, 1)
		}
	} else if t.x > 0 {
		t.back(1)
	}
}

func (t *Terminal) forwardIndex() {
	if t.x == t.right-1 {
		if t.y >= t.top && t.y < t.bottom {
			t.shiftColumns(t.left, -1)
		}
	} else if t.x < t.columns-1 {
		t.x, t.wrap = t.x+1, false
		t.fitLine()
	}
}
