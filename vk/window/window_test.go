package window

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/vk/window/windowtest"
)

func TestMain(m *testing.M) { os.Exit(windowtest.Main(m)) }

// display makes an X server of its own $DISPLAY.
func display(t *testing.T) *windowtest.Display {
	t.Helper()
	d := windowtest.Start(t)
	t.Setenv("DISPLAY", d.Name)
	return d
}

// user is somebody at the keyboard and the mouse of the display.
type user struct {
	*windowtest.Display
	t  *testing.T
	w  *Window
	id string
}

// sit opens a window and sits down in front of it.
func sit(t *testing.T) *user {
	t.Helper()
	u := &user{Display: display(t), t: t}
	windowtest.OnMain(func() { u.w, u.id = u.open() })
	t.Cleanup(func() { windowtest.OnMain(u.w.Close) })
	u.Do("windowfocus", "--sync", u.id)
	u.until(func(e Event) bool { return e == Focused{true} })
	return u
}

func (u *user) open() (*Window, string) {
	w, err := Open(Options{Title: "a window", Width: 320, Height: 180})
	if err != nil {
		u.t.Error(err)
		return nil, ""
	}
	return w, fmt.Sprint(uint64(w.win.GetX11Window()))
}

// until collects events up to one that is awaited.
func (u *user) until(awaited func(Event) bool) (all []Event) {
	u.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		found := false
		windowtest.OnMain(func() {
			for _, e := range u.w.Wait(50 * time.Millisecond) {
				all = append(all, e)
				found = found || awaited(e)
			}
		})
		if found {
			return all
		}
	}
	u.t.Fatalf("it does not come; there were %+v", all)
	return nil
}

// keys are the keys and characters among events.
func keys(all []Event) (out []string) {
	for _, e := range all {
		switch e := e.(type) {
		case Key:
			state := "up"
			if e.Pressed {
				state = "down"
			}
			out = append(out, e.Name+" "+state)
		case Character:
			out = append(out, fmt.Sprintf("%q", e.Rune))
		case ModifiersChanged:
			out = append(out, fmt.Sprintf("mod %b", e.Modifiers))
		}
	}
	return out
}

func up(name string) func(Event) bool {
	return func(e Event) bool {
		k, ok := e.(Key)
		return ok && k.Name == name && !k.Pressed
	}
}

// What is typed arrives with winit's names, in order, with its characters.
func TestKeys(t *testing.T) {
	u := sit(t)
	for _, c := range []struct {
		press, last string
		want        []string
	}{
		{"a", "A", []string{"A down", "'a'", "A up"}},
		{"7", "Key7", []string{"Key7 down", "'7'", "Key7 up"}},
		{"Return", "Return", []string{"Return down", `'\r'`, "Return up"}},
		{"BackSpace", "Back", []string{"Back down", `'\b'`, "Back up"}},
		{"Escape", "Escape", []string{"Escape down", `'\x1b'`, "Escape up"}},
		{"F3", "F3", []string{"F3 down", "F3 up"}},
		{"Left", "Left", []string{"Left down", "Left up"}},
		{"space", "Space", []string{"Space down", "' '", "Space up"}},
		{"KP_Add", "NumpadAdd", []string{"NumpadAdd down", "'+'", "NumpadAdd up"}},
		{"shift+b", "B", []string{"mod 100", "LShift down", "B down", "'B'", "mod 0", "LShift up", "B up"}},
		{"ctrl+c", "C", []string{"mod 100000", "LControl down", "C down", `'\x03'`, "mod 0", "LControl up", "C up"}},
	} {
		u.Do("key", c.press)
		if got := keys(u.until(up(c.last))); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.press, got, c.want)
		}
	}
	u.Do("key", "w")
	for _, e := range u.until(up("W")) {
		if k, ok := e.(Key); ok && (k.Scancode != 17 || k.Place != "W") {
			t.Errorf("W is %+v; the kernel's number of the key is 17", k)
		}
	}
}

// A key that is held when the window loses the focus is let go by nobody.
func TestFocusLost(t *testing.T) {
	u := sit(t)
	u.Do("keydown", "w")
	u.until(func(e Event) bool { k, ok := e.(Key); return ok && k.Name == "W" && k.Pressed })
	u.Do("windowunmap", u.id)
	all := u.until(up("W"))
	for _, e := range all {
		if k, ok := e.(Key); ok && !k.Pressed && !k.Synthetic {
			t.Errorf("%+v is not synthetic", k)
		}
	}
	if !slices.Contains(all, Event(Focused{false})) {
		t.Errorf("the focus is not told: %+v", all)
	}
	u.Do("keyup", "w")
}

