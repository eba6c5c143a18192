package term

// wideRun is how many wide characters are taken at once: half a line, mostly.
const wideRun = 64

// printWide writes the characters of three bytes and two columns that p begins with, as
// many as fit into the line, and returns how many bytes these were: 0 where the slow way
// is to be taken.
func (t *Terminal) printWide(p []byte) (used int) {
	if t.modes.has(modeInsert) || t.modes.has(modeGraphemes) || t.charsets.single != 0 {
		return 0
	}
	var run [wideRun]uint32
	for {
		if !t.wrap && t.x+4 > t.columns {
			return used
		}
		n := 0
		for n < wideRun && len(p) >= 3*n+3 {
			b := p[3*n : 3*n+3 : 3*n+3]
			if b[0]-0xe1 >= 0x0e || b[0] == 0xed || b[1]&0xc0 != 0x80 || b[2]&0xc0 != 0x80 {
				break
			}
			c := rune(b[0]&0x0f)<<12 | rune(b[1]&0x3f)<<6 | rune(b[2]&0x3f)
			if kindOf(c)&kindWidth != 2 {
				break
			}
			run[n] = uint32(c)
			n++
		}
		if n < 2 {
			return used
		}
		if t.wrap {
			t.breakLine(false)
		}
		r := t.edit(t.y)
		end := t.limit(r)
		n = min(n, (end-t.x)/2)
		if n <= 0 {
			return used
		}
		cells := r.span(t.x, 2*n, t.columns)
		head, tail := t.pen, t.pen
		head.attr |= wideHead
		tail.attr |= wideTail
		for i, c := range run[:n] {
			cells[2*i] = head
			cells[2*i].content = c
			cells[2*i+1] = tail
		}
		t.last.content, t.last.attr = run[n-1], wideHead
		t.advance(r, 2*n, end)
		p = p[3*n:]
		used += 3 * n
	}
}
