package term

// The tab stops are a set of columns.

func (t *Terminal) resetTabs() {
	t.tabs = make([]uint64, (t.columns+63)/64)
	for x := 0; x < t.columns; x += 8 {
		t.setTab(x)
	}
}

func (t *Terminal) setTab(x int) { t.tabs[x>>6] |= 1 << (x & 63) }

func (t *Terminal) isTab(x int) bool { return t.tabs[x>>6]&(1<<(x&63)) != 0 }

// tab moves to the nth tab stop, at most to the margin. In mode 41 a wrap that is due
// comes first, which old versions of more rely on.
func (t *Terminal) tab(n int) {
	if t.wrap && t.modes.has(modeMore) {
		t.breakLine(false)
	}
	end := t.limit(t.row(t.y)) - 1
	for ; n > 0 && t.x < end; n-- {
		for t.x++; t.x < end && !t.isTab(t.x); t.x++ {
		}
	}
}

// backTab moves back to the nth tab stop before.
func (t *Terminal) backTab(n int) {
	t.wrap = false
	stop := 0
	if t.modes.has(modeOrigin) && t.x >= t.left {
		stop = t.left
	}
	for ; n > 0 && t.x > stop; n-- {
		for t.x--; t.x > stop && !t.isTab(t.x); t.x-- {
		}
	}
}

// clearTabs does TBC.
func (t *Terminal) clearTabs(what int) {
	switch what {
	case 0:
		t.tabs[t.x>>6] &^= 1 << (t.x & 63)
	case 3:
		clear(t.tabs)
	}
}

// tabControl does CTC of ECMA-48.
func (t *Terminal) tabControl(what int) {
	switch what {
	case 0:
		t.setTab(t.x)
	case 2:
		t.clearTabs(0)
	case 5:
		t.clearTabs(3)
	}
}