// Pointer, buttons and wheel are told in pixels of the window and in winit's names.
func TestMouse(t *testing.T) {
	u := sit(t)
	u.Do("mousemove", "--window", u.id, "100", "50")
	u.until(func(e Event) bool { return e == CursorMoved{100, 50} })
	u.Do("mousemove_relative", "--", "30", "-20")
	all := u.until(func(e Event) bool { _, ok := e.(Motion); return ok })
	if !slices.Contains(all, Event(CursorMoved{130, 30})) || !slices.Contains(all, Event(Motion{30, -20})) {
		t.Errorf("moved by 30, -20: %+v", all)
	}
	for _, c := range []struct {
		number string
		want   Button
	}{{"1", Button{Name: "Left"}}, {"2", Button{Name: "Middle"}}, {"3", Button{Name: "Right"}}, {"8", Button{Name: "Other", Number: 8}}} {
		u.Do("click", c.number)
		all := u.until(func(e Event) bool { return e == c.want })
		down := c.want
		down.Pressed = true
		if !slices.Contains(all, Event(down)) {
			t.Errorf("button %s: %+v", c.number, all)
		}
	}
	u.Do("click", "4")
	u.until(func(e Event) bool { return e == Wheel{0, 1} })
	u.Do("click", "7")
	u.until(func(e Event) bool { return e == Wheel{-1, 0} })
	u.Do("mousemove", "700", "500")
	u.until(func(e Event) bool { _, ok := e.(CursorLeft); return ok })
}

// A locked pointer goes nowhere, and its movements are told; a confined one stays
// within the window; a free one leaves it.
func TestGrab(t *testing.T) {
	u := sit(t)
	u.Do("mousemove", "--window", u.id, "100", "50")
	u.until(func(e Event) bool { return e == CursorMoved{100, 50} })
	var err error
	windowtest.OnMain(func() { err = u.w.SetGrab(GrabLocked) })
	if err != nil {
		t.Fatal(err)
	}
	windowtest.OnMain(func() { u.w.Wait(100 * time.Millisecond) })
	u.Do("mousemove_relative", "--", "10", "5")
	var x, y float64
	all := u.until(func(e Event) bool {
		if m, ok := e.(Motion); ok {
			x, y = x+m.X, y+m.Y
		}
		return y > 0
	})
	if x != 10 || y != 5 {
		t.Errorf("moved by %v, %v", x, y)
	}
	for _, e := range all {
		if _, ok := e.(CursorMoved); ok {
			t.Errorf("a locked pointer moved: %+v", all)
		}
	}
	windowtest.OnMain(func() { err = u.w.SetGrab(GrabConfined) })
	if err != nil {
		t.Fatal(err)
	}
	if x, y := u.pointerAfter("700", "500"); x >= 320 || y >= 180 {
		t.Errorf("a confined pointer is at %d, %d", x, y)
	}
	windowtest.OnMain(func() { err = u.w.SetGrab(GrabNone) })
	if x, y := u.pointerAfter("700", "500"); err != nil || x != 700 || y != 500 {
		t.Errorf("a free pointer is at %d, %d: %v", x, y, err)
	}
}

// pointerAfter moves the pointer to a place of the screen and says where it is then.
func (u *user) pointerAfter(x, y string) (atX, atY int) {
	u.t.Helper()
	u.Do("mousemove", x, y)
	windowtest.OnMain(func() { u.w.Wait(50 * time.Millisecond) })
	if _, err := fmt.Sscanf(u.Do("getmouselocation"), "x:%d y:%d", &atX, &atY); err != nil {
		u.t.Fatal(err)
	}
	return atX, atY
}

// A window that is resized, hidden, shown and closed says so.
func TestResizeHideClose(t *testing.T) {
	u := sit(t)
	u.Do("windowsize", u.id, "400", "300")
	u.until(func(e Event) bool { return e == Resized{400, 300} })
	u.Do("windowunmap", u.id)
	u.until(func(e Event) bool { return e == Resized{0, 0} })
	windowtest.OnMain(func() {
		if w, h := u.w.Size(); w != 0 || h != 0 {
			t.Errorf("a hidden window has %dx%d", w, h)
		}
	})
	u.Do("windowmap", u.id)
	u.until(func(e Event) bool { return e == Resized{400, 300} })
	windowtest.OnMain(func() { u.w.SetTitle("another\x00 title \xff") })
	if got := u.Do("getwindowname", u.id); got != "another title \uFFFD" {
		t.Errorf("title %q", got)
	}
	// The polite way to close a window is a message to it.
	u.CloseWindow(u.id)
	u.until(func(e Event) bool { return e == CloseRequested{} })
	u.Do("windowfocus", "--sync", u.id) // it is still there
}

// Wake ends a Wait from another goroutine, and does no harm behind Close.
func TestWake(t *testing.T) {
	u := sit(t)
	go func() {
		time.Sleep(50 * time.Millisecond)
		u.w.Wake()
	}()
	begun := time.Now()
	windowtest.OnMain(func() {
		for time.Since(begun) < 40*time.Millisecond {
			u.w.Wait(30 * time.Second)
		}
	})
	if d := time.Since(begun); d > 10*time.Second {
		t.Errorf("woken after %v", d)
	}
	windowtest.OnMain(u.w.Close)
	u.w.Wake()
	windowtest.OnMain(func() {
		if all := u.w.Poll(); len(all) != 0 {
			t.Errorf("a closed window tells %+v", all)
		}
	})
}

