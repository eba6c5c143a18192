package window

import (
	"errors"
	"strings"
	"testing"
	"time"

	"hearth/vk/window/windowtest"
)

// beside runs f on another goroutine while the window hears events, which a program does
// that has a selection.
func (u *user) beside(f func()) {
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	for {
		select {
		case <-done:
			return
		default:
			windowtest.OnMain(func() { u.w.Wait(10 * time.Millisecond) })
		}
	}
}

// What is copied here is pasted here and elsewhere; what others copied, however they
// hand it over, is pasted here; who does not answer is not waited for.
func TestSelections(t *testing.T) {
	u := sit(t)
	paste := func(s Selection) (text string, err error) {
		u.beside(func() { text, err = u.w.Selection(s) })
		return text, err
	}
	for _, s := range []Selection{Clipboard, Primary} {
		if text, err := paste(s); text != "" || err != nil {
			t.Errorf("%d, before anybody copied: %q, %v", s, text, err)
		}
		copied := "grüße, 世界\n" + selectionNames[s] + "\x00!"
		want := strings.ReplaceAll(copied, "\x00", "")
		windowtest.OnMain(func() {
			if err := u.w.SetSelection(s, copied); err != nil {
				t.Error(err)
			}
			// On this very thread, which would have to answer itself.
			if text, err := u.w.Selection(s); text != want || err != nil {
				t.Errorf("%d, on the main thread: %q, %v", s, text, err)
			}
		})
		if text, err := paste(s); text != want || err != nil {
			t.Errorf("%d, copied here: %q, %v", s, text, err)
		}
		// Asked as another program asks.
		u.w.given.mu.Lock()
		u.w.given.owner[s] = 0
		u.w.given.mu.Unlock()
		if text, err := paste(s); text != want || err != nil {
			t.Errorf("%d, by the display: %q, %v", s, text, err)
		}
	}
	large := strings.Repeat("0123456789abcdef", 1000)
	u.Own("CLIPBOARD", "of another program")
	if text, err := paste(Clipboard); text != "of another program" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	u.Own("CLIPBOARD", large, large, "end")
	if text, err := paste(Clipboard); text != large+large+"end" || err != nil {
		t.Errorf("in pieces: %d bytes of %d, %v", len(text), 2*len(large)+3, err)
	}
	u.Own("CLIPBOARD", "bad \xff UTF-8")
	if text, err := paste(Clipboard); text != "bad \uFFFD UTF-8" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	huge := strings.Repeat(large, 12)
	u.Own("CLIPBOARD", huge, huge, huge, huge, huge, huge, huge)
	if text, err := paste(Clipboard); text != "" || !errors.Is(err, ErrSelectionSize) {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	u.Own("PRIMARY")
	if text, err := paste(Primary); text != "" || !errors.Is(err, ErrSelectionLate) {
		t.Errorf("%q, %v", text, err)
	}
	windowtest.OnMain(func() {
		if err := u.w.SetSelection(Clipboard, strings.Repeat("x", MaxSelection+1)); !errors.Is(err, ErrSelectionSize) {
			t.Errorf("more than fits: %v", err)
		}
	})
}

// A display that goes away while a text is asked for ends nothing but the question.
func TestSelectionDisplayGone(t *testing.T) {
	u := sit(t)
	u.Own("CLIPBOARD")
	done := make(chan error, 1)
	go func() {
		_, err := u.w.Selection(Clipboard)
		done <- err
	}()
	time.Sleep(100 * time.Millisecond)
	u.Kill()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("it waits for ever")
	}
}

// A key tells what is printed on it, alone and with Shift, and what is locked.
func TestKeyRunes(t *testing.T) {
	u := sit(t)
	for _, c := range []struct {
		press         string
		last          string
		rune, shifted rune
	}{{"a", "A", 'a', 'A'}, {"2", "Key2", '2', '@'}, {"minus", "Minus", '-', '_'}, {"space", "Space", ' ', ' '}, {"Return", "Return", 0, 0}, {"ctrl+7", "Key7", '7', '&'}} {
		u.Do("key", c.press)
		for _, e := range u.until(up(c.last)) {
			if k, ok := e.(Key); ok && k.Name == c.last && (k.Rune != c.rune || k.Shifted != c.shifted || k.Locks != 0) {
				t.Errorf("%s: %+v", c.press, k)
			}
		}
	}
	for _, c := range []struct {
		press, name string
		want        Locks
	}{{"Caps_Lock", "Capital", CapsLock}, {"Num_Lock", "Numlock", NumLock}} {
		u.Do("key", c.press)
		u.until(up(c.name))
		u.Do("key", "x")
		for _, e := range u.until(up("X")) {
			if k, ok := e.(Key); ok && k.Locks != c.want {
				t.Errorf("with %s: %+v", c.press, k)
			}
		}
		u.Do("key", c.press)
		u.until(up(c.name))
	}
}

func TestRuneOf(t *testing.T) {
	for keysym, want := range map[uint32]rune{0x41: 'A', 0xe9: 'é', 0x010020ac: '€', 0x0110ffff: 0x10ffff, 0xff0d: 0, 0xfe51: 0, 0x6e1: 0, 0: 0, 0x01000000: 0, 0xffffffff: 0} {
		if got, ok := runeOf(keysym); got != want || ok != (want != 0) {
			t.Errorf("%#x: %q, %v", keysym, got, ok)
		}
	}
}
