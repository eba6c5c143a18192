package raw

/*
#cgo CFLAGS: -O2
#cgo LDFLAGS: -ldl
#include "raw.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime/cgo"
	"sync"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"
)

// ErrNoLoader reports a machine without Vulkan's loader.
var ErrNoLoader = errors.New("there is no Vulkan here: libvulkan.so.1 is missing (Debian: libvulkan1 and mesa-vulkan-drivers)")

// loader is the name that the package with the library itself brings; the binding
// would look for libvulkan.so, which only the headers bring.
const loader = "libvulkan.so.1"

var load = sync.OnceValue(func() error {
	name := C.CString(loader)
	defer C.free(unsafe.Pointer(name))
	p := C.raw_load(name)
	if p == nil {
		return ErrNoLoader
	}
	vk.SetGetInstanceProcAddr(p)
	if err := vk.Init(); err != nil {
		return fmt.Errorf("%w (%v)", ErrNoLoader, err)
	}
	return nil
})

// Load opens the loader, once. ErrNoLoader if there is none.
func Load() error { return load() }

// Severity says how bad a message is, as VkDebugUtilsMessageSeverityFlagBitsEXT.
type Severity uint32

// The severities that are reported.
const (
	Warning Severity = 0x100
	Error   Severity = 0x1000
)

// Message is what validation, the loader or a driver says.
type Message struct {
	Severity Severity
	ID, Text string
}

//export rawMessage
func rawMessage(user C.uintptr_t, severity C.uint32_t, id, text *C.char) {
	cgo.Handle(user).Value().(func(Message))(Message{Severity(severity), C.GoString(id), C.GoString(text)})
}

// Instance is Vulkan opened by this process.
type Instance struct {
	Handle    vk.Instance
	messenger C.VkDebugUtilsMessengerEXT
	user      cgo.Handle
}

// initInstance guards the binding's table of functions, which is one for all.
var initInstance sync.Mutex

// CreateInstance opens Vulkan 1.3. With validate, core and synchronization
// validation are on (the layer must be among layers) and message is called with
// what they say, on the thread that called Vulkan; it must not call Vulkan itself.
func CreateInstance(validate bool, layers, extensions []string, message func(Message)) (*Instance, vk.Result) {
	i := &Instance{}
	if message == nil {
		message = func(Message) {}
	}
	i.user = cgo.NewHandle(message)
	l, e := cstrings(layers), cstrings(extensions)
	defer l.free()
	defer e.free()
	v := C.uint32_t(0)
	if validate {
		v = 1
	}
	var h C.VkInstance
	if r := C.raw_create_instance(v, l.p, l.n, e.p, e.n, C.uintptr_t(i.user), &h); r != C.VK_SUCCESS {
		i.user.Delete()
		return nil, vk.Result(r)
	}
	i.Handle = vk.Instance(unsafe.Pointer(h))
	if validate {
		var m C.VkDebugUtilsMessengerEXT
		if r := C.raw_create_messenger(h, C.uintptr_t(i.user), &m); r != C.VK_SUCCESS {
			i.Destroy()
			return nil, vk.Result(r)
		}
		i.messenger = m
	}
	initInstance.Lock()
	defer initInstance.Unlock()
	if err := vk.InitInstance(i.Handle); err != nil {
		i.Destroy()
		return nil, vk.ErrorInitializationFailed
	}
	return i, vk.Success
}

// Destroy closes the instance. Its devices and surfaces are destroyed before.
func (i *Instance) Destroy() {
	h := i.c()
	if i.messenger != nil {
		C.raw_destroy_messenger(h, i.messenger)
	}
	C.raw_destroy_instance(h)
	i.user.Delete()
}

func (i *Instance) c() C.VkInstance { return C.VkInstance(unsafe.Pointer(i.Handle)) }

// array is a C array of C strings.
type array struct {
	p **C.char
	n C.uint32_t
}

func cstrings(s []string) array {
	a := array{n: C.uint32_t(len(s))}
	if len(s) == 0 {
		return a
	}
	a.p = (**C.char)(C.calloc(C.size_t(len(s)), C.size_t(unsafe.Sizeof(a.p))))
	for i, v := range s {
		unsafe.Slice(a.p, len(s))[i] = C.CString(v)
	}
	return a
}

func (a array) free() {
	if a.p == nil {
		return
	}
	for _, p := range unsafe.Slice(a.p, int(a.n)) {
		C.free(unsafe.Pointer(p))
	}
	C.free(unsafe.Pointer(a.p))
}
