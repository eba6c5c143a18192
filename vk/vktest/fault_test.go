package vktest

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/mem"
	"hearth/vk/raw"
)

func buffer(t testing.TB, a *mem.Allocator, n uint64) *mem.Buffer {
	t.Helper()
	b, err := a.NewBuffer(mem.BufferDesc{Size: n, Usage: vk.BufferUsageTransferSrcBit | vk.BufferUsageTransferDstBit, Memory: mem.Upload, Name: "fault"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// faults are what validation must see, each with what it must say. correct is the
// same without the fault, which must be silent.
var faults = []struct {
	name, says string
	do         func(t testing.TB, a *mem.Allocator, correct bool) func(s *raw.Stream)
}{
	{"missing barrier", "SYNC-HAZARD-READ", func(t testing.TB, a *mem.Allocator, correct bool) func(s *raw.Stream) {
		b, c, d := buffer(t, a, 64), buffer(t, a, 64), buffer(t, a, 64)
		return func(s *raw.Stream) {
			s.CopyBuffer(b.Handle, 0, c.Handle, 0, 64)
			if correct {
				s.Barriers(nil, []raw.BufferBarrier{{Buffer: c.Handle, SrcStage: raw.StageCopy, SrcAccess: raw.AccessTransferWrite,
					DstStage: raw.StageCopy, DstAccess: raw.AccessTransferRead}}, nil)
			}
			s.CopyBuffer(c.Handle, 0, d.Handle, 0, 64)
		}
	}},
	{"barrier of another stage", "SYNC-HAZARD-WRITE", func(t testing.TB, a *mem.Allocator, correct bool) func(s *raw.Stream) {
		b := buffer(t, a, 64)
		stage := raw.StageCompute
		if correct {
			stage = raw.StageTransfer
		}
		return func(s *raw.Stream) {
			s.FillBuffer(b.Handle, 0, 64, 1)
			s.Barriers(nil, nil, []raw.MemoryBarrier{{SrcStage: stage, SrcAccess: raw.AccessMemoryWrite, DstStage: stage, DstAccess: raw.AccessMemoryWrite}})
			s.FillBuffer(b.Handle, 0, 64, 2)
		}
	}},
	{"wrong layout", "VUID-vkCmdClearColorImage-imageLayout", func(t testing.TB, a *mem.Allocator, correct bool) func(s *raw.Stream) {
		i, err := a.NewImage(mem.ImageDesc{Width: 8, Height: 8, Format: vk.FormatR8g8b8a8Unorm, Usage: vk.ImageUsageTransferDstBit | vk.ImageUsageColorAttachmentBit, Name: "fault"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(i.Close)
		is := vk.ImageLayoutColorAttachmentOptimal
		if correct {
			is = vk.ImageLayoutTransferDstOptimal
		}
		return func(s *raw.Stream) {
			s.Barriers([]raw.ImageBarrier{{Image: i.Handle, New: is, DstStage: raw.StageAll, DstAccess: raw.AccessMemoryWrite}}, nil, nil)
			s.ClearColorImage(i.Handle, vk.ImageLayoutTransferDstOptimal, [4]float32{})
		}
	}},
	{"usage that was not asked for", "VUID-vkCmdCopyBuffer-dstBuffer", func(t testing.TB, a *mem.Allocator, correct bool) func(s *raw.Stream) {
		u := vk.BufferUsageTransferSrcBit
		if correct {
			u = vk.BufferUsageTransferDstBit
		}
		b, err := a.NewBuffer(mem.BufferDesc{Size: 64, Usage: u, Name: "fault"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(b.Close)
		c := buffer(t, a, 64)
		return func(s *raw.Stream) { s.CopyBuffer(c.Handle, 0, b.Handle, 0, 64) }
	}},
}

// Validation sees every seeded fault, and nothing where it is mended.
func TestFaultsAreSeen(t *testing.T) {
	for _, f := range faults {
		for _, correct := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%v", f.name, correct), func(t *testing.T) {
				d, log := OpenLog(t)
				a := Memory(t, d)
				if err := d.Do(f.do(t, a, correct)); err != nil {
					t.Fatal(err)
				}
				if correct && len(log.Messages()) > 0 {
					t.Errorf("validation speaks where nothing is wrong: %s", log)
				} else if !correct && !log.Has(f.says) {
					t.Errorf("validation did not say %q but: %s", f.says, log)
				}
			})
		}
	}
}

// spy is a test that is watched while it fails.
type spy struct {
	testing.TB
	errors []string
	ends   []func()
}

func (s *spy) Errorf(format string, args ...any) {
	s.errors = append(s.errors, fmt.Sprintf(format, args...))
}
func (s *spy) Error(args ...any) { s.errors = append(s.errors, fmt.Sprint(args...)) }
func (s *spy) Cleanup(f func())  { s.ends = append(s.ends, f) }
func (s *spy) end() {
	for len(s.ends) > 0 {
		f := s.ends[len(s.ends)-1]
		s.ends = s.ends[:len(s.ends)-1]
		f()
	}
}

// A device of Open fails its test for every seeded fault, and names the call.
func TestOpenFailsTheTest(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			s := &spy{TB: t}
			a := Memory(s, Open(s))
			if err := a.Device().Do(f.do(s, a, false)); err != nil {
				t.Fatal(err)
			}
			s.end()
			all := strings.Join(s.errors, "\n")
			if !strings.Contains(all, f.says) || !strings.Contains(all, "device.(*Device)") {
				t.Errorf("the test did not fail with %q and the call, but said: %s", f.says, all)
			}
		})
	}
}

// What is not closed fails the test: named by the allocator, and by validation
// where no allocator knows it.
func TestUnclosedFailsTheTest(t *testing.T) {
	s := &spy{TB: t}
	a := Memory(s, Open(s))
	if _, err := a.NewBuffer(mem.BufferDesc{Size: 8, Usage: vk.BufferUsageTransferSrcBit, Name: "forgotten"}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Device().Semaphore(); err != nil {
		t.Fatal(err)
	}
	s.end()
	all := strings.Join(s.errors, "\n")
	for _, want := range []string{`"forgotten"`, "VkBuffer", "VkSemaphore", "has not been destroyed"} {
		if !strings.Contains(all, want) {
			t.Errorf("the test did not fail with %q, but said: %s", want, all)
		}
	}
}

// Validation sees the use of what was destroyed. The driver may crash over it, so
// it happens in a process of its own.
func TestUseAfterFree(t *testing.T) {
	const child = "HEARTH_VKTEST_USE_AFTER_FREE"
	if os.Getenv(child) != "" {
		d, err := device.Open(device.Options{Validate: true, OnMessage: func(m device.Message) { fmt.Println(m.ID, m.Text) }})
		if err != nil {
			t.Fatal(err)
		}
		a := mem.New(d, mem.Options{})
		b, err := a.NewBuffer(mem.BufferDesc{Size: 64, Usage: vk.BufferUsageTransferDstBit, Name: "freed"})
		if err != nil {
			t.Fatal(err)
		}
		h := b.Handle
		b.Close()
		if err := d.WaitIdle(); err != nil {
			t.Fatal(err)
		}
		d.Do(func(s *raw.Stream) { s.FillBuffer(h, 0, 64, 1) })
		os.Exit(0)
	}
	c := exec.Command(os.Args[0], "-test.run=^TestUseAfterFree$", "-test.v")
	c.Env = append(os.Environ(), child+"=1")
	out, _ := c.CombinedOutput()
	if !strings.Contains(string(out), "VUID-vkCmdFillBuffer-dstBuffer-parameter") {
		t.Errorf("validation did not see it: %s", out)
	}
}
