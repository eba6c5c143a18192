package term

import (
	"regexp/syntax"
	"unicode/utf8"
)

// maxLook is how many bytes behind a match a search looks for a longer one that the
// expression would rather have. Without it an expression such as x*y|x would look
// through all of a long line of x for each of them.
const maxLook = 256

// machine finds the matches of an expression in a text one after the other. Package
// regexp does not say how far it looks beyond a match, nor can it be told where to stop;
// this is the simulation that Pike describes, all alternatives side by side, the better
// ones first.
type machine struct {
	prog      *syntax.Prog
	now, next threads
	stack     []uint32
}

// threads are a set of instructions, in order, each with where its match begins.
type threads struct {
	at    []uint32 // at[pc] is where pc stands in order, if it does
	order []thread
}

type thread struct {
	pc    uint32
	start int
}

func (s *threads) has(pc uint32) bool {
	i := s.at[pc]
	return int(i) < len(s.order) && s.order[i].pc == pc
}

func newMachine(prog *syntax.Prog) *machine {
	n := len(prog.Inst)
	return &machine{prog: prog, now: threads{at: make([]uint32, n)}, next: threads{at: make([]uint32, n)}}
}

// add puts what follows from pc into s: what takes a character, or is a match.
func (m *machine) add(s *threads, pc uint32, start int, context syntax.EmptyOp) {
	m.stack = append(m.stack[:0], pc)
	for len(m.stack) > 0 {
		pc := m.stack[len(m.stack)-1]
		m.stack = m.stack[:len(m.stack)-1]
		if s.has(pc) {
			continue
		}
		s.at[pc] = uint32(len(s.order))
		s.order = append(s.order, thread{pc, start})
		switch i := &m.prog.Inst[pc]; i.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			m.stack = append(m.stack, i.Arg, i.Out)
		case syntax.InstCapture, syntax.InstNop:
			m.stack = append(m.stack, i.Out)
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(i.Arg)&^context == 0 {
				m.stack = append(m.stack, i.Out)
			}
		}
	}
}

// find returns the first match in text that begins at at or later.
func (m *machine) find(text []byte, at int) (from, to int, ok bool) {
	m.now.order = m.now.order[:0]
	before := rune(-1)
	if at > 0 {
		before, _ = utf8.DecodeLastRune(text[:at])
	}
	r, size := runeAt(text, at)
	context := syntax.EmptyOpContext(before, r)
	for pos := at; ; {
		if !ok {
			m.add(&m.now, uint32(m.prog.Start), pos, context)
		} else if len(m.now.order) == 0 || pos-to > maxLook {
			return from, to, true
		}
		after, width := runeAt(text, pos+size)
		context = syntax.EmptyOpContext(r, after)
		m.next.order = m.next.order[:0]
	step:
		for _, t := range m.now.order {
			switch i := &m.prog.Inst[t.pc]; i.Op {
			case syntax.InstMatch:
				from, to, ok = t.start, pos, true
				break step // those behind it are worse
			case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
				if r >= 0 && i.MatchRune(r) {
					m.add(&m.next, i.Out, t.start, context)
				}
			}
		}
		if r < 0 {
			return from, to, ok
		}
		m.now, m.next = m.next, m.now
		pos += size
		r, size = after, width
	}
}

// runeAt returns the character at i, -1 behind the text.
func runeAt(text []byte, i int) (rune, int) {
	if i >= len(text) {
		return -1, 0
	}
	return utf8.DecodeRune(text[i:])
}
