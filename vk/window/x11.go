package window

/*
// GLFW names libGL, which nothing here calls: a program must not need it to start.
#cgo LDFLAGS: -Wl,--as-needed -lX11 -ldl
#define VK_USE_PLATFORM_XLIB_KHR
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <X11/XKBlib.h>
#include <X11/Xlib.h>
#include <vulkan/vulkan.h>

static atomic_int hearthDisplayLost;

static int hearthIOError(Display *d) { return 0; }
static void hearthExit(Display *d, void *data) { atomic_store(&hearthDisplayLost, 1); }
static int hearthError(Display *d, XErrorEvent *e) { return 0; }

// hearthReach opens a connection to the display; NULL where it does not answer. Xlib
// must hear of threads before anything else, and GLFW says it only later.
static void *hearthReach(void) {
	XInitThreads();
	return XOpenDisplay(NULL);
}

static void hearthLeave(void *display) { XCloseDisplay((Display *)display); }

// hearthWatch makes what would end the process (a lost connection, a request that the
// server refuses) something that it hears of.
static void hearthWatch(void *display) {
	atomic_store(&hearthDisplayLost, 0);
	XSetIOErrorHandler(hearthIOError);
	XSetIOErrorExitHandler((Display *)display, hearthExit, NULL);
	XSetErrorHandler(hearthError);
}

static int hearthLost(void) { return atomic_load(&hearthDisplayLost); }

static int hearthConfine(void *display, uintptr_t window) {
	return XGrabPointer((Display *)display, (Window)window, True,
		ButtonPressMask | ButtonReleaseMask | PointerMotionMask | EnterWindowMask | LeaveWindowMask,
		GrabModeAsync, GrabModeAsync, (Window)window, None, CurrentTime) == GrabSuccess;
}

static void hearthUnconfine(void *display) {
	XUngrabPointer((Display *)display, CurrentTime);
	XFlush((Display *)display);
}

// hearthShifted is the keysym of a key with Shift, in the layout that is chosen now.
static unsigned long hearthShifted(void *display, unsigned keycode) {
	XkbStateRec state;
	if (XkbGetState((Display *)display, XkbUseCoreKbd, &state) != Success) return NoSymbol;
	return XkbKeycodeToKeysym((Display *)display, (KeyCode)keycode, state.group, 1);
}

static int hearthSurface(void *instance, void *display, uintptr_t window, VkSurfaceKHR *out) {
	// Whoever made the instance has the loader open; this one more reference stays.
	void *lib = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
	if (lib == NULL) return VK_ERROR_INITIALIZATION_FAILED;
	PFN_vkGetInstanceProcAddr get = (PFN_vkGetInstanceProcAddr)dlsym(lib, "vkGetInstanceProcAddr");
	if (get == NULL) return VK_ERROR_INITIALIZATION_FAILED;
	PFN_vkCreateXlibSurfaceKHR create = (PFN_vkCreateXlibSurfaceKHR)get((VkInstance)instance, "vkCreateXlibSurfaceKHR");
	if (create == NULL) return VK_ERROR_EXTENSION_NOT_PRESENT;
	VkXlibSurfaceCreateInfoKHR info = {VK_STRUCTURE_TYPE_XLIB_SURFACE_CREATE_INFO_KHR, NULL, 0, (Display *)display, (Window)window};
	return create((VkInstance)instance, &info, NULL, out);
}
*/
import "C"

import (
	"fmt"
	"time"
	"unicode"
	"unsafe"

	"github.com/go-gl/glfw/v3.3/glfw"
	vulkan "github.com/vulkan-go/vulkan"
)

// Extensions are what an instance needs for the surface of a window.
func Extensions() []string { return []string{"VK_KHR_surface", "VK_KHR_xlib_surface"} }

// A display that its last program leaves begins anew (Xvfb, unless it is told not to),
// and refuses who comes in that moment: it is tried again.
const (
	reachTries = 3
	reachAfter = 50 * time.Millisecond
)

// reach connects to the display of the environment; false where it does not answer.
// leave ends the connection: not before another is there, or it begins anew.
func reach() (leave func(), ok bool) {
	for try := range reachTries {
		if try > 0 {
			time.Sleep(reachAfter)
		}
		if d := C.hearthReach(); d != nil {
			return func() { C.hearthLeave(d) }, true
		}
	}
	return nil, false
}

// watch makes the loss of the display an error.
func watch() { C.hearthWatch(unsafe.Pointer(glfw.GetX11Display())) }

// displayLost reports that the display went away: no call may touch it any more.
func displayLost() bool { return C.hearthLost() != 0 }

// Surface makes a Vulkan surface of the window, in an instance that has [Extensions].
// It is the caller's to destroy, before Close.
func (w *Window) Surface(instance vulkan.Instance) (vulkan.Surface, error) {
	if err := w.usable(); err != nil {
		return vulkan.NullSurface, err
	}
	var s C.VkSurfaceKHR
	r := C.hearthSurface(unsafe.Pointer(instance), unsafe.Pointer(glfw.GetX11Display()), C.uintptr_t(w.win.GetX11Window()), &s)
	if r != C.VK_SUCCESS {
		return vulkan.NullSurface, fmt.Errorf("the display gives Vulkan no surface (VkResult %d); update the graphics driver, or run without a window", int(r))
	}
	return *(*vulkan.Surface)(unsafe.Pointer(&s)), nil
}

// shifted is what a key that prints r alone prints with Shift.
func (w *Window) shifted(scancode int, r rune) rune {
	if scancode >= 8 && scancode < 256 && w.usable() == nil {
		if s, ok := runeOf(uint32(C.hearthShifted(unsafe.Pointer(glfw.GetX11Display()), C.uint(scancode)))); ok {
			return s
		}
	}
	return unicode.ToUpper(r)
}

// confine keeps the pointer within the window.
func (w *Window) confine() error {
	if C.hearthConfine(unsafe.Pointer(glfw.GetX11Display()), C.uintptr_t(w.win.GetX11Window())) == 0 {
		return ErrGrab
	}
	return nil
}

func (w *Window) unconfine() { C.hearthUnconfine(unsafe.Pointer(glfw.GetX11Display())) }