// More happens than anybody looks at: the queue is bounded.
func TestFlood(t *testing.T) {
	w := &Window{}
	for range 3 * MaxEvents {
		w.push(CursorMoved{1, 2})
		w.push(Motion{1, 1})
	}
	if len(w.events) != 2 || w.events[1] != Event(Motion{3 * MaxEvents, 3 * MaxEvents}) {
		t.Errorf("movements are %d events, the last %+v", len(w.events), w.events[len(w.events)-1])
	}
	for range 3 * MaxEvents {
		w.push(Character{'x'})
	}
	if len(w.events) != MaxEvents || w.lost == 0 {
		t.Errorf("%d events are kept, %d lost", len(w.events), w.lost)
	}
}

// Without a display there is a sentence, and no window.
func TestNoDisplay(t *testing.T) {
	for display, says := range map[string]string{"": "$DISPLAY is not set", ":4711": ":4711", "wayland": "Xwayland"} {
		t.Setenv("WAYLAND_DISPLAY", "")
		if t.Setenv("DISPLAY", display); display == "wayland" {
			t.Setenv("DISPLAY", "")
			t.Setenv("WAYLAND_DISPLAY", "wayland-0")
		}
		windowtest.OnMain(func() {
			w, err := Open(Options{})
			if w != nil || !errors.Is(err, ErrNoDisplay) || !strings.Contains(err.Error(), says) {
				t.Errorf("%q: %v", display, err)
			}
		})
	}
	if _, err := Open(Options{}); !errors.Is(err, ErrThread) {
		t.Errorf("on another thread: %v", err)
	}
}

// A display that begins anew when its last program leaves is no reason to fail: who looks
// whether it is there does not make it begin anew.
func TestDisplayBeginsAnew(t *testing.T) {
	t.Setenv("DISPLAY", windowtest.StartResetting(t).Name)
	for i := range 20 {
		windowtest.OnMain(func() {
			w, err := Open(Options{Width: 64, Height: 36})
			if err != nil {
				t.Errorf("%d: %v", i, err)
				return
			}
			w.Close()
		})
	}
}

// A display that goes away takes the window, not the program. The program is a child:
// Xlib remembers.
func TestDisplayGoesAway(t *testing.T) {
	if os.Getenv("HEARTH_WINDOW_CHILD") != "" {
		windowtest.OnMain(func() {
			w, err := Open(Options{Width: 320, Height: 180})
			if err != nil {
				t.Error(err)
				return
			}
			defer w.Close()
			fmt.Println("open")
			for end := time.Now().Add(20 * time.Second); w.Err() == nil; {
				w.Wait(20 * time.Millisecond)
				if time.Now().After(end) {
					t.Error("the loss is not told")
					return
				}
			}
			w.SetTitle("gone")
			w.SetCursorVisible(false)
			if err := w.SetGrab(GrabLocked); !errors.Is(err, ErrLost) {
				t.Errorf("a lost window is grabbed: %v", err)
			}
			w.Wake()
			begun := time.Now()
			if all := w.Wait(time.Minute); len(all) > 0 || time.Since(begun) > 10*time.Second {
				t.Errorf("a lost window tells %+v after %v", all, time.Since(begun))
			}
			fmt.Println("told: " + w.Err().Error())
		})
		return
	}
	x := display(t)
	child := exec.Command(os.Args[0], "-test.run", "^TestDisplayGoesAway$")
	child.Env = append(os.Environ(), "HEARTH_WINDOW_CHILD=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	told := ""
	for sc := bufio.NewScanner(out); sc.Scan(); {
		if sc.Text() == "open" {
			x.Kill()
		}
		told += sc.Text() + "\n"
	}
	if err := child.Wait(); err != nil || !strings.Contains(told, "told: "+ErrLost.Error()) {
		t.Errorf("%v\n%s", err, told)
	}
}

// The names of keys follow the layout; what the layout prints that winit has no name
// for is named by its place.
func TestNames(t *testing.T) {
	for _, c := range []struct {
		place, text, want string
	}{
		{"Y", "z", "Z"}, {"Key2", "2", "Key2"}, {"Key2", "é", "Key2"}, {"Minus", "ß", "Minus"}, {"Slash", "-", "Minus"},
		{"RBracket", "+", "Plus"}, {"A", "", "A"}, {"A", "\xff", "A"}, {"Q", "A", "A"}, {"Return", "x", "Return"}, {"Numpad1", "1", "Numpad1"},
	} {
		for key, place := range places {
			if place != c.place {
				continue
			}
			if got := nameOf(key, c.text); got != c.want {
				t.Errorf("%q at %s is %s, want %s", c.text, c.place, got, c.want)
			}
		}
	}
	seen := map[string]bool{}
	for _, name := range places {
		if name == "" || seen[name] && name != "OEM102" {
			t.Errorf("%q names two keys", name)
		}
		seen[name] = true
	}
}
