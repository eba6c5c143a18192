package reconcile

import (
	"bytes"
	"testing"
)

// Whatever a responder is sent, it answers within the limits or refuses, and what
// it answers is such that an initiator who asked that would take it.
func FuzzResponder(f *testing.F) {
	set := setOf(some(1, 600))
	n := NewInitiator(setOf(some(1, 590), some(2, 9)), Options{})
	p := NewResponder(set)
	var answer []byte
	for {
		m, done, err := n.Step(answer)
		if err != nil {
			f.Fatal(err)
		}
		if done {
			break
		}
		f.Add(m)
		if answer, _, err = p.Step(m); err != nil {
			f.Fatal(err)
		}
	}
	nonce := make([]byte, nonceLen)
	f.Add(append(append([]byte{version}, nonce...), askTags, endBound, 0))
	f.Add(append(append([]byte{version}, nonce...), askFingerprint|withLower, 1, 7, 2, 9, 9))
	f.Fuzz(func(t *testing.T, m []byte) {
		// As it is, and as a later message.
		for _, first := range [][]byte{nil, append(append([]byte{version}, nonce...), askTags, 1, 1, 0)} {
			p := NewResponder(set)
			if first != nil {
				if _, _, err := p.Step(first); err != nil {
					t.Fatal(err)
				}
			}
			answer, done, err := p.Step(m)
			if err != nil && answer != nil || done != (len(m) == 0) || len(answer) > MaxMessage {
				t.Fatalf("%d bytes, %v, %v", len(answer), done, err)
			}
		}
	})
}

// Whatever an initiator is answered, it goes on within the limits or refuses; what
// it has is its own, and what it needs is not.
func FuzzInitiator(f *testing.F) {
	ours, theirs := setOf(some(1, 600)), setOf(some(1, 590), some(2, 9))
	n, p := newInitiator(ours, Options{}, [nonceLen]byte{}), NewResponder(theirs)
	var answer, all []byte
	for {
		m, done, err := n.Step(answer)
		if err != nil {
			f.Fatal(err)
		}
		if done {
			break
		}
		if answer, _, err = p.Step(m); err != nil {
			f.Fatal(err)
		}
		f.Add(answer, []byte{})
		f.Add(all, answer)
		all = bytes.Clone(answer)
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		n := newInitiator(ours, Options{MaxNeed: 1000}, [nonceLen]byte{})
		for _, answer := range [][]byte{nil, first, second} {
			m, done, err := n.Step(answer)
			if len(m) > MaxMessage || (err != nil || done) && m != nil {
				t.Fatalf("%d bytes, %v, %v", len(m), done, err)
			}
			if err != nil || done {
				break
			}
		}
		for _, c := range n.Have() {
			if !ours.Has(c) {
				t.Fatalf("%s is not ours", c)
			}
		}
		for _, c := range n.Need() {
			if ours.Has(c) {
				t.Fatalf("%s is ours", c)
			}
		}
	})
}
