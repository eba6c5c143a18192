package wasm

import (
	"bytes"
	"fmt"
	"os"
	"unsafe"

	"github.com/tetratelabs/wazero/experimental"
	"golang.org/x/sys/unix"

	"hearth/journal/space"
	"hearth/runtime"
)

// wasmPage is the unit in which linear memory grows.
const wasmPage = 1 << 16

// image is the memory of a module after its initialisation, in an anonymous file
// that instances map privately. One that is all zeros has no file.
type image struct {
	f    *os.File
	size int
	data []byte // a copy to compare with, of an image that is wiped by hand
}

// wipeByHand is up to which size an ended memory is compared with its image and
// written back, instead of dropping its pages: reading 64 KiB takes less than the
// system call and the page faults that follow it.
const wipeByHand = 2 * wasmPage

func newImage(data []byte) (*image, error) {
	im := &image{size: len(data)}
	zero := true
	for _, b := range data {
		if b != 0 {
			zero = false
			break
		}
	}
	if zero {
		return im, nil
	}
	if len(data) <= wipeByHand {
		im.data = bytes.Clone(data)
	}
	fd, err := unix.MemfdCreate("hearth-image", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("making a memory image: %w", err)
	}
	im.f = os.NewFile(uintptr(fd), "hearth-image")
	if _, err := im.f.Write(data); err != nil {
		im.f.Close()
		return nil, fmt.Errorf("making a memory image: %w", err)
	}
	return im, nil
}

func (im *image) close() {
	if im.f != nil {
		im.f.Close()
	}
}

// memory is the linear memory of one instance: a reservation of its maximum in
// which the image is mapped copy-on-write and the rest is zero until touched.
type memory struct {
	all  []byte // the reservation
	size int    // in use
	im   *image

	// Of a small memory: where it lives.
	owner *arenas
	home  *arena
	slot  int
}

// newMemory reserves max bytes. A guest cannot tell whether memory is touched, so
// growing up to max never fails.
func newMemory(im *image, max int) (*memory, error) {
	if max < im.size {
		max = im.size
	}
	if max == 0 {
		return &memory{im: im}, nil
	}
	all, err := reserve(max)
	if err != nil {
		return nil, err
	}
	m := &memory{all: all, size: im.size, im: im}
	if im.data != nil {
		m.write()
	} else if im.f != nil {
		_, _, errno := unix.Syscall6(unix.SYS_MMAP, uintptr(unsafe.Pointer(&all[0])), uintptr(im.size),
			unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_FIXED, im.f.Fd(), 0)
		if errno == unix.ENOMEM {
			_, err = im.f.ReadAt(all[:im.size], 0)
		} else if errno != 0 {
			err = errno
		}
		if err != nil {
			unix.Munmap(all)
			return nil, &runtime.HostError{Op: "mapping a memory image", Err: err}
		}
	}
	return m, nil
}

// reserve maps memory that is zero and takes none until it is touched.
func reserve(size int) ([]byte, error) {
	all, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return nil, &runtime.HostError{Op: "reserving memory for a process", Err: err}
	}
	return all, nil
}

// write copies a small image into memory that is zero. Neighbouring mappings
// without a file are one for the kernel, which allows 65,530 (vm.max_map_count).
func (m *memory) write() {
	for at := 0; at < len(m.im.data); at += space.PageSize {
		if page := m.im.data[at : at+space.PageSize]; !bytes.Equal(page, zeros[:]) {
			copy(m.all[at:], page)
		}
	}
}

// Reallocate is wazero's way to ask for the memory's first size and its growth.
func (m *memory) Reallocate(size uint64) []byte {
	if size > uint64(len(m.all)) {
		return nil
	}
	m.size = max(m.size, int(size))
	return m.all[:m.size:m.size]
}

// Free is called by wazero when the instance closes. Only the instance gives the
// memory back, since a recycled one outlives nothing.
func (m *memory) Free() {
	switch {
	case m.all == nil:
		return
	case m.home != nil:
		m.owner.give(m)
	default:
		unix.Munmap(m.all)
	}
	m.all = nil
}

// wipe makes the memory the image again. It reports false where that is not
// possible without a new instance.
func (m *memory) wipe() bool {
	if !m.fits() {
		return false
	}
	if m.size > wipeByHand {
		return unix.Madvise(m.all[:m.size], unix.MADV_DONTNEED) == nil
	}
	for p := range m.size / space.PageSize {
		m.restore(p)
	}
	return true
}

// fits reports that the memory has not grown: wazero's view of it cannot shrink.
func (m *memory) fits() bool { return m.size == m.im.size }

// restore makes one page the image's again. What is right already is left alone,
// since a page that is only read costs no memory.
func (m *memory) restore(p int) {
	at := p * space.PageSize
	page := m.all[at : at+space.PageSize]
	if m.im.data != nil {
		if clean := m.im.data[at : at+space.PageSize]; !bytes.Equal(page, clean) {
			copy(page, clean)
		}
	} else if !bytes.Equal(page, zeros[:]) {
		clear(page)
	}
}

var zeros [space.PageSize]byte

// allocator hands one prepared memory to the instance that is made with it.
type allocator struct{ mem *memory }

func (a *allocator) Allocate(_, max uint64) experimental.LinearMemory { return a.mem }
