package vktest

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"hearth/vk/device"
	"hearth/vk/mem"
	"hearth/vk/raw"
)

// lavapipe is a part of the name of Mesa's CPU device, which has the bound profile.
const lavapipe = "llvmpipe"

// swiftShaderDrivers are where Debian's chromium and Chrome keep the second CPU
// device, which has the bindless profile.
var swiftShaderDrivers = []string{
	"/usr/lib/chromium/vk_swiftshader_icd.json",
	"/opt/google/chrome/vk_swiftshader_icd.json",
}

// ignored are messages that are provably false alarms, by ID and a part of the
// text; each says why. Nothing else is ever ignored.
var ignored = []struct{ id, text, why string }{}

// Log is what validation said.
type Log struct {
	mu       sync.Mutex
	messages []device.Message
}

func (l *Log) add(m device.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.messages = append(l.messages, m)
}

// Messages returns what was said so far.
func (l *Log) Messages() []device.Message {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.messages)
}

// Has tells whether a message has part in its ID or text.
func (l *Log) Has(part string) bool {
	return slices.ContainsFunc(l.Messages(), func(m device.Message) bool {
		return strings.Contains(m.ID, part) || strings.Contains(m.Text, part)
	})
}

func (l *Log) String() string {
	var b strings.Builder
	for _, m := range l.Messages() {
		fmt.Fprintf(&b, "[%s] %s\n", m.ID, m.Text)
	}
	return b.String()
}

// Open returns a device with core and synchronization validation on. It is closed
// when the test ends; whatever validation says until then fails the test, with the
// stack of the call that it is about. set may change the options.
func Open(t testing.TB, set ...func(*device.Options)) *device.Device {
	t.Helper()
	return open(t, func(m device.Message) {
		t.Errorf("validation: [%s] %s\n%s", m.ID, m.Text, callers())
	}, "", lavapipe, set)
}

// OpenLog returns a device whose messages are kept for the test to look at: for
// tests of faults. The test may close the device itself, to see what that says.
func OpenLog(t testing.TB, set ...func(*device.Options)) (*device.Device, *Log) {
	t.Helper()
	l := &Log{}
	return open(t, l.add, "", lavapipe, set), l
}

// SwiftShader is Open on the second CPU device, with the bindless profile. The test
// is skipped where the driver is not installed, and fails there under CI=true.
func SwiftShader(t testing.TB, set ...func(*device.Options)) *device.Device {
	t.Helper()
	for _, f := range swiftShaderDrivers {
		if _, err := os.Stat(f); err == nil {
			set = append([]func(*device.Options){func(o *device.Options) { o.Profile = device.ProfileBindless }}, set...)
			return open(t, func(m device.Message) {
				t.Errorf("validation: [%s] %s\n%s", m.ID, m.Text, callers())
			}, f, "SwiftShader", set)
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("SwiftShader is not installed; install chromium")
	}
	t.Skip("SwiftShader is not installed; install chromium to run this")
	return nil
}

// environment guards the environment, through which the loader is told of drivers.
var environment sync.Mutex

// Driver makes the loader see only the driver of a manifest while f runs.
func Driver(manifest string, f func()) {
	environment.Lock()
	defer environment.Unlock()
	for _, name := range []string{"VK_ICD_FILENAMES", "VK_DRIVER_FILES"} {
		old, was := os.LookupEnv(name)
		os.Setenv(name, manifest)
		defer func() {
			if was {
				os.Setenv(name, old)
			} else {
				os.Unsetenv(name)
			}
		}()
	}
	f()
}

func open(t testing.TB, message func(device.Message), driver, name string, set []func(*device.Options)) *device.Device {
	t.Helper()
	if n := os.Getenv("HEARTH_VK_DEVICE"); n != "" && driver == "" {
		name = n
	}
	o := device.Options{Validate: true, Device: name, OnMessage: func(m device.Message) {
		for _, i := range ignored {
			if m.ID == i.id && strings.Contains(m.Text, i.text) {
				return
			}
		}
		message(m)
	}}
	for _, f := range set {
		f(&o)
	}
	var d *device.Device
	var err error
	if driver == "" {
		environment.Lock()
		d, err = device.Open(o)
		environment.Unlock()
	} else {
		Driver(driver, func() { d, err = device.Open(o) })
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// Memory returns an allocator of d. It is closed when the test ends; what was not
// closed by then fails the test.
func Memory(t testing.TB, d *device.Device) *mem.Allocator {
	t.Helper()
	a := mem.New(d, mem.Options{})
	t.Cleanup(func() {
		if d.Lost() {
			return
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// callers is the stack of the program below the shim.
func callers() string {
	var out []string
	lines := strings.Split(string(debug.Stack()), "\n")
	for i := 1; i+1 < len(lines); i += 2 {
		f, at := lines[i], strings.TrimSpace(lines[i+1])
		if strings.HasPrefix(f, "hearth/vk") && !strings.HasPrefix(f, "hearth/vk/vktest") && !strings.HasPrefix(f, "hearth/vk/raw.rawMessage") && !strings.Contains(f, "raw._C") {
			out = append(out, "\t"+filepath.Base(strings.SplitN(at, " ", 2)[0])+" "+f[:max(strings.LastIndex(f, "("), 0)])
		}
	}
	return strings.Join(out[:min(len(out), 8)], "\n")
}

// Bytes reads one level of one layer of an image that is in the given layout:
// tightly packed texels of size bytes, top row first. The layout stays.
func Bytes(t testing.TB, a *mem.Allocator, i *mem.Image, layout Layout, level, layer uint32, size int) []byte {
	t.Helper()
	w, h := max(i.Width>>level, 1), max(i.Height>>level, 1)
	b, err := a.NewBuffer(mem.BufferDesc{Size: uint64(w) * uint64(h) * uint64(size), Usage: bufferDst, Memory: mem.Readback, Name: "read back"})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	err = a.Device().Do(func(s *raw.Stream) {
		bar := raw.ImageBarrier{Image: i.Handle, Old: layout, New: transferSrc, SrcStage: raw.StageAll, DstStage: raw.StageCopy,
			SrcAccess: raw.AccessMemoryWrite, DstAccess: raw.AccessTransferRead, Aspect: i.Aspect}
		s.Barriers([]raw.ImageBarrier{bar}, nil, nil)
		s.CopyImageToBuffer(i.Handle, transferSrc, raw.Region{Aspect: i.Aspect, Level: level, Layer: layer, Width: w, Height: h}, b.Handle, raw.BufferLayout{})
		bar.Old, bar.New, bar.SrcStage, bar.DstStage, bar.SrcAccess, bar.DstAccess = transferSrc, layout, raw.StageCopy, raw.StageAll, raw.AccessNone, raw.AccessMemoryRead|raw.AccessMemoryWrite
		s.Barriers([]raw.ImageBarrier{bar}, nil, []raw.MemoryBarrier{{SrcStage: raw.StageCopy, SrcAccess: raw.AccessTransferWrite, DstStage: raw.StageHost, DstAccess: raw.AccessHostRead}})
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(b.Bytes)
}
