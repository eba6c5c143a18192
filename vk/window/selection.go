package window

/*
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <X11/Xatom.h>
#include <X11/Xlib.h>

static void hearthGone(Display *d, void *gone) { *(int *)gone = 1; }

static int64_t hearthNow(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// hearthEvent waits for an event of a kind until a moment.
static int hearthEvent(Display *d, int *gone, int kind, int64_t until, XEvent *e) {
	for (;;) {
		while (!*gone && XPending(d) > 0) {
			XNextEvent(d, e);
			if (e->type == kind) return 1;
		}
		int64_t left = until - hearthNow();
		if (*gone || left <= 0) return 0;
		struct pollfd p = {ConnectionNumber(d), POLLIN, 0};
		poll(&p, 1, left);
	}
}

struct hearthText {
	char *bytes; // malloced
	size_t n;
	int latin1, late, large, ours;
};

// hearthTake appends what a property holds, and deletes it: then the owner goes on.
static size_t hearthTake(Display *d, int *gone, Window w, Atom p, size_t most, Atom *type, struct hearthText *t) {
	int format;
	unsigned long items = 0, more = 0;
	unsigned char *data = NULL;
	*type = None;
	if (*gone || XGetWindowProperty(d, w, p, 0, most / 4 + 1, True, AnyPropertyType, type, &format, &items, &more, &data) != Success) return 0;
	if (more > 0 || t->n + items > most) t->large = 1;
	if (data != NULL && format == 8 && items > 0 && !t->large) {
		char *b = realloc(t->bytes, t->n + items);
		if (b != NULL) {
			memcpy(b + t->n, data, items);
			t->bytes = b;
			t->n += items;
		}
	}
	if (data != NULL) XFree(data);
	return items;
}

// hearthSelection asks the owner of a selection for its text (ICCCM 2.4 and 2.7.2), on
// a connection of its own. ours is the window of this program that owns selections.
static struct hearthText hearthSelection(const char *name, uintptr_t ours, int64_t wait, size_t most) {
	struct hearthText t = {0};
	int gone = 0;
	Display *d = XOpenDisplay(NULL);
	if (d == NULL) return t;
	XSetIOErrorExitHandler(d, hearthGone, &gone);
	int64_t until = hearthNow() + wait;
	Window w = XCreateSimpleWindow(d, DefaultRootWindow(d), 0, 0, 1, 1, 0, 0, 0);
	XSelectInput(d, w, PropertyChangeMask);
	Atom selection = XInternAtom(d, name, False), property = XInternAtom(d, "HEARTH_SELECTION", False);
	Atom incr = XInternAtom(d, "INCR", False), targets[2] = {XInternAtom(d, "UTF8_STRING", False), XA_STRING};
	Window owner = gone ? None : XGetSelectionOwner(d, selection);
	t.ours = owner != None && owner == (Window)ours;
	for (int i = 0; i < 2 && owner != None && !t.ours && !gone; i++) {
		XEvent e;
		XConvertSelection(d, selection, targets[i], property, w, CurrentTime);
		XFlush(d);
		if (!hearthEvent(d, &gone, SelectionNotify, until, &e)) {
			t.late = !gone;
			break;
		}
		if (e.xselection.property == None) continue;
		Atom type;
		struct hearthText head = {0};
		hearthTake(d, &gone, w, property, most, &type, &head);
		if (type != incr) {
			t = head;
			t.latin1 = targets[i] == XA_STRING;
			break;
		}
		// It comes in pieces, each when the one before it was deleted; the last is empty.
		free(head.bytes);
		t.latin1 = targets[i] == XA_STRING;
		while (!t.large) {
			if (!hearthEvent(d, &gone, PropertyNotify, until, &e)) {
				t.late = !gone;
				break;
			}
			if (e.xproperty.atom != property || e.xproperty.state != PropertyNewValue) continue;
			if (hearthTake(d, &gone, w, property, most, &type, &t) == 0) break;
		}
		break;
	}
	if (!gone) XCloseDisplay(d);
	return t;
}

static uintptr_t hearthOwner(void *display, const char *name) {
	return XGetSelectionOwner((Display *)display, XInternAtom((Display *)display, name, False));
}
*/
import "C"

import (
	"errors"
	"strings"
	"sync"
	"time"
	"unsafe"

	"github.com/go-gl/glfw/v3.3/glfw"
)

// Selection is a text that programs of a desktop hand to each other.
type Selection int

const (
	Clipboard Selection = iota
	Primary             // what is selected, for the middle button
)

var selectionNames = [...]string{"CLIPBOARD", "PRIMARY"}

const (
	// MaxSelection bounds a text that is taken from the desktop or given to it, in
	// bytes: a display takes it in one request.
	MaxSelection = 1 << 20
	// SelectionWait is how long the program that has a selection is waited for, which
	// may be in the middle of a frame.
	SelectionWait = 500 * time.Millisecond
)

var (
	// ErrSelectionLate reports a program that has a selection and does not give it.
	ErrSelectionLate = errors.New("the program that holds the clipboard does not answer")
	// ErrSelectionSize reports a text that is larger than MaxSelection.
	ErrSelectionSize = errors.New("the text is larger than the 1 MiB that can be copied and pasted at once")
)

// selections are what this window gave to the desktop.
type selections struct {
	mu    sync.Mutex // guards what follows
	text  [len(selectionNames)]string
	owner [len(selectionNames)]C.uintptr_t
}

// SetSelection gives a text to the desktop, without its NUL characters. Only the main
// thread may call it; the text is gone when the window closes.
func (w *Window) SetSelection(s Selection, text string) error {
	if err := w.usable(); err != nil {
		return err
	}
	if len(text) > MaxSelection {
		return ErrSelectionSize
	}
	text = strings.ReplaceAll(text, "\x00", "")
	if s == Primary {
		glfw.SetX11SelectionString(text)
	} else {
		glfw.SetClipboardString(text)
	}
	name := C.CString(selectionNames[s])
	defer C.free(unsafe.Pointer(name))
	owner := C.hearthOwner(unsafe.Pointer(glfw.GetX11Display()), name)
	w.given.mu.Lock()
	defer w.given.mu.Unlock()
	w.given.text[s], w.given.owner[s] = text, owner
	return nil
}

// Selection is the text of a selection; "" where there is none. Any goroutine may call
// it, and waits for the program that has the text, SelectionWait at most.
func (w *Window) Selection(s Selection) (string, error) {
	if err := w.usable(); err != nil {
		return "", err
	}
	w.given.mu.Lock()
	own, owner := w.given.text[s], w.given.owner[s]
	w.given.mu.Unlock()
	name := C.CString(selectionNames[s])
	defer C.free(unsafe.Pointer(name))
	t := C.hearthSelection(name, owner, C.int64_t(SelectionWait.Milliseconds()), MaxSelection)
	defer C.free(unsafe.Pointer(t.bytes))
	switch {
	case t.ours != 0:
		return own, nil
	case t.late != 0:
		return "", ErrSelectionLate
	case t.large != 0:
		return "", ErrSelectionSize
	}
	b := C.GoBytes(unsafe.Pointer(t.bytes), C.int(t.n))
	if t.latin1 != 0 {
		runes := make([]rune, len(b))
		for i, c := range b {
			runes[i] = rune(c)
		}
		return string(runes), nil
	}
	return strings.ToValidUTF8(string(b), "\uFFFD"), nil
}
