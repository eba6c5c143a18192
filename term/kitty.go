package term

import "hearth/term/input"

// kittyStack are the flags of kitty's keyboard protocol that a screen has pushed.
type kittyStack struct {
	flags [maxKitty]input.KittyFlags
	n     int // flags[n] is the one that counts
}

// maxKitty bounds the stack. A push beyond it drops the oldest.
const maxKitty = 32

func (k *kittyStack) top() input.KittyFlags { return k.flags[k.n] }

func (k *kittyStack) push(f input.KittyFlags) {
	if k.n == maxKitty-1 {
		copy(k.flags[:], k.flags[1:])
	} else {
		k.n++
	}
	k.flags[k.n] = f
}

func (k *kittyStack) pop(n int) {
	for ; n > 0; n-- {
		k.flags[k.n] = 0
		if k.n > 0 {
			k.n--
		}
	}
}

// kitty does CSI > u, CSI < u, CSI = u and CSI ? u.
func (t *Terminal) kitty() {
	s, k := &t.parser, &t.scr.kitty
	f := input.KittyFlags(s.arg(0, 0)) & input.AllKitty
	switch s.private {
	case '>':
		k.push(f)
	case '<':
		k.pop(min(s.arg(0, 1), maxKitty))
	case '=':
		switch s.arg(1, 1) {
		case 1:
			k.flags[k.n] = f
		case 2:
			k.flags[k.n] |= f
		case 3:
			k.flags[k.n] &^= f
		}
	case '?':
		t.replyf("\x1b[?%du", k.top())
	}
	t.syncKeys()
}
